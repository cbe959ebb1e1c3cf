"""One look at all rows of a table on disk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from causalmed.cohort.column import label_of
from causalmed.cohort.reading import Labelled
from causalmed.cohort.streamed.plan import read_arrow, read_id_array
from causalmed.cohort.streamed.seen import LabelsSeen, NumbersSeen, Seen
from causalmed.engine import BlockRef, Cutter, batches
from causalmed.errors import DataError

__all__ = ["Scan", "scan_table"]


@dataclass(slots=True, kw_only=True)
class Scan:
    """What was seen.

    Attributes
    ----------
    rows, incomplete : int
        Rows of the table, and those with a missing value.
    missing : dict of str to int
        Missing values of each column that has any.
    seen : dict of str to Seen
        What is remembered of each column.
    blocks : tuple of BlockRef
        The canonical blocks of the complete rows.
    repeated : list
        Ids that occur again, the first fifty.
    """

    rows: int = 0
    incomplete: int = 0
    missing: dict[str, int] = field(default_factory=dict)
    seen: dict[str, Seen] = field(default_factory=dict)
    blocks: tuple[BlockRef, ...] = ()
    repeated: list[Any] = field(default_factory=list)

    @property
    def kept(self) -> int:
        """Rows without a missing value."""
        return self.rows - self.incomplete


def scan_table(
    files: Sequence[str], names: Sequence[str], *, unit: str | None, all_values: frozenset[str]
) -> Scan:
    """Look at every row once.

    Parameters
    ----------
    files : sequence of str
        Of one table.
    names : sequence of str
        Columns that are read.
    unit : str or None
        Column of the ids, which must rise.
    all_values : frozenset of str
        Columns of numbers all of whose different values are needed: those stated to have levels.

    Returns
    -------
    Scan

    Raises
    ------
    DataError
        Ids that fall; a column that mixes types.
    """
    found, cutter, order = Scan(missing=dict.fromkeys(names, 0)), Cutter(), _Order(unit)
    for piece, batch in batches(files, names):
        kept = _complete(batch, found.missing)
        found.rows += batch.num_rows
        if kept is not None:
            import pyarrow as pa

            found.incomplete += int(len(kept) - kept.sum())
            batch = batch.filter(pa.array(kept))
        cutter.add(piece, kept)
        if not batch.num_rows:
            continue
        for name in names:
            if name == unit:
                order.add(read_id_array(name, batch.column(name)))
            else:
                _take(found.seen, name, batch.column(name), all_values=name in all_values)
    found.missing = {name: count for name, count in found.missing.items() if count}
    found.blocks, found.repeated = cutter.blocks(), order.repeated
    return found


def _complete(batch: Any, missing: dict[str, int]) -> NDArray[np.bool_] | None:
    import pyarrow as pa
    import pyarrow.compute as pc

    kept: NDArray[np.bool_] | None = None
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        if column.null_count == 0 and not pa.types.is_floating(column.type):
            continue
        mask = pc.is_null(column, nan_is_null=True).to_numpy(zero_copy_only=False)
        count = int(np.count_nonzero(mask))
        if count:
            missing[name] += count
            kept = ~mask if kept is None else kept & ~mask
    return kept


def _take(seen: dict[str, Seen], name: str, column: Any, *, all_values: bool) -> None:
    raw = read_arrow(name, column)
    if name not in seen:
        seen[name] = (
            LabelsSeen(name, raw)
            if isinstance(raw, Labelled)
            else NumbersSeen(name, raw, all_values=all_values)
        )
    seen[name].add(raw)


class _Order:
    """Whether ids rise from row to row."""

    def __init__(self, unit: str | None) -> None:
        self._unit = unit
        self._last: NDArray[Any] | None = None
        self.repeated: list[Any] = []

    def add(self, ids: NDArray[Any]) -> None:
        chain = ids if self._last is None else np.concatenate([self._last, ids])
        falls = np.asarray(chain[:-1] > chain[1:], dtype=bool)
        if falls.any():
            at = int(falls.argmax())
            raise DataError(
                f"The ids in {self._unit!r} (unit=) do not rise: {label_of(chain[at])} stands before "
                f"{label_of(chain[at + 1])}. Rows on disk are read in the order of their ids. Sort the file "
                f"once: causalmed.cohort.sort_parquet(path, to=…, unit={self._unit!r})."
            )
        same = np.asarray(chain[:-1] == chain[1:], dtype=bool)
        if same.any() and len(self.repeated) < 50:
            self.repeated += chain[1:][same].tolist()[:50]
        self._last = ids[-1:]
