"""The slow NumPy twin of the kernel ``skeleton``: every test computed afresh from its definition."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

__all__ = ["cells_below", "correlation_below", "separators"]

Test = Callable[[int, int, tuple[int, ...]], bool]


def separators(
    test: Test,
    pairs: Sequence[tuple[int, int]],
    near: Sequence[Sequence[int]],
    rank: Sequence[int],
    depth: int,
) -> list[tuple[int, ...] | None]:
    """Return the first set of neighbours that separates each pair; None where there is none.

    Parameters
    ----------
    test : callable
        Whether x and y look independent given a set.
    pairs : sequence of (int, int)
        The pairs.
    near : sequence of sequence of int
        Neighbours of each node, rising.
    rank : sequence of int
        Tier of each node; -1 where none was stated.
    depth : int
        Size of the sets.

    Examples
    --------
    >>> separators(lambda x, y, given: given == (2,), [(0, 1)], [[1, 2], [0], [0]], [-1, -1, -1], 1)
    [(2,)]
    """
    return [
        next((given for given in _sets(x, y, near, rank, depth) if test(x, y, given)), None) for x, y in pairs
    ]


def _sets(
    x: int, y: int, near: Sequence[Sequence[int]], rank: Sequence[int], depth: int
) -> Iterator[tuple[int, ...]]:
    known, latest = min(rank[x], rank[y]) >= 0, max(rank[x], rank[y])
    tried: set[tuple[int, ...]] = set()
    for end in (x, y):
        pool = [v for v in near[end] if v not in (x, y) and not (known and rank[v] > latest)]
        for given in combinations(pool, depth):
            if given not in tried:
                tried.add(given)
                yield given


def correlation_below(correlation: NDArray[np.float64], cut: float) -> Test:
    """Return the test whether a partial correlation, from the regressions of x and y on a set, is small.

    Parameters
    ----------
    correlation : ndarray, shape (p, p)
        Correlations.
    cut : float
        Smaller ones are taken for zero.

    Examples
    --------
    >>> correlation_below(np.array([[1.0, 0.2], [0.2, 1.0]]), 0.1)(0, 1, ())
    False
    """

    def test(x: int, y: int, given: tuple[int, ...]) -> bool:
        s, ends = list(given), [x, y]
        inside, beside = correlation[np.ix_(s, s)], correlation[np.ix_(s, ends)]
        left = correlation[np.ix_(ends, ends)] - beside.T @ np.linalg.solve(inside, beside)
        return bool(abs(left[0, 1]) < cut * math.sqrt(left[0, 0] * left[1, 1]))

    return test


def cells_below(codes: NDArray[np.intp], cuts: Sequence[float]) -> Test:
    """Return the test whether G2 of two columns, summed over the strata of a set, is small.

    Parameters
    ----------
    codes : ndarray of int, shape (n, p)
        Levels of each column.
    cuts : sequence of float
        By degrees of freedom; with none the two are taken for independent.

    Examples
    --------
    >>> cells_below(np.array([[0, 0], [1, 1], [0, 0], [1, 1]]), [0.0, 3.84])(0, 1, ())
    False
    """

    def test(x: int, y: int, given: tuple[int, ...]) -> bool:
        statistic, freedom = 0.0, 0
        _, strata = np.unique(codes[:, list(given)], axis=0, return_inverse=True)
        for stratum in range(strata.max() + 1):
            some = codes[strata.ravel() == stratum]
            table = np.zeros((some[:, x].max() + 1, some[:, y].max() + 1))
            np.add.at(table, (some[:, x], some[:, y]), 1)
            table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
            expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
            statistic += 2 * (table * np.log(np.where(table > 0, table, 1) / expected))[table > 0].sum()
            freedom += (table.shape[0] - 1) * (table.shape[1] - 1)
        return freedom == 0 or bool(statistic < cuts[freedom])

    return test
