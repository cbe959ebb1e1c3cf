"""What kind of quantity a column is: stated by the reader, or read off by a rule that is printed.

The rules, in order; the first that applies wins and is shown in ``Cohort.summary()``:

1. ``kinds=`` states the kind, or the levels in their order.
2. The unit is an identifier; the cluster and the event of a follow-up are categorical; weights and
   times are continuous.
3. Truth values, and numbers that are all 0 or 1, are binary.
4. Ordered categories are ordinal in the order the table declares (binary where there are two).
5. Text with two levels is binary: levels sorted, the second is code 1. Text with more levels is
   categorical. Text with more than 50 levels, or with more than 10 and more than one for every two
   rows, is refused: it may be an identifier or free text.
6. Dates are dates.
7. Whole numbers between 0 and 100 that include 0 are counts; all other numbers are continuous.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from causalmed.cohort.column import KINDS, Column, label_of
from causalmed.cohort.reading import Labelled, Numbers, Raw
from causalmed.errors import ColumnNotFound, DataError, InvalidArgument

__all__ = ["Kind", "infer_kind", "stated_as", "stated_kinds"]

_MOST_LEVELS: Final = 50
_FEW_LEVELS: Final = 10
_LARGEST_COUNT: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind and how it is known.

    Attributes
    ----------
    name : str
        One of ``KINDS``.
    how : str
        "stated", or the rule that applied.
    levels : tuple of str
        Levels in their order, where they were stated; empty otherwise.
    note : str
        What a reader should look at.
    """

    name: str
    how: str
    levels: tuple[str, ...] = ()
    note: str = ""


def stated_kinds(kinds: Mapping[str, object] | None, names: Sequence[str]) -> dict[str, Kind]:
    """Read the ``kinds=`` argument.

    Parameters
    ----------
    kinds : mapping of column to kind, or to a sequence of levels
        Two levels make a binary column, the second being code 1; more make an ordinal one.
    names : sequence of str
        Columns of the table.

    Returns
    -------
    dict of str to Kind

    Raises
    ------
    ColumnNotFound
        A key is not a column.
    InvalidArgument
        A value is neither a known kind nor a list of at least two different levels.

    Examples
    --------
    >>> stated_kinds({"asa": (1, 2, 3, 4)}, ["asa"])["asa"].levels
    ('1', '2', '3', '4')
    """
    if kinds is None:
        return {}
    if not isinstance(kinds, Mapping):
        raise InvalidArgument(
            f"kinds= maps columns to kinds, for example {{'asa': 'ordinal'}}; got {kinds!r}."
        )
    absent = [str(name) for name in kinds if name not in names]
    if absent:
        raise ColumnNotFound.among(absent, names, where="kinds=")
    return {name: _stated(name, given) for name, given in kinds.items()}


def _stated(name: str, given: object) -> Kind:
    if isinstance(given, str):
        if given not in KINDS:
            raise InvalidArgument.option(f"kinds[{name!r}]", given, (*KINDS, "a tuple of levels"))
        return Kind(name=given, how="stated")
    if not isinstance(given, Sequence):
        raise InvalidArgument.option(f"kinds[{name!r}]", given, (*KINDS, "a tuple of levels"))
    levels = tuple(label_of(level) for level in given)
    if len(levels) < 2 or len(set(levels)) < len(levels):
        raise InvalidArgument(
            f"kinds[{name!r}]={given!r} must list at least two different levels, lowest first "
            "(of two levels, the second is code 1)."
        )
    return Kind(name="binary" if len(levels) == 2 else "ordinal", how="stated", levels=levels)


def infer_kind(name: str, raw: Raw) -> Kind:
    """Apply the rules of this module to a column whose kind nobody stated.

    Parameters
    ----------
    name : str
        Column, for the message.
    raw : Numbers or Labelled
        What the table held.

    Returns
    -------
    Kind

    Raises
    ------
    DataError
        Text with too many levels to be a category.

    Examples
    --------
    >>> infer_kind("age", Numbers(values=np.array([54, 61]), stored="integer")).name
    'continuous'
    """
    return _kind_of_labels(name, raw) if isinstance(raw, Labelled) else _kind_of_numbers(raw)


def _kind_of_labels(name: str, raw: Labelled) -> Kind:
    count = len(raw.labels)
    constant = "constant" if count == 1 else ""
    if raw.declared_order:
        return Kind(name="binary" if count == 2 else "ordinal", how="ordered categories", note=constant)
    if count == 2:
        return Kind(name="binary", how="two levels")
    if count > _MOST_LEVELS or (count > _FEW_LEVELS and count > len(raw.codes) / 2):
        shown = ", ".join(repr(label[:30]) for label in raw.labels[:3])
        raise DataError(
            f"Column {name!r} holds text with {count:,} different values in {len(raw.codes):,} rows "
            f"({shown}, …): an identifier, free text or a category cannot be told apart. "
            f"State kinds={{{name!r}: 'identifier'}}, 'categorical' or 'date', or drop the column."
        )
    return Kind(name="categorical", how="text", note=constant)


def _kind_of_numbers(raw: Numbers) -> Kind:
    values = raw.values
    low, high = values.min(), values.max()
    note = "constant" if low == high else ""
    if raw.stored == "boolean":
        return Kind(name="binary", how="true/false", note=note)
    if raw.stored == "date":
        return Kind(name="date", how="dates", note=note)
    whole = values.dtype.kind in "iu" or bool(np.all(values == np.floor(values)))
    if whole and low >= 0 and high <= 1:
        return Kind(name="binary", how="0/1", note=note)
    if whole and not note and float(high) / 2 - float(low) / 2 < _FEW_LEVELS / 2:
        note = f"whole numbers {int(low)} to {int(high)}: if they are codes, state the kind"
    if whole and low == 0 and high <= _LARGEST_COUNT:
        return Kind(name="count", how="whole numbers from 0", note=note)
    return Kind(name="continuous", how="whole numbers" if whole else "numbers", note=note)


def stated_as(column: Column) -> str | tuple[str, ...]:
    """Return what ``kinds=`` would state to get this column again.

    Parameters
    ----------
    column : Column
        Any.

    Returns
    -------
    str or tuple of str
        The levels where their order matters, the kind otherwise.
    """
    ordered = column.kind == "ordinal" or (column.kind == "binary" and column.levels)
    return column.levels if ordered and len(column.levels) > 1 else column.kind
