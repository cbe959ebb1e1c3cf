"""A cohort on disk: what is known of it, and its blocks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from causalmed.cohort.attrition import AttritionStep
from causalmed.cohort.column import DISCRETE_KINDS, Column, read_only
from causalmed.cohort.expression import evaluate
from causalmed.cohort.followup import FollowUp
from causalmed.cohort.kinds import stated_as
from causalmed.cohort.roles import Roles
from causalmed.cohort.streamed.fingerprint import streamed_fingerprint
from causalmed.cohort.streamed.plan import ColumnPlan, read_id_array
from causalmed.cohort.summary import cohort_html, cohort_summary
from causalmed.engine import BlockRef, read_blocks, recut, tasks_of
from causalmed.errors import ColumnNotFound, DataError, InvalidArgument

if TYPE_CHECKING:
    from causalmed.cohort.cohort import Cohort

__all__ = ["BlockReader", "StreamedCohort", "StreamedColumn"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockReader:
    """Reads and encodes blocks wherever it is called; it survives pickling.

    Attributes
    ----------
    plans : tuple of ColumnPlan
        Columns that are read.
    unit : str or None
        Column of the ids, where they are read; ``""`` for numbers of the rows.
    """

    plans: tuple[ColumnPlan, ...]
    unit: str | None = None

    def __call__(
        self, task: Sequence[BlockRef]
    ) -> Iterator[tuple[BlockRef, dict[str, Column], NDArray[Any] | None]]:
        """Yield each block of a task: its reference, its columns by name, its ids."""
        names = [plan.name for plan in self.plans] + ([self.unit] if self.unit else [])
        for block, table in read_blocks(task, names):
            columns = {plan.name: plan.encode(table.column(plan.name)) for plan in self.plans}
            yield block, columns, self._ids(block, table)

    def _ids(self, block: BlockRef, table: Any) -> NDArray[Any] | None:
        if self.unit is None:
            return None
        return read_id_array(self.unit, table.column(self.unit)) if self.unit else _row_numbers(block)


def _row_numbers(block: BlockRef) -> NDArray[np.int64]:
    parts = []
    for piece in block.pieces:
        rows = np.arange(piece.first, piece.first + piece.stop - piece.start, dtype=np.int64)
        parts.append(rows if piece.kept is None else rows[piece.kept])
    return np.concatenate(parts)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StreamedColumn:
    """A column on disk; :attr:`values` reads it whole.

    Attributes
    ----------
    plan : ColumnPlan
        What it is.
    blocks : tuple of BlockRef
        Where its rows are.
    """

    plan: ColumnPlan
    blocks: tuple[BlockRef, ...] = field(repr=False)

    @property
    def name(self) -> str:
        """Name of the column in the table."""
        return self.plan.name

    @property
    def kind(self) -> str:
        """What it is; see :class:`Column`."""
        return self.plan.kind

    @property
    def levels(self) -> tuple[str, ...]:
        """Labels of the codes."""
        return self.plan.levels

    @property
    def unit_label(self) -> str:
        """Physical unit, where it is known."""
        return self.plan.unit_label

    @property
    def how(self) -> str:
        """How the kind is known."""
        return self.plan.how

    @property
    def stored(self) -> str:
        """What the table holds."""
        return self.plan.stored

    @property
    def note(self) -> str:
        """What a reader should look at."""
        return self.plan.note

    @property
    def is_discrete(self) -> bool:
        """True for binary, ordinal and categorical columns."""
        return self.kind in DISCRETE_KINDS

    @property
    def values(self) -> NDArray[np.float64]:
        """Numbers of all rows, read from disk each time; shape (n,)."""
        return self.collect().values

    def labels(self) -> NDArray[np.object_]:
        """Return the labels row by row."""
        return self.collect().labels()

    def collect(self) -> Column:
        """Return the column in memory."""
        read = BlockReader(plans=(self.plan,))
        parts = [columns[self.name].values for task in tasks_of(self.blocks) for _, columns, _ in read(task)]
        return self.plan.with_values(read_only(np.concatenate(parts)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class StreamedCohort:
    """Patients whose rows stay on disk, checked once.

    Make one with ``Cohort.from_parquet``. Attributes are those of :class:`~causalmed.Cohort`; columns are
    read when they are asked for.

    Attributes
    ----------
    names : tuple of str
        Columns, in the order of the table.
    plans : mapping of str to ColumnPlan
        What every column but the unit's is.
    blocks : tuple of BlockRef
        The canonical blocks of rows.
    outcome, unit, cluster, weights : str or None
        Columns by their role.
    protected, follow_up, tiers, attrition
        As those of :class:`~causalmed.Cohort`.
    """

    names: tuple[str, ...]
    plans: Mapping[str, ColumnPlan]
    blocks: tuple[BlockRef, ...]
    outcome: str | None = None
    unit: str | None = None
    cluster: str | None = None
    protected: tuple[str, ...] = ()
    weights: str | None = None
    follow_up: FollowUp | None = None
    tiers: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    attrition: tuple[AttritionStep, ...] = ()
    _memory: dict[str, Any] = field(init=False, default_factory=dict)

    def __len__(self) -> int:
        return self.n

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def __repr__(self) -> str:
        shown = ", ".join(map(repr, self.names[:6])) + (", …" if len(self.names) > 6 else "")
        return f"StreamedCohort(n={self.n:,}, outcome={self.outcome!r}, columns=({shown}))"

    def __eq__(self, other: object) -> bool:
        if not hasattr(other, "fingerprint") or not hasattr(other, "roles"):
            return NotImplemented
        return bool(self.roles == other.roles and self.fingerprint == other.fingerprint)

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    @property
    def n(self) -> int:
        """Number of patients."""
        return sum(block.rows for block in self.blocks)

    @property
    def tasks(self) -> tuple[tuple[BlockRef, ...], ...]:
        """The blocks, those together that one worker should read."""
        return tasks_of(self.blocks)

    @property
    def roles(self) -> Roles:
        """What the columns are for, in one value."""
        return Roles(**{one.name: getattr(self, one.name) for one in fields(Roles)})

    @property
    def incomplete(self) -> None:
        """Holes that are to be filled: there are none on disk."""
        return None

    @property
    def cluster_levels(self) -> tuple[str, ...]:
        """Labels of the clusters."""
        return () if self.cluster is None else self.plans[self.cluster].levels

    @property
    def cluster_codes(self) -> NDArray[np.intp] | None:
        """Cluster of each patient as a code of :attr:`cluster_levels`, from disk; None without cluster."""
        return None if self.cluster is None else self.values(self.cluster).astype(np.intp)

    @property
    def clusters(self) -> int:
        """Number of clusters that have patients; 0 without cluster."""
        return 0 if self.cluster is None else len(np.unique(self.values(self.cluster)))

    @property
    def kinds(self) -> dict[str, str | tuple[str, ...]]:
        """What ``kinds=`` would state about the columns of this cohort, the unit's apart."""
        nothing = np.zeros(0)
        return {name: stated_as(plan.with_values(nothing)) for name, plan in self.plans.items()}

    @property
    def fingerprint(self) -> str:
        """SHA-256 of names, kinds, levels, ids and values: that of the same cohort in memory."""
        if "fingerprint" not in self._memory:
            self._memory["fingerprint"] = streamed_fingerprint(self)
        return str(self._memory["fingerprint"])

    def reader(self, names: Sequence[str], *, ids: bool = False) -> BlockReader:
        """Return what reads some columns of the blocks, and their ids if asked."""
        plans = tuple(self.plans[name] for name in names)
        return BlockReader(plans=plans, unit=(self.unit or "") if ids else None)

    def column(self, name: str) -> StreamedColumn:
        """Return a column by its name; raises ColumnNotFound, which names near ones."""
        if not isinstance(name, str) or name not in self.plans:
            raise ColumnNotFound.among([name], self.names, where="column")
        return StreamedColumn(plan=self.plans[name], blocks=self.blocks)

    def as_recorded(self, name: str) -> Column:
        """Read a column into memory; on disk every value of it is recorded."""
        return self.column(name).collect()

    def values(self, name: str) -> NDArray[np.float64]:
        """Read the numbers of a column into memory, shape (n,)."""
        return self.column(name).values

    def ids(self) -> Iterator[NDArray[Any]]:
        """Yield the ids block by block: those of the units, or numbers of rows where there are none."""
        read = self.reader((), ids=True)
        for task in self.tasks:
            for _, _, ids in read(task):
                assert ids is not None
                yield ids

    def tier_of(self, name: str) -> str | None:
        """Return the time period of a column, or None where none was stated."""
        if name not in self.names:
            raise ColumnNotFound.among([name], self.names, where="tier_of")
        return next((period for period, columns in self.tiers.items() if name in columns), None)

    def where(self, expression: str, *, reason: str) -> StreamedCohort:
        """Return the cohort of the patients who satisfy a condition; as :meth:`Cohort.where`, in one pass."""
        if not isinstance(reason, str) or not reason.strip():
            raise InvalidArgument("reason= says in words why patients are left out; the report prints it.")
        kept = (evaluate(expression, part) for _, part in self._cohorts())
        return self._left(recut(self.blocks, kept), reason)

    def where_recorded(self, names: Sequence[str]) -> StreamedCohort:
        """Return the patients with these columns recorded: all of them, on disk."""
        for name in names:
            self.column(name)
        return self

    def take(self, rows: ArrayLike, *, reason: str | None = None) -> StreamedCohort:
        """Return the cohort of the patients marked in n truth values; as :meth:`Cohort.take`."""
        marks = np.asarray(rows)
        if marks.shape != (self.n,) or marks.dtype != bool:
            raise InvalidArgument(
                f"rows= of a cohort on disk must be {self.n:,} truth values, one a patient."
            )
        kept = (marks[block.start : block.start + block.rows] for block in self.blocks)
        return self._left(recut(self.blocks, kept), reason)

    def collect(self) -> Cohort:
        """Read everything: the same cohort in memory, for what needs all rows at once."""
        from causalmed.cohort.cohort import Cohort

        return Cohort(
            names=self.names,
            columns=MappingProxyType({name: self.column(name).collect() for name in self.plans}),
            unit_ids=read_only(np.concatenate(list(self.ids()))),
            attrition=self.attrition,
            **{one.name: getattr(self, one.name) for one in fields(Roles)},
        )

    def summary(self) -> str:
        """Return the cohort in words, at most 80 columns wide."""
        return cohort_summary(self)  # type: ignore[arg-type]

    def _repr_html_(self) -> str:
        return cohort_html(self)  # type: ignore[arg-type]

    def _left(self, blocks: tuple[BlockRef, ...], reason: str | None) -> StreamedCohort:
        left = replace(self, blocks=blocks)
        if not left.n:
            what = f" for {reason!r}" if reason else ""
            raise DataError(f"None of the {self.n:,} patients remains{what}. Loosen the condition.")
        if reason is None:
            return left
        step = AttritionStep(reason=reason, n_before=self.n, n_after=left.n)
        return replace(left, attrition=(*self.attrition, step))

    def _cohorts(self) -> Iterator[tuple[BlockRef, Cohort]]:
        from causalmed.cohort.cohort import Cohort

        read = self.reader(tuple(self.plans), ids=True)
        for task in self.tasks:
            for block, columns, ids in read(task):
                assert ids is not None
                held = MappingProxyType(columns)
                yield block, Cohort(names=self.names, columns=held, unit_ids=ids, unit=self.unit)
