"""Counting what was not recorded."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from causalmed.cohort.imputation.incomplete import recorded_rows
from causalmed.errors import ColumnNotFound, InvalidArgument
from causalmed.results import MissingnessRow, MissingnessTable

if TYPE_CHECKING:
    from causalmed.cohort.cohort import Cohort

__all__ = ["missingness_of"]


def missingness_of(cohort: Cohort, *, by: str | None = None) -> MissingnessTable:
    """Count missing values; the parameters are those of :meth:`Cohort.missingness`."""
    groups = _groups(cohort, by)
    incomplete = cohort.incomplete
    columns = {} if incomplete is None else dict(incomplete.columns)
    holes = {name: ~recorded_rows(column) for name, column in columns.items()}
    names = sorted(holes, key=lambda name: (-int(holes[name].sum()), name))
    rows = tuple(
        MissingnessRow(
            column=name,
            kind=columns[name].kind,
            missing=int(holes[name].sum()),
            by_group=tuple(int(holes[name][group].sum()) for _, group in groups),
        )
        for name in names
    )
    patterns = _patterns({name: holes[name] for name in names}, cohort.n)
    return MissingnessTable(
        n=cohort.n,
        complete=dict(patterns).get((), 0),
        rows=rows,
        patterns=patterns,
        by=by,
        groups=tuple((label, int(group.sum())) for label, group in groups),
        treatment="" if incomplete is None else f"What is done about them: {incomplete.spec}.",
    )


def _patterns(holes: dict[str, NDArray[np.bool_]], n: int) -> tuple[tuple[tuple[str, ...], int], ...]:
    if not holes:
        return (((), n),)
    names = list(holes)
    packed = np.column_stack([holes[name] for name in names])
    found, counts = np.unique(packed, axis=0, return_counts=True)
    listed: Counter[tuple[str, ...]] = Counter()
    for row, count in zip(found, counts, strict=True):
        listed[tuple(name for name, gone in zip(names, row, strict=True) if gone)] = int(count)
    return tuple(sorted(listed.items(), key=lambda pair: (-pair[1], pair[0])))


def _groups(cohort: Cohort, by: str | None) -> list[tuple[str, NDArray[np.bool_]]]:
    if by is None:
        return []
    if by not in cohort:
        raise ColumnNotFound.among([by], cohort.names, where="by=")
    column, known = cohort.as_recorded(by), cohort.recorded(by)
    if not column.is_discrete:
        raise InvalidArgument(
            f"by={by!r} is {column.kind}; groups come from a binary, ordinal or categorical column."
        )
    codes = np.full(cohort.n, np.nan)
    codes[known] = column.values
    found = [(label, codes == code) for code, label in enumerate(column.levels or ("0", "1"))]
    groups = [(label, rows) for label, rows in found if rows.any()]
    unknown = ~known
    return [*groups, ("not recorded", unknown)] if unknown.any() else groups
