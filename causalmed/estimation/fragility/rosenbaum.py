r"""Rosenbaum bounds: how far from a coin toss could the exposure of matched patients have been?

Two matched patients may differ in an unmeasured cause so that one was up to :math:`\Gamma` times as likely
(in odds) to be exposed. Among T pairs of which exactly one patient had the outcome, the number in which it
was the exposed one is then, without any effect, binomial with a success probability between
:math:`1/(1 + \Gamma)` and :math:`\Gamma/(1 + \Gamma)` (Rosenbaum PR 2002. Observational Studies, 2nd ed.,
section 4.3.2). For a continuous outcome the sum of the signed ranks of the pair differences is bounded the
same way (section 4.3.3).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from causalmed.errors import DataError, InvalidArgument, NotEnoughEvents
from causalmed.results.words import number

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["RosenbaumBounds", "rosenbaum_bounds"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RosenbaumBounds:
    r"""The evidence of matched pairs under growing hidden bias.

    Attributes
    ----------
    gammas : tuple of float
        :math:`\Gamma`.
    p_low, p_high : tuple of float
        Bounds of the one-sided p-value at each.
    alpha : float
        Level at which the evidence is held.
    sensitivity : float
        Largest :math:`\Gamma` at which the evidence still holds; 1 where it never did.
    pairs : int
        Pairs that carry information.
    """

    gammas: tuple[float, ...]
    p_low: tuple[float, ...]
    p_high: tuple[float, ...]
    alpha: float
    sensitivity: float
    pairs: int

    def summary(self) -> str:
        """Return the bounds in one sentence."""
        if self.sensitivity <= 1:
            return f"Even without hidden bias the {self.pairs:,} informative pairs show no clear effect."
        return (
            f"The {self.pairs:,} informative pairs show an effect unless an unmeasured cause made the "
            f"exposure of one patient of a pair more than {number(self.sensitivity, 3)} times as likely (in "
            "odds) as that of the other."
        )

    def to_frame(self) -> pd.DataFrame:
        """Return a row a value of gamma."""
        import pandas as pd

        return pd.DataFrame({"gamma": self.gammas, "p_low": self.p_low, "p_high": self.p_high})

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON types."""
        return {
            "gammas": list(self.gammas),
            "p_low": list(self.p_low),
            "p_high": list(self.p_high),
            "alpha": self.alpha,
            "sensitivity": self.sensitivity,
            "pairs": self.pairs,
        }


def rosenbaum_bounds(
    exposed: ArrayLike,
    unexposed: ArrayLike,
    *,
    gammas: Sequence[float] = (1, 1.25, 1.5, 2, 3, 4, 5, 6),
    alpha: float = 0.05,
) -> RosenbaumBounds:
    """Bound the evidence of matched pairs under hidden bias.

    Parameters
    ----------
    exposed, unexposed : array_like, shape (m,)
        Outcome of the exposed and of the unexposed patient of each pair: both 0/1, or both numbers.
    gammas : sequence of float
        Hidden bias, at least 1.
    alpha : float
        One-sided level, in (0, 1).

    Returns
    -------
    RosenbaumBounds
        For the direction in which the pairs point.

    Raises
    ------
    DataError
        The two differ in length or hold values that are not finite.
    InvalidArgument
        A gamma below 1.
    NotEnoughEvents
        No pair differs.

    Examples
    --------
    Lung cancer deaths among pairs of heavy smokers and non-smokers, of which 122 differ (Hammond 1964, as
    in Rosenbaum 2002, section 4.3.2):

    >>> smoker = np.r_[np.ones(110), np.zeros(12)]
    >>> bounds = rosenbaum_bounds(smoker, 1 - smoker, gammas=[1, 4, 5])
    >>> [round(p, 4) for p in bounds.p_high], round(bounds.sensitivity, 1)
    ([0.0, 0.002, 0.0232], 5.5)
    """
    first, second = (np.asarray(values, dtype=np.float64) for values in (exposed, unexposed))
    if first.ndim != 1 or first.shape != second.shape:
        raise DataError(f"Pairs need two outcomes each; got {first.shape} and {second.shape}.")
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        raise DataError("The outcomes of the pairs hold values that are not finite. Leave those pairs out.")
    chosen = tuple(float(value) for value in gammas)
    if not chosen or min(chosen) < 1 or not math.isfinite(max(chosen)):
        raise InvalidArgument(f"gammas={gammas!r} must be odds ratios of 1 (no hidden bias) or more.")
    if not 0 < alpha < 1:
        raise InvalidArgument(f"alpha={alpha!r} must be between 0 and 1.")
    away = first - second
    away = away[away != 0]
    if not len(away):
        raise NotEnoughEvents("No pair differs in its outcome, so the pairs say nothing about an effect.")
    binary = bool(np.isin(np.concatenate([first, second]), (0.0, 1.0)).all())
    tail = _binary_tail if binary else _rank_tail
    away = away if tail(away, 0.5) <= tail(-away, 0.5) else -away
    bounds = [(tail(away, 1 / (1 + g)), tail(away, g / (1 + g))) for g in chosen]

    def holds(gamma: float) -> bool:
        return tail(away, gamma / (1 + gamma)) <= alpha

    return RosenbaumBounds(
        gammas=chosen,
        p_low=tuple(low for low, _ in bounds),
        p_high=tuple(high for _, high in bounds),
        alpha=float(alpha),
        sensitivity=_largest(holds),
        pairs=len(away),
    )


def _binary_tail(away: np.ndarray[Any, Any], share: float) -> float:
    from scipy.special import bdtrc

    worse = int((away > 0).sum())
    return 1.0 if worse == 0 else float(bdtrc(worse - 1, len(away), share))


def _rank_tail(away: np.ndarray[Any, Any], share: float) -> float:
    """Return the upper tail of the signed-rank sum, normal approximation; ties share their mean rank."""
    from scipy.special import ndtr
    from scipy.stats import rankdata

    ranks = rankdata(np.abs(away))
    observed = float(ranks[away > 0].sum())
    mean, variance = share * ranks.sum(), share * (1 - share) * float(ranks @ ranks)
    return float(ndtr(-(observed - mean) / math.sqrt(variance)))


def _largest(holds: Any) -> float:
    if not holds(1.0):
        return 1.0
    low, high = 1.0, 2.0
    while holds(high) and high < 1e6:
        low, high = high, 2 * high
    while high - low > 1e-6 * low:
        middle = (low + high) / 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low
