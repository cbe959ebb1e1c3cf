"""Play a game: worths of the coalitions, shares of the players, and what sampling leaves open."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from causalmed.errors import InvalidArgument
from causalmed.explanation.games.coalitions import MOST_EXACT, Shares, asymmetric, sampled, symmetric
from causalmed.explanation.games.noise import RUNS
from causalmed.explanation.games.worlds import OWN, Reader, View, Worlds

__all__ = ["CHUNK", "Played", "Rules", "play", "rules"]

CHUNK: Final = 1 << 13  # patients times draws that are held at once
BATCH: Final = 1 << 17  # rows that a model is asked about at once
PAIRS: Final = 64
MOST_PARTS: Final = 8
Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """Shares of several patients, in units of risk; every array has the shape (patients, players).

    Parameters
    ----------
    values : ndarray
        Symmetric shares.
    direct : ndarray or None
        The part of them that does not pass through another node; ``None`` where it was not asked for.
    asymmetric : ndarray or None
        Shares where causes always join before their effects; ``None`` where there are too many orders.
    monte_carlo_error : ndarray
        Standard error of ``values`` from sampled noise, and from sampled orders where they are.
    start, end : ndarray, shape (patients,)
        Worth of nobody and of everybody.
    method : str
        How they were computed, in words.
    """

    values: Matrix
    direct: Matrix | None
    asymmetric: Matrix | None
    monte_carlo_error: Matrix
    start: Matrix
    end: Matrix
    method: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Who joins when: the same for every patient.

    Parameters
    ----------
    shares : Shares
        Steps of the symmetric value.
    ordered : Shares or None
        Steps of the asymmetric value.
    parts : bool
        Whether direct parts are computed too: one more world a step.
    """

    shares: Shares
    ordered: Shares | None
    parts: bool

    @property
    def method(self) -> str:
        """How the shares are computed, in words."""
        if self.shares.runs == 1:
            return f"exact: all {1 << self.shares.players:,} coalitions"
        return f"{self.shares.runs} antithetic pairs of orders"


def rules(before: Sequence[int], *, parts: bool | None, seed: int) -> Rules:
    """Return the steps for players of whom some come before others; all coalitions of up to 12 players.

    Direct parts are computed for up to 8 players, where nothing else is asked for.
    """
    players = len(before)
    exact = players <= MOST_EXACT
    try:
        ordered = asymmetric(before)
    except InvalidArgument:
        ordered = None
    shares = symmetric(players) if exact else sampled(players, pairs=PAIRS, seed=seed)
    wanted = players <= MOST_PARTS if parts is None else parts
    return Rules(shares=shares, ordered=ordered, parts=wanted)


def play(
    make: Callable[[slice], Worlds], reader: Reader, rule: Rules, *, patients: int, draws: int
) -> Played:
    """Return the shares of all patients, a few patients at a time.

    Parameters
    ----------
    make : callable
        Rows of the patients → their worlds.
    reader : Reader
        What is made of a world: the risk of the model, or that of the outcome.
    rule : Rules
        Who joins when.
    patients, draws : int
        How many.
    """
    size = max(1, CHUNK // draws)
    table = _Table(make(slice(0, 0)), reader, rule)
    parts = [
        table.shares_of(make(slice(start, min(patients, start + size)))) for start in range(0, patients, size)
    ]
    joined = [None if part[0] is None else np.concatenate(part) for part in zip(*parts, strict=True)]
    values, direct, ordered, error, start, end = joined
    assert values is not None
    assert error is not None
    assert start is not None
    assert end is not None
    return Played(
        values=values,
        direct=direct,
        asymmetric=ordered,
        monte_carlo_error=error,
        start=start,
        end=end,
        method=f"{rule.method}; {draws} draws of the noise, the same in every world",
    )


class _Table:
    """Which view belongs to which coalition and to which direct step: found once for all patients."""

    def __init__(self, worlds: Worlds, reader: Reader, rule: Rules) -> None:
        self.reader, self.rule = reader, rule
        self.number: dict[View, int] = {}
        self.fast = None if rule.parts or rule.shares.runs > 1 else reader.every
        self.direct = None
        sets = set(rule.shares.coalitions) | set(rule.ordered.coalitions if rule.ordered else ())
        if self.fast is not None:
            self.of_set = {s: s for s in sets}
            return
        seen = {s: worlds.view(reader, s) for s in sorted(sets)}
        self.of_set = {s: self._number(view) for s, view in seen.items()}
        steps = zip(rule.shares.start.tolist(), rule.shares.joins.tolist(), strict=True)
        if rule.parts:
            ends = [self._number(self._alone(seen[s], worlds.players[j])) for s, j in steps]
            self.direct = np.array(ends, dtype=np.int64)

    def _number(self, view: View) -> int:
        return self.number.setdefault(view, len(self.number))

    def _alone(self, view: View, player: str) -> View:
        """Return the view with one more input set, and nothing below it."""
        reader = self.reader
        return tuple(
            OWN if name == player and name not in reader.natural else seen
            for name, seen in zip(reader.inputs, view, strict=True)
        )

    def at(self, sets: Sequence[int]) -> NDArray[np.int64]:
        return np.array([self.of_set[s] for s in sets], dtype=np.int64)

    def shares_of(
        self, worlds: Worlds
    ) -> tuple[Matrix, Matrix | None, Matrix | None, Matrix, Matrix, Matrix]:
        """Return values, direct parts, asymmetric values, error, start and end, patients first."""
        worth = self._worths(worlds)  # (views, patients, runs)
        shares, ordered = self.rule.shares, self.rule.ordered
        start = worth[self.at(shares.start.tolist())]
        by_run = shares.add_up(worth[self.at(shares.stop.tolist())] - start)
        direct = None
        if self.direct is not None:
            direct = shares.add_up((worth[self.direct] - start).mean(axis=2)).T
        error = by_run.std(axis=2, ddof=1) / math.sqrt(RUNS)
        if shares.runs > 1:
            gains = (worth[self.at(shares.stop.tolist())] - start).mean(axis=2)
            pairs = shares.add_up(gains, each_run=True)
            error = np.hypot(error, pairs.std(axis=0, ddof=1) / math.sqrt(shares.runs))
        after = None
        if ordered is not None:
            first, last = (worth[self.at(s.tolist())].mean(axis=2) for s in (ordered.start, ordered.stop))
            after = ordered.add_up(last - first).T
        nobody, everybody = worth[self.at([0, (1 << shares.players) - 1])].mean(axis=2)
        return by_run.mean(axis=2).T, direct, after, error.T, nobody, everybody

    def _worths(self, worlds: Worlds) -> Matrix:
        if self.fast is not None:
            return self.fast(worlds, self.reader)
        rows, draws = worlds.shape
        views = list(self.number)
        step = max(1, BATCH // max(1, rows * draws))
        found = np.empty((len(views), rows, RUNS))
        for start in range(0, len(views), step):
            some = worlds.values(self.reader, views[start : start + step])
            found[start : start + step] = some.reshape(len(some), rows, RUNS, draws // RUNS).mean(axis=3)
        return found
