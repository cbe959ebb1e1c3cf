"""The tutorial of Smith and others (2022) on right heart catheterisation, its code boxes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from causalmed import AIPW, IPW, TMLE, Cohort, Estimand, GComputation, Linear, Logistic, estimate
from causalmed.estimation import IPWRA
from causalmed.regression import fit_logistic

CONFOUNDERS = ["sex", "age", "edu", "race", "carcinoma"]
QUESTION = Estimand.given(exposure="rhc", outcome="death_d30", adjustment_set=CONFOUNDERS)


@pytest.fixture
def cohort(table):
    return Cohort.from_frame(table("rhc.csv"), unit="patient", outcome="death_d30")


def triple(interval):
    return [interval.estimate, interval.low, interval.high]


def check(case, found):
    assert np.allclose(found, case["value"], rtol=0, atol=case["tol"]), (found, case["value"])


def test_regression_box_2(cohort, printed):
    only_sex = Estimand.given(exposure="rhc", outcome="death_d30", adjustment_set=["sex"])
    effect = estimate(only_sex, cohort, GComputation(outcome=Linear()))
    check(printed("rhc_naive_ols"), effect.risk_difference.estimate)


def test_saturated_in_sex_boxes_3_to_8(cohort, printed):
    only_sex = Estimand.given(exposure="rhc", outcome="death_d30", adjustment_set=["sex"])
    effect = estimate(only_sex, cohort, GComputation(outcome=Logistic(formula="rhc * sex")))
    check(printed("rhc_np_gformula"), effect.risk_difference.estimate)
    assert np.allclose([effect.risk_difference.low, effect.risk_difference.high], [0.048, 0.099], atol=1e-3)


def test_saturated_estimators_are_all_the_same_number(cohort):
    only_sex = Estimand.given(exposure="rhc", outcome="death_d30", adjustment_set=["sex"])
    specs = (
        GComputation(by_arm=True),
        IPW(),
        IPWRA(by_arm=True),
        AIPW(by_arm=True),
        TMLE(by_arm=True),
        TMLE(by_arm=True, fluctuation="covariate"),
    )
    found = [estimate(only_sex, cohort, spec).risk_difference for spec in specs]
    assert np.ptp([interval.estimate for interval in found]) < 1e-12
    assert np.ptp([interval.std_error for interval in found]) < 1e-12


def test_standardisation_box_10(cohort, printed):
    effect = estimate(QUESTION, cohort, GComputation(by_arm=True))
    check(printed("rhc_gformula"), effect.risk_difference.estimate)
    assert np.allclose([effect.risk_difference.low, effect.risk_difference.high], [0.059, 0.109], atol=6e-4)


def test_weighting_box_16(cohort, printed):
    effect = estimate(QUESTION, cohort, IPW(variance="robust"))
    check(printed("rhc_ipw"), triple(effect.risk_difference))


@pytest.fixture
def peer(table):
    """The design, outcome, exposure and inverse-probability weights of the tutorial, by statsmodels."""
    import statsmodels.api as sm

    frame = table("rhc.csv")
    dummies = pd.get_dummies(frame[["sex", "race", "carcinoma"]], drop_first=True).astype(float)
    X = np.column_stack([np.ones(len(frame)), frame.age, frame.edu, dummies])
    A = (frame.rhc == "Yes").to_numpy(dtype=float)
    e = sm.GLM(A, X, family=sm.families.Binomial()).fit(tol=1e-12).fittedvalues
    return X, frame.death_d30.to_numpy(dtype=float), A, np.where(A == 1, 1 / e, 1 / (1 - e))


def test_both_numbers_of_box_21_are_of_regressions_without_weights(cohort, printed, peer):
    """The code of the box passes ``weights=`` to a function that ignores them (it reads ``freq_weights``).

    What was printed is therefore box 10 again, and box 10 averaged over each arm by its weights.
    """
    X, Y, A, w = peer
    plain = estimate(QUESTION, cohort, GComputation(by_arm=True)).risk_difference.estimate
    means = [fit_logistic(X[a == A], Y[a == A]).predict(X) for a in (1, 0)]
    by_weights = [np.average(m[a == A], weights=w[a == A]) for m, a in zip(means, (1, 0), strict=True)]
    check(printed("rhc_ipwra"), [plain, by_weights[0] - by_weights[1]])


def test_weighted_regression_adjustment_as_box_21_meant_it(cohort, peer):
    import statsmodels.api as sm

    X, Y, A, w = peer
    means = []
    for a in (1, 0):
        rows = a == A
        fit = sm.GLM(Y[rows], X[rows], family=sm.families.Binomial(), freq_weights=w[rows]).fit(tol=1e-12)
        means.append(float(fit.predict(X).mean()))
    effect = estimate(QUESTION, cohort, IPWRA(by_arm=True))
    assert effect.risk_difference.estimate == pytest.approx(means[0] - means[1], abs=1e-8)
    assert effect.risk_difference.estimate == pytest.approx(0.083799, abs=1e-6)


def test_augmented_weighting_box_24(cohort, printed):
    effect = estimate(QUESTION, cohort, AIPW(by_arm=True))
    check(printed("rhc_aipw"), triple(effect.risk_difference))


@pytest.mark.parametrize("fluctuation", ["weighted", "covariate"])
def test_targeting_box_26(cohort, printed, fluctuation):
    effect = estimate(QUESTION, cohort, TMLE(by_arm=True, fluctuation=fluctuation))
    check(printed("rhc_tmle"), triple(effect.risk_difference))
