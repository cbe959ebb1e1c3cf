r"""Shapley values of a tree ensemble's *risk*, exactly.

Where the risk is the mean of the trees it is a sum over them, and the tables of patterns apply. Where a link
or a recalibration stands between (:math:`r = g(m)`), the game :math:`g(m(x_S, b_{\bar S}))` is no sum over
the trees, and nothing is rescaled: the trees are read for the sums :math:`m` of all coalitions at once, the
link is applied to each, and the shares are those of the risk.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from causalmed.engine import Local, generator
from causalmed.explanation.players import Players
from causalmed.explanation.shapley import Attributions
from causalmed.explanation.trees.coding import players_of
from causalmed.explanation.trees.models import TreeRisk, tree_risk
from causalmed.explanation.trees.shares import against_blocks

__all__ = ["by_coalitions", "by_tables", "by_trees", "coalition_shares"]

Matrix = NDArray[np.float64]
MOST_PLAYERS: Final = 14
"""Players whose coalitions are asked all, where the risk is no sum."""
BLOCKS: Final = 50
CELLS: Final = 1 << 16  # risks at once: they stay near the processor
CHUNK: Final = 1 << 11  # patients at once


def by_trees(players: Players, *, patients: Matrix, background: Matrix, seed: int) -> Attributions | None:
    """Share out the risk of a tree ensemble; ``None`` where the model has no trees that can be read.

    Parameters
    ----------
    players : Players
        The model and its columns.
    patients, background : ndarray, shape (rows, players)
        Who is explained, and with whom they are compared.
    seed : int
        Seed of the blocks and of the orders.

    Returns
    -------
    Attributions or None
        In units of risk: by tables where the risk is a mean of trees, by all coalitions up to 14 players,
        else by permutations that ask the trees.
    """
    tree = tree_risk(players, patients, background)
    if tree is None:
        return None
    if tree.adds_up:
        return by_tables(tree, patients=patients, background=background, seed=seed)
    if patients.shape[1] <= MOST_PLAYERS:
        return by_coalitions(tree, patients=patients, background=background)
    from causalmed.explanation.shap_adapter import by_permutations

    return by_permutations(tree.risk, patients=patients, background=background, seed=seed)


def by_tables(tree: TreeRisk, *, patients: Matrix, background: Matrix, seed: int) -> Attributions:
    """Share out the risk of averaged trees.

    The background is divided into (at most) fifty blocks of random rows. The values are the weighted mean of
    those of the blocks, which is that of all rows; their spread gives the standard error.

    Parameters
    ----------
    tree : TreeRisk
        Whose risk is a sum over the trees.
    patients, background : ndarray, shape (rows, players)
        Who is explained, and with whom they are compared.
    seed : int
        Seed of the blocks.

    Returns
    -------
    Attributions
    """
    rows, compared = tree.columns(patients), tree.columns(background)
    blocks = _blocks(len(compared), seed)
    weight = np.array([len(block) / len(compared) for block in blocks])
    values, error = np.empty_like(patients), np.full_like(patients, np.nan)
    for first in range(0, len(rows), CHUNK):
        part = slice(first, first + CHUNK)
        shares = against_blocks(tree.forest, rows[part], [compared[block] for block in blocks], tree.player)
        values[part] = np.tensordot(weight, shares, axes=1)
        if len(blocks) > 1:
            spread = np.tensordot(weight, (shares - values[part]) ** 2, axes=1)
            error[part] = np.sqrt(spread / (len(blocks) - 1))
    return Attributions(
        values=values,
        background_error=error,
        monte_carlo_error=np.zeros_like(values),
        start=float(tree.risk(background).mean()),
        method=f"exact: {len(tree.forest):,} trees, by the patterns of their leaves",
    )


def by_coalitions(tree: TreeRisk, *, patients: Matrix, background: Matrix) -> Attributions:
    """Share out the risk of boosted or recalibrated trees, by all coalitions.

    Parameters
    ----------
    tree : TreeRisk
        Of at most 14 players.
    patients, background : ndarray, shape (rows, players)
        Who is explained, and with whom they are compared.

    Returns
    -------
    Attributions
    """
    players = patients.shape[1]
    values, error = coalition_shares(tree, tree.columns(patients), tree.columns(background), players)
    return Attributions(
        values=values,
        background_error=error,
        monte_carlo_error=np.zeros_like(patients),
        start=float(tree.risk(background).mean()),
        method=f"exact: all {2**players:,} coalitions, read from {len(tree.forest):,} trees",
    )


def coalition_shares(tree: TreeRisk, rows: Matrix, compared: Matrix, players: int) -> tuple[Matrix, Matrix]:
    """Return the shares of rows of the trees' columns and their errors, shape (rows, players)."""
    seen, there = tree.forest.seen(rows), tree.forest.seen(compared)
    n = len(compared)

    def one(row: int) -> tuple[Matrix, Matrix]:
        shares = _of_patient(tree, np.ascontiguousarray(seen[:, row : row + 1]), there, players)
        error = shares.std(axis=0, ddof=1) / math.sqrt(n) if n > 1 else np.full(players, np.nan)
        return shares.mean(axis=0), error

    found = Local().map(one, range(len(rows)))
    values, error = (np.array([pair[k] for pair in found]).reshape(len(rows), players) for k in range(2))
    return values, error


def _of_patient(tree: TreeRisk, seen: Matrix, there: Matrix, players: int) -> Matrix:
    """Return one patient's Shapley values against every background row, shape (rows, players)."""
    from causalmed._kernels import treepairs

    forest, player = tree.forest, players_of(tree.forest, tree.player)
    step = max(1, CELLS >> players)
    parts = []
    for first in range(0, there.shape[1], step):
        rows = np.ascontiguousarray(there[:, first : first + step])
        sums = np.zeros((rows.shape[1], 1 << players))
        treepairs.coalitions(
            forest.roots, forest.child, forest.view, forest.cut, forest.value, forest.cover, player,
            seen, rows, sums,
        )  # fmt: skip
        parts.append(_values(tree.of_margin(sums + forest.start)))
    return np.concatenate(parts)


def _values(game: Matrix) -> Matrix:
    """Return the Shapley values of games v(S), shape (games, players); bit j of S is player j."""
    players = int(game.shape[1]).bit_length() - 1
    values = np.empty((len(game), players))
    for j in range(players):
        halves = game.reshape(len(game), -1, 2, 1 << j)
        step = (halves[:, :, 1] - halves[:, :, 0]).reshape(len(game), -1)
        values[:, j] = np.einsum("gs,s->g", step, _weights(players))
    return values


@cache
def _weights(players: int) -> Matrix:
    """Return the weight of each coalition of the others; which player is left out does not matter."""
    weight = np.array([1.0 / (players * math.comb(players - 1, s)) for s in range(players)])
    return weight[[s.bit_count() for s in range(1 << (players - 1))]]


def _blocks(n: int, seed: int) -> list[NDArray[np.intp]]:
    order = generator(seed, "explain", "background blocks of trees").permutation(n)
    return [np.sort(rows) for rows in np.array_split(order, min(n, BLOCKS))]
