"""One column of a table on disk: what is known of it, and how a block of it becomes numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from causalmed.cohort.column import Column, label_of
from causalmed.cohort.encoding import encode_column
from causalmed.cohort.kinds import Kind
from causalmed.cohort.reading import Labelled, Numbers, Raw, read_ids, read_series
from causalmed.errors import DataError

__all__ = ["ColumnPlan", "read_arrow", "read_id_array"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnPlan:
    """What a column is, without its values; attributes as those of :class:`Column`."""

    name: str
    kind: str
    levels: tuple[str, ...]
    unit_label: str
    how: str
    stored: str
    note: str

    @classmethod
    def of(cls, column: Column) -> ColumnPlan:
        """Return the plan of a column in memory."""
        return cls(
            name=column.name,
            kind=column.kind,
            levels=column.levels,
            unit_label=column.unit_label,
            how=column.how,
            stored=column.stored,
            note=column.note,
        )

    def encode(self, array: Any) -> Column:
        """Turn some rows, an Arrow array, into numbers."""
        raw = read_arrow(self.name, array)
        codes = _codes(raw, self.levels) if self.levels else None
        if codes is not None:
            return self.with_values(codes)
        kind = Kind(name=self.kind, how=self.how, levels=self.levels, note=self.note)
        return encode_column(self.name, raw, kind, order=None)

    def with_values(self, values: NDArray[np.float64]) -> Column:
        """Return the column with some numbers."""
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


def read_arrow(name: str, array: Any) -> Raw:
    """Read some rows of an Arrow column without missing values.

    The same as reading the column of an Arrow table in memory, but that labels may stand in any order.

    Examples
    --------
    >>> import pyarrow as pa
    >>> read_arrow("sex", pa.chunked_array([["M", "F"], ["M"]])).labels
    ('M', 'F')
    """
    import pyarrow as pa

    kind = array.type
    if pa.types.is_floating(kind) and kind.bit_width >= 32:
        return Numbers(values=array.to_numpy().astype(np.float64, copy=False), stored="number")
    if pa.types.is_integer(kind):
        wide = np.uint64 if kind == pa.uint64() else np.int64
        return Numbers(values=array.to_numpy().astype(wide, copy=False), stored="integer")
    if _is_text(kind):
        return _of_dictionary(array.dictionary_encode())
    if pa.types.is_dictionary(kind) and _is_text(kind.value_type) and not kind.ordered:
        return _of_dictionary(array)
    return read_series(_series(name, array))


def read_id_array(name: str, array: Any) -> NDArray[Any]:
    """Read ids of some rows: whole numbers, or text.

    Raises
    ------
    DataError
        Ids of another type.
    """
    import pyarrow as pa

    kind = array.type
    plain = kind.value_type if pa.types.is_dictionary(kind) else kind
    if pa.types.is_integer(plain) or pa.types.is_floating(plain) or _is_text(plain):
        ids = read_ids(_series(name, array))
        if ids.dtype.kind in "iu" or not pa.types.is_floating(plain):
            return ids
    raise DataError(
        f"Ids in {name!r} (unit=) are stored as {kind}; on disk they must be whole numbers or text, so that "
        "rows have one order. Convert the column before writing the file."
    )


def _codes(raw: Raw, levels: tuple[str, ...]) -> NDArray[np.float64] | None:
    """Return the codes of levels without looking for all different values; None where one is no level."""
    if isinstance(raw, Labelled):
        rank = {label: float(at) for at, label in enumerate(levels)}
        position = np.array([rank.get(label, -1.0) for label in raw.labels])
    else:
        numbers = _numbers(levels)
        if numbers is None:
            return None
        order = np.argsort(numbers)
        at = np.minimum(np.searchsorted(numbers[order], raw.values), len(numbers) - 1)
        position = np.where(numbers[order][at] == raw.values, order[at].astype(np.float64), -1.0)
    codes = position[raw.codes] if isinstance(raw, Labelled) else position
    return None if len(codes) and codes.min() < 0 else codes


def _numbers(levels: tuple[str, ...]) -> NDArray[np.float64] | None:
    if set(levels) <= {"False", "True"}:
        return np.array([float(level == "True") for level in levels])
    try:
        numbers = np.array([float(level) for level in levels])
    except ValueError:
        return None
    # what is not written as a float writes itself is left to the slow road
    same = all(label_of(number) == level for number, level in zip(numbers.tolist(), levels, strict=True))
    return numbers if same else None


def _series(name: str, array: Any) -> Any:
    import narwhals.stable.v1 as nw
    import pyarrow as pa

    return nw.from_native(pa.table({name: array}), eager_only=True)[name]


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _of_dictionary(array: Any) -> Labelled:
    import pyarrow as pa

    if isinstance(array, pa.ChunkedArray):
        array = array.unify_dictionaries().combine_chunks()
    if isinstance(array, pa.ChunkedArray):  # an empty one, or one that does not combine, stays chunked
        array = pa.concat_arrays(array.chunks)
    codes = np.asarray(array.indices.to_numpy(zero_copy_only=False), dtype=np.intp)
    return Labelled(codes=codes, labels=tuple(array.dictionary.to_pylist()))
