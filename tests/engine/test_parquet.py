"""Canonical blocks of rows on disk, whatever the row groups; workers of joblib's backends."""

from __future__ import annotations

import joblib
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from causalmed.engine import (
    BLOCK_ROWS,
    Cutter,
    Joblib,
    Local,
    Piece,
    batches,
    in_force,
    parquet_files,
    read_blocks,
    recut,
    schema_of,
    tasks_of,
)
from causalmed.errors import DataError


def write(path, rows, group):
    table = pa.table({"row": np.arange(rows), "half": np.arange(rows) / 2})
    pq.write_table(table, path, row_group_size=group)
    return parquet_files(path)


def cut(files):
    cutter = Cutter()
    for piece, _ in batches(files, ["row"]):
        cutter.add(piece)
    return cutter.blocks()


@pytest.mark.parametrize("group", [BLOCK_ROWS, 10_000, 77_777, 1_000_000])
def test_blocks_do_not_depend_on_row_groups(tmp_path, group):
    rows = 2 * BLOCK_ROWS + 1_234
    blocks = cut(write(tmp_path / "t.parquet", rows, group))
    assert [block.rows for block in blocks] == [BLOCK_ROWS, BLOCK_ROWS, 1_234]
    seen = [
        (block.start, table.column("row").to_numpy())
        for task in tasks_of(blocks)
        for block, table in read_blocks(task, ["row"])
    ]
    for start, values in seen:
        np.testing.assert_array_equal(values, np.arange(start, start + len(values)))
    assert sum(len(values) for _, values in seen) == rows


def test_one_task_decodes_the_row_group_its_blocks_begin_in(tmp_path):
    files = write(tmp_path / "t.parquet", 5 * BLOCK_ROWS, 2 * BLOCK_ROWS)
    assert [len(task) for task in tasks_of(cut(files))] == [2, 2, 1]


@pytest.mark.parametrize("group", [BLOCK_ROWS, 30_000])
def test_rows_that_are_kept_make_canonical_blocks(tmp_path, group):
    rows = 3 * BLOCK_ROWS
    blocks = cut(write(tmp_path / "t.parquet", rows, group))
    keep = np.random.default_rng(1).random(rows) < 0.6
    left = recut(blocks, (keep[block.start : block.start + block.rows] for block in blocks))
    again = np.random.default_rng(2).random(int(keep.sum())) < 0.9
    left = recut(left, (again[block.start : block.start + block.rows] for block in left))
    assert all(block.rows == BLOCK_ROWS for block in left[:-1])
    found = [
        table.column("row").to_numpy() for task in tasks_of(left) for _, table in read_blocks(task, ["row"])
    ]
    np.testing.assert_array_equal(np.concatenate(found), np.flatnonzero(keep)[again])


def test_a_folder_is_read_by_name(tmp_path):
    for name, first in (("b", 10), ("a", 0)):
        pq.write_table(pa.table({"row": np.arange(first, first + 10)}), tmp_path / f"{name}.parquet")
    files = parquet_files(tmp_path)
    rows = np.concatenate([batch.column("row").to_numpy() for _, batch in batches(files, ["row"])])
    np.testing.assert_array_equal(rows, np.arange(20))
    assert [piece.first for piece, _ in batches(files, ["row"])] == [0, 10]


def test_files_that_cannot_be_read_are_named(tmp_path):
    with pytest.raises(DataError, match="There is no file"):
        parquet_files(tmp_path / "absent.parquet")
    with pytest.raises(DataError, match=r"no file that ends in \.parquet"):
        parquet_files(tmp_path)
    bad = tmp_path / "bad.parquet"
    bad.write_bytes(b"PAR1 not a table PAR1")
    with pytest.raises(DataError, match=r"'bad\.parquet' cannot be read"):
        schema_of((str(bad),))
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "one.parquet")
    pd.DataFrame({"b": [1]}).to_parquet(tmp_path / "two.parquet")
    with pytest.raises(DataError, match="other columns or types"):
        schema_of((str(tmp_path / "one.parquet"), str(tmp_path / "two.parquet")))


def test_a_damaged_row_group_is_named(tmp_path):
    path = tmp_path / "t.parquet"
    files = write(path, 100_000, 20_000)
    raw = bytearray(path.read_bytes())
    raw[200_000:600_000] = b"\xff" * 400_000
    path.write_bytes(bytes(raw))
    with pytest.raises(DataError, match=r"Row group [0-9] of 't\.parquet' cannot be read"):
        list(batches(files, ["row", "half"]))


def test_joblib_is_taken_where_the_user_entered_a_backend():
    assert in_force(Local()) == Local()
    with joblib.parallel_config("threading", n_jobs=2):
        assert in_force(Local()) == Joblib()
        assert in_force(Local(n_jobs=3)) == Local(n_jobs=3)
        assert Joblib().map(str, range(5)) == list("01234")
    values = np.arange(70_000.0)
    total = Joblib().total(lambda block: values[block].sum(keepdims=True), len(values))
    assert total == Local().total(lambda block: values[block].sum(keepdims=True), len(values))


def test_a_piece_remembers_which_rows_are_kept():
    marks = np.array([True, False, True])
    piece = Piece("t.parquet", 0, 5, 8, 105, np.packbits(marks).tobytes())
    np.testing.assert_array_equal(piece.kept, marks)
