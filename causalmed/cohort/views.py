"""What a cohort can show of itself: as a table, as table one, in words, and where it has holes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from causalmed.arguments import require_names
from causalmed.cohort.frames import cohort_frame
from causalmed.cohort.imputation.completing import completed_cohort
from causalmed.cohort.imputation.incomplete import only_recorded, recorded_rows
from causalmed.cohort.missingness import missingness_of
from causalmed.cohort.summary import cohort_summary
from causalmed.cohort.tableone import TableOne
from causalmed.cohort.tabulation import make_table_one
from causalmed.errors import ColumnNotFound

if TYPE_CHECKING:
    import pandas as pd

    from causalmed.cohort.cohort import Cohort
    from causalmed.cohort.column import Column
    from causalmed.results import MissingnessTable

__all__ = [
    "as_recorded",
    "completed",
    "missingness",
    "recorded",
    "summary",
    "table_one",
    "to_frame",
    "where_recorded",
]


def to_frame(self: Cohort) -> pd.DataFrame:
    """Return the cohort as a pandas table, labels for codes, rows in canonical order."""
    return cohort_frame(self)


def table_one(
    self: Cohort,
    *,
    by: str | None = None,
    columns: Sequence[str] | None = None,
    numbers: str = "mean",
    weights: ArrayLike | None = None,
) -> TableOne:
    """Describe the patients, group by group, with standardised mean differences.

    Parameters
    ----------
    by : str, optional
        Column that makes the groups: binary, ordinal or categorical. Everybody together by default.
    columns : sequence of str, optional
        What to describe; by default all but the groups, the unit, the weights, identifiers and dates. A
        column with missing values is described where it was recorded, with a line that counts the rest.
    numbers : {"mean", "median"}
        Mean (SD), or median [quartiles].
    weights : array_like, shape (n,), optional
        Weights of the cells and of the numerators of a second SMD (inverse probability, for example).

    Returns
    -------
    TableOne
    """
    return make_table_one(self, by=by, columns=columns, numbers=numbers, weights=weights)


def summary(self: Cohort) -> str:
    """Return the cohort in words, at most 80 columns wide."""
    return cohort_summary(self)


def missingness(self: Cohort, *, by: str | None = None) -> MissingnessTable:
    """Count missing values by column and by pattern.

    Parameters
    ----------
    by : str, optional
        Column that makes groups, for example the exposure: missing values that are commoner in one group
        are a sign that leaving patients out would mislead.

    Returns
    -------
    MissingnessTable

    Examples
    --------
    >>> import pandas as pd
    >>> from causalmed.cohort import Cohort
    >>> frame = pd.DataFrame({"bmi": [27.5, None, 31.5, 22.5, 24.0, 26.0], "late": [1, 1, 0, 0, 1, 0]})
    >>> Cohort.from_frame(frame, missing="impute").missingness(by="late").rows[0].by_group
    (0, 1)
    """
    return missingness_of(self, by=by)


def recorded(self: Cohort, name: str) -> NDArray[np.bool_]:
    """Return in which patients a column was recorded, shape (n,)."""
    if name not in self.names:
        raise ColumnNotFound.among([name], self.names, where="recorded")
    if self.incomplete is None or name not in self.incomplete:
        return np.ones(self.n, dtype=bool)
    return recorded_rows(self.incomplete.columns[name])


def as_recorded(self: Cohort, name: str) -> Column:
    """Return a column of the patients in whom it was recorded; see :meth:`recorded` for who they are."""
    holes = self.incomplete
    return only_recorded(holes.columns[name]) if holes is not None and name in holes else self.column(name)


def where_recorded(self: Cohort, names: str | Iterable[str]) -> Cohort:
    """Return the cohort of the patients in whom some columns were recorded; the step is logged.

    Parameters
    ----------
    names : str or iterable of str
        Columns.

    Returns
    -------
    Cohort
    """
    wanted = require_names("names", names)
    rows = np.ones(self.n, dtype=bool)
    for name in wanted:
        rows &= recorded(self, name)
    return self.take(rows, reason=f"{', '.join(wanted)} recorded")


def completed(self: Cohort, draw: int = 1, *, keep: Iterable[str] = ()) -> Cohort:
    """Return the cohort with its holes filled by one of the imputations.

    One completed table takes imputed values for observed ones, so intervals from it alone are too narrow;
    :func:`causalmed.estimate` goes through all of them.

    Parameters
    ----------
    draw : int
        Which imputation, from 1 to ``Imputation.draws``. The same draw is the same table every time.
    keep : iterable of str
        Columns whose holes stay.

    Returns
    -------
    Cohort

    Raises
    ------
    InvalidArgument
        No such draw.
    DataError
        A column was recorded for none of the patients.
    """
    return completed_cohort(self, draw, keep=keep)
