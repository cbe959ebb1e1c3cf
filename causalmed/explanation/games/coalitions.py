r"""Which coalitions are asked for, and how their worths become shares.

Every share is linear in the worths, :math:`\phi = C v`, so a game is planned once and filled later. Symmetric
shares average over all orders of the players (Shapley 1953). Asymmetric ones average over the orders in which
causes come before their effects (Frye, Rowat and Feige 2020),

.. math:: \phi_j = \sum_{S} \frac{e(S)\, e(P \setminus (S \cup j))}{e(P)}\, [v(S \cup j) - v(S)],

the sum over the sets S that hold every cause of their members (order ideals) and stay so with j, where e
counts the linear extensions: :math:`e(S) = \sum_m e(S \setminus m)` over the members m that nothing else in
S follows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb
from typing import Final

import numpy as np
from numpy.typing import NDArray

from causalmed.engine import generator
from causalmed.errors import InvalidArgument

__all__ = ["MOST_EXACT", "Shares", "asymmetric", "sampled", "symmetric"]

MOST_EXACT: Final = 12
MOST_IDEALS: Final = 1 << 13
Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """Shares of the players as steps from one coalition to the next.

    Parameters
    ----------
    players : int
        How many.
    start, joins : ndarray of int, shape (steps,)
        The coalition (bit j: player j is in it) and the player that joins it.
    weight : ndarray, shape (steps,)
        Of the step; those of one player sum to 1.
    run : ndarray of int, shape (steps,)
        Number of the pair of orders that a step belongs to; all 0 where none were drawn.
    """

    players: int
    start: NDArray[np.int64]
    joins: NDArray[np.int64]
    weight: Matrix
    run: NDArray[np.int64]

    @property
    def stop(self) -> NDArray[np.int64]:
        """The coalition after the step, shape (steps,)."""
        return self.start | (np.int64(1) << self.joins)

    @property
    def coalitions(self) -> tuple[int, ...]:
        """Every coalition whose worth is needed, ascending; nobody and everybody among them."""
        everybody = np.array([0, (1 << self.players) - 1])
        return tuple(np.unique(np.concatenate([self.start, self.stop, everybody])).tolist())

    @property
    def runs(self) -> int:
        """How many pairs of orders were drawn; 1 where every order counts."""
        return int(self.run.max(initial=0)) + 1

    def add_up(self, gains: Matrix, *, each_run: bool = False) -> Matrix:
        """Return the shares, shape (players, …), of gains a step, shape (steps, …).

        With ``each_run`` the shares by each pair of orders alone, shape (runs, players, …).
        """
        if each_run:
            scaled = (self.weight * self.runs).reshape(-1, *[1] * (gains.ndim - 1)) * gains
            found = np.zeros((self.runs, self.players, *gains.shape[1:]))
            np.add.at(found, (self.run, self.joins), scaled)
            return found
        found = np.zeros((self.players, *gains.shape[1:]))
        for player in range(self.players):
            mine = np.flatnonzero(self.joins == player)
            found[player] = np.tensordot(self.weight[mine], gains[mine], axes=1)
        return found


def symmetric(players: int) -> Shares:
    """Return the steps of the Shapley value: every coalition, every player outside it.

    Examples
    --------
    >>> shares = symmetric(2)
    >>> worth = np.array([0.0, 1.0, 2.0, 6.0])
    >>> shares.add_up(worth[shares.stop] - worth[shares.start]).tolist()
    [2.5, 3.5]
    """
    sets = np.arange(1 << players)
    size = np.array([int(s).bit_count() for s in sets])
    steps = [(s, j) for j in range(players) for s in sets[(sets >> j) & 1 == 0].tolist()]
    start, joins = _columns(steps)
    weight = np.array([1.0 / (players * comb(players - 1, int(k))) for k in size[start]])
    return Shares(players=players, start=start, joins=joins, weight=weight, run=np.zeros_like(start))


def asymmetric(before: Sequence[int]) -> Shares:
    """Return the steps of the asymmetric value: causes always join before their effects.

    Parameters
    ----------
    before : sequence of int
        Of each player, the players that come before it, as bits; transitive.

    Raises
    ------
    InvalidArgument
        More than 8,192 order ideals.

    Examples
    --------
    >>> shares = asymmetric([0, 0b1])
    >>> worth = np.array([0.0, 1.0, 2.0, 6.0])
    >>> shares.add_up(worth[shares.stop] - worth[shares.start]).tolist()
    [1.0, 5.0]
    """
    players = len(before)
    everybody = (1 << players) - 1
    below = _extensions(_ideals(before), players)
    after = [sum(1 << k for k in range(players) if before[k] >> j & 1) for j in range(players)]
    above = _extensions(_ideals(after), players)
    steps = [(s, j) for s in sorted(below) for j in range(players) if not s >> j & 1 and before[j] & ~s == 0]
    start, joins = _columns(steps)
    total = below[everybody]
    weight = np.array([below[s] * above[everybody ^ s ^ (1 << j)] / total for s, j in steps])
    return Shares(players=players, start=start, joins=joins, weight=weight, run=np.zeros_like(start))


def sampled(players: int, *, pairs: int, seed: int) -> Shares:
    """Return the steps of random orders of the players, each with its reverse.

    Mitchell, Cooper, Frank and Holmes (2022, JMLR 23:43), antithetic permutations.
    """
    random = generator(seed, "explain", "orders of the players")
    steps, run = [], []
    for pair in range(pairs):
        order = random.permutation(players).tolist()
        for each in (order, order[::-1]):
            inside = 0
            for player in each:
                steps.append((inside, player))
                run.append(pair)
                inside |= 1 << player
    start, joins = _columns(steps)
    weight = np.full(len(steps), 1.0 / (2 * pairs))
    return Shares(players=players, start=start, joins=joins, weight=weight, run=np.array(run))


def _columns(steps: Sequence[tuple[int, int]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    table = np.array(steps, dtype=np.int64).reshape(-1, 2)
    return table[:, 0].copy(), table[:, 1].copy()


def _ideals(before: Sequence[int]) -> set[int]:
    """Return the sets that hold everything that comes before their members."""
    found, waiting = {0}, [0]
    while waiting:
        s = waiting.pop()
        for j, needs in enumerate(before):
            larger = s | 1 << j
            if needs & ~s == 0 and larger not in found:
                found.add(larger)
                waiting.append(larger)
        if len(found) > MOST_IDEALS:
            raise InvalidArgument(
                f"There are more than {MOST_IDEALS:,} sets of causes that could join before the rest; all of "
                "them count in an asymmetric attribution. Explain a model with fewer features."
            )
    return found


def _extensions(ideals: set[int], players: int) -> dict[int, int]:
    """Return in how many orders each ideal can be filled, as whole numbers."""
    count = {0: 1}
    for s in sorted(ideals - {0}, key=int.bit_count):
        smaller = (s ^ (1 << j) for j in range(players) if s >> j & 1)
        count[s] = sum(count[less] for less in smaller if less in count)
    return count
