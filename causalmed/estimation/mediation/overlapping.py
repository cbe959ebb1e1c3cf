"""Whether mediators, and not only exposures, could have been otherwise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from causalmed.errors import PositivityViolation
from causalmed.estimation.positivity import default_bound

__all__ = ["Raised", "raise_to_bound"]

Array = NDArray[np.float64]
_TOLERATED = 0.01


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Raised:
    """Probabilities by which is divided, none below a bound.

    Attributes
    ----------
    values : ndarray, shape (n,)
        At least ``bound``.
    where : ndarray of bool, shape (n,)
        Who was below it.
    bound : float
        The bound.
    """

    values: Array
    where: NDArray[np.bool_]
    bound: float

    @property
    def moved(self) -> int:
        """How many were below it."""
        return int(self.where.sum())


def raise_to_bound(raw: Array, *, trim: float | None, what: str, advice: str) -> Raised:
    """Raise small probabilities to the bound, or refuse.

    Parameters
    ----------
    raw : ndarray, shape (n,)
        Fitted probabilities.
    trim : float or None
        A stated bound (never refused), or None for the sample-size rule.
    what : str
        What is so improbable, for the message.
    advice : str
        What to do.

    Raises
    ------
    PositivityViolation
        More than 1 % of the patients lie below the sample-size bound.

    Examples
    --------
    >>> raise_to_bound(np.array([0.2, 0.001]), trim=0.01, what="", advice="").values.tolist()
    [0.2, 0.01]
    """
    n = len(raw)
    bound = default_bound(n) if trim is None else float(trim)
    below = raw < bound
    if trim is None and below.mean() > _TOLERATED:
        largest = 1 / max(float(raw.min()), np.finfo(float).tiny)
        raise PositivityViolation(
            f"For {int(below.sum()):,} of {n:,} patients {what} has a probability below {bound:.2g}. Few "
            f"patients stand for them, with weights up to {largest:,.0f}. {advice}"
        )
    floor = max(bound, np.finfo(float).tiny)
    return Raised(values=np.maximum(raw, floor), where=below, bound=bound)
