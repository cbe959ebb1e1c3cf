r"""Shapley values of a game whose players are few: exact by subsets, or by pairs of permutations.

.. math:: \phi_j = \sum_{S \subseteq N \setminus j} \frac{|S|!\,(k - |S| - 1)!}{k!}\,
          \{v(S \cup j) - v(S)\}

The values sum to :math:`v(N) - v(\emptyset)`, exactly so in both ways of computing them. Each subset is asked
for once, however many permutations pass through it.

References
----------
Shapley LS (1953). A value for n-person games. Contributions to the theory of games II, 307-317.
Mitchell R, Cooper J, Frank E, Holmes G (2022). Sampling permutations for Shapley value estimation. JMLR
23(43):1-46 (a permutation and its reverse).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import comb

import numpy as np

from causalmed.engine import generator
from causalmed.scm.terms import FloatArray

__all__ = ["Game", "permutation_pairs", "shapley_by_permutations", "shapley_exact"]

Game = Callable[[int], FloatArray]
"""Bits of the players in the subset → its value(s), any shape."""


def shapley_exact(game: Game, players: int) -> FloatArray:
    """Return the Shapley value of each player by all subsets.

    Parameters
    ----------
    game : callable
        Value of a subset, given as bits: player j is in it where bit j is set.
    players : int
        How many; 2 ** players subsets are asked for.

    Returns
    -------
    ndarray, shape (players, …)

    Examples
    --------
    >>> shapley_exact(lambda bits: np.array(6.0 if bits == 3 else 0.0), 2).tolist()
    [3.0, 3.0]
    """
    values = np.array([game(bits) for bits in range(2**players)])
    bits = np.arange(2**players)
    size = np.array([int(each).bit_count() for each in bits])
    found = []
    for j in range(players):
        without = bits[(bits >> j) & 1 == 0]
        weight = np.array([1.0 / (players * comb(players - 1, int(s))) for s in size[without]])
        found.append(np.tensordot(weight, values[without | (1 << j)] - values[without], axes=1))
    return np.array(found)


def permutation_pairs(players: int, *, pairs: int, seed: int) -> list[tuple[int, ...]]:
    """Return permutations, each followed by its reverse.

    Examples
    --------
    >>> first, reverse = permutation_pairs(3, pairs=1, seed=1)
    >>> first == reverse[::-1]
    True
    """
    random = generator(seed, "permutations")
    drawn = [tuple(int(j) for j in random.permutation(players)) for _ in range(pairs)]
    return [order for each in drawn for order in (each, each[::-1])]


def shapley_by_permutations(game: Game, permutations: Iterable[tuple[int, ...]]) -> FloatArray:
    """Return each player's contribution on entry, in each permutation.

    Parameters
    ----------
    game : callable
        As for :func:`shapley_exact`.
    permutations : iterable of tuple of int
        Orders of entry, each of all players.

    Returns
    -------
    ndarray, shape (permutations, players, …)
        Their mean over permutations estimates the Shapley values.

    Examples
    --------
    >>> game = lambda bits: np.array(6.0 if bits == 3 else 0.0)
    >>> shapley_by_permutations(game, [(0, 1), (1, 0)]).tolist()
    [[0.0, 6.0], [6.0, 0.0]]
    """
    known: dict[int, FloatArray] = {}

    def value(bits: int) -> FloatArray:
        if bits not in known:
            known[bits] = game(bits)
        return known[bits]

    rows = []
    for order in permutations:
        row: list[FloatArray] = [np.zeros(0)] * len(order)
        bits = 0
        for j in order:
            row[j] = value(bits | 1 << j) - value(bits)
            bits |= 1 << j
        rows.append(row)
    return np.array(rows)
