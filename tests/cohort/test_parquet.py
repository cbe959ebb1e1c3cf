"""A cohort on disk is the cohort of the same table in memory."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from causalmed import Cohort, FollowUp
from causalmed.cohort import StreamedCohort, sort_parquet
from causalmed.errors import ColumnNotFound, DataError, InvalidArgument, MissingValues, RoleConflict

ROLES = {
    "unit": "id",
    "cluster": "hospital",
    "outcome": "infected",
    "protected": "sex",
    "kinds": {"asa": (1, 2, 3)},
    "tiers": {"before": ["age", "sex"], "after": ["infected"]},
}


def make(n=3_000, seed=1):
    rng = np.random.default_rng(seed)
    days = pd.to_timedelta(rng.integers(0, 900, n), "D")
    return pd.DataFrame(
        {
            "id": np.sort(rng.permutation(10 * n)[:n]),
            "age": rng.normal(60, 10, n).round(1),
            "zero": np.where(rng.random(n) < 0.5, 0.0, -0.0),
            "sex": rng.choice(["F", "M"], n),
            "asa": rng.integers(1, 4, n),
            "ward": pd.Categorical(rng.choice(["east", "north", "west"], n)),
            "grade": pd.Categorical(
                rng.choice(["low", "mid", "high"], n), ["low", "mid", "high"], ordered=True
            ),
            "lines": rng.integers(0, 7, n).astype("int8"),
            "smoker": rng.random(n) < 0.2,
            "surgery": pd.Timestamp("2020-01-01") + days,
            "infected": rng.choice(["no", "yes"], n),
            "hospital": [f"H{k}" for k in rng.integers(0, 9, n)],
        }
    )


def write(frame, path, group=700):
    frame.to_parquet(path, row_group_size=group, index=False)
    return path


@pytest.mark.parametrize("group", [3_000, 700, 100_000])
def test_kinds_levels_and_fingerprint_are_those_of_memory(tmp_path, group):
    memory = Cohort.from_frame(make(), **ROLES)
    disk = Cohort.from_parquet(write(make(), tmp_path / "t.parquet", group), **ROLES)
    assert isinstance(disk, StreamedCohort)
    assert disk.fingerprint == memory.fingerprint
    assert disk == memory
    assert disk.kinds == memory.kinds
    assert disk.summary() == memory.summary()
    assert (disk.n, disk.names, disk.clusters) == (memory.n, memory.names, memory.clusters)
    for name in memory.columns:
        np.testing.assert_array_equal(disk.values(name), memory.values(name))
        assert disk.column(name).levels == memory.column(name).levels
    assert disk.collect() == memory


@pytest.mark.parametrize("unit", ["id", None])
def test_complete_cases_and_conditions_are_those_of_memory(tmp_path, unit):
    frame, rng = make(), np.random.default_rng(2)
    frame.loc[rng.random(len(frame)) < 0.1, "age"] = np.nan
    frame.loc[rng.random(len(frame)) < 0.1, "ward"] = None
    path = write(frame, tmp_path / "t.parquet")
    roles = {**ROLES, "unit": unit, "missing": "complete"}
    if unit is None:
        roles["kinds"] = {**ROLES["kinds"], "id": "identifier"}
        frame["id"] = frame["id"].astype(float)
        path = write(frame.drop(columns="id"), tmp_path / "u.parquet")
        frame, roles["kinds"] = frame.drop(columns="id"), ROLES["kinds"]
    memory, disk = Cohort.from_frame(frame, **roles), Cohort.from_parquet(path, **roles)
    assert disk == memory
    assert disk.attrition == memory.attrition
    old = {"expression": "age > 60 and ward == 'east'", "reason": "old"}
    few = {"expression": "lines < 3", "reason": "few"}
    assert disk.where(**old).where(**few) == memory.where(**old).where(**few)
    assert disk.where(**old).attrition == memory.where(**old).attrition
    keep = memory.values("asa") == 1
    assert disk.take(keep) == memory.take(keep)


def test_a_file_in_any_order_is_sorted_once(tmp_path):
    frame = make()
    frame["id"] = [f"P{k:06}" for k in frame["id"]]
    path = write(frame.sample(frac=1, random_state=1), tmp_path / "raw.parquet")
    with pytest.raises(DataError, match=r"do not rise: P\d+ stands before P\d+.*sort_parquet"):
        Cohort.from_parquet(path, **ROLES)
    sort_parquet(path, to=tmp_path / "sorted.parquet", unit="id")
    assert Cohort.from_parquet(tmp_path / "sorted.parquet", **ROLES) == Cohort.from_frame(frame, **ROLES)
    with pytest.raises(InvalidArgument, match="nothing is overwritten"):
        sort_parquet(path, to=tmp_path / "sorted.parquet", unit="id")
    with pytest.raises(ColumnNotFound):
        sort_parquet(path, to=tmp_path / "other.parquet", unit="patient")
    assert not list(tmp_path.glob(".sorting-*"))


def test_sorting_deals_rows_to_several_parts(tmp_path, monkeypatch):
    monkeypatch.setattr("causalmed.cohort.streamed.sorting._PART_ROWS", 400)
    frame = make()
    path = write(frame.sample(frac=1, random_state=1), tmp_path / "raw.parquet")
    sort_parquet(path, to=tmp_path / "sorted.parquet", unit="id")
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "sorted.parquet"), frame)


def test_columns_that_are_left_out_are_not_read(tmp_path):
    frame = make().assign(note=[f"free text {k}" for k in range(3_000)])
    path = write(frame, tmp_path / "t.parquet")
    with pytest.raises(DataError, match="'note' holds text with 3,000 different values"):
        Cohort.from_parquet(path, **ROLES)
    names = [name for name in frame if name != "note"]
    assert Cohort.from_parquet(path, columns=names, **ROLES) == Cohort.from_frame(make(), **ROLES)
    with pytest.raises(ColumnNotFound, match="columns="):
        Cohort.from_parquet(path, columns=["agee"], outcome=None)


def broken(column, value):
    frame = make()
    frame[column] = value
    return frame


@pytest.mark.parametrize(
    ("frame", "roles", "error", "words"),
    [
        (broken("age", np.nan), {}, MissingValues, "3,000 of 3,000 rows have missing values"),
        (broken("age", np.inf), {}, DataError, "Infinite values: 'age' 3,000"),
        (broken("id", 7), {}, DataError, r"'id' \(unit=\) repeats"),
        (broken("id", 7.5), {}, DataError, "must be whole numbers or text"),
        (make().iloc[:0], {}, DataError, "no rows"),
        (make(), {"unit": "patient"}, ColumnNotFound, "patient"),
        (make(), {"outcome": "ward"}, RoleConflict, "cannot be outcome="),
        (make(), {"missing": "impute"}, InvalidArgument, "missing"),
        (make(), {"kinds": {"asa": (1, 2)}}, DataError, "does not list"),
        (make(), {"follow_up": FollowUp("age", "lines")}, DataError, "does not explain"),
    ],
)
def test_what_cannot_be_used_is_said_in_words(tmp_path, frame, roles, error, words):
    path = write(frame, tmp_path / "t.parquet")
    with pytest.raises(error, match=words):
        Cohort.from_parquet(path, **{**ROLES, **roles})


def test_without_pyarrow_the_extra_is_named(tmp_path, monkeypatch):
    path = write(make(), tmp_path / "t.parquet")
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(InvalidArgument, match=r"pip install 'causalmed\[scale\]'"):
        Cohort.from_parquet(path)


def test_an_index_that_pandas_wrote_is_no_column(tmp_path):
    frame = make()
    frame.index = frame.index.to_numpy() ** 2
    frame.to_parquet(tmp_path / "t.parquet")
    assert "__index_level_0__" in pq.read_schema(tmp_path / "t.parquet").names
    assert Cohort.from_parquet(tmp_path / "t.parquet", **ROLES) == Cohort.from_frame(make(), **ROLES)
