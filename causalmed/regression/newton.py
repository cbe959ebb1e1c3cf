"""Newton's method that says why it stopped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NoReturn

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from causalmed.errors import DataError, NotConverged
from causalmed.regression.chord import SLOW, Factor, Guess, Trail, approach, arrived, draw_near
from causalmed.regression.collinearity import check_rank
from causalmed.regression.moments import Moments, Problem, refuse_infinite
from causalmed.regression.separation import find_separation

__all__ = ["Optimum", "maximise"]

_SUSPICIOUS: Final = 10
_HALVINGS: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Optimum:
    """Where Newton's method stopped, in the standardised columns.

    Attributes
    ----------
    b : ndarray, shape (p,)
        The maximum.
    covariance : ndarray, shape (p, p)
        Inverse information.
    log_likelihood : float
        At the maximum.
    iterations : int
        Steps taken.
    decrement : float
        Length of the last step in standard errors.
    curvature : float
        Relative change of the information over one standard error, roughly; infinite if unknown.
    """

    b: NDArray[np.float64]
    covariance: NDArray[np.float64]
    log_likelihood: float
    iterations: int
    decrement: float
    curvature: float = np.inf


def maximise(
    problem: Problem,
    guess: Guess,
    *,
    tolerance: float,
    max_iterations: int,
    suspicious: int = _SUSPICIOUS,
) -> Optimum:
    r"""Maximise a logistic likelihood.

    Steps :math:`I(b)^{-1} U(b)`, halved while the likelihood falls. The Newton decrement
    :math:`\lambda = \sqrt{U^\top I^{-1} U}` is the length of the step in standard errors. Once it is
    below ``sqrt(tolerance)`` the step is taken and its error, of order :math:`\lambda^2`, is below
    ``tolerance``; the information, always that of the last point itself, is at most one such step, hence
    at most about 1e-7 of itself, away. With many rows and columns most of a pass goes into the
    information, so the guess of it serves for the first two steps, and one computed here for several steps
    once they are shorter than a standard error (:mod:`~causalmed.regression.chord`). A
    linear predictor beyond 30, or ten steps without an answer, raises the suspicion of separation,
    which is then decided by linear programming and not by waiting.

    Parameters
    ----------
    problem : Problem
        The data.
    guess : Guess
        Where to start.
    tolerance : float
        Largest error of a coefficient in standard errors.
    max_iterations : int
        Information matrices before giving up.
    suspicious : int
        After so many of them separation is looked for.

    Raises
    ------
    NotConverged
        Separation, with the columns; or no convergence within ``max_iterations``.
    DataError
        Collinear columns, or values that are not finite.
    """
    near = draw_near(problem, guess)
    b, steps, curvature = near.b, near.steps, np.inf
    here = problem.moments(b)
    check_finite_moments(problem, here)
    suspect, last, enough = True, np.inf, float(np.sqrt(tolerance))
    for iteration in range(1, max_iterations + 1):
        if suspect and (here.far_rows or iteration > suspicious):
            refuse_separation(problem)
            suspect = False
        factor = _factor(here.information)
        if factor is None and b.any():
            b, last, curvature = np.zeros(problem.p), np.inf, np.inf  # the start, or a step, led astray
            here = problem.moments(b)
            factor = _factor(here.information)
        if factor is None:
            refuse_singular(problem)
        step = cho_solve(factor, here.score)
        decrement = float(np.sqrt(max(0.0, float(step @ here.score))))
        if np.isfinite(last) and not np.isfinite(curvature):
            curvature = 2 * decrement / last**2
        if arrived(decrement, curvature=curvature, enough=enough):
            return Optimum(
                b=b + step,
                covariance=_inverse(factor, problem.p),
                log_likelihood=here.log_likelihood,
                iterations=steps + 1,
                decrement=decrement,
                curvature=curvature,
            )
        expected = curvature if np.isfinite(curvature) else guess.curvature
        chords = problem.large and _chords_pay(decrement, curvature=expected, enough=enough)
        trail, here = _onward(problem, b, step, here, factor if chords else None, enough=enough, wary=suspect)
        b, steps, curvature, last = trail.b, steps + trail.steps, trail.curvature, decrement
    refuse_unfinished(problem, max_iterations, decrement)


def _onward(
    problem: Problem,
    b: NDArray[np.float64],
    step: NDArray[np.float64],
    here: Moments,
    factor: Factor | None,
    *,
    enough: float,
    wary: bool,
) -> tuple[Trail, Moments]:
    """Take chord steps, where there is a factor for them, or one Newton step."""
    if factor is not None:
        trail = approach(problem, b, here, factor, enough=enough, wary=wary)
        if trail.steps:
            return trail, problem.moments(trail.b)
    b, there = _advance(problem, b, step, here)
    return Trail(b=b, steps=1, curvature=np.inf), there


def refuse_unfinished(problem: Problem, max_iterations: int, decrement: float) -> NoReturn:
    """Say why there is no maximum after so many iterations: separation, or too few of them."""
    refuse_separation(problem)
    raise NotConverged(
        f"The logistic regression on {', '.join(problem.names)} did not converge in {max_iterations} "
        f"iterations (last step {decrement:.1e} standard errors). Raise max_iterations, or use firth=True."
    )


def _inverse(factor: Factor, p: int) -> NDArray[np.float64]:
    inverse = cho_solve(factor, np.eye(p))
    return np.asarray((inverse + inverse.T) / 2)


def _chords_pay(decrement: float, *, curvature: float, enough: float) -> bool:
    """Whether chord steps should be quick here, and one Newton step could not be counted on to end it."""
    if not np.isfinite(curvature):
        return decrement <= 1
    return curvature * decrement <= SLOW and not arrived(
        curvature * decrement**2, curvature=2 * curvature, enough=enough
    )


def refuse_separation(problem: Problem) -> None:
    """Raise :class:`NotConverged` naming the columns that separate the outcome, if any do."""
    held = problem.held()
    if held is None:
        return  # the steps go on, and end in an answer or in an error that says there is none
    problem, rows = held, held.used()
    found = find_separation(problem.standard_rows(rows), problem.outcome[rows], problem.names)
    if found is None:
        return
    total = len(problem.outcome[rows])
    kind = "complete" if found.complete else "quasi-complete"
    fold = "" if problem.left_out is None else f" outside fold {problem.left_out}"
    columns = ", ".join(repr(name) for name in found.columns)
    raise NotConverged(
        f"The outcome is separated by {columns}: for {found.rows:,} of {total:,} patients{fold} it can be "
        f"read off without error ({kind} separation), so the coefficients grow without end and no finite "
        "estimate exists. Use firth=True (penalised likelihood), use coarser categories, or collect more "
        "data."
    )


def _advance(
    problem: Problem, b: NDArray[np.float64], step: NDArray[np.float64], here: Moments
) -> tuple[NDArray[np.float64], Moments]:
    slack = 1e-13 * abs(here.log_likelihood)
    for halving in range(_HALVINGS):
        candidate = b + step / 2**halving
        there = problem.moments(candidate)
        if there.finite and there.log_likelihood >= here.log_likelihood - slack:
            return candidate, there
    refuse_separation(problem)
    raise NotConverged(
        f"No step improves the logistic regression on {', '.join(problem.names)}: the numbers are too "
        "extreme. Rescale the columns, look for outlying weights, or use firth=True."
    )


def check_finite_moments(problem: Problem, here: Moments) -> None:
    """Raise :class:`DataError` where a sum is not finite, naming the columns."""
    if here.finite:
        return
    refuse_infinite(problem)
    raise DataError(
        f"The columns {', '.join(map(repr, problem.names))} hold numbers so large that their squares "
        "overflow. Rescale them."
    )


def _factor(information: NDArray[np.float64]) -> Factor | None:
    size = np.sqrt(np.diagonal(information))
    try:
        factor: Factor = cho_factor(information, lower=True)
    except (LinAlgError, ValueError):  # not positive definite; not finite
        return None
    return factor if np.min(np.diagonal(factor[0]) / size) > 1e-5 else None


def refuse_singular(problem: Problem) -> NoReturn:
    """Say why an information matrix has no inverse: collinear columns, separation, or extreme risks."""
    refuse_collinear(problem)
    refuse_separation(problem)
    raise NotConverged(
        f"The information of the logistic regression on {', '.join(problem.names)} is singular: the fitted "
        "risks are too close to 0 or 1. Use firth=True, coarser categories, or more data."
    )


def refuse_collinear(problem: Problem) -> None:
    """Raise :class:`DataError` naming the columns that others determine, if there are any."""
    check_rank(problem.gram(), problem.names)
