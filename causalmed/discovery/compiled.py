"""Many tests of one size at once, by the compiled kernel."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from causalmed._kernels import skeleton as kernel
from causalmed.discovery.independence import FisherZ, GSquared, IndependenceTest

__all__ = ["Batch", "compiled"]

Pairs = Sequence[tuple[int, int]]
Answers = list[frozenset[int] | None]
Batch = Callable[[Pairs, Sequence[Sequence[int]], NDArray[np.intp], int], Answers | None]
"""Pairs, neighbours of each node, tiers, size → a separating set a pair; None where the kernel cannot."""

_LARGEST: Final = 16
_MOST_CELLS: Final = 1 << 20
_CHUNK: Final = 2_048
_SHALLOW: Final = 3


def compiled(test: IndependenceTest, alpha: float) -> Batch | None:
    """Return the kernel's form of a test; None where there is none.

    Parameters
    ----------
    test : IndependenceTest
        The test.
    alpha : float
        Level.
    """
    if isinstance(test, FisherZ):
        return _of_correlations(test, alpha)
    if isinstance(test, GSquared) and test.levels.max() <= 255:
        return _of_counts(test, alpha)
    return None


def _of_correlations(test: FisherZ, alpha: float) -> Batch:
    from scipy.special import ndtri

    correlation = np.ascontiguousarray(test.correlation, dtype=np.float64)
    z = -float(ndtri(alpha / 2))

    def batch(
        pairs: Pairs, near: Sequence[Sequence[int]], rank: NDArray[np.intp], size: int
    ) -> list[frozenset[int] | None] | None:
        free = test.n - size - 3
        cut = math.tanh(z / math.sqrt(free)) if free > 0 else 2.0
        return _run(pairs, near, rank, size, correlation=correlation, cut=cut)

    return batch


def _of_counts(test: GSquared, alpha: float) -> Batch:
    from scipy.special import chdtri

    levels = np.asarray(test.levels, dtype=np.intc)
    whole = np.arange(len(test.codes) + 1, dtype=np.float64)
    table = whole * np.log(np.maximum(whole, 1.0))
    rows: dict[str, Any] = {"codes": np.ascontiguousarray(test.codes.T, dtype=np.uint8), "levels": levels}
    bits: dict[str, Any] = {"bits": packed(test.codes)} if levels.max() == 2 else rows

    def batch(
        pairs: Pairs, near: Sequence[Sequence[int]], rank: NDArray[np.intp], size: int
    ) -> list[frozenset[int] | None] | None:
        most = math.prod(sorted(levels.tolist())[-(size + 2) :])
        if most > _MOST_CELLS:
            return None
        cuts = np.concatenate([[0.0], chdtri(np.arange(1.0, most + 1), alpha)])
        # a pass over bits for each stratum pays while there are few strata
        chosen = bits if size <= _SHALLOW else rows
        return _run(pairs, near, rank, size, cuts=cuts, table=table, **chosen)

    return batch


def packed(codes: NDArray[np.intp]) -> NDArray[np.uint64]:
    """Pack columns of 0 and 1, a bit a row, with one more line that marks the rows.

    Parameters
    ----------
    codes : ndarray of int, shape (n, p)
        Zeros and ones.

    Returns
    -------
    ndarray of uint64, shape (p + 1, ⌈n / 64⌉)

    Examples
    --------
    >>> packed(np.array([[1, 0], [1, 1], [0, 1]])).tolist()
    [[3], [6], [7]]
    """
    n, p = codes.shape
    lines = np.zeros((p + 1, 64 * -(-n // 64)), dtype=np.uint8)
    lines[:p, :n], lines[p, :n] = codes.T, 1
    return np.packbits(lines, axis=1, bitorder="little").view("<u8").astype(np.uint64)


def _run(
    pairs: Pairs,
    near: Sequence[Sequence[int]],
    rank: NDArray[np.intp],
    size: int,
    *,
    correlation: NDArray[np.float64] | None = None,
    cut: float = 0.0,
    bits: NDArray[np.uint64] | None = None,
    codes: NDArray[np.uint8] | None = None,
    levels: NDArray[np.intc] | None = None,
    table: NDArray[np.float64] | None = None,
    cuts: NDArray[np.float64] | None = None,
) -> list[frozenset[int] | None] | None:
    if size > _LARGEST:
        return None
    listed = np.array(pairs, dtype=np.intc).reshape(-1, 2)
    starts = np.cumsum([0, *map(len, near)]).astype(np.intc)
    flat = np.array([v for some in near for v in some], dtype=np.intc)
    answers: list[frozenset[int] | None] = []
    for start in range(0, len(listed), _CHUNK):  # back to Python now and then, for Ctrl-C
        sets, found = kernel.separators(
            listed[start : start + _CHUNK],
            starts,
            flat,
            rank.astype(np.intc),
            size,
            correlation=correlation,
            cut=cut,
            bits=bits,
            codes=codes,
            levels=levels,
            table=table,
            cuts=cuts,
        )
        answers += [frozenset(row) if hit else None for row, hit in zip(sets.tolist(), found, strict=True)]
    return answers
