r"""About whom an effect speaks: weights of the patients, arm by arm.

With A the exposure and e the propensity score, each population has a tilt t and weights w₁, w₀:

============ ================= ====================== ======================
population   t                 w₁ (exposed arm)       w₀ (unexposed arm)
============ ================= ====================== ======================
all          1                 A / e                  (1 - A) / (1 - e)
exposed      A                 A                      (1 - A) e / (1 - e)
unexposed    1 - A             A (1 - e) / e          1 - A
overlap      (A - e)²          A (1 - e)              (1 - A) e
============ ================= ====================== ======================

For the overlap population the mean tilt is E[e (1 - e)] (Li F, Morgan KL, Zaslavsky AM 2018. J Am
Stat Assoc 113:390-400); (A - e)² rather than e (1 - e) makes the doubly robust score insensitive to
small errors in e, because the derivative of the tilt is in it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from causalmed.engine import block_total

__all__ = ["LABELS", "Tilt", "Working", "mass_of", "tilt_of"]

LABELS = ("exposed", "unexposed", "natural")
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Working:
    """What an estimator sees of some rows.

    Attributes
    ----------
    population : str
        About whom.
    exposed, outcome : ndarray, shape (n,)
        A and Y.
    m1, m0 : ndarray, shape (n,), or None
        Outcome regression under a and under b.
    e : ndarray, shape (n,), or None
        Propensity score, truncated where it had to be.
    """

    population: str
    exposed: Array
    outcome: Array
    m1: Array | None = None
    m0: Array | None = None
    e: Array | None = None

    def take(self, rows: NDArray[np.bool_] | slice) -> Working:
        """Return the same for some rows."""
        return replace(
            self,
            exposed=self.exposed[rows],
            outcome=self.outcome[rows],
            m1=None if self.m1 is None else self.m1[rows],
            m0=None if self.m0 is None else self.m0[rows],
            e=None if self.e is None else self.e[rows],
        )

    def total(self, statistic: Callable[[Working], Array]) -> Array:
        """Add a statistic over the canonical blocks of these rows."""
        return block_total(lambda block: statistic(self.take(block)), len(self.exposed))

    @property
    def score(self) -> Array:
        """The propensity score, which must be there."""
        assert self.e is not None
        return self.e

    def regression(self, arm: int) -> Array:
        """Return the outcome regression of an arm, which must be there."""
        found = self.m1 if arm else self.m0
        assert found is not None
        return found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tilt:
    """Tilt and weights of one population; see the table of this module."""

    t: Array
    w1: Array
    w0: Array

    def weights(self, arm: int) -> Array:
        """Return the weights of an arm."""
        return self.w1 if arm else self.w0


def tilt_of(working: Working) -> Tilt:
    """Compute tilt and weights.

    Parameters
    ----------
    working : Working
        With a propensity score in (0, 1).

    Returns
    -------
    Tilt

    Examples
    --------
    >>> some = Working(population="overlap", exposed=np.array([1.0, 0]), outcome=np.array([1.0, 0]),
    ...                e=np.array([0.25, 0.25]))
    >>> tilt_of(some).w1.tolist(), tilt_of(some).w0.tolist()
    ([0.75, 0.0], [0.0, 0.25])
    """
    A, e = working.exposed, working.score
    B, f = 1 - A, 1 - e
    match working.population:
        case "all":
            return Tilt(t=np.ones_like(A), w1=A / e, w0=B / f)
        case "exposed":
            return Tilt(t=A, w1=A, w0=B * e / f)
        case "unexposed":
            return Tilt(t=B, w1=A * f / e, w0=B)
        case _:
            return Tilt(t=(A - e) ** 2, w1=A * f, w0=B * e)


def mass_of(working: Working) -> float:
    """Return the mean of the tilt: the share of patients the population amounts to."""
    return float(working.total(lambda rows: tilt_of(rows).t.sum(keepdims=True))[0] / len(working.exposed))
