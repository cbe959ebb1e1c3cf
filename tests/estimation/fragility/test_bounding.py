"""Bounds under confounding: econml's from the same moments, and right where the truth is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from causalmed import AIPW, Cohort, Estimand, GComputation, estimate
from causalmed.errors import ColumnNotFound, InvalidArgument
from causalmed.estimation.fragility import confounding_bounds

QUESTION = Estimand.given(exposure="late", outcome="ssi", adjustment_set=["age"])
FULL = Estimand.given(exposure="late", outcome="ssi", adjustment_set=["age", "frailty"])


def draw(n, seed):
    rng = np.random.default_rng(seed)
    age, frailty = rng.normal(size=(2, n))
    late = rng.random(n) < expit(0.5 * age + 0.8 * frailty)
    ssi = rng.random(n) < expit(-1.5 + 0.6 * late + 0.5 * age + 0.8 * frailty)
    return pd.DataFrame({"age": age, "frailty": frailty, "late": late, "ssi": ssi})


@pytest.fixture(scope="module")
def cohort():
    return Cohort.from_frame(draw(8000, 5))


def test_the_effect_is_that_of_aipw(cohort):
    bounds = confounding_bounds(QUESTION, cohort)
    effect = estimate(QUESTION, cohort, AIPW())
    assert bounds.estimate == pytest.approx(effect.risk_difference.estimate, abs=1e-12)
    assert np.sqrt(bounds.moments.covariance[0, 0]) == pytest.approx(
        effect.risk_difference.std_error, rel=1e-3
    )


@pytest.mark.parametrize(("outcome_share", "exposure_share", "rho"), [(0.02, 0.05, 1.0), (0.1, 0.03, -0.5)])
def test_the_same_bounds_as_econml(cohort, outcome_share, exposure_share, rho):
    from econml.validate.sensitivity_analysis import RV, sensitivity_interval

    bounds = confounding_bounds(
        QUESTION, cohort, outcome_share=outcome_share, exposure_share=exposure_share, rho=rho
    )
    theta, sigma2, nu2 = bounds.moments.values
    given = (theta, sigma2, nu2, bounds.moments.covariance, 0.05)
    ends = sensitivity_interval(*given, outcome_share, exposure_share, rho, interval_type="theta")
    limits = sensitivity_interval(*given, outcome_share, exposure_share, rho, interval_type="ci")
    assert np.allclose([bounds.low, bounds.high], ends, atol=1e-12)
    assert np.allclose([bounds.conf_low, bounds.conf_high], limits, atol=1e-9)
    robust = [RV(*given, interval_type=kind) for kind in ("theta", "ci")]
    assert np.allclose([bounds.robustness_value, bounds.robustness_value_limit], robust, atol=1e-5)


def test_leaving_the_confounder_out_is_within_its_own_bounds():
    """The true shares of the confounder that was left out bound the bias it caused."""
    cohort = Cohort.from_frame(draw(60_000, 11))
    full = confounding_bounds(FULL, cohort, benchmarks=["frailty"])
    short = confounding_bounds(QUESTION, cohort)
    mark = full.marks[0]
    assert mark.change == pytest.approx(short.estimate - full.estimate, abs=1e-12)
    assert abs(mark.change) > 0.02
    bound = np.sqrt(
        mark.outcome_share
        * mark.exposure_share
        / (1 - mark.exposure_share)
        * short.moments.values[1]
        * short.moments.values[2]
    )
    assert abs(mark.change) <= bound * 1.02
    assert 0.5 < abs(mark.rho) <= 1


def test_stronger_confounding_means_wider_bounds(cohort):
    bounds = confounding_bounds(QUESTION, cohort)
    wide = bounds.at(outcome_share=0.2, exposure_share=0.2)
    assert wide.conf_low < bounds.conf_low < bounds.low < bounds.high < bounds.conf_high < wide.conf_high
    none = bounds.at(outcome_share=0.0, exposure_share=0.0)
    assert none.low == none.high == bounds.estimate
    touched = bounds.at(
        outcome_share=bounds.robustness_value_limit, exposure_share=bounds.robustness_value_limit
    )
    assert touched.conf_low == pytest.approx(0.0, abs=1e-6)
    assert max(map(len, bounds.summary().split("\n"))) <= 80


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"outcome_share": 1.0}, InvalidArgument),
        ({"exposure_share": -0.1}, InvalidArgument),
        ({"rho": 2}, InvalidArgument),
        ({"benchmarks": ["frailty"]}, ColumnNotFound),
        ({"estimator": GComputation()}, InvalidArgument),
        ({"estimand": "late"}, InvalidArgument),
    ],
)
def test_refusals(cohort, change, error):
    asked = {"estimand": QUESTION, "cohort": cohort, **change}
    with pytest.raises(error):
        confounding_bounds(**asked)
