from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from causalmed.cohort import Cohort
from causalmed.engine import fold_of, unit_keys
from causalmed.errors import ColumnNotFound, DataError, InvalidArgument, RoleConflict
from tests.cohort.frames import SOURCES, contents, surgical

ROLES = {"unit": "patient_id", "outcome": "infected", "cluster": "hospital", "protected": ("sex",)}


@pytest.fixture(scope="module")
def cohort() -> Cohort:
    return Cohort.from_frame(surgical(), **ROLES)


@pytest.mark.parametrize("source", SOURCES)
def test_the_source_does_not_change_a_bit(source: str, cohort: Cohort) -> None:
    frame = SOURCES[source](surgical())
    before = contents(frame)
    built = Cohort.from_frame(frame, **ROLES)
    assert contents(frame) == before
    assert built.fingerprint == cohort.fingerprint
    assert built == cohort
    assert hash(built) == hash(cohort)
    for name in cohort.names:
        assert built.values(name).tobytes() == cohort.values(name).tobytes(), name
        assert built.column(name).levels == cohort.column(name).levels, name


@settings(max_examples=25, deadline=None)
@given(order=st.permutations(range(20)), source=st.sampled_from(sorted(SOURCES)), text_ids=st.booleans())
def test_the_order_of_rows_does_not_matter_given_ids(order: list[int], source: str, text_ids: bool) -> None:
    frame = surgical(20)
    if text_ids:
        frame["patient_id"] = [f"p{number}" for number in frame["patient_id"]]
    shuffled = frame.iloc[order].reset_index(drop=True)
    one, two = Cohort.from_frame(frame, **ROLES), Cohort.from_frame(SOURCES[source](shuffled), **ROLES)
    assert one == two
    assert one.unit_ids.tolist() == sorted(frame["patient_id"])


def test_the_order_of_columns_does_not_change_the_fingerprint(cohort: Cohort) -> None:
    assert Cohort.from_frame(surgical().iloc[:, ::-1], **ROLES).fingerprint == cohort.fingerprint


def test_values_match_a_plain_pandas_reading(cohort: Cohort) -> None:
    frame = surgical().sort_values("patient_id")
    np.testing.assert_array_equal(cohort.values("age"), frame["age"])
    np.testing.assert_array_equal(cohort.values("bmi"), frame["bmi"])
    np.testing.assert_array_equal(cohort.values("sex"), frame["sex"] == "M")
    np.testing.assert_array_equal(cohort.values("diabetes"), frame["diabetes"])
    np.testing.assert_array_equal(cohort.values("wound"), pd.factorize(frame["wound"], sort=True)[0])
    np.testing.assert_array_equal(cohort.cluster_codes, pd.factorize(frame["hospital"], sort=True)[0])
    assert cohort.cluster_levels == ("north", "south", "west")
    days = (frame["operated"] - pd.Timestamp("1970-01-01")).dt.days
    np.testing.assert_array_equal(cohort.values("operated"), days)


def test_everything_is_read_only_and_detached_from_the_frame() -> None:
    frame = pd.DataFrame({"x": np.arange(5.0)})
    cohort = Cohort.from_frame(frame)
    for array in (cohort.values("x"), cohort.unit_keys, cohort.unit_ids):
        assert not array.flags.writeable
    frame.loc[0, "x"] = 99.0
    assert cohort.values("x")[0] == 0.0
    with pytest.raises(AttributeError):
        cohort.outcome = "x"  # type: ignore[misc]
    with pytest.raises(TypeError):
        cohort.columns["x"] = cohort.column("x")  # type: ignore[index]


def test_the_array_of_the_caller_is_not_frozen() -> None:
    values = np.arange(5.0)
    frame = pd.DataFrame({"x": values}, copy=False)
    Cohort.from_frame(frame)
    values[0] = 7.0
    assert values.flags.writeable


def test_unit_keys_follow_the_patient_and_not_the_row(cohort: Cohort) -> None:
    np.testing.assert_array_equal(cohort.unit_keys, unit_keys(cohort.unit_ids))
    half = cohort.where("age >= 50", reason="older")
    folds = dict(zip(cohort.unit_ids, fold_of(cohort.unit_keys, folds=5, seed=1), strict=True))
    assert [folds[one] for one in half.unit_ids] == fold_of(half.unit_keys, folds=5, seed=1).tolist()


def test_without_unit_the_rows_keep_their_numbers() -> None:
    cohort = Cohort.from_frame(pd.DataFrame({"x": [1.5, None, 2.5, 3.5]}), missing="complete")
    assert cohort.unit_ids.tolist() == [0, 2, 3]
    assert cohort.patient(2).values("x").tolist() == [2.5]


def test_patient_is_a_cohort_of_one(cohort: Cohort) -> None:
    one = cohort.patient(117)
    assert (one.n, len(one), one.unit_ids.tolist()) == (1, 1, [117])
    assert one.column("wound").levels == cohort.column("wound").levels
    row = surgical().set_index("patient_id").loc[117]
    assert one.values("age")[0] == row["age"]


@pytest.mark.parametrize("wanted", [99, 161, "117", None, 117.5, float("nan"), True])
def test_a_patient_who_is_not_there_is_refused_with_near_ids(cohort: Cohort, wanted: object) -> None:
    with pytest.raises(DataError, match="Near it"):
        cohort.patient(wanted)


def test_near_ids_are_near(cohort: Cohort) -> None:
    with pytest.raises(DataError, match=r"No unit 99 among the 60 .* Near it: 100, 101, 102"):
        cohort.patient(99)
    named = Cohort.from_frame(pd.DataFrame({"id": ["anna", "bert"], "x": [1, 2]}), unit="id")
    with pytest.raises(DataError, match="Near it: 'anna'"):
        named.patient("ana")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([2, 1], "increase"),
        ([1, 1], "increase"),
        ([-1], "lie in 0 to 59"),
        ([60], "lie in 0 to 59"),
        ([True, False], "one truth value"),
        ([0.5], "truth values or integers"),
        ([[1, 2]], "one-dimensional"),
    ],
)
def test_rows_that_cannot_be_taken(cohort: Cohort, rows: list[object], message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        cohort.take(rows)


def test_matches_is_the_mask_of_where(cohort: Cohort) -> None:
    mask = cohort.matches("age >= 50")
    assert cohort.take(mask) == cohort.where("age >= 50", reason="older")
    np.testing.assert_array_equal(mask, cohort.values("age") >= 50)


def test_nobody_left_is_an_error(cohort: Cohort) -> None:
    with pytest.raises(DataError, match="None of the 60 patients"):
        cohort.take(np.zeros(60, dtype=bool))
    with pytest.raises(DataError, match="for 'very old'"):
        cohort.where("age > 200", reason="very old")


def test_attrition_is_logged(cohort: Cohort) -> None:
    adults = cohort.where("age >= 40", reason="40 or older").where("sex == 'F'", reason="women")
    assert [(step.reason, step.n_before) for step in adults.attrition] == [
        ("rows in the table", 60),
        ("40 or older", 60),
        ("women", adults.attrition[1].n_after),
    ]
    assert adults.attrition[-1].n_after == adults.n
    assert len(cohort.attrition) == 1
    with pytest.raises(InvalidArgument, match="reason="):
        cohort.where("age >= 40", reason=" ")


def test_names_that_are_not_there(cohort: Cohort) -> None:
    for call in (cohort.column, cohort.values, cohort.tier_of):
        with pytest.raises(ColumnNotFound, match="Did you mean 'diabetes'"):
            call("diabets")
    assert "age" in cohort
    assert "diabets" not in cohort


def test_tiers_are_kept_in_order() -> None:
    cohort = Cohort.from_frame(surgical(), tiers={"before": ["age", "sex"], "after": ["infected"]})
    assert list(cohort.tiers) == ["before", "after"]
    assert (cohort.tier_of("sex"), cohort.tier_of("infected"), cohort.tier_of("bmi")) == (
        "before",
        "after",
        None,
    )


def test_assign_adds_and_replaces_without_touching_the_original(cohort: Cohort) -> None:
    values = np.linspace(0, 1, 60)
    more = cohort.assign("risk", values, "continuous")
    values[0] = 5.0
    assert more.names == (*cohort.names, "risk")
    assert more.values("risk")[0] == 0.0
    assert "risk" not in cohort
    assert more.fingerprint != cohort.fingerprint
    treated = cohort.assign("diabetes", np.ones(60), "binary")
    assert treated.names == cohort.names
    assert treated.values("diabetes").sum() == 60
    graded = cohort.assign("grade", np.arange(60) % 3, "ordinal", levels=("low", "middle", "high"))
    assert graded.where("grade >= 'middle'", reason="graded").n == 40


@pytest.mark.parametrize(
    ("name", "values", "kind", "error"),
    [
        ("x", [1.0], "continuous", InvalidArgument),
        ("x", np.full(60, np.nan), "continuous", InvalidArgument),
        ("x", np.full(60, np.inf), "continuous", InvalidArgument),
        ("x", np.full(60, 2.0), "binary", InvalidArgument),
        ("x", np.full(60, 0.5), "count", InvalidArgument),
        ("x", ["a"] * 60, "continuous", InvalidArgument),
        ("x", np.zeros(60), "categorical", InvalidArgument),
        ("x", np.zeros(60), "number", InvalidArgument),
        ("", np.zeros(60), "continuous", InvalidArgument),
        ("patient_id", np.zeros(60), "continuous", RoleConflict),
        ("infected", np.zeros(60), "date", RoleConflict),
    ],
)
def test_columns_that_cannot_be_assigned(
    cohort: Cohort, name: str, values: object, kind: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        cohort.assign(name, values, kind)  # type: ignore[arg-type]


def test_the_frame_comes_back_and_builds_the_same_cohort(cohort: Cohort) -> None:
    frame = cohort.to_frame()
    expected = surgical().sort_values("patient_id").reset_index(drop=True)
    pd.testing.assert_frame_equal(frame, expected, check_dtype=False)
    assert Cohort.from_frame(frame, **ROLES, kinds=cohort.kinds) == cohort


def test_codes_and_orders_survive_the_round_trip() -> None:
    frame = pd.DataFrame(
        {
            "asa": [3, 1, 2, 1],
            "sex": [2, 1, 2, 2],
            "grade": pd.Categorical(["lo", "hi", "lo", "lo"], ["lo", "mid", "hi"], ordered=True),
            "dose": [0.5, 1.5, 0.5, 2.0],
            "wait": pd.to_timedelta([1, 2, 3, 4], unit="h"),
        }
    )
    kinds = {"asa": (1, 2, 3, 4), "sex": (2, 1), "dose": "categorical"}
    cohort = Cohort.from_frame(frame, kinds=kinds)
    again = cohort.to_frame()
    assert again["asa"].tolist() == [3, 1, 2, 1]
    assert again["sex"].tolist() == [2, 1, 2, 2]
    assert again["grade"].cat.categories.tolist() == ["lo", "mid", "hi"]
    assert again["dose"].tolist() == [0.5, 1.5, 0.5, 2.0]
    assert cohort.values("sex").tolist() == [0.0, 1.0, 0.0, 0.0]
    np.testing.assert_allclose(cohort.values("wait") * 24, [1, 2, 3, 4])
    assert Cohort.from_frame(again, kinds=cohort.kinds) == cohort


def test_one_row_is_a_cohort() -> None:
    cohort = Cohort.from_frame(pd.DataFrame({"x": [1.5], "sex": ["F"], "y": [1]}), outcome="y")
    assert cohort.n == 1
    assert cohort.column("sex").note == "constant"
    assert cohort.values("y").tolist() == [1.0]
