"""The columns that a test of independence reads."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from causalmed.arguments import require_names
from causalmed.cohort import Cohort
from causalmed.errors import ColumnNotFound, DataError, InvalidArgument

__all__ = ["Variables", "default_columns", "variables"]

_UNUSABLE = ("identifier", "date")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Variables:
    """Columns as numbers, and which of them are discrete.

    Parameters
    ----------
    names : tuple of str
        Columns, in alphabetical order: no answer depends on the order of a table's columns.
    values : ndarray, shape (n, p)
        Standardised numbers; codes 0, 1, … of discrete columns.
    levels : ndarray of int, shape (p,)
        Number of levels; 0 for a number.
    ordered : frozenset of int
        Columns whose levels have an order.
    """

    names: tuple[str, ...]
    values: NDArray[np.float64]
    levels: NDArray[np.intp]
    ordered: frozenset[int] = frozenset()

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.values)

    def take(self, rows: NDArray[np.intp]) -> Variables:
        """Return the variables of some rows, repeated as listed."""
        return replace(self, values=self.values[rows])


def default_columns(cohort: Cohort) -> tuple[str, ...]:
    """Return the columns that can stand in a graph: all but ids, dates, weights, clusters and follow-up."""
    follow = cohort.follow_up
    roles = {cohort.unit, cohort.cluster, cohort.weights}
    if follow is not None:
        roles |= {getattr(follow, name, None) for name in ("time", "event")}
    return tuple(
        name for name in cohort.names if name not in roles and cohort.column(name).kind not in _UNUSABLE
    )


def variables(cohort: Cohort, columns: Iterable[str] | None, *, nominal: Iterable[str] = ()) -> Variables:
    """Read columns of a cohort; ``nominal`` ones are names, whatever order their levels have.

    Raises
    ------
    InvalidArgument, ColumnNotFound
        Fewer than two columns, or one that is not there or cannot stand in a graph.
    DataError
        A column that is the same in all patients, or fewer than 10 patients.
    MissingValues
        A column has holes.
    """
    names = default_columns(cohort) if columns is None else require_names("columns", columns)
    absent = [name for name in names if name not in cohort]
    if absent:
        raise ColumnNotFound.among(absent, cohort.names, where="columns=")
    if len(set(names)) < 2:
        raise InvalidArgument("A graph needs at least two columns; name them with columns=[…].")
    if cohort.n < 10:
        raise DataError(f"{cohort.n} patients are too few to test independences. Give at least 10.")
    ordered = tuple(sorted(set(names)))
    made, unordered = [_numbers(cohort, name) for name in ordered], frozenset(nominal)
    return Variables(
        names=ordered,
        values=np.ascontiguousarray(np.column_stack([values for values, _ in made])),
        levels=np.array([levels for _, levels in made], dtype=np.intp),
        ordered=frozenset(
            place
            for place, name in enumerate(ordered)
            if cohort.column(name).kind == "ordinal" and name not in unordered
        ),
    )


def _numbers(cohort: Cohort, name: str) -> tuple[NDArray[np.float64], int]:
    column = cohort.column(name)
    if column.kind in _UNUSABLE:
        raise InvalidArgument(
            f"Column {name!r} is {column.kind} and cannot stand in a graph. Leave it out of columns=."
        )
    if column.values.min() == column.values.max():
        raise DataError(f"Column {name!r} is the same in all patients: nothing depends on it. Leave it out.")
    if not column.is_discrete:
        centred = column.values - column.values.mean()
        spread = np.abs(centred).max()
        scaled = centred / spread if np.isfinite(spread) else centred
        if not np.isfinite(scaled).all():
            raise DataError(f"Column {name!r} holds numbers too large to compute with. Change its unit.")
        return scaled / np.sqrt(np.mean(scaled**2)), 0
    _, codes = np.unique(column.values, return_inverse=True)
    return codes.astype(np.float64), int(codes.max()) + 1
