from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from causalmed.cohort import Cohort
from causalmed.cohort.description import mean_cell, median_cell, weighted_quantile
from causalmed.errors import ColumnNotFound, DataError, InvalidArgument, RoleConflict
from tests.cohort.frames import surgical


@pytest.fixture(scope="module")
def cohort() -> Cohort:
    return Cohort.from_frame(surgical(200), unit="patient_id", outcome="infected", cluster="hospital")


def test_cells_against_pandas(cohort: Cohort) -> None:
    frame = surgical(200)
    shown = cohort.table_one(by="sex").to_frame().set_index("characteristic")
    women = frame[frame["sex"] == "F"]
    assert shown.loc["patients", "sex = F"] == f"{len(women)}"
    assert shown.loc["age", "sex = F"] == f"{women['age'].mean():.1f} ({women['age'].std():.1f})"
    dirty = (women["wound"] == "dirty").sum()
    assert shown.loc["wound = dirty", "sex = F"] == f"{dirty} ({100 * dirty / len(women):.1f})"
    assert (
        shown.loc["diabetes = 1", "all"]
        == f"{frame['diabetes'].sum()} ({100 * frame['diabetes'].mean():.1f})"
    )
    assert "patient_id" not in shown.index
    assert not any(label.startswith(("sex", "operated")) for label in shown.index)


def test_medians_against_pandas(cohort: Cohort) -> None:
    frame = surgical(200)
    shown = cohort.table_one(numbers="median", columns=["bmi"]).to_frame()
    low, middle, high = frame["bmi"].quantile([0.25, 0.5, 0.75])
    assert shown.loc[1, "all"] == f"{middle:.1f} [{low:.1f}, {high:.1f}]"
    assert "SMD" not in shown


def test_weighted_cells_against_numpy() -> None:
    rng = np.random.default_rng(3)
    values, weights = rng.normal(10, 3, 50), rng.uniform(0, 2, 50)
    spread = np.sqrt(np.cov(values, aweights=weights))
    mean = np.average(values, weights=weights)
    assert mean_cell(values, weights, decimals=6) == f"{mean:.6f} ({spread:.6f})"
    whole = rng.integers(1, 5, 50)
    repeated = np.repeat(values, whole)
    for share in (0.25, 0.5, 0.75):
        expected = np.quantile(repeated, share, method="inverted_cdf")
        assert weighted_quantile(values, whole.astype(float), share) == expected
    assert median_cell(values, np.ones(50), weighted=False, decimals=3).startswith(f"{np.median(values):.3f}")


def test_weights_that_balance_make_the_weighted_smd_zero(cohort: Cohort) -> None:
    late, wound = cohort.values("diabetes"), cohort.values("wound")
    share = pd.Series(late).groupby(wound).transform("mean").to_numpy()
    weights = np.where(late == 1, 1 / share, 1 / (1 - share))
    table = cohort.table_one(by="diabetes", columns=["wound", "age"], weights=weights)
    first = next(row for row in table.rows if row.characteristic == "wound")
    assert first.smd is not None
    assert first.smd > 0.01
    assert first.smd_weighted == pytest.approx(0, abs=1e-7)
    assert list(table.to_frame())[-2:] == ["SMD", "SMD weighted"]
    assert table.imbalance()["wound"] == first.smd_weighted


def test_three_groups_show_the_largest_pair(cohort: Cohort) -> None:
    table = cohort.table_one(by="hospital", columns=["age"])
    pairs = []
    for out in table.groups:
        part = cohort.where(f"hospital != '{out}'", reason="two hospitals")
        pairs.append(abs(part.table_one(by="hospital", columns=["age"]).imbalance()["age"]))
    assert table.imbalance()["age"] == pytest.approx(max(pairs), rel=1e-12)
    assert "largest over the pairs" in table.header


def test_the_denominator_is_stated_wherever_the_table_is_shown(cohort: Cohort) -> None:
    table = cohort.table_one(by="sex")
    for text in (table.summary(), table._repr_html_(), table.to_dict()["header"]):
        assert "sqrt((s1² + s0²)/2)" in text
        assert "Yang and Dalton 2012" in " ".join(text.split())
        assert "M minus F" in " ".join(text.split())
    assert "SMD" not in cohort.table_one().header


@pytest.mark.parametrize("by", ["sex", "hospital", "wound"])
def test_the_text_fits_a_page(cohort: Cohort, by: str) -> None:
    text = cohort.table_one(by=by, numbers="median").summary()
    assert max(map(len, text.splitlines())) <= 80


def test_names_from_the_data_are_escaped_in_html() -> None:
    frame = pd.DataFrame({"<b>x</b>": [1.5, 2.5], "g": ["<i>a</i>", "b"]})
    html = Cohort.from_frame(frame).table_one(by="g")._repr_html_()
    assert "<b>" not in html
    assert "<i>" not in html
    assert "&lt;b&gt;x" in html


def test_it_can_be_stored_and_drawn(cohort: Cohort) -> None:
    table = cohort.table_one(by="sex")
    stored = json.loads(json.dumps(table.to_dict()))
    assert stored["provenance"]["data_fingerprint"] == cohort.fingerprint
    picture = table.picture()
    assert {row.label for row in picture.rows} == set(table.imbalance())
    with pytest.raises(InvalidArgument, match="by="):
        cohort.table_one().picture()


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"by": "age"}, InvalidArgument),
        ({"by": "nobody"}, ColumnNotFound),
        ({"by": "sex", "columns": "age"}, InvalidArgument),
        ({"by": "sex", "columns": ["operated"]}, RoleConflict),
        ({"by": "sex", "numbers": "mode"}, InvalidArgument),
        ({"by": "sex", "weights": np.ones(3)}, InvalidArgument),
        ({"by": "sex", "weights": np.full(200, np.nan)}, InvalidArgument),
        ({"by": "sex", "weights": -np.ones(200)}, InvalidArgument),
        ({"by": "sex", "weights": np.zeros(200)}, InvalidArgument),
        ({"by": "sex", "weights": ["heavy"] * 200}, InvalidArgument),
    ],
)
def test_tables_that_cannot_be(cohort: Cohort, options: dict[str, object], error: type[Exception]) -> None:
    with pytest.raises(error):
        cohort.table_one(**options)  # type: ignore[arg-type]


def test_one_group_is_nothing_to_compare(cohort: Cohort) -> None:
    with pytest.raises(DataError, match="one group only"):
        cohort.where("sex == 'F'", reason="women").table_one(by="sex")


def test_a_cohort_of_one_can_be_described(cohort: Cohort) -> None:
    frame = cohort.patient(100).table_one().to_frame()
    assert frame.loc[frame["characteristic"] == "age", "all"].item().endswith("(–)")


def test_groups_that_share_nothing_are_infinitely_apart() -> None:
    frame = pd.DataFrame({"g": ["a", "a", "b", "b"], "x": [1.0, 1.0, 2.5, 2.5], "y": [1.5, 2.5, 3.5, 0.5]})
    table = Cohort.from_frame(frame).table_one(by="g")
    assert table.imbalance()["x"] == np.inf
    assert "∞" in table.summary()
    assert json.loads(json.dumps(table.to_dict(), allow_nan=False))["rows"][0]["smd"] == "inf"
    with pytest.raises(InvalidArgument, match="'x' and differ"):
        table.picture()
