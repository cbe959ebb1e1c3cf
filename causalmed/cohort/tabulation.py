"""Making a table one from a cohort."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from causalmed.cohort.balance import smd_of_levels, smd_of_numbers, smd_of_proportions
from causalmed.cohort.column import Column
from causalmed.cohort.description import decimals_for, mean_cell, median_cell, share_cells
from causalmed.cohort.imputation.incomplete import recorded_rows
from causalmed.cohort.tableone import TableOne, TableOneRow
from causalmed.errors import DataError, InvalidArgument, RoleConflict
from causalmed.results import Provenance

if TYPE_CHECKING:
    from causalmed.cohort.cohort import Cohort

__all__ = ["make_table_one"]


def make_table_one(
    cohort: Cohort, *, by: str | None, columns: Sequence[str] | None, numbers: str, weights: ArrayLike | None
) -> TableOne:
    """Describe every column in every group; the parameters are those of :meth:`Cohort.table_one`."""
    if numbers not in ("mean", "median"):
        raise InvalidArgument.option("numbers", numbers, ("mean", "median"))
    groups, labels = _groups(cohort, by)
    weighing = _Weighing(
        weights=_checked_weights(weights, cohort.n, groups),
        groups=groups,
        weighted=weights is not None,
        numbers=numbers,
    )
    rows: list[TableOneRow] = []
    for name in _described(cohort, by, columns):
        if cohort.incomplete is not None and name in cohort.incomplete:
            rows += weighing.rows_with_holes(cohort.incomplete.columns[name])
        else:
            rows += weighing.rows_of(cohort.column(name))
    return TableOne(
        by=by,
        groups=labels,
        sizes=(cohort.n, *(int(group.sum()) for group in groups)),
        rows=tuple(rows),
        numbers_as=numbers,
        weighted=weights is not None,
        provenance=Provenance.collect(
            data_fingerprint=cohort.fingerprint, spec=f"table_one(by={by!r}, numbers={numbers!r})", seed=0
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Weighing:
    """Groups and weights under which columns are described."""

    weights: NDArray[np.float64]
    groups: tuple[NDArray[np.bool_], ...]
    weighted: bool
    numbers: str

    def rows_of(self, column: Column) -> list[TableOneRow]:
        """Return the lines of one column."""
        smd = self._smd(column, np.ones_like(self.weights))
        weighted = self._smd(column, self.weights) if self.weighted else None
        if not column.is_discrete:
            decimals = decimals_for(column.values)
            cells = tuple(self._number_cell(column.values, rows, decimals) for rows in self._everybody())
            return [
                TableOneRow(characteristic=column.name, level="", cells=cells, smd=smd, smd_weighted=weighted)
            ]
        codes = column.values.astype(np.intp)
        names = column.levels or ("0", "1")
        shown = [1] if column.kind == "binary" and len(names) == 2 else range(len(names))
        by_group = [
            share_cells(codes[rows], len(names), self.weights[rows], weighted=self.weighted)
            for rows in self._everybody()
        ]
        return [
            TableOneRow(
                characteristic=column.name,
                level=names[level],
                cells=tuple(cells[level] for cells in by_group),
                smd=smd if level == shown[0] else None,
                smd_weighted=weighted if level == shown[0] else None,
            )
            for level in shown
        ]

    def rows_with_holes(self, column: Column) -> list[TableOneRow]:
        """Return the lines of a column where it was recorded, and one that counts where it was not."""
        known = recorded_rows(column)
        for group in (np.ones_like(known), *self.groups):
            if not np.any(self.weights[group & known] > 0):
                raise DataError(
                    f"Column {column.name!r} was recorded for nobody in a group of this table, so nothing "
                    "describes it there. Leave it out with columns=."
                )
        groups = tuple(group[known] for group in self.groups)
        inside = replace(self, weights=self.weights[known], groups=groups)
        count = TableOneRow(
            characteristic=column.name,
            level="not recorded",
            cells=tuple(f"{np.count_nonzero(~known[rows]):,}" for rows in self._everybody()),
        )
        return [*inside.rows_of(column.take(np.flatnonzero(known))), count]

    def _everybody(self) -> list[NDArray[np.bool_]]:
        return [np.ones(len(self.weights), dtype=bool), *self.groups]

    def _number_cell(self, values: NDArray[np.float64], rows: NDArray[np.bool_], decimals: int) -> str:
        if self.numbers == "mean":
            return mean_cell(values[rows], self.weights[rows], decimals=decimals)
        return median_cell(values[rows], self.weights[rows], weighted=self.weighted, decimals=decimals)

    def _smd(self, column: Column, weights: NDArray[np.float64]) -> float | None:
        if len(self.groups) < 2:
            return None
        pairs = [
            _smd_of_pair(column, second, first, weights) for first, second in combinations(self.groups, 2)
        ]
        return pairs[0] if len(pairs) == 1 else max(map(abs, pairs))


def _smd_of_pair(
    column: Column, second: NDArray[np.bool_], first: NDArray[np.bool_], weights: NDArray[np.float64]
) -> float:
    if column.kind in ("ordinal", "categorical"):
        codes = column.values.astype(np.intp)
        return smd_of_levels(
            codes=codes, levels=len(column.levels), second=second, first=first, weights=weights
        )
    measure = smd_of_proportions if column.kind == "binary" else smd_of_numbers
    return measure(values=column.values, second=second, first=first, weights=weights)


def _groups(cohort: Cohort, by: str | None) -> tuple[tuple[NDArray[np.bool_], ...], tuple[str, ...]]:
    if by is None:
        return (), ()
    column = cohort.column(by)
    if not column.is_discrete:
        raise InvalidArgument(
            f"by={by!r} is {column.kind}; groups come from a binary, ordinal or categorical column."
        )
    names = column.levels or ("0", "1")
    masks = [(name, column.values == code) for code, name in enumerate(names)]
    present = [(name, mask) for name, mask in masks if mask.any()]
    if len(present) < 2:
        raise DataError(f"by={by!r} holds one group only ({present[0][0]!r}); there is nothing to compare.")
    return tuple(mask for _, mask in present), tuple(name for name, _ in present)


def _described(cohort: Cohort, by: str | None, columns: Sequence[str] | None) -> list[str]:
    if columns is None:
        skipped = {by, cohort.unit, cohort.weights}
        kinds = ("identifier", "date")
        return [
            one for one in cohort.names if one not in skipped and cohort.as_recorded(one).kind not in kinds
        ]
    if isinstance(columns, str) or not isinstance(columns, Iterable):
        raise InvalidArgument(f"columns= is a list of columns; write columns=[{columns!r}].")
    for name in columns:
        kind = cohort.as_recorded(name).kind
        if kind in ("identifier", "date"):
            raise RoleConflict(f"Column {name!r} is {kind}: no mean or share describes it.")
    return list(columns)


def _checked_weights(
    weights: ArrayLike | None, n: int, groups: tuple[NDArray[np.bool_], ...]
) -> NDArray[np.float64]:
    if weights is None:
        return np.ones(n)
    try:
        array = np.asarray(weights, dtype=np.float64)
    except (TypeError, ValueError) as refused:
        raise InvalidArgument("weights= must be numbers, one a patient.") from refused
    if array.shape != (n,):
        raise InvalidArgument(f"weights= needs one number a patient, shape ({n:,},); got {array.shape}.")
    if not np.all(np.isfinite(array)) or np.any(array < 0):
        raise InvalidArgument("weights= must be finite and not negative.")
    if not all(np.any(array[group] > 0) for group in (np.ones(n, dtype=bool), *groups)):
        raise InvalidArgument("weights= are 0 for everybody in a group, so nothing describes it.")
    return array
