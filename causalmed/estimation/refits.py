r"""Regressions fitted again without each cluster, from where the fit on everybody stopped.

Columns are first turned into coordinates in which the information of all rows is the identity, so that
"how much is left" reads off the eigenvalues. A column that only the missing cluster had (its own
indicator, say) leaves an eigenvalue of zero; its coefficient is not moved, and no other patient's
prediction depends on it. Newton's method from there needs two or three passes of the compiled kernel.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from causalmed._kernels import logistic as kernel
from causalmed.engine import Executor

__all__ = ["least_squares_without_each", "logistic_without_each"]

Array = NDArray[np.float64]
_ENOUGH: Final = 1e-6
_STEPS: Final = 25
_LOST: Final = 1e-9
_FAR: Final = 5.0
_MELTED: Final = 1e-3


def logistic_without_each(
    X: Array,
    y: Array,
    beta: Array,
    clusters: NDArray[np.intp],
    count: int,
    executor: Executor,
    weights: Sequence[Array | None] | None = None,
) -> list[Array | None]:
    r"""Refit a logistic regression without each cluster.

    Parameters
    ----------
    X : ndarray, shape (n, p)
        Design.
    y : ndarray, shape (n,)
        Outcome, 0 or 1.
    beta : ndarray, shape (p,)
        Coefficients fitted on all rows.
    clusters : ndarray of int, shape (n,)
        Cluster of each row.
    count : int
        G.
    executor : Executor
        Runs the clusters.
    weights : sequence of ndarray, shape (n,), or None, optional
        Weights of all rows in the fit without each cluster; None for a cluster: no answer.

    Returns
    -------
    list of ndarray of shape (p,) or None
        One a cluster; None where Newton's method does not arrive (separation).
    """
    mu = 1 / (1 + np.exp(-(X @ beta)))
    Z, back, gamma = _coordinates(X, beta, mu * (1 - mu))
    zero, one = np.zeros(len(beta)), np.ones(len(beta))

    def moments(c: Array, rows: NDArray[np.intp], w: Array | None) -> tuple[Array, Array]:
        starts = np.array([0, len(rows)], dtype=np.intp)
        line = kernel.statistics(Z, y, w, None, c[None, :], zero, one, rows, starts)[0]
        return line[2 : 2 + len(c)], _symmetric(line[2 + len(c) :], len(c))

    p, first = len(beta), np.zeros((count, len(beta)))
    if weights is None:
        # one pass by cluster gives every complement its first step: all clusters but one
        order = np.argsort(clusters, kind="stable")
        starts = np.searchsorted(clusters[order], np.arange(count + 1)).astype(np.intp)
        each = kernel.statistics(Z, y, None, None, np.tile(gamma, (count, 1)), zero, one, order, starts)
        others = (each.sum(axis=0) - each) / len(y)
        first = np.array([_step(_symmetric(line[2 + p :], p), line[2 : 2 + p])[0] for line in others])

    def refit(group: int) -> Array | None:
        rows = np.flatnonzero(clusters != group)
        w = None if weights is None else weights[group]
        if not len(rows) or y[rows].min() == y[rows].max() or (weights is not None and w is None):
            return None
        moved = _newton(gamma + first[group], lambda c: moments(c, rows, w), len(y))
        return None if moved is None else back @ moved

    return executor.map(refit, range(count))


def least_squares_without_each(
    X: Array,
    y: Array,
    beta: Array,
    clusters: NDArray[np.intp],
    count: int,
    executor: Executor,
    weights: Sequence[Array | None] | None = None,
) -> list[Array | None]:
    """Refit a linear regression without each cluster, exactly; arguments as for the logistic one."""
    Z, back, gamma = _coordinates(X, beta, np.ones(len(y)))
    residual = y - X @ beta

    def refit(group: int) -> Array | None:
        rows = clusters != group
        w = None if weights is None else weights[group]
        if weights is not None and w is None:
            return None
        left = Z[rows] if w is None else Z[rows] * w[rows][:, None]
        information, score = left.T @ Z[rows], left.T @ residual[rows]
        step, _ = _step(information / len(y), score / len(y))
        return np.asarray(back @ (gamma + step))

    return executor.map(refit, range(count))


def _coordinates(X: Array, beta: Array, weight: Array) -> tuple[Array, Array, Array]:
    information = (X * weight[:, None]).T @ X / len(X)
    size = np.sqrt(np.diagonal(information))
    lower = np.linalg.cholesky(information / np.outer(size, size))
    back = np.linalg.inv(lower).T / size[:, None]
    return np.ascontiguousarray(X @ back), back, lower.T @ (size * beta)


def _newton(start: Array, moments: Callable[[Array], tuple[Array, Array]], n: int) -> Array | None:
    c, least_at_first = start, 0.0
    for iteration in range(_STEPS):
        score, information = moments(c)
        step, least = _step(information / n, score / n)
        least_at_first = least_at_first if iteration else least
        decrement = float(np.sqrt(max(0.0, float(step @ score))))
        # information that melts away while the steps go on is separation: the answer lies at infinity
        melting = least < _MELTED * least_at_first
        if melting or not np.isfinite(decrement) or np.abs(step).max() > _FAR:
            return None
        c = c + step
        if decrement <= _ENOUGH:
            return c
    return None


def _step(information: Array, score: Array) -> tuple[Array, float]:
    """Return a Newton step, and the smallest information in any direction that is not lost."""
    values, vectors = np.linalg.eigh(information)
    kept = values > _LOST * values[-1]
    inverse = np.where(kept, 1 / np.where(kept, values, 1.0), 0.0)
    return np.asarray(vectors @ (inverse * (vectors.T @ score))), float(values[kept].min())


def _symmetric(upper: Array, p: int) -> Array:
    answer = np.zeros((p, p))
    index = _upper_triangle(p)
    answer[index] = upper
    answer.T[index] = upper
    return answer


@lru_cache(maxsize=32)
def _upper_triangle(p: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    first, second = np.triu_indices(p)
    return first, second
