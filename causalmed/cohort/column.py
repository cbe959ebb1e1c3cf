"""One column of a cohort: a name, a kind and read-only numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["DISCRETE_KINDS", "KINDS", "Column", "frozen", "label_of", "read_only"]

KINDS: Final = ("binary", "ordinal", "categorical", "continuous", "count", "identifier", "date")
"""Everything a column can be."""

DISCRETE_KINDS: Final = frozenset({"binary", "ordinal", "categorical"})
"""Kinds with a closed list of levels."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Column:
    """A named column of numbers and what they mean.

    Parameters
    ----------
    name : str
        Name of the column in the table.
    kind : str
        One of :data:`KINDS`.
    values : ndarray of float, shape (n,)
        Read-only. Numbers as they are for continuous and count; 0/1 for binary; codes 0..L-1 in the
        order of the levels for ordinal, categorical and identifier; days since 1970-01-01 for date.
    levels : tuple of str
        Labels of the codes, code 0 first; empty where the numbers speak for themselves.
    unit_label : str
        Physical unit, where it is known.
    how : str
        How the kind is known: "stated", or the rule that applied.
    stored : str
        What the table held: "boolean", "integer", "number", "text" or "date".
    note : str
        What a reader should look at, for example "constant".

    Examples
    --------
    >>> sex = Column(name="sex", kind="binary", values=np.array([0.0, 1.0]), levels=("F", "M"))
    >>> sex.is_discrete, sex.labels().tolist()
    (True, ['F', 'M'])
    """

    name: str
    kind: str
    values: NDArray[np.float64]
    levels: tuple[str, ...] = ()
    unit_label: str = ""
    how: str = "stated"
    stored: str = "number"
    note: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", frozen(self.values))

    def __repr__(self) -> str:
        levels = f", levels={self.levels!r}" if 0 < len(self.levels) <= 10 else ""
        return f"Column(name={self.name!r}, kind={self.kind!r}, n={len(self.values)}{levels})"

    @property
    def is_discrete(self) -> bool:
        """True for binary, ordinal and categorical columns."""
        return self.kind in DISCRETE_KINDS

    def labels(self) -> NDArray[np.object_]:
        """Return the labels row by row; plain numbers as text where there are no levels."""
        if not self.levels:
            return np.array([label_of(value) for value in self.values.tolist()], dtype=object)
        return np.array(self.levels, dtype=object)[self.values.astype(np.intp)]

    def take(self, rows: NDArray[np.intp]) -> Column:
        """Return the same column with some of its rows."""
        return self.replace_values(read_only(self.values[rows]))

    def replace_values(self, values: NDArray[np.float64]) -> Column:
        """Return the same column with other numbers."""
        return Column(
            name=self.name,
            kind=self.kind,
            values=values,
            levels=self.levels,
            unit_label=self.unit_label,
            how=self.how,
            stored=self.stored,
            note=self.note,
        )


def frozen(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the values as a read-only array that nobody else can write to.

    Examples
    --------
    >>> frozen(np.array([1.0])).flags.writeable
    False
    """
    array = np.asarray(values, dtype=np.float64)
    if array.flags.writeable:
        array = array.copy() if array.base is not None or array is values else array
        array.setflags(write=False)
    return array


def read_only(array: NDArray[Any]) -> NDArray[Any]:
    """Return a freshly made array after locking it."""
    array.setflags(write=False)
    return array


def label_of(value: object) -> str:
    """Write one value as the label of a level.

    Examples
    --------
    >>> [label_of(value) for value in ("None", 2.0, 2.5, True)]
    ['None', '2', '2.5', 'True']
    """
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    if isinstance(value, np.generic):
        return str(value.item())
    return str(value)
