"""Chord steps: Newton's method that keeps an information matrix for a while."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from causalmed.regression.moments import Problem, Score

__all__ = ["SLOW", "Factor", "Guess", "Trail", "approach", "arrived", "draw_near"]

SLOW: Final = 0.1
"""A step longer than this times the one before is slow."""
_PASSES: Final = 8

Factor = tuple[NDArray[np.float64], bool]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Guess:
    """Where a maximum is believed to be.

    Attributes
    ----------
    b : ndarray, shape (p,)
        The point.
    information : ndarray, shape (p, p), or None
        About the information there.
    curvature : float
        About the relative change of the information over one standard error; infinite if unknown.
    """

    b: NDArray[np.float64]
    information: NDArray[np.float64] | None = None
    curvature: float = np.inf


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trail:
    """Where chord steps led.

    Attributes
    ----------
    b : ndarray, shape (p,)
        The point; the likelihood there is not below that of the first, or was not looked at because the
        step before shrank the distance as it should.
    steps : int
        Steps taken.
    curvature : float
        Relative change of the information over one standard error, as the steps showed it.
    """

    b: NDArray[np.float64]
    steps: int
    curvature: float


def arrived(decrement: float, *, curvature: float, enough: float) -> bool:
    r"""Whether one Newton step of this length ends the search.

    Its error is :math:`\lambda^2 \times` curvature / 2 standard errors, and the information behind it is
    :math:`\lambda \times` curvature of itself away from that at the maximum.
    """
    if decrement <= enough / 10:
        return True
    small = curvature * decrement <= 2e-7 and curvature * decrement**2 <= enough**2
    return small and decrement <= 10 * enough


def approach(
    problem: Problem,
    b: NDArray[np.float64],
    here: Score,
    factor: Factor,
    *,
    enough: float,
    wary: bool,
    passes: int = _PASSES,
    slow: float = SLOW,
) -> Trail:
    r"""Take steps :math:`b \leftarrow b + I^{-1} U(b)` with one I; each costs a pass without information.

    From the second step on I is corrected so that it explains the change of U over the last step (the BFGS
    formula; Nocedal and Wright 2006, Numerical Optimization, eq. 6.17).
    The steps shrink by a factor that is small while I is nearly right. They end when the likelihood falls,
    when a step is longer than ``slow`` times the one before, when a linear predictor is far out and the
    caller is ``wary``, after so many passes, or when the next step leads where :func:`arrived` holds.
    """
    step = cho_solve(factor, here.score)
    first = last = _length(step, here)
    worst, curvature = 0.0, np.inf
    for taken in range(passes):
        there = problem.score(b + step)
        if not _better(there, here, wary=wary):
            return Trail(b=b, steps=taken, curvature=curvature)
        moved, fall = step, here.score - there.score
        b, here = b + step, there
        step = _secant_step(factor, here.score, moved=moved, fall=fall)
        length = _length(step, here)
        ratio = length / last
        worst, last = max(worst, ratio), length
        # the first step halves the change of I over it; those after it see the whole
        curvature = 2 * ratio / first if taken == 0 else max(curvature, ratio / first)
        if ratio > slow:
            return Trail(b=b, steps=taken + 1, curvature=curvature)
        if arrived(2 * worst * length, curvature=curvature, enough=enough):
            break
    return Trail(b=b + step, steps=taken + 2, curvature=curvature)


def draw_near(problem: Problem, guess: Guess) -> Trail:
    """Take two steps with a guess of the information; none if that does not help."""
    b, stay = guess.b, Trail(b=guess.b, steps=0, curvature=guess.curvature)
    if guess.information is None or not problem.large:
        return stay
    here = problem.score(b)
    if not here.finite or here.far_rows:
        return stay
    try:
        factor = cho_factor(guess.information, lower=True)
    except LinAlgError:
        return stay
    return approach(problem, b, here, factor, passes=1, slow=0.5, enough=0.0, wary=True)


def _secant_step(
    factor: Factor, score: NDArray[np.float64], *, moved: NDArray[np.float64], fall: NDArray[np.float64]
) -> NDArray[np.float64]:
    product = float(moved @ fall)
    if product <= 0:
        return np.asarray(cho_solve(factor, score))
    share = (moved @ score) / product
    step = cho_solve(factor, score - share * fall)
    return np.asarray(step + moved * (share - (fall @ step) / product))


def _length(step: NDArray[np.float64], here: Score) -> float:
    return max(float(np.sqrt(max(0.0, float(step @ here.score)))), 1e-300)


def _better(there: Score, here: Score, *, wary: bool) -> bool:
    if not there.finite or (wary and there.far_rows):
        return False
    return there.log_likelihood >= here.log_likelihood - 1e-13 * abs(here.log_likelihood)
