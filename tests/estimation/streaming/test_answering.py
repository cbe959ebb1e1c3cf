"""What rows on disk cannot answer is refused by name; what differs from memory is said."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

import causalmed as cm
from causalmed.errors import (
    ColumnNotFound,
    DataError,
    InvalidArgument,
    NotConverged,
    NotEnoughEvents,
    PositivityViolation,
)

QUESTION = cm.Estimand.given(exposure="late", outcome="infected", adjustment_set=["age", "sex"])


def make(n=4_000, hospitals=12, seed=3):
    rng = np.random.default_rng(seed)
    age, sex = rng.normal(60, 10, n), rng.random(n) < 0.5
    late = rng.random(n) < 1 / (1 + np.exp(1 - (age - 60) / 30 - 0.3 * sex))
    infected = rng.random(n) < 1 / (1 + np.exp(1.5 - 0.5 * late - (age - 60) / 20))
    return pd.DataFrame(
        {
            "age": age,
            "sex": sex,
            "late": late,
            "infected": infected,
            "hospital": [f"H{k:02}" for k in rng.integers(0, hospitals, n)],
        }
    )


def cohort(tmp_path, frame, **roles):
    frame.to_parquet(tmp_path / "t.parquet", row_group_size=1_000, index=False)
    return cm.Cohort.from_parquet(tmp_path / "t.parquet", **roles)


@pytest.mark.parametrize(
    ("spec", "options", "words"),
    [
        (cm.AIPW(outcome=cm.Logistic(firth=True)), {}, "needs its rows in memory"),
        (cm.TMLE(), {"horizon": 30.0}, "collect"),
        (cm.AIPW(propensity=LogisticRegression(), repeats=3), {}, "repeats="),
        (cm.AIPW(propensity=LogisticRegression(), calibration="isotonic"), {}, "calibration="),
    ],
)
def test_what_needs_all_rows_is_refused_by_name(tmp_path, spec, options, words):
    with pytest.raises(InvalidArgument, match=words):
        cm.estimate(QUESTION, cohort(tmp_path, make()), spec, **options)


def test_a_risk_model_asks_for_the_rows(tmp_path):
    with pytest.raises(InvalidArgument, match=r"stay on disk.*cohort\.collect\(\)"):
        cm.fit_risk_model(cohort(tmp_path, make()), outcome="infected", features=["age"])


@pytest.mark.parametrize(
    ("frame", "error", "words"),
    [
        (make().assign(late=False), NotEnoughEvents, "Nobody among 4,000"),
        (make().assign(infected=False), NotEnoughEvents, "None of 4,000"),
        (make().assign(late=range(4_000)), DataError, "two values"),
        (make().drop(columns="sex"), ColumnNotFound, "sex"),
        (make().assign(sex=lambda table: table["late"]), NotConverged, "separated by 'sex'"),
        (make().assign(sex=lambda table: table["age"] * 2), DataError, "collinear"),
        (
            make().assign(
                late=lambda table: table["age"] * 6 + np.random.default_rng(1).normal(0, 9, 4_000) > 360
            ),
            PositivityViolation,
            "of 4,000 patients have a propensity score",
        ),
    ],
)
def test_bad_data_is_refused_as_in_memory(tmp_path, frame, error, words):
    for where in (cohort(tmp_path, frame), cm.Cohort.from_frame(frame)):
        with pytest.raises(error, match=words):
            cm.estimate(QUESTION, where, cm.AIPW())


def test_without_an_adjustment_set(tmp_path):
    alone = cm.Estimand.given(exposure="late", outcome="infected", adjustment_set=[])
    disk = cohort(tmp_path, make())
    for spec in (cm.AIPW(), cm.TMLE(), cm.IPW(), cm.GComputation()):
        first, second = (cm.estimate(alone, each, spec) for each in (disk, disk.collect()))
        assert first.to_dict() == second.to_dict()
