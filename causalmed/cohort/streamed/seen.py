"""What is remembered of a column while its rows pass by."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from causalmed.cohort.reading import Labelled, Numbers, Raw
from causalmed.errors import DataError

__all__ = ["LabelsSeen", "NumbersSeen", "Seen"]

_MOST_LABELS: Final = 100_000
_MOST_NUMBERS: Final = 100_000


class NumbersSeen:
    """The extremes of a column of numbers, a few values that decide its kind, or all different values."""

    def __init__(self, name: str, first: Numbers, *, all_values: bool) -> None:
        self.name, self.stored, self.unit_label = name, first.stored, first.unit_label
        self.infinite = 0
        self._all = all_values
        self._values: NDArray[Any] = first.values[:0]

    def add(self, raw: Raw) -> None:
        """Take the next rows."""
        if not isinstance(raw, Numbers):
            raise _changed(self.name)
        values = raw.values
        if values.dtype.kind == "f":
            self.infinite += int(np.count_nonzero(np.isinf(values)))
        self._values = np.unique(np.concatenate([self._values, self._telling(values)]))
        if len(self._values) > _MOST_NUMBERS:
            raise DataError(
                f"Column {self.name!r} has more than {_MOST_NUMBERS:,} different values, too many for "
                "levels. State another kind, or leave it out with columns=."
            )

    def _telling(self, values: NDArray[Any]) -> NDArray[Any]:
        if self._all:
            return np.unique(values)
        if not len(values):
            return values
        low, high = values.min(), values.max()
        told = [low, high, *self._other(values, (values != low) & (values != high))]
        if values.dtype.kind == "f":
            told += self._other(values, values != np.floor(values))
        return np.array(told, dtype=values.dtype)

    def _other(self, values: NDArray[Any], which: NDArray[np.bool_]) -> Iterable[Any]:
        at = int(which.argmax())
        return [values[at]] if which[at] else []

    def of(self, rows: int) -> Raw:
        """Return values that a kind is inferred from as from all of them."""
        values = self._values
        if not self._all and len(values) > 6:
            # the extremes, something between them and something with decimals say all that is asked
            broken = values[values != np.floor(values)] if values.dtype.kind == "f" else values[:0]
            values = np.unique(np.concatenate([values[:2], values[-2:], broken[:1]]))
        return Numbers(values=values, stored=self.stored, unit_label=self.unit_label)

    encoded = of


class LabelsSeen:
    """The different labels of a column."""

    def __init__(self, name: str, first: Labelled) -> None:
        self.name, self.stored, self.declared_order = name, first.stored, first.declared_order
        self.infinite = 0
        self._labels: dict[str, None] = {}

    def add(self, raw: Raw) -> None:
        """Take the next rows."""
        if not isinstance(raw, Labelled):
            raise _changed(self.name)
        if self.declared_order and self._labels and tuple(self._labels) != raw.labels:
            raise DataError(
                f"Column {self.name!r} holds ordered categories whose order differs from one part of the "
                f"file to another. State it: kinds={{{self.name!r}: (lowest, …, highest)}}."
            )
        present = raw.labels if self.declared_order else [raw.labels[at] for at in np.unique(raw.codes)]
        self._labels.update(dict.fromkeys(present))
        if len(self._labels) > _MOST_LABELS:
            raise DataError(
                f"Column {self.name!r} holds more than {_MOST_LABELS:,} different texts. Leave it out with "
                "columns=, or name it as unit= if it says who the row is."
            )

    def _ranked(self) -> tuple[str, ...]:
        if self.declared_order:
            return tuple(self._labels)
        return tuple(sorted(self._labels, key=str if self.stored == "text" else float))

    def of(self, rows: int) -> Raw:
        """Return labels that a kind is inferred from as from those of all rows."""
        codes = np.broadcast_to(np.intp(0), (rows,))
        return Labelled(
            codes=codes, labels=self._ranked(), declared_order=self.declared_order, stored=self.stored
        )

    def encoded(self, rows: int) -> Raw:
        """Return every label once."""
        labels = self._ranked()
        return Labelled(
            codes=np.arange(len(labels), dtype=np.intp),
            labels=labels,
            declared_order=self.declared_order,
            stored=self.stored,
        )


Seen = NumbersSeen | LabelsSeen


def _changed(name: str) -> DataError:
    return DataError(
        f"Column {name!r} holds numbers in one part of the table and text in another. Write it as one type."
    )
