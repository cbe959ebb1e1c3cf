"""Omitted-variable bias of linear models: the printed Darfur example, and the formula as an identity."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from causalmed import Cohort
from causalmed.errors import ColumnNotFound, DataError, InvalidArgument, RoleConflict
from causalmed.estimation.fragility import linear_fragility

DARFUR = ["age", "farmer_dar", "herder_dar", "pastvoted", "hhsize_darfur", "female", "village"]


@pytest.fixture
def darfur(table):
    frame = table("darfur.csv")
    return linear_fragility(
        Cohort.from_frame(frame, kinds={"village": "categorical"}),
        exposure="directlyharmed",
        outcome="peacefactor",
        covariates=DARFUR,
        benchmarks=["female"],
    )


def test_printed_regression(darfur, printed):
    case = printed("darfur_ols")
    found = [darfur.estimate, darfur.std_error, darfur.t, darfur.degrees_of_freedom]
    assert np.allclose(found, case["value"], rtol=0, atol=case["tol"])


def test_printed_robustness_values(darfur, printed):
    case = printed("darfur_sens")
    found = [darfur.partial_r2, darfur.robustness_value, darfur.robustness_value_limit]
    assert np.allclose(found, case["value"], rtol=0, atol=case["tol"])


@pytest.fixture
def hidden():
    rng = np.random.default_rng(3)
    age, frailty = rng.normal(size=(2, 800))
    hours = age + 0.7 * frailty + rng.normal(size=800)
    stay = 0.4 * hours + age + 0.9 * frailty + rng.normal(size=800)
    return pd.DataFrame({"age": age, "frailty": frailty, "hours": hours, "stay": stay})


def _partial_r2(y, X, z):
    def rss(A):
        return float(np.sum((y - A @ np.linalg.lstsq(A, y, rcond=None)[0]) ** 2))

    return 1 - rss(np.column_stack([X, z])) / rss(X)


def test_adjusting_for_the_hidden_confounder_is_foretold_exactly(hidden):
    short = linear_fragility(Cohort.from_frame(hidden), exposure="hours", outcome="stay", covariates=["age"])
    long = linear_fragility(
        Cohort.from_frame(hidden), exposure="hours", outcome="stay", covariates=["age", "frailty"]
    )
    X = np.column_stack([np.ones(len(hidden)), hidden.age])
    left, error = short.adjusted(
        exposure_share=_partial_r2(hidden.hours.to_numpy(), X, hidden.frailty),
        outcome_share=_partial_r2(hidden.stay.to_numpy(), np.column_stack([X, hidden.hours]), hidden.frailty),
    )
    assert left == pytest.approx(long.estimate, abs=1e-10)
    assert error == pytest.approx(long.std_error, rel=1e-10)


@pytest.mark.parametrize("level", [0.0, 0.95])
def test_the_robustness_value_is_where_nothing_is_left(hidden, level):
    found = linear_fragility(Cohort.from_frame(hidden), exposure="hours", outcome="stay", covariates=["age"])
    share = found.robustness_value_limit if level else found.robustness_value
    left, error = found.adjusted(exposure_share=share, outcome_share=share)
    from scipy.stats import t

    limit = left - (t.ppf(0.975, found.degrees_of_freedom - 1) * error if level else 0.0)
    assert limit == pytest.approx(0.0, abs=1e-9)


def test_text(darfur):
    words = darfur.summary()
    assert "13.9 % of what is left of both" in " ".join(words.split())
    assert max(map(len, words.split("\n"))) <= 80
    assert list(darfur.to_frame()["times"]) == [1, 2, 3]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"exposure": "hour"}, ColumnNotFound),
        ({"covariates": ["age", "hours"]}, RoleConflict),
        ({"benchmarks": ["frailty"]}, ColumnNotFound),
        ({"covariates": ["age", "copy"]}, DataError),
        ({"benchmarks": ["age"], "times": [60]}, InvalidArgument),
        ({"level": 1.0}, InvalidArgument),
    ],
)
def test_refusals(hidden, change, error):
    cohort = Cohort.from_frame(hidden.assign(copy=2 * hidden.hours + hidden.age))
    asked = {"exposure": "hours", "outcome": "stay", "covariates": ["age"], **change}
    with pytest.raises(error):
        linear_fragility(cohort, **asked)
