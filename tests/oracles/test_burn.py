"""Infection of burns under two ways of washing, and an antibiotic that came later (table not shipped)."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from statsmodels.duration.survfunc import survdiff

from causalmed import IPW, Cohort, Estimand, FollowUp, GComputation, estimate
from causalmed.errors import ImmortalTime, NotConverged
from causalmed.estimation.survival import landmark

SPEC = FollowUp("T3", "D3", infection=1, competing=())


@pytest.fixture
def burns(table):
    return table("burn.csv")


def test_logrank_and_hazard_ratios(burns, printed):
    case = printed("burn_logrank")
    found = [np.round(survdiff(burns.T3, burns.D3, burns.Z1)[0], 2)]
    for columns in (["Z1"], ["Z1", "Z2", "Z3", "Z4"]):
        fit = sm.PHReg(burns.T3, burns[columns], status=burns.D3, ties="efron").fit()
        found.append(np.exp(fit.params[0]))
    assert np.allclose(found, case["value"], atol=case["tol"])


def test_the_effect_of_washing_is_a_risk(burns):
    cohort = Cohort.from_frame(burns, follow_up=SPEC)
    question = Estimand.given(exposure="Z1", outcome="infection", adjustment_set=["Z2", "Z4"])
    effect = estimate(question, cohort, GComputation(), horizon=30)
    assert -0.35 < effect.risk_difference.estimate < -0.02
    assert "within 30" in effect.question


def test_a_group_without_infections_is_named(burns):
    """None of the 19 patients with Z3 = 0 was infected within 30 days."""
    cohort = Cohort.from_frame(burns, follow_up=SPEC)
    question = Estimand.given(exposure="Z1", outcome="infection", adjustment_set=["Z3", "Z4"])
    with pytest.raises(NotConverged, match="'Z3'"):
        estimate(question, cohort, GComputation(), horizon=30)
    assert estimate(question, cohort, IPW(), horizon=30).risk_difference.estimate < 0


def test_an_antibiotic_given_later_is_no_baseline_exposure(burns):
    """As if given from the start it divides the hazard by 2.7; counted from its day on, by 1.4."""
    naive = sm.PHReg(burns.T3, burns[["D2"]], status=burns.D3, ties="breslow").fit()
    later = pd.DataFrame(
        [
            row
            for one in burns.itertuples()
            for row in (
                [(0, one.T2, 0, 0), (one.T2, one.T3, one.D3, 1)]
                if one.D2 and one.T2 < one.T3
                else [(0, one.T3, one.D3, 0)]
            )
        ],
        columns=["start", "stop", "event", "given"],
    )
    right = sm.PHReg(
        later["stop"], later[["given"]], status=later.event, entry=later.start, ties="breslow"
    ).fit()
    assert np.exp(naive.params[0]) < 0.4
    assert np.exp(right.params[0]) > 0.7


def test_the_trap_is_refused_and_a_landmark_answers(burns):
    tiers = {"admission": ["Z1", "Z2", "Z3", "Z4"], "course": ["D2", "T2", "T3", "D3"]}
    cohort = Cohort.from_frame(burns, follow_up=SPEC, tiers=tiers)
    question = Estimand.given(exposure="D2", outcome="infection", adjustment_set=["Z1", "Z4"])
    with pytest.raises(ImmortalTime, match="immortal time"):
        estimate(question, cohort, horizon=30)
    timed = burns.assign(given_on=burns.T2.where(burns.D2 == 1, 1000))
    later = landmark(
        Cohort.from_frame(timed, follow_up=SPEC), at=7, exposure_time="given_on", name="by_day_7"
    )
    assert later.n == int((burns.T3 > 7).sum())
    answer = estimate(
        Estimand.given(exposure="by_day_7", outcome="infection"), later, GComputation(), horizon=30
    )
    assert abs(answer.risk_difference.estimate) < 0.25
