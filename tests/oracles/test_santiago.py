"""Raised glucose and infection after surgery in Santiago de Compostela (table not shipped)."""

from __future__ import annotations

import numpy as np
import pytest

from causalmed import AIPW, IPW, Cohort, Estimand, GComputation, estimate
from causalmed.regression import encode, fit_logistic

QUESTION = Estimand.given(
    exposure="hyperglycaemia", outcome="inf", adjustment_set=["age", "male", "diabetes"]
)

SPECS = (GComputation(by_arm=True), IPW(), AIPW(by_arm=True))
"""The reference fitted one outcome model an arm."""


@pytest.fixture
def cohort(table):
    frame = table("postop_infect_santiago.csv")
    derived = frame.assign(
        hyperglycaemia=frame.gluc >= 126, male=frame.sex == 1, diabetes=frame.diab == 1
    ).drop(columns=["sex", "diab"])
    return Cohort.from_frame(derived, outcome="inf")


def test_odds_ratios(cohort, printed):
    case = printed("santiago_logit")
    names = ["age", "male", "linf", "gluc", "diabetes"]
    design = encode([cohort.column(name) for name in names])
    fit = fit_logistic(design.matrix, cohort.values("inf"), names=design.names)
    found = dict(zip(fit.names, np.exp(fit.coefficients), strict=True))
    assert np.allclose(
        [found[name] for name in names], [case["value"][name] for name in names], atol=case["tol"]
    )


def test_effect_of_raised_glucose(cohort, printed):
    case = printed("santiago_hyperglycaemia_ate")
    effects = [estimate(QUESTION, cohort, spec) for spec in SPECS]
    found = [
        effects[0].crude_difference.estimate,
        *(effect.risk_difference.estimate for effect in effects),
        effects[2].risk_difference.std_error,
    ]
    assert np.allclose(found, case["value"], rtol=0, atol=case["tol"]), found
