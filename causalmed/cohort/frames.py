"""From a cohort back to a pandas table, labels for codes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from causalmed.cohort.column import Column

if TYPE_CHECKING:
    from causalmed.cohort.cohort import Cohort

__all__ = ["cohort_frame"]


def cohort_frame(cohort: Cohort) -> Any:
    """Return the cohort as a pandas table that would build the same cohort again.

    Parameters
    ----------
    cohort : Cohort

    Returns
    -------
    pandas.DataFrame
        Rows in canonical order; text where the table held text, ordered categories for ordinal text.
    """
    import pandas as pd

    data = {
        name: pd.Series(cohort.unit_ids.tolist() if name == cohort.unit else _restored(cohort.column(name)))
        for name in cohort.names
    }
    return pd.DataFrame(data, copy=True)


def _restored(column: Column) -> Any:
    import pandas as pd

    if column.stored == "date":
        return pd.to_datetime((column.values * 86_400_000_000).round().astype(np.int64), unit="us")
    if column.levels and column.stored != "text":
        return _as_stored(
            np.array(
                [
                    float(label == "True") if label in ("True", "False") else float(label)
                    for label in column.levels
                ]
            )[column.values.astype(np.intp)],
            column.stored,
        )
    if column.levels and column.kind == "ordinal":
        codes = column.values.astype(np.intp)
        return pd.Categorical.from_codes(codes, categories=list(column.levels), ordered=True)  # type: ignore[arg-type]
    if column.levels:
        return column.labels().tolist()
    return _as_stored(column.values, column.stored)


def _as_stored(values: Any, stored: str) -> Any:
    if stored == "boolean":
        return values.astype(bool)
    return values.astype(np.int64) if stored == "integer" else values.copy()
