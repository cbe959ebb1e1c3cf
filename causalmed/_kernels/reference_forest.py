"""Slow twins of the causal forest's kernels: honest trees and their moments, written to be read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["draw", "grow", "moments"]

Array = NDArray[np.float64]
Rows = NDArray[np.intp]
_WORD = 2**64
_TRIES = 4
_UPPER = np.triu_indices(4)


def draw(count: int, wanted: int, key: int) -> NDArray[np.uint8]:
    """Draw ``wanted`` of ``count`` clusters without replacement; an array of 0 and 1.

    Examples
    --------
    >>> draw(6, 3, key=1).sum().item()
    3
    """
    drawn = np.zeros(count, dtype=np.uint8)
    drawn[_shuffled(np.arange(count), wanted, key)[:wanted]] = 1
    return drawn


def grow(
    bins: NDArray[np.uint8],
    levels: NDArray[np.uint8],
    w: Array,
    y: Array,
    cluster: NDArray[np.int32],
    drawn: NDArray[np.uint8],
    key: int,
    trees: int,
    mtry: int,
    min_leaf: int,
    min_side: int,
    alpha: float,
) -> tuple[NDArray[np.int32], Array, NDArray[np.intp]]:
    """Grow the trees of one little bag.

    Parameters
    ----------
    bins : ndarray of uint8, shape (n, at least p)
        Number of the bin of each column.
    levels : ndarray of uint8, shape (p,)
        Bins of each column.
    w, y : ndarray, shape (n,)
        Residuals of the exposure and of the outcome.
    cluster : ndarray of int32, shape (n,)
        Who is drawn together.
    drawn : ndarray of uint8
        1 for the clusters of this bag.
    key : int
        Key of the random numbers.
    trees : int
        Trees of the bag.
    mtry : int
        Columns looked at in a node.
    min_leaf, min_side : int
        Fewest rows of a leaf in either sample; fewest on each side of the exposure's mean.
    alpha : float
        Smallest share of a node that a child takes.

    Returns
    -------
    nodes : ndarray of int32, shape (N, 2)
        (first child, column * 256 + last bin to the left), or (-1 - leaf, 255).
    leaves : ndarray, shape (L, 4)
        Honest means of w, y, w², w y.
    counts : ndarray of int, shape (trees, 2)
        Nodes and leaves of each tree.
    """
    chosen = np.flatnonzero(drawn)
    wanted = (len(chosen) + 1) // 2
    answer = []
    for b in range(trees):
        half = _shuffled(chosen, wanted, _mix(key, 2 * b + 1))
        split = np.flatnonzero(np.isin(cluster, half[:wanted]))
        honest = np.flatnonzero(np.isin(cluster, half[wanted:]))
        tree = _Tree(
            x=bins, levels=levels, w=w, y=y, columns=list(range(len(levels))), key=_mix(key, 2 * b),
            mtry=mtry, min_leaf=min_leaf, min_side=min_side, alpha=alpha, nodes=[(0, 0)], leaves=[],
        )  # fmt: skip
        tree.grow(0, split, honest)
        answer.append(tree)
    return (
        np.array([node for tree in answer for node in tree.nodes], dtype=np.int32),
        np.array([leaf for tree in answer for leaf in tree.leaves]),
        np.array([(len(tree.nodes), len(tree.leaves)) for tree in answer], dtype=np.intp),
    )


def moments(
    bins: NDArray[np.uint8],
    nodes: NDArray[np.int32],
    node_starts: NDArray[np.intp],
    leaves: Array,
    leaf_starts: NDArray[np.intp],
    drawn: NDArray[np.uint8] | None,
    cluster: NDArray[np.int32] | None,
) -> Array:
    """Sum what the bags say about each row: 1, b, b b', d d'.

    Parameters
    ----------
    bins : ndarray of uint8, shape (rows, at least p)
        Number of the bin of each column.
    nodes, leaves : ndarray
        Of all trees, one after the other; see :func:`grow`.
    node_starts, leaf_starts : ndarray of int, shape (trees + 1,)
        Where each tree begins.
    drawn : ndarray of uint8, shape (bags, bytes), or None
        Bits of the clusters of each bag, lowest first.
    cluster : ndarray of int32, shape (rows,), or None
        Cluster of each row; bags that drew it are left out.

    Returns
    -------
    ndarray, shape (rows, 25)
    """
    sums = np.zeros((len(bins), 25))
    for i, x in enumerate(bins):
        for g in range((len(node_starts) - 1) // 2):
            if drawn is not None and cluster is not None and _holds(drawn[g], int(cluster[i])):
                continue
            one, two = (
                leaves[leaf_starts[t] + _walk(nodes[node_starts[t] : node_starts[t + 1]], x)]
                for t in (2 * g, 2 * g + 1)
            )
            b, d = (one + two) / 2, (one - two) / 2
            parts = [[1.0], b, np.outer(b, b)[_UPPER], np.outer(d, d)[_UPPER]]
            sums[i] += np.concatenate(parts)
    return sums


@dataclass(slots=True, kw_only=True)
class _Tree:
    """A tree while it grows."""

    x: NDArray[np.uint8]
    levels: NDArray[np.uint8]
    w: Array
    y: Array
    columns: list[int]
    key: int
    mtry: int
    min_leaf: int
    min_side: int
    alpha: float
    nodes: list[tuple[int, int]]
    leaves: list[Array]
    counter: int = 0

    def grow(self, node: int, split: Rows, honest: Rows) -> None:
        cut = self.find(split, honest)
        if cut is None:
            self.nodes[node] = (-1 - len(self.leaves), 255)
            w, y = self.w[honest], self.y[honest]
            self.leaves.append(np.array([_mean(w), _mean(y), _mean(w * w), _mean(w * y)]))
            return
        first, (column, last) = len(self.nodes), cut
        self.nodes[node] = (first, column * 256 + last)
        self.nodes += [(0, 0), (0, 0)]
        for child, left in ((first, True), (first + 1, False)):
            parts = [rows[(self.x[rows, column] <= last) == left] for rows in (split, honest)]
            self.grow(child, parts[0], parts[1])

    def find(self, split: Rows, honest: Rows) -> tuple[int, int] | None:
        if min(len(split), len(honest)) < 2 * self.min_leaf:
            return None
        rho, mean = _gradients(self.w[split], self.y[split])
        if rho is None:
            return None
        self.choose()
        best = [self.best(column, split, rho) for column in self.columns[: self.mtry]]
        for _ in range(_TRIES):
            k = max(range(self.mtry), key=lambda k: best[k] >> 8)
            if best[k] <= 255:
                return None
            column, last = self.columns[k], 255 - (best[k] & 255)
            if self.allowed(split, honest, mean, column, last):
                return column, last
            best[k] = 0
        return None

    def choose(self) -> None:
        p, m = len(self.columns), self.mtry
        for i in range(m) if 2 * m <= p else range(m, p):
            j = i + self.below(p - i) if 2 * m <= p else self.below(i + 1)
            self.columns[i], self.columns[j] = self.columns[j], self.columns[i]

    def below(self, limit: int) -> int:
        self.counter += 1
        return _below(self.key, self.counter - 1, limit)

    def best(self, column: int, rows: Rows, rho: list[int]) -> int:
        """Return the best score of a column, its last 8 bits 255 minus the bin; 0 where there is none."""
        n, best = len(rows), 0
        least = max(self.min_leaf, int(self.alpha * n))
        x = self.x[rows, column]
        for last in range(int(self.levels[column]) - 1):
            left = int((x <= last).sum())
            if least <= left <= n - least:
                s = float(sum(r for r, low in zip(rho, x <= last, strict=True) if low))
                score = s * s * (1.0 / left + 1.0 / (n - left))
                best = max(best, int(np.float64(score).view(np.int64)) & ~255 | (255 - last))
        return best

    def allowed(self, split: Rows, honest: Rows, mean: float, column: int, last: int) -> bool:
        low = self.x[split, column] <= last
        high = self.w[split] > mean
        cells = [int((a & b).sum()) for a in (low, ~low) for b in (high, ~high)]
        left = int((self.x[honest, column] <= last).sum())
        return min(left, len(honest) - left) >= self.min_leaf and min(cells) >= self.min_side


def _gradients(w: Array, y: Array) -> tuple[list[int] | None, float]:
    mean = _mean(w)
    a, c = w - mean, y - _mean(y)
    ww, wy = _sum(a * a), _sum(a * c)
    if not ww > 0:
        return None, mean
    rho = a * (c - wy / ww * a)
    largest = float(np.abs(rho).max())
    if not largest > 0:
        return None, mean
    scale = 2.0**36 / (len(w) * largest)
    return [int(r) for r in np.rint(rho * scale)], mean


def _walk(nodes: NDArray[np.int32], x: NDArray[np.uint8]) -> int:
    here = 0
    while nodes[here, 0] >= 0:
        column, last = divmod(int(nodes[here, 1]), 256)
        here = int(nodes[here, 0]) + int(x[column] > last)
    return -1 - int(nodes[here, 0])


def _holds(bits: NDArray[np.uint8], cluster: int) -> bool:
    return bool(bits[cluster // 8] >> (cluster % 8) & 1)


def _shuffled(items: Sequence[int] | NDArray[np.intp], wanted: int, key: int) -> NDArray[np.intp]:
    """Bring a random choice of ``wanted`` items to the front."""
    order = np.array(items)
    for i in range(wanted):
        j = i + _below(key, i, len(order) - i)
        order[[i, j]] = order[[j, i]]
    return order


def _below(key: int, counter: int, limit: int) -> int:
    return ((_mix(key, counter) >> 32) * limit) >> 32


def _mix(key: int, counter: int) -> int:
    z = (key + (counter + 1) * 0x9E3779B97F4A7C15) % _WORD
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % _WORD
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB % _WORD
    return z ^ (z >> 31)


def _sum(values: Array) -> float:
    total = 0.0
    for value in values.tolist():  # one after the other, as the kernel adds
        total += value
    return total


def _mean(values: Array) -> float:
    return _sum(values) / len(values)
