from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from causalmed.cohort import Cohort
from causalmed.errors import DataError, InvalidArgument, MissingValues
from tests.cohort.frames import contents

BAD = {
    "no rows": (pd.DataFrame({"x": []}), "1 columns but no rows"),
    "no columns": (pd.DataFrame(index=range(3)), "no columns"),
    "nothing": (pd.DataFrame(), "no columns"),
    "polars without rows": (pl.DataFrame({"x": []}), "no rows"),
    "polars without columns": (pl.DataFrame(), "no columns"),
    "arrow without columns": (pa.table({}), "no columns"),
    "repeated name": (pd.DataFrame([[1, 2]], columns=["x", "x"]), "'x' occurs more than once"),
    "repeated arrow name": (
        pa.Table.from_arrays([pa.array([1])] * 2, ["x", "x"]),
        "'x' occurs more than once",
    ),
    "number as name": (pd.DataFrame({0: [1]}), r"must be text, but 1 are not: 0 \(int\)"),
    "tuple as name": (pd.DataFrame([[1]], columns=pd.MultiIndex.from_tuples([("a", "b")])), "must be text"),
    "missing name": (pd.DataFrame([[1]], columns=[None]), "must be text"),
    "empty name": (pd.DataFrame({" ": [1]}), "empty name"),
    "mixed types": (pd.DataFrame({"x": [1, "two", 3]}), "'x' holds 2 int, 1 str"),
    "truth and numbers": (pd.DataFrame({"x": pd.Series([True, 2], dtype=object)}), "'x' holds 1 bool, 1 int"),
    "lists": (pd.DataFrame({"x": [[1], [2]]}), "'x' holds 2 list"),
    "polars lists": (pl.DataFrame({"x": [[1], [2]]}), "'x' holds 2"),
    "bytes": (pd.DataFrame({"x": [b"a", b"b"]}), "'x' holds 2 bytes"),
    "complex": (pd.DataFrame({"x": [1j, 2j]}), "'x' holds 2 complex"),
    "periods": (pd.DataFrame({"x": pd.period_range("2026", periods=2, freq="M")}), "'x' holds 2 Period"),
    "infinite": (pd.DataFrame({"x": [1.0, np.inf, -np.inf], "y": [np.inf, 0, 1]}), "'x' 2, 'y' 1"),
    "infinite polars": (pl.DataFrame({"x": [1.0, float("inf")]}), "'x' 1"),
    "repeated id": (pd.DataFrame({"id": [1, 1, 2], "x": [1, 2, 3]}), r"repeats 1 ids \(1\)"),
    "ids by label": (pd.DataFrame({"id": ["a", "b", "a"], "x": [1, 2, 3]}), r"repeats 1 ids \(a\)"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_table_that_cannot_be_used_says_so_and_stays_as_it_was(case: str) -> None:
    frame, message = BAD[case]
    before = contents(frame)
    unit = "id" if "id" in case.split() or "ids" in case.split() else None
    with pytest.raises(DataError, match=message):
        Cohort.from_frame(frame, unit=unit)
    assert contents(frame) == before


@pytest.mark.parametrize(
    "frame", [{"x": [1]}, np.eye(2), [1, 2], None, "table.csv", pd.Series([1], name="x")]
)
def test_what_is_no_table(frame: object) -> None:
    with pytest.raises(InvalidArgument, match="not a table in memory"):
        Cohort.from_frame(frame)


def test_a_lazy_frame_is_to_be_collected() -> None:
    with pytest.raises(InvalidArgument, match="collect"):
        Cohort.from_frame(pl.DataFrame({"x": [1]}).lazy())


@pytest.mark.parametrize("dtype", [object, "str", "string", "category"])
def test_the_text_none_is_a_level_and_not_missing(dtype: object) -> None:
    frame = pd.DataFrame({"infection": pd.Series(["None", "NA", "I", "nan", "", "I"], dtype=dtype)})
    cohort = Cohort.from_frame(frame)
    assert cohort.column("infection").levels == ("", "I", "NA", "None", "nan")
    assert cohort.n == 6


def test_caesar_keeps_its_179_women_without_infection(table: object) -> None:
    women = pd.DataFrame({"Infection": ["None"] * 179 + ["I"] * 42 + ["II"] * 30})
    cohort = Cohort.from_frame(women)
    levels = cohort.column("Infection").levels
    assert dict(zip(levels, np.bincount(cohort.values("Infection").astype(int)), strict=True)) == {
        "I": 42,
        "II": 30,
        "None": 179,
    }


def test_a_column_called_inf_is_a_column() -> None:
    cohort = Cohort.from_frame(pd.DataFrame({"inf": [0, 1, 1], "nan": [1.5, 2.5, 3.5]}), outcome="inf")
    assert cohort.values("inf").tolist() == [0, 1, 1]
    assert cohort.where("inf == 1 and nan > 3", reason="odd names").n == 1


@pytest.mark.parametrize(
    "values",
    [
        [Decimal("1.5"), Decimal("2.5")],
        pd.array([1.5, 2.5], dtype="Float64"),
        pd.array([1.5, 2.5], dtype="float32"),
        pd.Series([1.5, 2.5], dtype=object),
    ],
    ids=["decimal", "Float64", "float32", "object"],
)
def test_numbers_of_every_dress(values: object) -> None:
    cohort = Cohort.from_frame(pd.DataFrame({"x": values}))
    assert cohort.values("x").tolist() == [1.5, 2.5]
    assert cohort.column("x").kind == "continuous"


def test_arrow_and_polars_decimals() -> None:
    numbers = [Decimal("1.50"), Decimal("2.50")]
    for frame in (pa.table({"x": numbers}), pl.DataFrame({"x": numbers})):
        assert Cohort.from_frame(frame).values("x").tolist() == [1.5, 2.5]


@pytest.mark.parametrize("dtype", ["int8", "uint8", "Int64", "UInt16", "uint64", object])
def test_whole_numbers_of_every_dress(dtype: object) -> None:
    cohort = Cohort.from_frame(pd.DataFrame({"x": pd.Series([0, 3, 90], dtype=dtype)}))
    assert cohort.values("x").tolist() == [0, 3, 90]
    assert cohort.column("x").kind == "count"


def test_dates_of_every_dress() -> None:
    days = [dt.date(2026, 1, 1), dt.date(2026, 1, 3)]
    frames = [
        pd.DataFrame({"d": days}),
        pd.DataFrame({"d": pd.to_datetime(days)}),
        pd.DataFrame({"d": pd.to_datetime(days, utc=True)}),
        pl.DataFrame({"d": days}),
        pa.table({"d": days}),
    ]
    for frame in frames:
        cohort = Cohort.from_frame(frame)
        assert cohort.column("d").kind == "date"
        assert cohort.values("d").tolist() == [20454.0, 20456.0]


def test_ids_are_exact_and_the_same_as_float_or_integer() -> None:
    big = 2**60 + 1
    cohort = Cohort.from_frame(pd.DataFrame({"id": [big + 1, big], "x": [1.5, 2.5]}), unit="id")
    assert cohort.unit_ids.tolist() == [big, big + 1]
    whole = Cohort.from_frame(pd.DataFrame({"id": [2, 1], "x": [1.5, 2.5]}), unit="id")
    real = Cohort.from_frame(pd.DataFrame({"id": [2.0, 1.0], "x": [1.5, 2.5]}), unit="id")
    assert whole.fingerprint == real.fingerprint


def test_text_ids_stand_in_the_order_of_their_text() -> None:
    cohort = Cohort.from_frame(pd.DataFrame({"id": ["p2", "p10", "p1"], "x": [2.5, 10.5, 1.5]}), unit="id")
    assert cohort.unit_ids.tolist() == ["p1", "p10", "p2"]
    assert cohort.values("x").tolist() == [1.5, 10.5, 2.5]


def test_a_missing_id_is_refused_under_every_policy() -> None:
    frame = pd.DataFrame({"id": ["a", None], "x": [1.5, 2.5]})
    for missing in ("error", "complete"):
        with pytest.raises(MissingValues, match="1 rows have no id in 'id'"):
            Cohort.from_frame(frame, unit="id", missing=missing)


def test_minus_zero_is_zero() -> None:
    one, two = (Cohort.from_frame(pd.DataFrame({"x": [zero, 2.5]})) for zero in (0.0, -0.0))
    assert one.fingerprint == two.fingerprint


def test_a_million_levels_do_not_hang() -> None:
    frame = pd.DataFrame({"note": [f"text {number}" for number in range(1_000_000)]})
    with pytest.raises(DataError, match="1,000,000 different values"):
        Cohort.from_frame(frame)
    assert Cohort.from_frame(frame, kinds={"note": "identifier"}).column("note").kind == "identifier"
