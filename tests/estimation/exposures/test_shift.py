"""Shifts of a continuous exposure: closed forms, double robustness, coverage, refusals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from scipy.stats import binom, norm

from causalmed import AIPW, IPW, TMLE, Cohort, Estimand, GComputation, Linear, Logistic, estimate
from causalmed.engine import Local
from causalmed.errors import (
    DataError,
    InvalidArgument,
    PositivityViolation,
    PositivityWarning,
    ScaleNotDefined,
)
from causalmed.estimation import IPWRA, Shift
from causalmed.estimation.exposures.shifted import Posed, moved_values, solve
from causalmed.results import State

QUESTION = Estimand.given(exposure="glucose", outcome="ssi", adjustment_set=["age"])
DOWN = Shift(by=-15)


def ward(n, seed, curved=False):
    rng = np.random.default_rng(seed)
    age = rng.normal(size=n)
    glucose = 130 + 12 * age + (8 * age**2 if curved else 0) + 20 * rng.normal(size=n)
    ssi = rng.random(n) < expit(-2.4 + 0.012 * (glucose - 130) + 0.5 * age + (0.4 * age**2 if curved else 0))
    return pd.DataFrame({"age": age, "glucose": glucose, "ssi": ssi})


def truth(by, n=2_000_000):
    rng = np.random.default_rng(77)
    age = rng.normal(size=n)
    glucose = 130 + 12 * age + 20 * rng.normal(size=n)
    eta = -2.4 + 0.012 * (glucose - 130) + 0.5 * age
    return float((expit(eta + 0.012 * by) - expit(eta)).mean())


@pytest.fixture(scope="module")
def cohort():
    return Cohort.from_frame(ward(8000, 1))


def posed(frame, shift=DOWN):
    cohort = Cohort.from_frame(frame)
    from dataclasses import replace

    column = cohort.column("glucose")
    return Posed(
        exposure=column,
        moved=replace(column, values=moved_values(column.values, shift)),
        covariates=(cohort.column("age"),),
        outcome=cohort.values("ssi"),
        binary=True,
    )


def test_the_ratio_is_the_ratio_of_two_normal_densities():
    frame = ward(60_000, 3)
    found = solve(posed(frame), IPW(trim=0), Local())
    mean = 130 + 12 * frame.age
    exact = norm.pdf(frame.glucose + 15, mean, 20) / norm.pdf(frame.glucose, mean, 20)
    assert np.corrcoef(np.log(found.ratio), np.log(exact))[0, 1] > 0.999
    assert np.median(np.abs(found.ratio / exact - 1)) < 0.03


@pytest.mark.parametrize("spec", [GComputation(), IPW(), AIPW(), TMLE(), None])
def test_the_truth_is_found(cohort, spec):
    effect = estimate(QUESTION, cohort, spec, contrast=DOWN)
    true = truth(-15)
    assert true < -0.01
    assert abs(effect.risk_difference.estimate - true) < 3.5 * effect.risk_difference.std_error
    assert effect.functionals["unexposed"] == pytest.approx(cohort.values("ssi").mean(), abs=1e-12)
    with pytest.raises(ScaleNotDefined):
        _ = effect.attributable_fraction


def test_a_linear_model_shifts_by_its_slope():
    """With a linear outcome model the g-formula is slope times shift, and its error that of the slope."""
    import statsmodels.api as sm

    frame = ward(2000, 4)
    rng = np.random.default_rng(4)
    frame["stay"] = 5 + 0.03 * frame.glucose + frame.age + rng.normal(size=2000)
    question = Estimand.given(exposure="glucose", outcome="stay", adjustment_set=["age"])
    effect = estimate(question, Cohort.from_frame(frame), GComputation(outcome=Linear()), contrast=DOWN)
    fit = sm.OLS(frame.stay, sm.add_constant(frame[["glucose", "age"]])).fit(cov_type="HC0")
    assert effect.difference.estimate == pytest.approx(-15 * fit.params["glucose"], rel=1e-9)
    assert effect.difference.std_error == pytest.approx(15 * fit.bse["glucose"], rel=1e-6)


@pytest.mark.parametrize("broken", ["outcome", "exposure"])
def test_one_right_model_is_enough(broken):
    """A square is left out of one model; the doubly robust estimators do not mind, the others do."""
    n, true = 200_000, None
    frame = ward(n, 9, curved=True)
    eta = -2.4 + 0.012 * (frame.glucose - 130) + 0.5 * frame.age + 0.4 * frame.age**2
    true = float((expit(eta - 0.18) - expit(eta)).mean())
    right, wrong = "glucose + age + I(age**2)", "glucose + age"
    outcome = Logistic(formula=wrong if broken == "outcome" else right)
    exposure = Logistic(formula=wrong if broken == "exposure" else right)
    cohort = Cohort.from_frame(frame)
    for spec in (AIPW, TMLE):
        found = estimate(QUESTION, cohort, spec(outcome=outcome, propensity=exposure), contrast=DOWN)
        assert abs(found.risk_difference.estimate - true) < 3.5 * found.risk_difference.std_error
    alone = GComputation(outcome=outcome) if broken == "outcome" else IPW(propensity=exposure)
    biased = estimate(QUESTION, cohort, alone, contrast=DOWN)
    assert abs(biased.risk_difference.estimate - true) > 3.5 * biased.risk_difference.std_error


@pytest.mark.parametrize(
    ("spec", "hospitals"), [(AIPW(), 0), (TMLE(), 0), pytest.param(AIPW(), 12, marks=pytest.mark.slow)]
)
def test_the_interval_covers(spec, hospitals):
    true = truth(-15)
    held = 0
    for seed in range(120):
        frame = ward(1200, seed)
        if hospitals:
            frame["hospital"] = np.arange(1200) % hospitals
        cohort = Cohort.from_frame(frame, cluster="hospital" if hospitals else None)
        interval = estimate(QUESTION, cohort, spec, contrast=DOWN).risk_difference
        held += interval.low <= true <= interval.high
    assert binom.ppf(0.0005, 120, 0.95) <= held <= binom.ppf(0.9999, 120, 0.95)


def test_words_and_gate(cohort):
    effect = estimate(QUESTION, cohort, contrast=Shift(by=-15, low=80))
    words = " ".join(effect.summary().split())
    assert "if glucose of every patient were lowered by 15, never below 80" in words
    assert effect.diagnostics.check("balance").state is State.PASS
    assert effect.contrast == ("lowered by 15, never below 80", "as observed")
    assert effect.number_needed_to_treat.estimate < 0


def test_a_bound_keeps_who_would_pass_it():
    values = np.array([70.0, 85.0, 95.0, 120.0])
    assert moved_values(values, Shift(by=-15, low=80)).tolist() == [70.0, 85.0, 80.0, 105.0]
    assert moved_values(values, Shift(by=20, high=110)).tolist() == [90.0, 105.0, 95.0, 120.0]


def test_too_far_a_shift_is_refused(cohort):
    with pytest.warns(PositivityWarning, match="Shift by less"):
        far = estimate(QUESTION, cohort, AIPW(), contrast=Shift(by=-60))
    assert not far.reported
    assert far.diagnostics.check("overlap").state is State.FAIL
    with pytest.raises(PositivityViolation, match="Shift by less"):
        estimate(QUESTION, cohort, AIPW(), contrast=Shift(by=-90))


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"estimator": IPWRA()}, InvalidArgument),
        ({"estimator": AIPW(by_arm=True)}, InvalidArgument),
        ({"population": "exposed"}, InvalidArgument),
        ({"contrast": Shift(by=5, high=0)}, InvalidArgument),
        ({"estimand": Estimand.given(exposure="sick", outcome="ssi", adjustment_set=["age"])}, DataError),
    ],
)
def test_refusals(change, error):
    cohort = Cohort.from_frame(ward(500, 1).assign(sick=np.arange(500) % 2 == 0))
    asked = {"estimand": QUESTION, "cohort": cohort, "estimator": None, "contrast": DOWN, **change}
    with pytest.raises(error):
        estimate(asked.pop("estimand"), asked.pop("cohort"), asked.pop("estimator"), **asked)


@pytest.mark.parametrize("given", [{"by": 0}, {"by": np.inf}, {"by": True}, {"by": 1, "low": 5, "high": 3}])
def test_impossible_shifts(given):
    with pytest.raises(InvalidArgument):
        Shift(**given)


def test_learners_are_refused_by_name(cohort):
    from sklearn.linear_model import LogisticRegression

    with pytest.raises(InvalidArgument, match="parametric"):
        estimate(QUESTION, cohort, AIPW(propensity=LogisticRegression()), contrast=DOWN)
