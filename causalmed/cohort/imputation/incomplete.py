"""The columns of a cohort that have holes, and what is to be done about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from causalmed.cohort.column import Column
from causalmed.cohort.imputation.spec import Imputation
from causalmed.errors import MissingValues

__all__ = ["Incomplete", "only_recorded", "parted", "recorded_rows"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Incomplete:
    """Columns with missing values.

    Attributes
    ----------
    spec : Imputation
        What is to be done about them.
    columns : mapping of str to Column
        Their values, not a number where nothing was recorded.
    """

    spec: Imputation
    columns: Mapping[str, Column]

    def __contains__(self, name: object) -> bool:
        return name in self.columns

    def refusal(self, name: str) -> MissingValues:
        """Return the error that says why a column cannot be handed out."""
        rows = recorded_rows(self.columns[name])
        missing = int(np.count_nonzero(~rows))
        return MissingValues(
            f"Column {name!r} has {missing:,} missing values in {len(rows):,} patients, so it has no numbers "
            f"to compute with. estimate() and screen_risks() answer through missing={self.spec!r}. Anything "
            "else needs a table without holes: cohort.completed(1), whose answer takes imputed values for "
            f"observed ones; cohort.where_recorded([{name!r}]); or a cohort without the column."
        )


def recorded_rows(column: Column) -> NDArray[np.bool_]:
    """Return which rows of a column were recorded, shape (n,)."""
    return ~np.isnan(column.values)


def only_recorded(column: Column) -> Column:
    """Return a column of the patients in whom it was recorded."""
    rows = recorded_rows(column)
    return column if rows.all() else column.take(np.flatnonzero(rows))


def parted(columns: Mapping[str, Column], spec: Imputation) -> tuple[Mapping[str, Column], Incomplete | None]:
    """Divide columns into those without and those with missing values.

    Parameters
    ----------
    columns : mapping of str to Column
        Values not a number where nothing was recorded.
    spec : Imputation
        What is to be done about them.

    Returns
    -------
    mapping of str to Column, Incomplete or None
    """
    holes = {name: column for name, column in columns.items() if np.isnan(column.values).any()}
    whole = {name: column for name, column in columns.items() if name not in holes}
    rest = Incomplete(spec=spec, columns=MappingProxyType(holes)) if holes else None
    return MappingProxyType(whole), rest
