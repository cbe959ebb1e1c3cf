"""Risks of tree ensembles in all worlds at once: coalitions form cubes, and trees divide them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from causalmed.engine import generator
from causalmed.errors import CausalmedError
from causalmed.explanation.games.noise import RUNS
from causalmed.explanation.games.worlds import OWN, Reader, Worlds
from causalmed.explanation.players import Players
from causalmed.explanation.trees import Forest, read_trees, readable

__all__ = ["TreeRisk", "tree_risk"]

Matrix = NDArray[np.float64]
LINES: Final = 64  # draws between two looks at the keyboard
PROBES: Final = 64
SAME: Final = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeRisk:
    """A risk model whose risk is made of one sum of trees.

    Parameters
    ----------
    forest : Forest
        The trees, on the model's columns.
    finish : callable
        Sum → risk.
    kept : dict
        The cubes, the same for all patients of one game.
    """

    forest: Forest
    finish: Callable[[Matrix], Matrix]
    kept: dict[str, _Cubes] = field(init=False, default_factory=dict)

    def worths(self, worlds: Worlds, reader: Reader, recode: Sequence[Matrix | None]) -> Matrix:
        """Return the mean risk of each coalition, patient and run, shape (2^players, patients, runs)."""
        cubes = self.kept.get("cubes") or self.kept.setdefault(
            "cubes", _Cubes.of(worlds, reader, self.forest)
        )
        rows, draws = worlds.shape
        found = np.empty((1 << len(worlds.players), rows, RUNS))
        for patient in range(rows):
            seen = cubes.seen(worlds, reader, recode, self.forest, patient)
            for run in range(RUNS):
                each = draws // RUNS
                found[:, patient, run] = self._mean(cubes, seen[run * each : (run + 1) * each])
        return found

    def _mean(self, cubes: _Cubes, seen: Matrix) -> Matrix:
        from causalmed._kernels import coalitions

        forest, total = self.forest, np.zeros(1 << cubes.players)
        for start in range(0, len(seen), LINES):
            part = np.ascontiguousarray(seen[start : start + LINES])
            out = np.zeros((len(part), 1 << cubes.players))
            coalitions.margins(
                forest.roots, forest.child, forest.view, forest.cut, forest.value,
                cubes.first, cubes.inside, cubes.outside, part, out, cubes.players,
            )  # fmt: skip
            total += self.finish(out).sum(axis=0)
        return np.asarray(total / len(seen))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cubes:
    """Which values each view can take, and for which coalitions: see ``_ext/coalitions.pyx``."""

    players: int
    keys: tuple[tuple[int, ...], ...]
    first: NDArray[np.int32]
    inside: NDArray[np.uint32]
    outside: NDArray[np.uint32]

    @classmethod
    def of(cls, worlds: Worlds, reader: Reader, forest: Forest) -> _Cubes:
        views = np.array([worlds.view(reader, s) for s in range(1 << len(worlds.players))])
        keys = tuple(tuple(np.unique(column).tolist()) for column in views.T)  # the patient's own first
        held, absent = [], []
        for view in forest.views:
            name = reader.inputs[view.column]
            bit = worlds.bit(name)
            for key in keys[view.column]:
                inside, outside = (bit, 0) if key == OWN else worlds.cube(name, key)
                held.append(inside)
                absent.append(outside | (bit if key != OWN and OWN in keys[view.column] else 0))
        counts = [len(keys[view.column]) for view in forest.views]
        return cls(
            players=len(worlds.players),
            keys=keys,
            first=np.cumsum([0, *counts]).astype(np.int32),
            inside=np.array(held, dtype=np.uint32),
            outside=np.array(absent, dtype=np.uint32),
        )

    def seen(
        self, worlds: Worlds, reader: Reader, recode: Sequence[Matrix | None], forest: Forest, patient: int
    ) -> Matrix:
        """Return what each view sees, a line a draw."""
        draws = worlds.shape[1]
        lines = []
        for view in forest.views:
            name, keys = reader.inputs[view.column], self.keys[view.column]
            values = np.concatenate([_column(worlds, name, key, patient, draws) for key in keys])
            codes = recode[view.column]
            rows = np.zeros((len(values), forest.columns))
            rows[:, view.column] = values if codes is None else codes[values.astype(np.intp)]
            lines.append(view.of(rows).reshape(len(keys), draws))
        return np.concatenate(lines).T


def _column(worlds: Worlds, name: str, key: int, patient: int, draws: int) -> Matrix:
    values = worlds.own[name] if key == OWN else worlds.natural(name, key)
    return np.broadcast_to(values[patient if len(values) > 1 else 0], draws)


def tree_risk(model: Players, rows: Matrix, *, seed: int = 0) -> TreeRisk | None:
    """Return the trees behind a risk model, or None where there are none, or where they say something else.

    What the trees say is compared with the model on ``rows``, shape (n, columns), whose columns are exchanged
    between patients: a model that does more than add up trees on its columns is asked as it is.
    """
    predictor: Any = getattr(model.model, "predictor", model.model)
    classifier: Any = getattr(predictor, "classifier", predictor)
    if not readable(classifier):
        return None
    try:
        forest = read_trees(classifier, positive=getattr(predictor, "positive", 1))
        found = TreeRisk(forest=forest, finish=_finish(forest, getattr(model.model, "recalibration", None)))
        if forest.columns != len(model.names):
            return None
        random = generator(seed, "explain", "probes")
        probes = np.column_stack([random.choice(column, size=PROBES) for column in rows.T])
        gap = np.abs(found.finish(forest(probes) - forest.start) - model.risk(probes))
    except CausalmedError:
        return None
    return found if gap.max() <= SAME else None


def _finish(forest: Forest, recalibration: Any) -> Callable[[Matrix], Matrix]:
    """Return how the sum becomes a risk: link, then recalibration, which is a line on the log odds."""
    link, start = forest.link, forest.start
    if link.adds_up:
        if recalibration is None:
            return lambda margin: margin + start
        apply: Callable[[Matrix], Matrix] = recalibration.apply
        return lambda margin: apply(margin + start)
    intercept, slope = (0.0, 1.0) if recalibration is None else (recalibration.intercept, recalibration.slope)
    scale, shift = slope * link.slope, intercept + slope * link.slope * start

    def logistic(margin: Matrix) -> Matrix:
        out = np.multiply(margin, -scale)
        out -= shift
        np.exp(out, out=out)
        out += 1.0
        return np.asarray(np.reciprocal(out, out=out))

    return logistic
