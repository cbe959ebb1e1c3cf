"""Who is compared with whom."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from causalmed.cohort import Cohort
from causalmed.errors import ColumnNotFound, InvalidArgument, RoleConflict
from causalmed.fairness import groupings


@pytest.fixture(scope="module")
def cohort():
    rng = np.random.default_rng(1)
    return Cohort.from_frame(
        pd.DataFrame(
            {
                "id": [f"p{at}" for at in range(400)],
                "sex": rng.choice(["F", "M"], 400, p=[0.6, 0.4]),
                "smoker": rng.integers(2, size=400),
                "age": rng.normal(60, 15, 400),
                "asa": rng.choice([1, 2, 4], 400),
            }
        ),
        unit="id",
        kinds={"asa": (1, 2, 3, 4)},
        protected="sex",
    )


def test_the_reference_is_the_largest_group(cohort):
    sex, smoker = groupings(cohort, ["sex", "smoker"])
    assert sex.groups[sex.reference] == "F"
    assert smoker.groups == ("0", "1")
    counts = np.bincount(smoker.codes)
    assert smoker.reference == counts.argmax()


def test_the_cohort_says_who_is_protected(cohort):
    assert [one.attribute for one in groupings(cohort, None)] == ["sex"]


def test_levels_without_patients_are_kept(cohort):
    asa = groupings(cohort, "asa")[0]
    assert asa.groups == ("1", "2", "3", "4")
    assert np.bincount(asa.codes, minlength=4)[2] == 0


def test_numbers_are_cut_where_it_was_said_or_the_choice_is_told(cohort):
    stated = groupings(cohort, {"age": [50, 65]})[0]
    age = cohort.values("age")
    assert stated.groups == ("below 50", "50 to below 65", "65 or more")
    assert np.bincount(stated.codes).tolist() == [
        (age < 50).sum(),
        ((age >= 50) & (age < 65)).sum(),
        (age >= 65).sum(),
    ]
    automatic = groupings(cohort, ["age"])[0]
    assert "quartiles" in automatic.how
    assert np.bincount(automatic.codes).tolist() == [100, 100, 100, 100]


@pytest.mark.parametrize(
    ("protected", "error", "match"),
    [
        ([], InvalidArgument, "No attribute is protected"),
        (["sexe"], ColumnNotFound, "'sex'"),
        (["id"], RoleConflict, "names no groups"),
        ({"age": [65, 50]}, InvalidArgument, "increasing numbers"),
        ({"age": []}, InvalidArgument, "increasing numbers"),
        ({"age": ["old"]}, InvalidArgument, "increasing numbers"),
        ({"sex": [1]}, InvalidArgument, "cut points divide numbers"),
    ],
)
def test_what_names_no_groups_is_refused(cohort, protected, error, match):
    with pytest.raises(error, match=match):
        groupings(cohort, protected)
