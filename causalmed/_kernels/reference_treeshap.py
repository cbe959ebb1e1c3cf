"""Slow NumPy twins of the kernels ``treeshap`` and ``treepairs``: every coalition is asked."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["against", "along", "coalitions", "shapley"]

Array = NDArray[np.float64]
Whole = NDArray[np.intc]


def shapley(game: Array) -> Array:
    """Return the Shapley values of games v(S), shape (players, games); bit j of S is player j.

    Parameters
    ----------
    game : ndarray, shape (2^players, games)
        v(S).

    Examples
    --------
    >>> shapley(np.array([[0.0], [1.0], [3.0], [6.0]])).ravel().tolist()
    [2.0, 4.0]
    """
    players = len(game).bit_length() - 1
    values = np.zeros((players, game.shape[1]))
    for s in range(len(game)):
        size = s.bit_count()
        for j in range(players):
            if not s >> j & 1:
                weight = math.factorial(size) * math.factorial(players - size - 1) / math.factorial(players)
                values[j] += weight * (game[s | 1 << j] - game[s])
    return values


def coalitions(
    roots: Whole, child: Whole, view: Whole, cut: Array, value: Array, player: Whole, x: Array, b: Array
) -> Array:
    """Return f(x_S, b_rest) for one row x and every S, shape (2^players, background rows).

    Parameters
    ----------
    roots, child, view, cut, value : ndarray
        The trees; a leaf is its own child.
    player : ndarray of int, shape (views,)
        Whose each view is.
    x, b : ndarray, shape (views,) and (views, background rows)
        The row and the background.

    Examples
    --------
    >>> whole = lambda *numbers: np.array(numbers, dtype=np.intc)
    >>> stump = whole(0), whole(1, 1, 2), whole(0, 0, 0), np.array([0, np.inf, np.inf]), np.array([0.0, 1, 5])
    >>> coalitions(*stump, whole(0), np.array([1.0]), np.array([[-1.0, 2.0]])).tolist()
    [[1.0, 5.0], [5.0, 5.0]]
    """
    players = int(player.max()) + 1
    game = np.zeros((1 << players, b.shape[1]))
    for s in range(1 << players):
        inside = (s >> player) & 1 == 1
        mixed = np.where(inside[:, None], x[:, None], b)
        for root in roots.tolist():
            node = np.full(b.shape[1], root)
            while (child[node] != node).any():
                node = child[node] + (mixed[view[node], np.arange(len(node))] > cut[node])
            game[s] += value[node]
    return game


def against(
    roots: Whole, child: Whole, view: Whole, cut: Array, value: Array, player: Whole, x: Array, b: Array
) -> Array:
    """Return the sums over the background of the Shapley values, shape (players, rows).

    Parameters
    ----------
    roots, child, view, cut, value, player, b
        As in :func:`coalitions`.
    x : ndarray, shape (views, rows)
        The rows.
    """
    trees = (roots, child, view, cut, value, player)
    return np.column_stack([shapley(coalitions(*trees, row, b)).sum(axis=1) for row in x.T])


def along(
    roots: Whole,
    child: Whole,
    view: Whole,
    cut: Array,
    value: Array,
    cover: Array,
    player: Whole,
    x: Array,
) -> Array:
    """Return the Shapley values along the paths, shape (players, rows).

    Who is outside the coalition goes both ways, in the shares of the learning data (Lundberg et al. 2020, Nat
    Mach Intell 2:56, algorithm 1).

    Parameters
    ----------
    roots, child, view, cut, value, player, x
        As in :func:`against`.
    cover : ndarray
        Learning data at each node.
    """

    def mean(node: int, s: int, row: Array) -> float:
        if child[node] == node:
            return float(value[node])
        right = int(row[view[node]] > cut[node])
        sons = int(child[node]), int(child[node]) + 1
        if s >> int(player[view[node]]) & 1:
            return mean(sons[right], s, row)
        return float(sum(cover[son] / cover[node] * mean(son, s, row) for son in sons))

    coalitions_ = range(1 << (int(player.max()) + 1))
    game = [[sum(mean(int(root), s, row) for root in roots) for row in x.T] for s in coalitions_]
    return shapley(np.array(game))
