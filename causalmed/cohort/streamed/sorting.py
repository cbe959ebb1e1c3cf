"""Put a Parquet file in the order of its ids without holding it in memory."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from causalmed.cohort.streamed.plan import read_id_array
from causalmed.engine import BLOCK_ROWS, batches, parquet_files, schema_of
from causalmed.errors import ColumnNotFound, InvalidArgument

__all__ = ["sort_parquet"]

_PART_ROWS: Final = 8 * BLOCK_ROWS


def sort_parquet(path: str | PathLike[str], *, to: str | PathLike[str], unit: str) -> None:
    """Write a Parquet file again, its rows in the order of their ids and in row groups of 65,536.

    Only the ids are held in memory, and half a million rows at a time: rows are first dealt to parts by
    the rank of their id, then each part is sorted. The parts need as much room on disk as the file.

    Parameters
    ----------
    path : str or path
        A Parquet file or a folder of them; never changed.
    to : str or path
        The file to write; another one.
    unit : str
        Column of the ids: whole numbers or text.

    Raises
    ------
    ColumnNotFound, DataError, InvalidArgument
        The column is not there, the file cannot be read, or would be overwritten.

    Examples
    --------
    >>> import pandas as pd
    >>> folder = tempfile.TemporaryDirectory()
    >>> pd.DataFrame({"id": [2, 3, 1], "age": [61, 72, 54]}).to_parquet(folder.name + "/raw.parquet")
    >>> sort_parquet(folder.name + "/raw.parquet", to=folder.name + "/sorted.parquet", unit="id")
    >>> pd.read_parquet(folder.name + "/sorted.parquet")["age"].tolist()
    [54, 61, 72]
    >>> folder.cleanup()
    """
    files = parquet_files(path)
    schema = schema_of(files)
    if unit not in schema.names:
        raise ColumnNotFound.among([unit], schema.names, where="unit=")
    goal = Path(to).absolute()
    if str(goal) in files or goal.exists():
        raise InvalidArgument(
            f"to={str(to)!r} exists already, and nothing is overwritten. Name another file."
        )
    ids = [read_id_array(unit, batch.column(unit)) for _, batch in batches(files, [unit])]
    rank = _ranks(np.concatenate(ids) if ids else np.zeros(0, dtype=np.int64))
    with tempfile.TemporaryDirectory(dir=goal.parent, prefix=".sorting-") as folder:
        _deal(files, schema, rank, Path(folder))
        _write(goal, schema, _sorted_parts(Path(folder), schema, unit))


def _ranks(ids: NDArray[Any]) -> NDArray[np.int64]:
    order = np.argsort(ids, kind="stable")
    rank = np.empty(len(ids), dtype=np.int64)
    rank[order] = np.arange(len(ids))
    return rank


def _deal(files: tuple[str, ...], schema: Any, rank: NDArray[np.int64], folder: Path) -> None:
    import pyarrow as pa
    from pyarrow import ipc

    parts = -(-len(rank) // _PART_ROWS)
    held = schema.append(pa.field("__rank__", pa.int64()))
    writers = [ipc.new_file(str(folder / f"{part:06}.arrow"), held) for part in range(parts)]
    for piece, batch in batches(files, schema.names):
        mine = rank[piece.first : piece.first + batch.num_rows]
        wide = batch.append_column("__rank__", pa.array(mine))
        for part in np.unique(mine // _PART_ROWS):
            rows = wide.filter(pa.array(mine // _PART_ROWS == part))
            writers[part].write(pa.RecordBatch.from_arrays(rows.columns, schema=held))
    for writer in writers:
        writer.close()


def _sorted_parts(folder: Path, schema: Any, unit: str) -> Iterator[Any]:
    import pyarrow as pa

    for file in sorted(folder.glob("*.arrow")):
        with pa.OSFile(str(file)) as source:
            table = pa.ipc.open_file(source).read_all()
        yield table.take(np.argsort(table.column("__rank__").to_numpy())).drop_columns(["__rank__"])
        file.unlink()


def _write(goal: Path, schema: Any, parts: Iterator[Any]) -> None:
    import pyarrow.parquet as pq

    with pq.ParquetWriter(goal, schema, compression="zstd") as writer:
        for table in parts:
            writer.write_table(table, row_group_size=BLOCK_ROWS)
