"""Logistic regression: one fit, or one fit for each fold left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from causalmed.engine import Executor, Local, exact_sum
from causalmed.errors import DataError, InvalidArgument
from causalmed.regression.chord import Guess
from causalmed.regression.firth import maximise_penalised
from causalmed.regression.moments import Moments, Problem, check_events, pose
from causalmed.regression.newton import Optimum, maximise
from causalmed.regression.result import GLMFit, expit, linear_predictor

__all__ = ["fit_logistic", "fit_logistic_folds", "maximum", "result_of"]

_LOCAL: Final = Local()
_SAMPLE_FROM: Final = 4_096
_STRIDE: Final = 8
_SAMPLE_TO: Final = 262_144


def fit_logistic(
    matrix: NDArray[np.float64],
    outcome: NDArray[np.float64],
    *,
    weights: NDArray[np.float64] | None = None,
    offset: NDArray[np.float64] | None = None,
    names: Sequence[str] | None = None,
    firth: bool = False,
    executor: Executor = _LOCAL,
    tolerance: float = 1e-10,
    max_iterations: int = 50,
) -> GLMFit:
    r"""Fit a logistic regression by maximum likelihood, or by Firth's penalised likelihood.

    .. math:: \hat\beta = \arg\max_\beta \sum_i w_i \{ y_i \eta_i - \log(1 + e^{\eta_i}) \},
              \qquad \eta_i = o_i + x_i^\top \beta

    Columns are centred and scaled inside, so that ``age`` and ``age**2`` may stand side by side.

    Parameters
    ----------
    matrix : ndarray, shape (n, p)
        x; a column of ones is an intercept and is recognised as such.
    outcome : ndarray, shape (n,)
        y, 0 or 1; a proportion between them is accepted.
    weights : ndarray, shape (n,), optional
        w, at least 0; any sum.
    offset : ndarray, shape (n,), optional
        o, in logits.
    names : sequence of str, optional
        A name a column, for messages and tables.
    firth : bool
        Penalise by half the log determinant of the information.
    executor : Executor
        Who runs the blocks; no choice changes a bit.
    tolerance : float
        Largest error of a coefficient in standard errors, positive.
    max_iterations : int
        Newton steps before giving up, at least 1.

    Returns
    -------
    GLMFit

    Raises
    ------
    DataError
        Shapes, values that are not finite, collinear columns (named).
    NotEnoughEvents
        No events, or nothing but events.
    NotConverged
        Separation (the columns are named), or no convergence.

    References
    ----------
    McCullagh P, Nelder JA (1989). Generalized linear models, 2nd ed., section 4.4. Firth D (1993).
    Biometrika 80(1):27-38.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> x = np.column_stack([np.ones(500), rng.normal(size=500)])
    >>> y = (rng.random(500) < 1 / (1 + np.exp(1 - x[:, 1]))).astype(float)
    >>> fit_logistic(x, y, names=["Intercept", "glucose"])
    GLMFit(logistic, maximum likelihood: Intercept=-1.106, glucose=1.121)
    """
    _check_options(tolerance=tolerance, max_iterations=max_iterations)
    problem = pose(matrix, outcome, weights=weights, offset=offset, names=names, executor=executor)
    if firth:
        optimum = maximise_penalised(problem, tolerance=tolerance, max_iterations=max_iterations)
        return result_of(problem, optimum, method="logistic, Firth's penalised likelihood")
    return result_of(problem, maximum(problem, tolerance=tolerance, max_iterations=max_iterations))


def fit_logistic_folds(
    matrix: NDArray[np.float64],
    outcome: NDArray[np.float64],
    fold: NDArray[np.intp],
    folds: int,
    *,
    weights: NDArray[np.float64] | None = None,
    offset: NDArray[np.float64] | None = None,
    names: Sequence[str] | None = None,
    firth: bool = False,
    executor: Executor = _LOCAL,
    tolerance: float = 1e-10,
    max_iterations: int = 50,
) -> tuple[GLMFit, ...]:
    r"""Fit one logistic regression for each fold, on all rows but that fold's.

    The fit on all rows comes first. One pass by fold there gives the score and the information of each
    fold, hence, by adding the others, of each complement and its first Newton step. From there each
    complement needs two or three passes of its own.

    Parameters
    ----------
    matrix, outcome, weights, offset, names, firth, executor, tolerance, max_iterations
        As for :func:`fit_logistic`.
    fold : ndarray of int, shape (n,)
        Fold of each row, in ``range(folds)``.
    folds : int
        At least 2.

    Returns
    -------
    tuple of GLMFit
        Entry k was fitted without fold k; its linear predictor and mean cover all n rows.

    Raises
    ------
    DataError, NotEnoughEvents, NotConverged
        As for :func:`fit_logistic`, on any complement.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> x = np.column_stack([np.ones(500), rng.normal(size=500)])
    >>> y = (rng.random(500) < 1 / (1 + np.exp(1 - x[:, 1]))).astype(float)
    >>> fits = fit_logistic_folds(x, y, np.arange(500) % 2, 2)
    >>> [round(float(fit.coefficients[1]), 3) for fit in fits]
    [0.97, 1.278]
    """
    _check_options(tolerance=tolerance, max_iterations=max_iterations)
    whole = pose(matrix, outcome, weights=weights, offset=offset, names=names, executor=executor)
    labels = _check_folds(fold, folds, whole)
    problems = [replace(whole, fold=labels, left_out=k) for k in range(folds)]
    if firth:
        optima = [
            maximise_penalised(each, tolerance=tolerance, max_iterations=max_iterations) for each in problems
        ]
        return tuple(
            result_of(*pair, method="logistic, Firth's penalised likelihood")
            for pair in zip(problems, optima, strict=True)
        )
    top = maximum(whole, tolerance=tolerance, max_iterations=max_iterations)
    starts = _first_steps(problems[0], top, folds)
    if len(whole.outcome) > 65_536:
        fits = [
            maximise(each, start, tolerance=tolerance, max_iterations=max_iterations)
            for each, start in zip(problems, starts, strict=True)
        ]
    else:
        fits = executor.map(
            lambda k: maximise(
                replace(problems[k], executor=_LOCAL),
                starts[k],
                tolerance=tolerance,
                max_iterations=max_iterations,
            ),
            range(folds),
        )
    return tuple(result_of(each, fit) for each, fit in zip(problems, fits, strict=True))


def _check_options(*, tolerance: float, max_iterations: int) -> None:
    if not 0 < tolerance < 1:
        raise InvalidArgument(f"tolerance={tolerance!r} must be between 0 and 1.")
    if isinstance(max_iterations, bool) or int(max_iterations) != max_iterations or max_iterations < 1:
        raise InvalidArgument(f"max_iterations={max_iterations!r} must be a whole number, at least 1.")


def _check_folds(fold: NDArray[np.intp], folds: int, problem: Problem) -> NDArray[np.intp]:
    labels = np.ascontiguousarray(fold, dtype=np.intp)
    if folds < 2 or labels.shape != problem.outcome.shape or labels.min() < 0 or labels.max() >= folds:
        raise DataError(
            f"fold must give each of the {len(problem.outcome):,} rows a number from 0 to {folds - 1}."
        )
    for k in range(folds):
        rows = labels != k
        weights = None if problem.weights is None else problem.weights[rows]
        check_events(problem.outcome[rows], weights, where=f"the {folds - 1} folds other than fold {k}")
    return labels


def maximum(problem: Problem, *, tolerance: float, max_iterations: int) -> Optimum:
    """Maximise a likelihood from a good start."""
    return maximise(problem, _start(problem), tolerance=tolerance, max_iterations=max_iterations)


def _start(problem: Problem) -> Guess:
    """Fit every eighth row, and before it every eighth of those: cheap, and it saves passes over all rows.

    A ridge of one keeps levels that the sample lacks at zero. What looks astray is not used. The sample's
    information, times eight, is a guess of the information of all rows. Of millions of rows a smaller share
    is taken, so that the sample fits into memory wherever the rows themselves are.
    """
    n, zero = problem.n, np.zeros(problem.p)
    if n < _SAMPLE_FROM or n < 20 * _STRIDE * problem.p:
        return Guess(b=zero)
    stride = _STRIDE
    while n > stride * _SAMPLE_TO:
        stride *= 2
    sample = problem.sample(stride)
    return _rough(sample, _start(sample).b, stride)


def _rough(sample: Problem, b: NDArray[np.float64], stride: int) -> Guess:
    here, last = sample.moments(b), np.inf
    floor, curvature = here.log_likelihood, np.inf
    for _ in range(8):
        if not here.finite or here.far_rows or here.log_likelihood < floor:
            break
        score, information = here.score - b, here.information + np.eye(sample.p)
        step = np.linalg.solve(information, score)
        length = float(np.sqrt(step @ score))
        curvature = 2 * length / last**2 if np.isfinite(last) else np.inf
        b, last = b + step, length
        # The square of the sample's own error, in its standard errors, is about p.
        if length**2 < sample.p:
            # a standard error of all rows is shorter than one of the sample
            return Guess(b=b, information=stride * information, curvature=curvature / np.sqrt(stride))
        here = sample.moments(b)
    return Guess(b=np.zeros(sample.p))


def _first_steps(problem: Problem, top: Optimum, folds: int) -> list[Guess]:
    b, lines = top.b, problem.moments_by_fold(top.b, folds)
    starts = []
    for k in range(folds):
        rest = Moments.unpack(exact_sum([lines[j] for j in range(folds) if j != k]), problem.p)
        try:
            step = np.linalg.solve(rest.information, rest.score)
        except np.linalg.LinAlgError:
            step = np.zeros(problem.p)
        starts.append(Guess(b=b + step, curvature=top.curvature))
    return starts


def result_of(problem: Problem, optimum: Optimum, *, method: str = "logistic, maximum likelihood") -> GLMFit:
    """Return the fit in the columns as they came."""
    back = problem.back()
    coefficients = back @ optimum.b
    eta = linear_predictor(problem.matrix, coefficients, problem.offset)
    return GLMFit(
        coefficients=coefficients,
        covariance=back @ optimum.covariance @ back.T,
        names=problem.names,
        linear_predictor=eta,
        mean=expit(eta),
        log_likelihood=optimum.log_likelihood,
        iterations=optimum.iterations,
        gradient_norm=optimum.decrement,
        family="binomial",
        dispersion=1.0,
        method=method,
    )
