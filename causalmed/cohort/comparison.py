"""Comparing a column with a value: labels with labels, levels by their order, numbers with numbers."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from causalmed.cohort.column import Column, label_of
from causalmed.errors import InvalidArgument

__all__ = ["compare", "is_among"]

_FLIPPED: Final[dict[Callable[[Any, Any], Any], Callable[[Any, Any], Any]]] = {
    operator.lt: operator.gt,
    operator.gt: operator.lt,
    operator.le: operator.ge,
    operator.ge: operator.le,
    operator.eq: operator.eq,
    operator.ne: operator.ne,
}
_EQUALITY: Final = (operator.eq, operator.ne)


def compare(
    left: Column | float | str, sign: Callable[[Any, Any], Any], right: Column | float | str
) -> NDArray[np.bool_]:
    """Compare two sides row by row.

    Parameters
    ----------
    left, right : Column, float or str
        At least one is a column.
    sign : function of the operator module
        ``eq``, ``ne``, ``lt``, ``le``, ``gt`` or ``ge``.

    Returns
    -------
    ndarray of bool, shape (n,)

    Raises
    ------
    InvalidArgument
        No column; a label that does not exist; order asked of unordered labels; text against a number.

    Examples
    --------
    >>> asa = Column(name="asa", kind="ordinal", values=np.array([0.0, 2.0]), levels=("I", "II", "III"))
    >>> compare(asa, operator.ge, "II").tolist()
    [False, True]
    """
    if isinstance(left, Column) and isinstance(right, Column):
        return _two_columns(left, sign, right)
    if isinstance(right, Column):
        left, sign, right = right, _FLIPPED[sign], left
    if not isinstance(left, Column) or isinstance(right, Column):
        raise InvalidArgument(f"{left!r} and {right!r} are both constants: compare a column.")
    if left.levels and left.kind != "ordinal" and sign not in _EQUALITY:
        raise InvalidArgument(
            f"Column {left.name!r} is {left.kind}: its levels {_some(left.levels)} have no order, so only "
            "==, != and in apply. State the order with kinds= if there is one."
        )
    return np.asarray(sign(left.values, _code(left, right)), dtype=bool)


def is_among(column: Column, wanted: Sequence[float | str]) -> NDArray[np.bool_]:
    """Return which rows hold one of several values.

    Parameters
    ----------
    column : Column
        Any.
    wanted : sequence of float or str
        Values or labels; every label must exist.

    Returns
    -------
    ndarray of bool, shape (n,)

    Examples
    --------
    >>> site = Column(name="site", kind="categorical", values=np.array([0.0, 1.0]), levels=("A", "B"))
    >>> is_among(site, ["B"]).tolist()
    [False, True]
    """
    return np.isin(column.values, [_code(column, value) for value in wanted])


def _two_columns(left: Column, sign: Callable[[Any, Any], Any], right: Column) -> NDArray[np.bool_]:
    dates = (left.kind == "date", right.kind == "date")
    if left.levels or right.levels or dates[0] != dates[1]:
        raise InvalidArgument(
            f"Columns {left.name!r} ({left.kind}) and {right.name!r} ({right.kind}) cannot be compared "
            "with each other: both must be numbers, or both dates."
        )
    return np.asarray(sign(left.values, right.values), dtype=bool)


def _code(column: Column, value: float | str) -> float:
    if column.levels:
        return _code_of_label(column, label_of(value))
    if column.kind == "date":
        return _days(column, value)
    if isinstance(value, str):
        raise InvalidArgument(
            f"Column {column.name!r} holds numbers; {value!r} is text. Leave out the quotes."
        )
    return value


def _code_of_label(column: Column, label: str) -> float:
    if label in column.levels:
        return float(column.levels.index(label))
    raise InvalidArgument(
        f"Column {column.name!r} has no level {label!r}. Its levels are {_some(column.levels)}; write them "
        "in quotes."
    )


def _days(column: Column, value: float | str) -> float:
    try:
        moment = np.datetime64(value if isinstance(value, str) else "not a date", "us")
    except ValueError as refused:
        raise InvalidArgument(
            f"Column {column.name!r} holds dates; compare it with a quoted date such as '2026-01-31', "
            f"not {value!r}."
        ) from refused
    if np.isnat(moment):
        raise InvalidArgument(f"Column {column.name!r} holds dates; {value!r} is none.")
    return float(moment.astype(np.int64)) / 86_400_000_000


def _some(levels: tuple[str, ...]) -> str:
    return ", ".join(repr(level) for level in levels[:10]) + (", …" if len(levels) > 10 else "")
