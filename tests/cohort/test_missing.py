from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from causalmed.cohort import Cohort
from causalmed.errors import DataError, InvalidArgument, MissingValues
from tests.cohort.frames import contents

HOLES = pd.DataFrame(
    {
        "id": [4, 3, 2, 1],
        "bmi": [27.5, None, 31.5, 22.5],
        "sex": ["F", "M", None, "F"],
        "asa": pd.array([1, 2, 3, None], dtype="Int64"),
        "late": pd.array([True, False, True, True], dtype="boolean"),
    }
)
SOURCES = {"pandas": HOLES, "polars": pl.from_pandas(HOLES), "arrow": pa.Table.from_pandas(HOLES)}


@pytest.mark.parametrize("source", SOURCES)
def test_missing_values_are_counted_and_refused(source: str) -> None:
    before = contents(SOURCES[source])
    with pytest.raises(MissingValues) as refusal:
        Cohort.from_frame(SOURCES[source], unit="id")
    message = str(refusal.value)
    assert "3 of 4 rows have missing values: 'bmi' 1 (25.0 %), 'sex' 1 (25.0 %), 'asa' 1 (25.0 %)" in message
    assert "missing='complete'" in message
    assert "drop the columns" in message
    assert contents(SOURCES[source]) == before


@pytest.mark.parametrize("source", SOURCES)
def test_complete_cases_are_logged(source: str) -> None:
    before = contents(SOURCES[source])
    cohort = Cohort.from_frame(SOURCES[source], unit="id", missing="complete")
    assert cohort.unit_ids.tolist() == [4]
    step = cohort.attrition[1]
    assert (step.n_before, step.n_after, step.left_out) == (4, 1, 3)
    assert step.missing == (("bmi", 1), ("sex", 1), ("asa", 1))
    assert str(step) == "1 left of 4 (3 left out): complete cases (missing: bmi 1, sex 1, asa 1)"
    assert contents(SOURCES[source]) == before


def test_levels_are_those_of_the_complete_cases() -> None:
    frame = pd.DataFrame({"x": [1.5, 2.5, None], "site": ["A", "B", "C"]})
    assert Cohort.from_frame(frame, missing="complete").column("site").levels == ("A", "B")


def test_not_a_number_is_missing_in_polars_too() -> None:
    frame = pl.DataFrame({"x": [1.5, float("nan"), None]})
    with pytest.raises(MissingValues, match="'x' 2"):
        Cohort.from_frame(frame)
    assert Cohort.from_frame(frame, missing="complete").values("x").tolist() == [1.5]


EMPTY = {
    "float": pd.DataFrame({"x": [np.nan, np.nan], "y": [1, 2]}),
    "object": pd.DataFrame({"x": [None, None], "y": [1, 2]}),
    "dates": pd.DataFrame({"x": [pd.NaT, pd.NaT], "y": [1, 2]}),
    "polars": pl.DataFrame({"x": [None, None], "y": [1, 2]}),
    "arrow": pa.table({"x": pa.nulls(2), "y": [1, 2]}),
}


@pytest.mark.parametrize("case", EMPTY)
def test_a_column_without_any_value_is_to_be_dropped(case: str) -> None:
    with pytest.raises(MissingValues, match=r"Either drop 'x' \(nothing recorded\)"):
        Cohort.from_frame(EMPTY[case])
    with pytest.raises(DataError, match=r"leaves none of the 2 rows: 'x' 2 \(100.0 %\). Drop 'x'"):
        Cohort.from_frame(EMPTY[case], missing="complete")


def test_other_policies_are_not_understood() -> None:
    with pytest.raises(InvalidArgument, match="Choose one of: 'error', 'complete'"):
        Cohort.from_frame(HOLES, missing="mean")


def test_many_columns_are_summed_up() -> None:
    frame = pd.DataFrame({f"x{at}": [1.5, None] for at in range(20)})
    with pytest.raises(MissingValues, match="and 8 more columns"):
        Cohort.from_frame(frame)
