"""From a cohort back to a pandas table, labels for codes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from causalmed.cohort.column import Column
from causalmed.cohort.imputation.incomplete import recorded_rows

if TYPE_CHECKING:
    import pandas as pd

    from causalmed.cohort.cohort import Cohort

__all__ = ["cohort_frame"]

_MICROSECONDS_A_DAY: Final = 86_400_000_000


def cohort_frame(cohort: Cohort) -> pd.DataFrame:
    """Return the cohort as a pandas table, labels for codes.

    Given ``kinds=cohort.kinds`` and the same roles, :meth:`Cohort.from_frame` makes an equal cohort of it.

    Parameters
    ----------
    cohort : Cohort
        Any cohort.

    Returns
    -------
    pandas.DataFrame
        Rows in canonical order; text where the table held text, ordered categories for ordinal text.

    Examples
    --------
    >>> import pandas as pd
    >>> from causalmed.cohort import Cohort
    >>> frame = pd.DataFrame({'late': [True, False], 'age': [54, 61], 'sex': ['F', 'M']})
    >>> cohort_frame(Cohort.from_frame(frame)).equals(frame)
    True
    """
    import pandas as pd

    data: dict[str, Any] = {}
    for name in cohort.names:
        if cohort.incomplete is not None and name in cohort.incomplete:
            data[name] = _with_holes(cohort.incomplete.columns[name])
        else:
            ids = name == cohort.unit
            data[name] = pd.Series(cohort.unit_ids.tolist() if ids else _restored(cohort.column(name)))
    return pd.DataFrame(data, copy=True)


def _with_holes(column: Column) -> pd.Series[Any]:
    import pandas as pd

    rows = np.flatnonzero(recorded_rows(column))
    return pd.Series(_restored(column.take(rows)), index=rows).reindex(range(len(column.values)))


def _restored(column: Column) -> Any:
    import pandas as pd

    if not column.levels:
        return _as_stored(column.values, column.stored)
    if column.stored != "text":
        numbers = np.array([_number_of(level) for level in column.levels])
        return _as_stored(numbers[column.values.astype(np.intp)], column.stored)
    if column.kind == "ordinal":
        return pd.Categorical(column.labels(), categories=list(column.levels), ordered=True)
    return column.labels().tolist()


def _number_of(level: str) -> float:
    return float(level == "True") if level in ("True", "False") else float(level)


def _as_stored(values: NDArray[np.float64], stored: str) -> Any:
    import pandas as pd

    if stored == "date":
        microseconds = np.rint(values * _MICROSECONDS_A_DAY).astype(np.int64)
        return pd.to_datetime(microseconds, unit="us")
    types = {"boolean": np.bool_, "integer": np.int64}
    return values.astype(types.get(stored, np.float64))
