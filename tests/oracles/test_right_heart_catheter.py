"""The tutorial of Smith and others (2022) on right heart catheterisation, its code boxes."""

from __future__ import annotations

import numpy as np
import pytest

from causalmed import AIPW, IPW, TMLE, Cohort, Estimand, GComputation, Linear, Logistic, estimate

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


def test_augmented_weighting_box_24(cohort, printed):
    effect = estimate(QUESTION, cohort, AIPW(by_arm=True))
    check(printed("rhc_aipw"), triple(effect.risk_difference))


@pytest.mark.parametrize("fluctuation", ["weighted", "covariate"])
def test_targeting_box_26(cohort, printed, fluctuation):
    effect = estimate(QUESTION, cohort, TMLE(by_arm=True, fluctuation=fluctuation))
    check(printed("rhc_tmle"), triple(effect.risk_difference))
