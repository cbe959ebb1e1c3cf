"""Newton's method for the two likelihoods that the regression room does not have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from causalmed.errors import NotConverged
from causalmed.scm.terms import FloatArray

__all__ = ["Step", "maximise"]

_STEPS: Final = 60
_HALVINGS: Final = 30
_FLAT: Final = 1e-12
_WIDEST: Final = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A likelihood at one point.

    Parameters
    ----------
    log_likelihood : float
        Sum over patients.
    scores : ndarray, shape (n, p)
        Derivative of each patient's log likelihood.
    information : ndarray, shape (p, p)
        Observed information.
    """

    log_likelihood: float
    scores: FloatArray
    information: FloatArray

    @classmethod
    def impossible(cls) -> Self:
        """Return the likelihood of parameters that are outside the model."""
        return cls(log_likelihood=-np.inf, scores=np.empty((0, 0)), information=np.empty((0, 0)))


def maximise(at: Callable[[FloatArray], Step], start: FloatArray, *, what: str) -> FloatArray:
    """Maximise a concave likelihood by Newton steps with halving.

    Parameters
    ----------
    at : callable
        Parameters → :class:`Step`.
    start : ndarray, shape (p,)
        Inside the model; the parameters belong to standardised columns, so that a standard error above 100
        means that there is no maximum.
    what : str
        What is fitted, for the message.

    Returns
    -------
    ndarray, shape (p,)

    Raises
    ------
    NotConverged
        The likelihood has no maximum (separation) or the information is singular (collinear columns).
    """
    here, now = start, at(start)
    for _ in range(_STEPS):
        score = now.scores.sum(axis=0)
        try:
            direction = np.linalg.solve(now.information, score)
        except np.linalg.LinAlgError:
            break
        gain = float(score @ direction)
        if not np.isfinite(gain) or np.max(np.abs(here)) > 1e4:
            break
        if gain < _FLAT:
            if np.max(np.diag(np.linalg.inv(now.information))) > _WIDEST**2:
                break
            return here
        here, now = _shorten(at, here, now, direction)
    raise NotConverged(
        f"The likelihood of {what} has no maximum that could be found: a level is predicted perfectly by its "
        "causes, or two causes carry the same information. Merge rare levels, or state a mechanism with "
        "fewer terms in mechanisms=."
    )


def _shorten(
    at: Callable[[FloatArray], Step], here: FloatArray, now: Step, direction: FloatArray
) -> tuple[FloatArray, Step]:
    length = 1.0
    for _ in range(_HALVINGS):
        there = here + length * direction
        then = at(there)
        if then.log_likelihood >= now.log_likelihood - 1e-13 * abs(now.log_likelihood):
            return there, then
        length /= 2
    return here, now
