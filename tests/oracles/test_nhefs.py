"""What If by Hernán and Robins: quitting smoking and weight gain."""

from __future__ import annotations

import numpy as np
import pytest

from causalmed import AIPW, IPW, TMLE, Cohort, Estimand, GComputation, Linear, Logistic, estimate

CONFOUNDERS = ["sex", "race", "age", "education", "smokeintensity", "smokeyrs", "exercise", "active", "wt71"]
X = (
    "C(sex) + C(race) + age + I(age**2) + C(education) + smokeintensity + I(smokeintensity**2) + smokeyrs "
    "+ I(smokeyrs**2) + C(exercise) + C(active) + wt71 + I(wt71**2)"
)
PROPENSITY = Logistic(formula=X)
QUESTION = Estimand.given(exposure="qsmk", outcome="wt82_71", adjustment_set=CONFOUNDERS)


@pytest.fixture
def cohort(table):
    frame = table("nhefs.csv")
    kept = frame.loc[frame.wt82_71.notna(), ["qsmk", "wt82_71", *CONFOUNDERS]].astype({"qsmk": int})
    assert len(kept) == 1566
    levels = dict.fromkeys(["education", "exercise", "active"], "categorical")
    return Cohort.from_frame(kept, outcome="wt82_71", kinds=levels)


def within(case, found):
    assert np.allclose(found, case["value"], rtol=0, atol=case["tol"]), (case["id"], found, case["value"])


def test_crude(cohort, printed):
    effect = estimate(QUESTION, cohort, GComputation())
    within(printed("nhefs_crude"), effect.crude_difference.estimate)


def test_weighting_program_12_4(cohort, printed):
    effect = estimate(QUESTION, cohort, IPW(propensity=PROPENSITY, variance="robust"))
    within(printed("nhefs_ipw"), effect.difference.estimate)
    # printed: robust standard error 0.5258 with the GEE's small-sample factor; interval 2.4 to 4.5
    assert effect.difference.std_error == pytest.approx(0.5258, abs=5e-4)
    assert (round(effect.difference.low, 1), round(effect.difference.high, 1)) == (2.4, 4.5)


def test_allowing_for_the_propensity_model_narrows_the_interval(cohort):
    known = estimate(QUESTION, cohort, IPW(propensity=PROPENSITY, variance="robust")).difference
    stacked = estimate(QUESTION, cohort, IPW(propensity=PROPENSITY)).difference
    assert stacked.estimate == known.estimate
    assert 0.9 < stacked.std_error / known.std_error < 0.95


def test_standardisation_program_13_3(cohort, printed):
    spec = GComputation(outcome=Linear(formula=f"qsmk + qsmk:smokeintensity + {X}"))
    effect = estimate(QUESTION, cohort, spec).difference
    within(printed("nhefs_std_interaction"), effect.estimate)
    assert (round(effect.low, 1), round(effect.high, 1)) == (2.6, 4.5)


def test_outcome_regression_and_its_coefficients(cohort, printed):
    from causalmed.regression import DesignRecipe, fit_linear

    plain = estimate(QUESTION, cohort, GComputation(outcome=Linear(formula=f"qsmk + {X}")))
    within(printed("nhefs_outcome_reg"), plain.difference.estimate)
    columns = [cohort.column(name) for name in ("qsmk", *CONFOUNDERS)]
    design = DesignRecipe.learn(columns, formula=f"qsmk + qsmk:smokeintensity + {X}").build(columns)
    fit = fit_linear(design.matrix, cohort.values("wt82_71"), names=design.names)
    found = dict(zip(fit.names, fit.coefficients, strict=True))
    within(printed("nhefs_ch15_coefs"), [found["qsmk"], found["qsmk:smokeintensity"]])


@pytest.mark.parametrize("estimator", [AIPW, TMLE])
def test_doubly_robust(cohort, printed, estimator):
    effect = estimate(
        QUESTION, cohort, estimator(propensity=PROPENSITY, outcome=Linear(formula=X), by_arm=True)
    )
    within(printed("nhefs_aipw"), [effect.difference.estimate, effect.difference.std_error])


def test_death_and_its_e_value(table, printed):
    frame = table("nhefs.csv")[["qsmk", "death"]].astype(int)
    effect = estimate(
        Estimand.given(exposure="qsmk", outcome="death"), Cohort.from_frame(frame), GComputation()
    )
    within(printed("nhefs_evalue"), [effect.risk_ratio.estimate, effect.sensitivity().estimate])
