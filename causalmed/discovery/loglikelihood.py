"""The largest log-likelihood of a logistic or multinomial model; no coefficient is asked for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["categorical_loglik"]

_STEPS = 40
_PRECISE = 1e-9


def categorical_loglik(
    *, codes: NDArray[np.intp], levels: int, columns: Sequence[NDArray[np.float64]], discrete: bool
) -> tuple[float, int]:
    """Maximise the log-likelihood of a multinomial logistic model.

    Where a column predicts the response perfectly, coefficients run away but the log-likelihood has a
    limit, so that the test exists all the same.

    Parameters
    ----------
    codes : ndarray of int, shape (n,)
        Response, 0 … levels - 1.
    levels : int
        Its levels.
    columns : sequence of ndarray, shape (n, k)
        Predictors; the intercept is added.
    discrete : bool
        Whether they are whole numbers from 0, so that equal rows may be counted instead of visited.

    Returns
    -------
    float
        The log-likelihood.
    int
        Its parameters: rank of the design times (levels - 1).
    """
    design = np.column_stack([np.ones(len(codes)), *columns])
    counts = (codes[:, None] == np.arange(levels)).astype(np.float64)
    if discrete:
        design, counts = _collapsed(design, counts)
    basis = _orthonormal(design, counts.sum(axis=1))
    return _newton(basis, counts), basis.shape[1] * (levels - 1)


def _collapsed(
    design: NDArray[np.float64], counts: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    spans = design.max(axis=0) + 1
    if np.log2(spans).sum() > 52:
        return design, counts
    rows = design @ np.cumprod([1.0, *spans[:-1]])
    _, first, inverse = np.unique(rows, return_index=True, return_inverse=True)
    summed = np.column_stack([np.bincount(inverse, weights=column) for column in counts.T])
    return np.asarray(design[first]), summed.astype(np.float64)


def _orthonormal(design: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a basis of the same columns, orthonormal under the weights, without those that add nothing."""
    values, vectors = np.linalg.eigh(design.T @ (weights[:, None] * design))
    good = values > 1e-10 * values[-1]
    return np.asarray(design @ (vectors[:, good] / np.sqrt(values[good])) * np.sqrt(weights.sum()))


def _newton(basis: NDArray[np.float64], counts: NDArray[np.float64]) -> float:
    totals, others = counts.sum(axis=1), counts.shape[1] - 1
    beta = np.zeros((basis.shape[1], others))
    value, shares = _value(basis @ beta, counts)
    for _ in range(_STEPS):
        gradient = basis.T @ (counts[:, 1:] - totals[:, None] * shares)
        information = _information(basis, shares, totals)
        step = (
            np.linalg.solve(
                information + 1e-9 * np.trace(information) / len(information) * np.eye(len(information)),
                gradient.T.ravel(),
            )
            .reshape(others, -1)
            .T
        )
        size = 1.0
        while True:
            new, new_shares = _value(basis @ (beta + size * step), counts)
            if new >= value - 1e-12 * abs(value) or size < 1e-6:
                break
            size /= 2
        gain, value, shares, beta = new - value, max(new, value), new_shares, beta + size * step
        if gain < _PRECISE * max(1.0, 1e-3 * abs(value)):
            break
    return float(value)


def _value(eta: NDArray[np.float64], counts: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
    top = np.maximum(eta.max(axis=1), 0.0)
    powers = np.exp(eta - top[:, None])
    total = powers.sum(axis=1) + np.exp(-top)
    logs = top + np.log(total)
    value = float((counts[:, 1:] * eta).sum() - counts.sum(axis=1) @ logs)
    return value, powers / total[:, None]


def _information(
    basis: NDArray[np.float64], shares: NDArray[np.float64], totals: NDArray[np.float64]
) -> NDArray[np.float64]:
    others, p = shares.shape[1], basis.shape[1]
    answer = np.empty((others * p, others * p))
    for a in range(others):
        for b in range(others):
            weight = totals * shares[:, a] * (float(a == b) - shares[:, b])
            answer[a * p : (a + 1) * p, b * p : (b + 1) * p] = basis.T @ (weight[:, None] * basis)
    return answer
