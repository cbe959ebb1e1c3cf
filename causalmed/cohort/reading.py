"""From any data frame to plain arrays: the only file that knows pandas, polars and Arrow apart."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from causalmed.cohort.column import label_of
from causalmed.errors import DataError, InvalidArgument

__all__ = ["Labelled", "Numbers", "Raw", "missing_mask", "open_frame", "read_ids", "read_series"]

_MICROSECONDS_A_DAY: Final = 86_400_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """A column that the table holds as numbers (booleans and dates included).

    Attributes
    ----------
    values : ndarray, shape (n,)
        Booleans, integers or floats, none missing; dates as days since 1970-01-01.
    stored : str
        "boolean", "integer", "number" or "date".
    unit_label : str
        "days" for durations.
    """

    values: NDArray[Any]
    stored: str
    unit_label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """A column that the table holds as labels.

    Attributes
    ----------
    codes : ndarray of int, shape (n,)
        Position of each row's label in ``labels``.
    labels : tuple of str
        Different labels; sorted, unless the table declares an order.
    declared_order : bool
        True for ordered categories.
    stored : str
        "text", or "integer" and "number" where labels are written numbers.
    """

    codes: NDArray[np.intp]
    labels: tuple[str, ...]
    declared_order: bool = False
    stored: str = "text"


Raw = Numbers | Labelled


def open_frame(frame: object) -> Any:
    """Wrap a frame of any library after checking its shape and its column names.

    Parameters
    ----------
    frame : pandas.DataFrame, polars.DataFrame, pyarrow.Table or any frame narwhals can read eagerly
        Never changed.

    Returns
    -------
    narwhals.DataFrame

    Raises
    ------
    InvalidArgument
        Not a data frame, or a lazy one.
    DataError
        No rows, no columns, or column names that are repeated, empty or not text.
    """
    import narwhals.stable.v1 as nw

    if hasattr(frame, "collect"):
        raise InvalidArgument("frame= is lazy, not a table in memory. Collect it first: frame.collect().")
    _require_good_names(_native_names(frame))
    try:
        opened = nw.from_native(frame, eager_only=True)
    except TypeError as refused:
        raise InvalidArgument(
            f"frame= is a {type(frame).__name__}, not a table in memory. "
            "Give a pandas or polars DataFrame or a pyarrow Table."
        ) from refused
    if not opened.columns:
        raise DataError("The table has no columns, so there is nothing to analyse. Check how it was read.")
    if len(opened) == 0:
        raise DataError(
            f"The table has {len(opened.columns)} columns but no rows. Check the file, or the filter "
            "before it."
        )
    return opened


def _native_names(frame: object) -> list[object]:
    # an Arrow table calls its names column_names, and has its data under columns
    names: Any = getattr(frame, "column_names", None) or getattr(frame, "columns", ())
    return list(names) if hasattr(names, "__iter__") else []


def _require_good_names(names: list[object]) -> None:
    odd = [name for name in names if not isinstance(name, str)]
    if odd:
        shown = ", ".join(f"{name!r} ({type(name).__name__})" for name in odd[:5])
        raise DataError(
            f"Column names must be text, but {len(odd)} are not: {shown}. A graph and a report refer to "
            "columns by name. Rename them, for example frame.rename(columns=str)."
        )
    if any(not str(name).strip() for name in names):
        raise DataError("A column has an empty name. Name it, or drop it, before building the cohort.")
    repeated = sorted(str(name) for name, times in Counter(names).items() if times > 1)
    if repeated:
        raise DataError(
            f"Column names must be different, but {', '.join(map(repr, repeated))} occurs more than once, "
            "so it is not known which one is meant. Rename or drop the repetitions."
        )


def missing_mask(series: Any) -> NDArray[np.bool_]:
    """Return which rows are missing: nulls of any library and not-a-number, never a text.

    Parameters
    ----------
    series : narwhals.Series

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    if not series.dtype.is_float() and series.null_count() == 0:
        return np.zeros(len(series), dtype=bool)
    mask = np.array(series.is_null().to_numpy(), dtype=bool)
    if series.dtype.is_float():
        mask |= np.array(series.is_nan().fill_null(value=True).to_numpy(), dtype=bool)
    return mask


def read_series(series: Any) -> Raw:
    """Read one column without missing values.

    Parameters
    ----------
    series : narwhals.Series

    Returns
    -------
    Numbers or Labelled

    Raises
    ------
    DataError
        The column mixes types, or holds something that is neither number, text, truth value nor date.
    """
    import narwhals.stable.v1 as nw

    dtype = series.dtype
    if dtype == nw.Boolean:
        return Numbers(values=np.asarray(series.to_numpy(), dtype=bool), stored="boolean")
    if dtype.is_integer() or dtype.is_float():
        return _read_numbers(series)
    if dtype in (nw.Date, nw.Datetime, nw.Duration):
        return _read_days(series, span=dtype == nw.Duration)
    if dtype in (nw.Categorical, nw.Enum):
        return _read_categories(series)
    if dtype == nw.String:
        return _factorised(np.asarray(series.to_numpy(), dtype=object))
    return _read_objects(series)


def _read_numbers(series: Any) -> Numbers:
    import narwhals.stable.v1 as nw

    if series.dtype.is_float():
        return Numbers(values=np.asarray(series.to_numpy(), dtype=np.float64), stored="number")
    wide = np.uint64 if series.dtype == nw.UInt64 else np.int64
    return Numbers(values=np.asarray(series.to_numpy(), dtype=wide), stored="integer")


def _read_days(series: Any, *, span: bool) -> Numbers:
    ticks = series.dt.total_microseconds() if span else series.dt.timestamp("us")
    days = np.asarray(ticks.to_numpy(), dtype=np.int64) / _MICROSECONDS_A_DAY
    return Numbers(values=days, stored="number" if span else "date", unit_label="days" if span else "")


def _read_categories(series: Any) -> Labelled:
    import narwhals.stable.v1 as nw
    import pandas as pd

    categories = series.cat.get_categories().to_list()
    codes = pd.Index(categories).get_indexer(np.asarray(series.to_numpy(), dtype=object))
    labels = [label_of(value) for value in categories]
    if len(set(labels)) < len(labels):
        raise _mixed(series.name, categories)
    stored = _stored_as(categories)
    if nw.is_ordered_categorical(series):
        return Labelled(codes=codes.astype(np.intp), labels=tuple(labels), declared_order=True, stored=stored)
    present = np.flatnonzero(np.bincount(codes, minlength=len(labels)))
    numeric = stored != "text"
    ranked = sorted(present.tolist(), key=(lambda at: categories[at]) if numeric else (lambda at: labels[at]))
    position = np.zeros(len(labels), dtype=np.intp)
    position[ranked] = np.arange(len(ranked))
    return Labelled(codes=position[codes], labels=tuple(labels[at] for at in ranked), stored=stored)


def _stored_as(categories: list[Any]) -> str:
    if categories and all(isinstance(value, (int, np.integer)) for value in categories):
        return "boolean" if all(isinstance(value, bool) for value in categories) else "integer"
    if categories and all(isinstance(value, (int, float, np.number)) for value in categories):
        return "number"
    return "text"


def _factorised(texts: NDArray[np.object_]) -> Labelled:
    import pandas as pd

    codes, found = pd.factorize(texts)
    labels = [str(label) for label in found]
    ranked = sorted(range(len(labels)), key=labels.__getitem__)
    position = np.empty(len(labels), dtype=np.intp)
    position[ranked] = np.arange(len(labels))
    return Labelled(codes=position[codes], labels=tuple(labels[at] for at in ranked))


def _read_objects(series: Any) -> Raw:
    import datetime as dt
    from decimal import Decimal

    import pandas as pd

    values = series.to_list()
    types = {type(value) for value in values}
    if _only(types, str):
        return _factorised(np.array(values, dtype=object))
    if _only(types, bool, np.bool_):
        return Numbers(values=np.array(values, dtype=bool), stored="boolean")
    if bool not in types and _only(types, int, np.integer) and max(map(abs, values)) < 2**63:
        return Numbers(values=np.array(values, dtype=np.int64), stored="integer")
    if bool not in types and _only(types, int, float, Decimal, np.integer, np.floating):
        return Numbers(values=np.array([float(value) for value in values]), stored="number")
    if _only(types, dt.date, np.datetime64):
        ticks = pd.to_datetime(pd.Series(values), utc=True).to_numpy(dtype="datetime64[us]")
        return Numbers(values=ticks.astype(np.int64) / _MICROSECONDS_A_DAY, stored="date")
    raise _mixed(series.name, values)


def _only(types: set[type], *allowed: type) -> bool:
    return all(issubclass(one, allowed) for one in types)


def _mixed(name: str, values: list[Any]) -> DataError:
    counts = Counter(type(value).__name__ for value in values)
    shown = ", ".join(f"{times:,} {kind}" for kind, times in counts.most_common(4))
    advice = (
        "Convert it to one type, so that it is known what its values mean."
        if len(counts) > 1
        else "Only numbers, text, truth values and dates can be analysed: convert it, or drop it."
    )
    return DataError(f"Column {name!r} holds {shown}. {advice}")


def read_ids(series: Any) -> NDArray[Any]:
    """Read ids exactly: whole numbers as integers, anything else as text.

    Parameters
    ----------
    series : narwhals.Series
        Without missing values.

    Returns
    -------
    ndarray of int64, uint64 or object (str), shape (n,)
    """
    raw = read_series(series)
    if isinstance(raw, Labelled):
        return np.array(raw.labels, dtype=object)[raw.codes]
    if raw.stored == "integer":
        return np.array(raw.values)
    whole = raw.stored == "number" and bool(np.all(np.abs(raw.values) < 2.0**53))
    if whole and bool(np.all(raw.values == np.floor(raw.values))):
        return raw.values.astype(np.int64)
    return np.array([label_of(value) for value in series.to_list()], dtype=object)
