"""Rows on disk: which rows of which file make up each canonical block, and how they are read.

A block is 65,536 rows in canonical order, whatever the row groups of the file are; where these are 65,536
rows, they are the blocks. Files are read by pyarrow: under a memory cap it needs less processor time and
less memory than DuckDB for the same rows (``benchmarks/scale.py`` measures it), and a row group is
something a worker of a cluster can be told by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from causalmed.engine.blocks import BLOCK_ROWS
from causalmed.errors import DataError, InvalidArgument

__all__ = [
    "BlockRef",
    "Cutter",
    "Piece",
    "batches",
    "parquet_files",
    "read_blocks",
    "recut",
    "schema_of",
    "tasks_of",
]


@dataclass(frozen=True, slots=True)
class Piece:
    """Some rows of one row group.

    Attributes
    ----------
    path : str
        The file.
    group : int
        The row group.
    start, stop : int
        First row in the group, and the row after the last.
    first : int
        Number of the first row in the whole table.
    keep : bytes or None
        A bit a row: whether it belongs to the table; None: all do.
    """

    path: str
    group: int
    start: int
    stop: int
    first: int
    keep: bytes | None = None

    @property
    def kept(self) -> NDArray[np.bool_] | None:
        """Which of the rows belong to the table, shape (stop - start,); None: all."""
        if self.keep is None:
            return None
        bits = np.unpackbits(np.frombuffer(self.keep, dtype=np.uint8), count=self.stop - self.start)
        return bits.astype(bool)


@dataclass(frozen=True, slots=True)
class BlockRef:
    """One canonical block: where its rows are.

    Attributes
    ----------
    number : int
        Position among the blocks.
    rows : int
        How many rows it has.
    pieces : tuple of Piece
        Where they are, in their order.
    """

    number: int
    rows: int
    pieces: tuple[Piece, ...]

    @property
    def start(self) -> int:
        """Number of the first row among those of the table."""
        return self.number * BLOCK_ROWS


class Cutter:
    """Cuts rows, as they are seen, into canonical blocks.

    Examples
    --------
    >>> cutter = Cutter()
    >>> cutter.add(Piece("a.parquet", 0, 0, 70_000, 0))
    >>> [(block.rows, len(block.pieces)) for block in cutter.blocks()]
    [(65536, 1), (4464, 1)]
    """

    def __init__(self) -> None:
        self._done: list[BlockRef] = []
        self._open: list[Piece] = []
        self._filled = 0

    def add(self, piece: Piece, kept: NDArray[np.bool_] | None = None) -> None:
        """Take some rows, all of them or those that are kept."""
        marks = None if kept is None or kept.all() else kept
        at, end = 0, piece.stop - piece.start
        while at < end:
            want = BLOCK_ROWS - self._filled
            if marks is None:
                upto = min(end, at + want)
                taken = upto - at
            else:
                rows = np.flatnonzero(marks[at:])
                upto = end if len(rows) <= want else at + int(rows[want - 1]) + 1
                taken = min(len(rows), want)
            if taken:
                bits = None if marks is None else np.packbits(marks[at:upto]).tobytes()
                start, first = piece.start + at, piece.first + at
                self._open.append(Piece(piece.path, piece.group, start, piece.start + upto, first, bits))
            self._filled += taken
            at = upto
            if self._filled == BLOCK_ROWS:
                self._close()

    def blocks(self) -> tuple[BlockRef, ...]:
        """Return all blocks, the last one shorter."""
        if self._filled:
            self._close()
        return tuple(self._done)

    def _close(self) -> None:
        self._done.append(BlockRef(len(self._done), self._filled, tuple(self._open)))
        self._open, self._filled = [], 0


def recut(blocks: Sequence[BlockRef], kept: Iterable[NDArray[np.bool_]]) -> tuple[BlockRef, ...]:
    """Cut the rows that are kept, as marked block by block, into canonical blocks again."""
    cutter = Cutter()
    for block, chosen in zip(blocks, kept, strict=True):
        at = 0
        for piece in block.pieces:
            before = piece.kept
            marks = np.ones(piece.stop - piece.start, dtype=bool) if before is None else before
            count = int(marks.sum())
            marks[marks] = chosen[at : at + count]
            at += count
            if marks.any():
                cutter.add(replace(piece, keep=None), marks)
    return cutter.blocks()


def tasks_of(blocks: Sequence[BlockRef]) -> tuple[tuple[BlockRef, ...], ...]:
    """Put blocks together that begin in one row group, so that it is decoded about once."""
    tasks: dict[tuple[str, int], list[BlockRef]] = {}
    for block in blocks:
        tasks.setdefault((block.pieces[0].path, block.pieces[0].group), []).append(block)
    return tuple(tuple(task) for task in tasks.values())


def parquet_files(path: object) -> tuple[str, ...]:
    """Return the Parquet files at a path, those of a folder by name.

    Raises
    ------
    DataError
        There is none.
    """
    place = Path(str(path)).absolute()
    if place.is_dir():
        files = tuple(sorted(str(file) for file in place.glob("*.parquet")))
        if not files:
            raise DataError(f"The folder {str(path)!r} holds no file that ends in .parquet.")
        return files
    if not place.exists():
        raise DataError(f"There is no file {str(path)!r}. Check the path and the working folder.")
    return (str(place),)


def schema_of(files: Sequence[str]) -> Any:
    """Return the Arrow schema that all files share.

    Raises
    ------
    DataError
        A file is no Parquet file, or two of them have other columns.
    """
    first = _opened(files[0]).schema_arrow
    for path in files[1:]:
        other = _opened(path).schema_arrow
        if not other.equals(first, check_metadata=False):
            raise DataError(
                f"{Path(path).name!r} has other columns or types than {Path(files[0]).name!r}. All files of "
                "one table must agree."
            )
    return first


def batches(files: Sequence[str], columns: Sequence[str]) -> Iterator[tuple[Piece, Any]]:
    """Read all rows of some columns in order, in batches of at most 65,536 rows of one row group."""
    first = 0
    for path in files:
        opened = _opened(path)
        for group in range(opened.num_row_groups):
            at = 0
            for batch in _rows_of(path, group, columns):
                yield Piece(path, group, at, at + batch.num_rows, first), batch
                at += batch.num_rows
                first += batch.num_rows


def read_blocks(blocks: Sequence[BlockRef], columns: Sequence[str]) -> Iterator[tuple[BlockRef, Any]]:
    """Read the blocks of one task, one at a time, as Arrow tables."""
    import pyarrow as pa

    cursor: _Cursor | None = None
    for block in blocks:
        parts = []
        for piece in block.pieces:
            if cursor is None or not cursor.reaches(piece):
                cursor = _Cursor(piece.path, piece.group, columns)
            for batch, kept in cursor.take(piece):
                parts.append(batch if kept is None else batch.filter(pa.array(kept)))
        yield block, pa.Table.from_batches(parts)


class _Cursor:
    """Reads one row group from the front."""

    def __init__(self, path: str, group: int, columns: Sequence[str]) -> None:
        self._where = (path, group)
        self._batches = _rows_of(path, group, columns, coded=True)
        self._batch: Any = None
        self._at = 0

    def reaches(self, piece: Piece) -> bool:
        """Whether the rows of a piece still lie ahead."""
        return self._where == (piece.path, piece.group) and piece.start >= self._at

    def take(self, piece: Piece) -> Iterator[tuple[Any, NDArray[np.bool_] | None]]:
        """Yield the rows of a piece, and which of them are kept."""
        marks = piece.kept
        while True:
            if self._batch is None:
                self._batch = next(self._batches)
            end = self._at + self._batch.num_rows
            low, high = max(piece.start, self._at), min(piece.stop, end)
            if low < high:
                kept = None if marks is None else marks[low - piece.start : high - piece.start]
                yield self._batch.slice(low - self._at, high - low), kept
            if piece.stop < end:
                return
            self._at, self._batch = end, None
            if piece.stop == end:
                return


def _rows_of(path: str, group: int, columns: Sequence[str], *, coded: bool = False) -> Iterator[Any]:
    import pyarrow as pa

    opened = _opened(path, texts=columns if coded else ())
    try:
        yield from opened.iter_batches(
            batch_size=BLOCK_ROWS, row_groups=[group], columns=list(columns), use_threads=False
        )
    except (pa.ArrowException, OSError) as error:
        raise DataError(
            f"Row group {group} of {Path(path).name!r} cannot be read ({error!s:.120}). The file is damaged "
            "or was changed: write it again."
        ) from error


def _opened(path: str, texts: Sequence[str] = ()) -> Any:
    """Open a file; of the columns named, those of text are read as codes of a dictionary."""
    pq = _pyarrow()
    import pyarrow as pa

    try:
        metadata = _metadata(path, Path(path).stat().st_mtime_ns)
        coded = [name for name in texts if name in _texts(path, Path(path).stat().st_mtime_ns)]
        return pq.ParquetFile(
            path, metadata=metadata, pre_buffer=False, buffer_size=1 << 20, read_dictionary=coded or None
        )
    except (pa.ArrowException, OSError) as error:
        raise DataError(
            f"{Path(path).name!r} cannot be read as a Parquet file ({error!s:.120}). It may be damaged, or "
            "of another format: write it again, for example with frame.to_parquet(path)."
        ) from error


@lru_cache(maxsize=64)
def _texts(path: str, changed: int) -> frozenset[str]:
    import pyarrow as pa

    schema = _metadata(path, changed).schema.to_arrow_schema()
    return frozenset(
        one.name for one in schema if pa.types.is_string(one.type) or pa.types.is_large_string(one.type)
    )


@lru_cache(maxsize=64)
def _metadata(path: str, changed: int) -> Any:
    return _pyarrow().read_metadata(path)


def _pyarrow() -> Any:
    try:
        import pyarrow.parquet as pq
    except ImportError as absent:
        raise InvalidArgument(
            "Tables on disk are read with pyarrow, which is not installed: pip install 'causalmed[scale]'."
        ) from absent
    return pq
