r"""Coordinates in which the information of a fitted regression is the identity.

With :math:`I = \frac1n\sum_i v_i x_i x_i^\top = L L^\top` and :math:`z = L^{-1} x`, a Newton step from the
full fit with the weights of a replicate is :math:`\sum_i w_i (y_i - \mu_i) z_i / \sum_i w_i`: no matrix is
left.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from causalmed.engine import block_slices, block_total

__all__ = ["constant_gap", "into", "whitening"]

Array = NDArray[np.float64]
Single = NDArray[np.float32]
_CHUNK = 4_096


def whitening(rows: Callable[[slice], Array], weight: Array) -> Array:
    """Return B with z = B' x, shape (p, p).

    Parameters
    ----------
    rows : callable
        From the slice of a block to its part of the design.
    weight : ndarray, shape (n,)
        Each row's weight in the information; zero for rows that were not fitted.
    """

    def information(block: slice) -> Array:
        x = rows(block)
        return np.asarray((x * weight[block][:, None]).T @ x)

    total = block_total(information, len(weight)) / len(weight)
    size = np.sqrt(np.diagonal(total))
    lower = np.linalg.cholesky(total / np.outer(size, size))
    return np.asarray(np.linalg.inv(lower).T / size[:, None])


def into(rows: Callable[[slice], Array], back: Array, rank: NDArray[np.intp]) -> Single:
    """Return z of all rows in single precision, row i at place ``rank[i]``, zeros up to a multiple of 4."""
    n, p = len(rank), back.shape[1]
    answer = np.zeros((n, -(-p // 4) * 4), dtype=np.float32)
    for start in range(0, n, _CHUNK):
        block = slice(start, min(start + _CHUNK, n))
        answer[rank[block], :p] = rows(block) @ back
    return answer


def constant_gap(first: Callable[[slice], Array], second: Callable[[slice], Array], n: int) -> Array | None:
    """Return the difference of two designs if it is the same on every row, shape (p,), else None.

    So it is where the exposure enters as a main effect alone; then one matrix product serves both arms.
    """
    one = slice(0, 1)
    gap = np.asarray(first(one)[0] - second(one)[0])
    for block in block_slices(n):
        if not np.array_equal(first(block), second(block) + gap):
            return None
    return gap
