"""Trees on whole numbers: a value is the number of cuts below it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from causalmed.errors import InvalidArgument
from causalmed.explanation.trees.forest import Forest

__all__ = ["Coded", "Sight", "coded", "players_of"]

Matrix = NDArray[np.float64]
Places = NDArray[np.int16]
MOST: Final = 32_766
WIDEST: Final = 8
"""Players on a way to a leaf that the tables of patterns can hold."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sight:
    """What the splits compare of some rows.

    Parameters
    ----------
    seen : ndarray, shape (views, rows)
        The numbers.
    places : ndarray of int16, shape (views, rows)
        How many cuts of the view lie below each.
    """

    seen: Matrix
    places: Places


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Coded:
    """A forest whose cuts are places among all the cuts of their view.

    Parameters
    ----------
    forest : Forest
        The trees.
    player : ndarray of int, shape (views,)
        Whose each view is.
    cut : ndarray of int16, shape (nodes,)
        Place of each cut, from 0.
    cuts : tuple of ndarray
        The cuts of each view, ascending.
    narrow : ndarray of bool, shape (trees,)
        Trees with at most 8 players on every way to a leaf.
    widest : int
        Most players on a way.
    """

    forest: Forest
    player: NDArray[np.intc]
    cut: Places
    cuts: tuple[Matrix, ...]
    narrow: NDArray[np.bool_]
    widest: int

    def part(self, first: int, last: int) -> Coded:
        """Return the trees from ``first`` to before ``last``."""
        forest = self.forest
        low = int(forest.roots[first])
        high = int(forest.roots[last]) if last < len(forest) else len(forest.child)
        return replace(
            self, forest=forest.part(first, last), cut=self.cut[low:high], narrow=self.narrow[first:last]
        )

    def sight(self, seen: Matrix) -> Sight:
        """Count the cuts below each value of what the splits compare, shape (views, rows)."""
        places = np.empty(seen.shape, dtype=np.int16)
        for line, cuts, values in zip(places, self.cuts, seen, strict=True):
            line[:] = np.searchsorted(cuts, values)
        return Sight(seen=seen, places=places)


def coded(forest: Forest, player: NDArray[np.intc]) -> list[Coded]:
    """Return the forest with coded cuts, in halves where a view has more cuts than there are numbers.

    Parameters
    ----------
    forest : Forest
        The trees.
    player : ndarray of int, shape (views,)
        Whose each view is.
    """
    from causalmed._kernels import treepairs

    split = forest.child != np.arange(len(forest.child))
    place = np.zeros(len(split), dtype=np.int64)
    cuts = []
    order = np.argsort(forest.view[split], kind="stable")
    nodes = np.flatnonzero(split)[order]
    borders = np.searchsorted(forest.view[nodes], np.arange(len(forest.views) + 1))
    for first, last in pairwise(borders):
        mine = nodes[first:last]
        ascending, place[mine] = np.unique(forest.cut[mine], return_inverse=True)
        cuts.append(ascending)
    if max(map(len, cuts)) > MOST and len(forest) > 1:
        half = len(forest) // 2
        return coded(forest.part(0, half), player) + coded(forest.part(half, len(forest)), player)
    widths = treepairs.widths(forest.roots, forest.child, forest.view, player)
    fits = max(map(len, cuts)) <= MOST
    one = Coded(
        forest=forest,
        player=player,
        cut=place.astype(np.int16),
        cuts=tuple(cuts),
        narrow=(widths <= WIDEST) & fits,
        widest=int(widths.max(initial=0)),
    )
    return [one]


def players_of(forest: Forest, players: Sequence[int] | None) -> NDArray[np.intc]:
    """Return whose each view is, from the player of each column (by default each its own)."""
    whose = np.arange(forest.columns) if players is None else np.asarray(players)
    known = np.unique(whose) if whose.ndim == 1 and len(whose) == forest.columns else np.zeros(0)
    if whose.dtype.kind not in "iu" or not np.array_equal(known, np.arange(len(known))) or not len(known):
        raise InvalidArgument(
            f"players= must give each of the {forest.columns} columns the number of its player, from 0 on "
            "without gaps. Columns of one clinical variable have one number."
        )
    return np.array([whose[view.column] for view in forest.views], dtype=np.intc)
