"""From what the table held to the numbers of a column, under a known kind."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from causalmed.cohort.column import Column, label_of, read_only
from causalmed.cohort.kinds import Kind
from causalmed.cohort.reading import Labelled, Numbers, Raw
from causalmed.errors import DataError, InvalidArgument

__all__ = ["encode_column", "encode_with_holes", "labelled"]


def encode_column(name: str, raw: Raw, kind: Kind, *, order: NDArray[np.intp] | None) -> Column:
    """Turn a raw column into a :class:`Column`.

    Parameters
    ----------
    name : str
        Column.
    raw : Numbers or Labelled
        What the table held.
    kind : Kind
        What it is.
    order : ndarray of int, shape (n,), optional
        Rows in canonical order; ``None`` where they already are.

    Returns
    -------
    Column

    Raises
    ------
    InvalidArgument
        The values cannot be of that kind.
    DataError
        A value is not among the stated levels.
    """
    values, levels, stored = _encoded(name, raw, kind)
    numbers = np.asarray(values, dtype=np.float64) if order is None else np.asarray(values[order], np.float64)
    return Column(
        name=name,
        kind=kind.name,
        values=read_only(numbers + 0.0),  # one zero: -0.0 and 0.0 are the same number and must hash alike
        levels=levels,
        unit_label=raw.unit_label if isinstance(raw, Numbers) and kind.name != "date" else "",
        how=kind.how,
        stored=stored,
        note=kind.note,
    )


def encode_with_holes(
    name: str, raw: Raw, kind: Kind, *, hole: NDArray[np.bool_], order: NDArray[np.intp] | None
) -> Column:
    """Turn the recorded values of a column into a :class:`Column` that is not a number elsewhere.

    Parameters
    ----------
    name, raw, kind, order
        As for :func:`encode_column`; ``raw`` holds the recorded rows alone.
    hole : ndarray of bool, shape (n,)
        Rows of the table without a value.

    Raises
    ------
    DataError
        An identifier: nobody can guess whose it is.
    """
    if kind.name == "identifier":
        raise DataError(
            f"Column {name!r} is an identifier with {int(hole.sum()):,} missing values, and whose they are "
            "cannot be guessed. Drop the column, or complete it."
        )
    recorded = encode_column(name, raw, kind, order=None)
    values = np.full(len(hole), np.nan)
    values[~hole] = recorded.values
    return recorded.replace_values(read_only(values if order is None else values[order]))


def labelled(raw: Raw) -> Labelled:
    """Return the column as labels; numbers are ranked as numbers and written as text.

    Examples
    --------
    >>> labelled(Numbers(values=np.array([10, 9, 10]), stored="integer")).labels
    ('9', '10')
    """
    if isinstance(raw, Labelled):
        return raw
    found, codes = np.unique(raw.values, return_inverse=True)
    labels = tuple(label_of(value) for value in found.tolist())
    return Labelled(codes=codes.astype(np.intp), labels=labels, declared_order=True, stored=raw.stored)


def _encoded(name: str, raw: Raw, kind: Kind) -> tuple[NDArray[Any], tuple[str, ...], str]:
    if kind.levels:
        return _under_levels(name, labelled(raw), kind)
    if kind.name == "date" and isinstance(raw, Labelled):
        return _dates_of_text(name, raw), (), "date"
    if kind.name in ("continuous", "count", "date"):
        return _as_numbers(name, raw, kind.name), (), raw.stored
    if kind.name == "binary":
        return _as_binary(name, raw)
    ranked = labelled(raw)
    if kind.name == "ordinal" and not ranked.declared_order:
        raise InvalidArgument(
            f"kinds[{name!r}]='ordinal' needs an order, which text has not. "
            f"List the levels, lowest first: kinds={{{name!r}: {_some(ranked.labels)}}}."
        )
    return ranked.codes, ranked.labels, ranked.stored


def _under_levels(name: str, raw: Labelled, kind: Kind) -> tuple[NDArray[np.intp], tuple[str, ...], str]:
    present = [raw.labels[at] for at in np.unique(raw.codes)]
    strangers = [label for label in present if label not in kind.levels]
    if strangers:
        raise DataError(
            f"Column {name!r} holds {_some(strangers)}, which kinds[{name!r}]={kind.levels} does not list. "
            "Add the level, or correct the values."
        )
    rank = {label: at for at, label in enumerate(kind.levels)}
    position = np.array([rank.get(label, -1) for label in raw.labels], dtype=np.intp)
    return position[raw.codes], kind.levels, raw.stored


def _as_numbers(name: str, raw: Raw, kind: str) -> NDArray[Any]:
    if isinstance(raw, Labelled):
        raise InvalidArgument(
            f"kinds[{name!r}]={kind!r} needs numbers, but the column holds text ({_some(raw.labels)}). "
            "Convert it first, or state another kind."
        )
    if (kind == "date") != (raw.stored == "date"):
        raise InvalidArgument(
            f"kinds[{name!r}]={kind!r} does not fit a column stored as {raw.stored!r}. "
            "Convert it first (dates to a number of days, or text to dates), or state another kind."
        )
    if kind == "count" and (np.any(raw.values < 0) or np.any(raw.values != np.floor(raw.values))):
        raise InvalidArgument(
            f"kinds[{name!r}]='count' needs whole numbers from 0 upwards; {float(raw.values.min()):g} to "
            f"{float(raw.values.max()):g} was found. State 'continuous'."
        )
    return raw.values


def _dates_of_text(name: str, raw: Labelled) -> NDArray[np.float64]:
    try:
        moments = np.array(raw.labels, dtype="datetime64[us]")
    except ValueError as refused:
        raise InvalidArgument(
            f"kinds[{name!r}]='date' reads ISO dates such as 2026-01-31; it holds {_some(raw.labels)}. "
            "Convert it first."
        ) from refused
    if np.any(np.isnat(moments)):
        raise InvalidArgument(f"kinds[{name!r}]='date': some texts are empty or 'NaT', which is no date.")
    return moments.astype(np.int64)[raw.codes] / 86_400_000_000


def _as_binary(name: str, raw: Raw) -> tuple[NDArray[Any], tuple[str, ...], str]:
    if isinstance(raw, Numbers) and raw.stored != "date" and np.all((raw.values == 0) | (raw.values == 1)):
        return raw.values, (), raw.stored
    ranked = labelled(raw)
    if len(ranked.labels) != 2:
        advice = (
            "With one level only it is not known which code it is: list both levels, code 0 first."
            if len(ranked.labels) == 1
            else "State 'categorical' or 'continuous', or derive a column of two levels."
        )
        raise InvalidArgument(
            f"kinds[{name!r}]='binary' needs two levels; {len(ranked.labels)} found: "
            f"{_some(ranked.labels)}. {advice}"
        )
    return ranked.codes, ranked.labels, ranked.stored


def _some(labels: tuple[str, ...] | list[str]) -> str:
    shown = ", ".join(repr(label[:30]) for label in labels[:6])
    return f"({shown}{', …' if len(labels) > 6 else ''})"
