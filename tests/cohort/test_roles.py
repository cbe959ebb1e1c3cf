from __future__ import annotations

import pandas as pd
import pytest

from causalmed.cohort import Cohort, FollowUp
from causalmed.errors import CausalmedError, ColumnNotFound, DataError, InvalidArgument, RoleConflict

FRAME = pd.DataFrame(
    {
        "id": [1, 2, 3, 4],
        "site": ["A", "B", "A", "B"],
        "sex": ["F", "M", "M", "F"],
        "age": [50.5, 60.5, 70.5, 80.5],
        "infection": [0, 1, 0, 1],
        "site_of_infection": ["none", "wound", "lung", "none"],
        "coded": [1, 2, 1, 2],
        "weight": [1.0, 2.0, 0.0, 1.0],
        "minus": [-1.0, 2.0, 0.0, 1.0],
        "zero": [0, 0, 0, 0],
        "day": pd.to_datetime(["2026-01-01"] * 4),
    }
)


@pytest.mark.parametrize(
    ("roles", "error", "message"),
    [
        ({"outcome": "infectoin"}, ColumnNotFound, r"\(outcome=\).*Did you mean 'infection'"),
        ({"cluster": "hospital"}, ColumnNotFound, "cluster="),
        ({"protected": ("sex", "race")}, ColumnNotFound, "'race'"),
        ({"follow_up": FollowUp("days", "status")}, ColumnNotFound, "follow-up time"),
        ({"outcome": "infection", "unit": "infection"}, RoleConflict, "as outcome= and as unit="),
        ({"outcome": "site", "cluster": "site"}, RoleConflict, "as outcome= and as cluster="),
        ({"weights": "weight", "unit": "weight"}, RoleConflict, "as unit= and as weights="),
        ({"outcome": "sex", "protected": "sex"}, RoleConflict, "as protected= and as outcome="),
        ({"protected": ("sex", "sex")}, RoleConflict, "repeats"),
        ({"protected": "day"}, RoleConflict, "does not name groups"),
        ({"outcome": "site_of_infection"}, RoleConflict, "no risk and no mean"),
        ({"outcome": "day"}, RoleConflict, "no risk and no mean"),
        ({"outcome": "coded"}, DataError, "two numbers, 1 and 2, and nothing says which one is the event"),
        ({"cluster": "age", "kinds": {"age": "continuous"}}, RoleConflict, "names groups"),
        ({"weights": "minus"}, DataError, "1 negative values"),
        ({"weights": "zero"}, DataError, "0 in every row"),
        ({"weights": "sex"}, RoleConflict, "weights are numbers"),
        ({"outcome": 3}, InvalidArgument, "names one column"),
        ({"tiers": {"before": ["age", "bmi"]}}, ColumnNotFound, r"tiers\['before'\]"),
        ({"tiers": {"before": ["age"], "after": ["age"]}}, RoleConflict, "'before' and 'after'"),
        ({"tiers": {"before": "age"}}, InvalidArgument, "maps each time period"),
        ({"tiers": ["age"]}, InvalidArgument, "maps each time period"),
    ],
)
def test_roles_that_cannot_be(roles: dict[str, object], error: type[CausalmedError], message: str) -> None:
    before = FRAME.copy()
    with pytest.raises(error, match=message):
        Cohort.from_frame(FRAME, **roles)  # type: ignore[arg-type]
    pd.testing.assert_frame_equal(FRAME, before)


def test_a_coded_outcome_is_taken_once_the_event_is_stated() -> None:
    cohort = Cohort.from_frame(FRAME, outcome="coded", kinds={"coded": (2, 1)})
    assert cohort.values("coded").tolist() == [1, 0, 1, 0]
    assert cohort.column("coded").levels == ("2", "1")


def test_a_hospital_may_be_compared_too() -> None:
    cohort = Cohort.from_frame(FRAME, cluster="site", protected="site")
    assert cohort.protected == ("site",)


def test_a_numeric_cluster_has_labels_in_numeric_order() -> None:
    frame = pd.DataFrame({"ward": [10, 9, 10], "x": [1.5, 2.5, 3.5]})
    cohort = Cohort.from_frame(frame, cluster="ward")
    assert cohort.cluster_levels == ("9", "10")
    assert cohort.cluster_codes is not None
    assert cohort.cluster_codes.tolist() == [1, 0, 1]


def test_many_hospitals_are_no_free_text() -> None:
    frame = pd.DataFrame({"ward": [f"w{number}" for number in range(80)], "x": 1.5})
    assert len(Cohort.from_frame(frame, cluster="ward").cluster_levels) == 80


def test_weights_may_all_be_one() -> None:
    cohort = Cohort.from_frame(pd.DataFrame({"w": [1, 1, 1]}), weights="w")
    assert (cohort.weights, cohort.column("w").kind) == ("w", "continuous")
