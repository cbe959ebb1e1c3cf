"""Firth's penalised likelihood for logistic regression."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cholesky, solve_triangular

from causalmed.errors import NotConverged
from causalmed.regression.moments import Moments, Problem
from causalmed.regression.newton import Optimum, check_finite_moments, refuse_collinear

__all__ = ["maximise_penalised"]


def maximise_penalised(problem: Problem, *, tolerance: float, max_iterations: int) -> Optimum:
    r"""Maximise :math:`\ell^*(\beta) = \ell(\beta) + \tfrac12 \log\det I(\beta)`.

    The modified score is

    .. math:: U^*(\beta) = \sum_i \{ w_i (y_i - \mu_i) + h_i (\tfrac12 - \mu_i) \} x_i

    with :math:`h_i` the diagonal of :math:`W^{1/2} X (X^\top W X)^{-1} X^\top W^{1/2}` and
    :math:`W = \mathrm{diag}\, w_i \mu_i (1 - \mu_i)`. Steps are :math:`I^{-1} U^*`, no longer than five
    standardised units in any coefficient, halved while the penalised likelihood falls. The estimate
    exists whenever the columns are not collinear, also under separation.

    Parameters
    ----------
    problem : Problem
        The data.
    tolerance : float
        Largest error of a coefficient in standard errors.
    max_iterations : int
        Steps before giving up (five times as many, for convergence here is linear).

    Returns
    -------
    Optimum
        Its covariance is the inverse information at the estimate.

    References
    ----------
    Firth D (1993). Bias reduction of maximum likelihood estimates. Biometrika 80(1):27-38, section 3.
    Heinze G, Schemper M (2002). A solution to the problem of separation in logistic regression. Stat
    Med 21(16):2409-2419, section 2.1.
    """
    b = np.zeros(problem.p)
    here = problem.moments(b)
    check_finite_moments(problem, here)
    root = _root(problem, here)
    last = np.inf
    for iteration in range(1, 5 * max_iterations + 1):
        score = here.score + _adjustment(problem, b, root)
        half = solve_triangular(root, score, lower=True)
        step = solve_triangular(root, half, lower=True, trans="T")
        decrement = float(np.linalg.norm(half))
        # Convergence is linear, at a rate of about 1/n: the error left is near the last step times it.
        if decrement <= tolerance or (decrement < 1e-8 and decrement > 0.5 * last):
            inverse = solve_triangular(root, np.eye(problem.p), lower=True)
            return Optimum(
                b=b + step,
                covariance=inverse.T @ inverse,
                log_likelihood=_penalised(here, root),
                iterations=iteration,
                decrement=decrement,
            )
        last = decrement
        step = step * min(1.0, 5.0 / max(float(np.abs(step).max()), 1e-300))
        b, here, root = _advance(problem, b, step, here, root)
    raise NotConverged(
        f"Firth's method on {', '.join(problem.names)} did not converge in {5 * max_iterations} iterations "
        f"(last step {decrement:.1e} standard errors). Raise max_iterations, or leave out columns with "
        "extreme values."
    )


def _root(problem: Problem, here: Moments) -> NDArray[np.float64]:
    size = np.sqrt(np.diagonal(here.information))
    try:
        root = cholesky(here.information, lower=True)
    except LinAlgError:
        root = np.zeros_like(here.information)
    if np.min(np.diagonal(root) / np.where(size > 0, size, 1.0)) <= 1e-5:
        refuse_collinear(problem)
    if not np.all(np.diagonal(root) > 0):
        raise NotConverged(
            "The information of the penalised fit is singular. Leave out columns with extreme values."
        )
    return root  # type: ignore[no-any-return]


def _penalised(here: Moments, root: NDArray[np.float64]) -> float:
    return here.log_likelihood + float(np.sum(np.log(np.diagonal(root))))


def _advance(
    problem: Problem,
    b: NDArray[np.float64],
    step: NDArray[np.float64],
    here: Moments,
    root: NDArray[np.float64],
) -> tuple[NDArray[np.float64], Moments, NDArray[np.float64]]:
    floor = _penalised(here, root)
    for halving in range(30):
        candidate = b + step / 2**halving
        there = problem.moments(candidate)
        try:
            new_root = cholesky(there.information, lower=True)
        except (LinAlgError, ValueError):
            continue
        if _penalised(there, new_root) >= floor - 1e-12 * abs(floor):
            return candidate, there, new_root
    raise NotConverged(
        f"No step improves the penalised likelihood of {', '.join(problem.names)}: the numbers are too "
        "extreme. Rescale the columns or look for outlying weights."
    )


def _adjustment(problem: Problem, b: NDArray[np.float64], root: NDArray[np.float64]) -> NDArray[np.float64]:
    r"""Add :math:`h_i (1/2 - \mu_i) z_i` over the rows that count."""

    def statistic(block: slice) -> NDArray[np.float64]:
        z = problem.standard_rows(block)
        eta = z @ b if problem.offset is None else z @ b + problem.offset[block]
        t = np.exp(-np.abs(eta))
        weight = t / (1 + t) ** 2
        if problem.weights is not None:
            weight = weight * problem.weights[block]
        if problem.fold is not None and problem.left_out is not None:
            weight = weight * (problem.fold[block] != problem.left_out)
        leverage = weight * np.sum(np.square(solve_triangular(root, z.T, lower=True)), axis=0)
        half_minus_mu = -0.5 * np.sign(eta) * (1 - t) / (1 + t)
        return np.asarray(z.T @ (leverage * half_minus_mu))

    return problem.executor.total(statistic, len(problem.outcome))
