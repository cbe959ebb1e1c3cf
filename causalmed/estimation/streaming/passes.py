"""One pass over the rows: a statistic of each block, computed where the block is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from causalmed.cohort import BlockReader, Column
from causalmed.engine import BlockRef, Executor, exact_sum, recut, tasks_of, unit_keys
from causalmed.estimation.problem import Problem
from causalmed.identification import Estimand

__all__ = ["Passes", "Rows", "Together", "View"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rows:
    """One block.

    Attributes
    ----------
    problem : Problem
        Its rows, as those of a question in memory.
    start : int
        Number of the first row.
    memory : dict
        What several statistics of the same block share.
    units : ndarray of uint64, shape (rows,)
        Keys of the units, where they were read.
    """

    problem: Problem
    start: int
    memory: dict[int, Any] = field(default_factory=dict)
    units: NDArray[np.uint64] = field(default_factory=lambda: np.zeros(0, dtype=np.uint64))

    def part(self, take: slice | NDArray[np.intp]) -> Rows:
        """Return some of the rows, as arrays of their own."""
        whole = self.problem
        part = replace(
            whole,
            exposed=whole.exposed[take].copy(),
            outcome=whole.outcome[take].copy(),
            exposure_column=_taken(whole.exposure_column, take),
            covariates=tuple(_taken(column, take) for column in whole.covariates),
            fold_keys=whole.fold_keys[take].copy() if len(whole.fold_keys) else whole.fold_keys,
            clusters=None if whole.clusters is None else whole.clusters[take].copy(),
        )
        return Rows(problem=part, start=self.start)


def _taken(column: Any, take: slice | NDArray[np.intp]) -> Any:
    return column.replace_values(column.values[take].copy())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class View:
    """What a pass reads of each block; it survives pickling.

    Attributes
    ----------
    estimand, contrast, population, outcome_kind
        The question, as in :class:`~causalmed.estimation.problem.Problem`.
    reader : BlockReader
        Reads exposure, outcome, adjustment set and cluster.
    cluster : str or None
        Column of the clusters.
    dense : ndarray of int, shape (levels,), or None
        Number of each cluster among those that have patients.
    labels : tuple of str
        Labels of the clusters that have patients.
    keys : str
        Whose key decides the fold of a patient: ``"unit"`` or ``"cluster"``; ``""`` where there are no folds.
    """

    estimand: Estimand
    contrast: tuple[float, float]
    population: str
    outcome_kind: str
    reader: BlockReader
    cluster: str | None
    dense: NDArray[np.intp] | None = None
    labels: tuple[str, ...] = ()
    keys: str = ""

    def rows(self, task: Sequence[BlockRef]) -> Iterator[Rows]:
        """Read the blocks of one task."""
        for block, columns, ids in self.reader(task):
            units = np.zeros(0, dtype=np.uint64) if ids is None else unit_keys(ids)
            yield Rows(problem=self._problem(columns, units), start=block.start, units=units)

    def _problem(self, columns: dict[str, Column], units: NDArray[np.uint64]) -> Problem:
        exposure = columns[self.estimand.exposure]
        clusters = None if self.cluster is None else columns[self.cluster].values.astype(np.intp)
        keys = units if self.keys == "unit" else np.zeros(0, dtype=np.uint64)
        if clusters is not None and self.dense is not None:
            clusters = self.dense[clusters]
            if self.keys == "cluster":
                keys = unit_keys(np.array(self.labels))[clusters]
        return Problem(
            estimand=self.estimand,
            contrast=self.contrast,
            population=self.population,
            exposed=(exposure.values == self.contrast[0]).astype(np.float64),
            outcome=columns[self.estimand.outcome].values,
            outcome_kind=self.outcome_kind,
            exposure_column=exposure,
            covariates=tuple(columns[name] for name in self.estimand.adjustment_set),
            fold_keys=keys,
            clusters=clusters,
            cluster_name=self.cluster,
            cluster_labels=self.labels,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Pass:
    """A statistic of every block of a task."""

    view: View
    statistic: Callable[[Rows], Any]

    def __call__(self, task: Sequence[BlockRef]) -> list[Any]:
        return [self.statistic(rows) for rows in self.view.rows(task)]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Passes:
    """Passes over the same rows.

    Attributes
    ----------
    view : View
        What is read.
    blocks : tuple of BlockRef
        Where it is.
    executor : Executor
        Who reads it.
    samples : dict of int to list of Rows
        The rows that :meth:`every` has read, for the next model that asks; empty it when all are fitted.
    """

    view: View
    blocks: tuple[BlockRef, ...]
    executor: Executor
    samples: dict[int, list[Rows]] = field(default_factory=dict)

    @property
    def n(self) -> int:
        """Number of rows."""
        return sum(block.rows for block in self.blocks)

    def each(self, statistic: Callable[[Rows], Any]) -> list[Any]:
        """Return the statistic of every block, in the order of the blocks."""
        task = _Pass(view=self.view, statistic=statistic)
        return [part for parts in self.executor.map(task, tasks_of(self.blocks)) for part in parts]

    def total(self, statistic: Callable[[Rows], Array]) -> Array:
        """Return the sum of the statistic over all blocks, correctly rounded per cell."""
        return exact_sum(self.each(statistic))

    def together(self, *statistics: Callable[[Rows], Any]) -> list[list[Any]]:
        """Return the blocks' values of several statistics from one reading of the rows, a list each."""
        parts = self.each(Together(statistics=statistics))
        return [list(column) for column in zip(*parts, strict=True)]

    def every(self, stride: int) -> list[Rows]:
        """Return the rows whose number is a multiple of ``stride``, block by block."""
        if stride not in self.samples:
            self.samples[stride] = self.each(_Every(stride=stride))
        return [replace(rows, memory={}) for rows in self.samples[stride]]

    def of_arm(self, arm: int) -> Passes:
        """Return passes over the patients of one arm, in canonical blocks of their own."""
        return replace(self, blocks=recut(self.blocks, self.each(_InArm(arm=arm))), samples={})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Together:
    """Several statistics of the same block, from one reading of it."""

    statistics: tuple[Callable[[Rows], Any], ...]

    def __call__(self, rows: Rows) -> tuple[Any, ...]:
        """Return each of them."""
        return tuple(statistic(rows) for statistic in self.statistics)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Every:
    stride: int

    def __call__(self, rows: Rows) -> Rows:
        return rows.part(slice(-rows.start % self.stride, None, self.stride))


@dataclass(frozen=True, slots=True, kw_only=True)
class _InArm:
    arm: int

    def __call__(self, rows: Rows) -> NDArray[np.bool_]:
        return np.asarray(rows.problem.exposed == self.arm)
