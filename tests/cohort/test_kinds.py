from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest

from causalmed.cohort import Cohort
from causalmed.errors import ColumnNotFound, DataError, InvalidArgument


def kind_of(values: object, **options: object) -> str:
    return Cohort.from_frame(pd.DataFrame({"x": values}), **options).column("x").kind  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([True, False], "binary"),
        ([0, 1, 1], "binary"),
        ([0.0, 1.0], "binary"),
        ([0, 0], "binary"),
        (["yes", "no"], "binary"),
        (["a", "b", "c"], "categorical"),
        (["a", "a"], "categorical"),
        ([1, 2, 1], "continuous"),
        ([0, 2, 5], "count"),
        ([0, 101], "continuous"),
        ([-1, 0, 3], "continuous"),
        ([54, 61], "continuous"),
        ([1.5, 2.0], "continuous"),
        (pd.Categorical(["lo", "hi"], ["lo", "hi"], ordered=True), "binary"),
        (pd.Categorical(["lo", "hi"], ["lo", "mid", "hi"], ordered=True), "ordinal"),
        (pd.to_datetime(["2026-01-01", "2026-01-02"]), "date"),
    ],
)
def test_the_printed_rules(values: object, kind: str) -> None:
    assert kind_of(values) == kind


def test_the_second_label_is_code_one_and_an_order_given_decides() -> None:
    frame = pd.DataFrame({"sex": ["M", "F"], "grade": pd.Categorical(["z", "a"], ["z", "a"], ordered=True)})
    cohort = Cohort.from_frame(frame)
    assert cohort.column("sex").levels == ("F", "M")
    assert cohort.column("grade").levels == ("z", "a")
    turned = Cohort.from_frame(frame, kinds={"sex": ("M", "F")})
    assert turned.values("sex").tolist() == [0.0, 1.0]


def test_polars_enum_is_ordered_and_polars_categorical_is_not() -> None:
    values = ["mid", "lo", "hi"]
    enum = Cohort.from_frame(pl.DataFrame({"x": pl.Series(values, dtype=pl.Enum(["lo", "mid", "hi"]))}))
    plain = Cohort.from_frame(pl.DataFrame({"x": pl.Series(values, dtype=pl.Categorical)}))
    assert (enum.column("x").kind, enum.column("x").levels) == ("ordinal", ("lo", "mid", "hi"))
    assert (plain.column("x").kind, plain.column("x").levels) == ("categorical", ("hi", "lo", "mid"))


def test_unused_categories_are_no_levels_unless_the_order_is_declared() -> None:
    frame = pd.DataFrame({"x": pd.Categorical(["b", "c", "a"], ["c", "b", "a", "unused"])})
    assert Cohort.from_frame(frame).column("x").levels == ("a", "b", "c")
    numbers = pd.DataFrame({"x": pd.Categorical([10, 9, 11])})
    assert Cohort.from_frame(numbers).column("x").levels == ("9", "10", "11")


def test_text_that_may_be_anything_is_not_guessed() -> None:
    with pytest.raises(DataError, match=r"51 different values in 510 rows .*kinds={'x': 'identifier'}"):
        kind_of([f"code {number}" for number in range(51)] * 10)
    with pytest.raises(DataError, match="11 different values in 12 rows"):
        kind_of([*"abcdefghijk", "a"])
    assert kind_of([f"code {number}" for number in range(50)] * 10) == "categorical"
    assert (
        kind_of([f"code {number}" for number in range(51)] * 10, kinds={"x": "categorical"}) == "categorical"
    )


def test_a_constant_is_allowed_and_noted() -> None:
    cohort = Cohort.from_frame(pd.DataFrame({"a": [2.5, 2.5], "b": ["x", "x"], "c": [1, 1]}))
    assert {cohort.column(name).note for name in "abc"} == {"constant"}
    assert "constant" in cohort.summary()


def test_few_whole_numbers_are_numbers_with_a_note() -> None:
    column = Cohort.from_frame(pd.DataFrame({"asa": [1, 2, 3, 4]})).column("asa")
    assert column.kind == "continuous"
    assert "if they are codes, state the kind" in column.note


@pytest.mark.parametrize(
    ("values", "stated", "kind", "numbers"),
    [
        ([1, 2, 2], "binary", "binary", [0, 1, 1]),
        ([1, 2, 2], (2, 1), "binary", [1, 0, 0]),
        ([3, 1, 10], "ordinal", "ordinal", [1, 0, 2]),
        ([3, 1, 10], "categorical", "categorical", [1, 0, 2]),
        ([0, 1, 1], "continuous", "continuous", [0, 1, 1]),
        (["lo", "hi", "lo"], ("lo", "mid", "hi"), "ordinal", [0, 2, 0]),
        ([True, False, True], "count", "count", [1, 0, 1]),
        (["a", "b", "c"], "identifier", "identifier", [0, 1, 2]),
    ],
)
def test_stated_kinds_win(values: object, stated: object, kind: str, numbers: list[int]) -> None:
    column = Cohort.from_frame(pd.DataFrame({"x": values}), kinds={"x": stated}).column("x")
    assert (column.kind, column.how) == (kind, "stated")
    np.testing.assert_array_equal(column.values, numbers)


@pytest.mark.parametrize(
    ("values", "stated", "error", "message"),
    [
        (["a", "b"], "continuous", InvalidArgument, "needs numbers, but the column holds text"),
        (["a", "b", "c"], "ordinal", InvalidArgument, "needs an order"),
        (["a", "b", "c"], "binary", InvalidArgument, "needs two levels; 3 found"),
        (["a", "a"], "binary", InvalidArgument, "list both levels"),
        ([0.5, 1.5], "count", InvalidArgument, "whole numbers"),
        ([1, 2], "date", InvalidArgument, "stored as 'integer'"),
        (["2026-01-31", "31/01/2026"], "date", InvalidArgument, "reads ISO dates"),
        (["2026-01-31", "NaT"], "date", InvalidArgument, "no date"),
        ([1, 2], "nominal", InvalidArgument, "Choose one of"),
        ([1, 2], 3, InvalidArgument, "Choose one of"),
        ([1, 2], (1,), InvalidArgument, "at least two different levels"),
        ([1, 2], (1, 1), InvalidArgument, "at least two different levels"),
        ([1, 2, 3], (1, 2), DataError, r"holds \('3'\)"),
    ],
)
def test_stated_kinds_that_do_not_fit(
    values: object, stated: object, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        Cohort.from_frame(pd.DataFrame({"x": values}), kinds={"x": stated})


def test_a_kind_of_no_column_and_no_mapping() -> None:
    with pytest.raises(ColumnNotFound, match="kinds="):
        Cohort.from_frame(pd.DataFrame({"x": [1]}), kinds={"y": "count"})
    with pytest.raises(InvalidArgument, match="maps columns to kinds"):
        Cohort.from_frame(pd.DataFrame({"x": [1]}), kinds="count")  # type: ignore[arg-type]


def test_dates_written_as_text_are_read_where_stated() -> None:
    days = ["2026-01-31", "2026-01-01", "2026-01-31"]
    text = Cohort.from_frame(pd.DataFrame({"day": days}), kinds={"day": "date"})
    true = Cohort.from_frame(pd.DataFrame({"day": pd.to_datetime(days)}))
    assert text == true
    assert text.to_frame()["day"].dt.strftime("%Y-%m-%d").tolist() == days
    assert text.where("day < '2026-01-15'", reason="early").n == 1
