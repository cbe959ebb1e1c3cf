"""Bloodstream infection in neutropenia: a lower rate and a higher risk (table not shipped)."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from statsmodels.duration.survfunc import CumIncidenceRight

from causalmed import Cohort, Estimand, FollowUp, GComputation, estimate
from causalmed.estimation.survival.hazards import fit_hazard
from causalmed.estimation.survival.seen import see

SPEC = FollowUp("time", "status", infection=1, competing={"end of neutropenia": 2, "death": 7}, censored=11)
QUESTION = Estimand.given(exposure="allo", outcome="bloodstream_infection")


@pytest.fixture
def patients(table):
    return table("okiss.csv").astype({"status": int})


def test_proportions_and_rates(patients):
    seen = patients.assign(infected=patients.status == 1).groupby("allo")
    assert seen.infected.sum().tolist() == [83, 120]
    assert seen.infected.size().tolist() == [436, 564]
    rates = 1000 * seen.infected.sum() / seen.time.sum()
    assert np.allclose(rates, [21.76, 13.91], atol=5e-3)


def test_hazard_ratios(patients, printed):
    case = printed("okiss")
    found = [
        np.exp(
            sm.PHReg(patients.time, patients[["allo"]], status=patients.status == code, ties="efron")
            .fit()
            .params
        )
        for code in (1, 2)
    ]
    assert np.allclose(np.ravel(found), case["value"], atol=case["tol"])


def test_own_hazards_are_those_of_statsmodels_with_the_same_ties(patients):
    cause = np.select([patients.status == 1, patients.status == 2, patients.status == 7], [1, 2, 3], 0)
    seen = see(patients.time.to_numpy(), cause, horizon=1e6)
    for code in (1, 2):
        own = fit_hazard(
            rank=seen.rank,
            event=seen.cause == code,
            exposed=np.ones(seen.n),
            matrix=patients[["allo"]].to_numpy(),
            penalty=0.0,
        )
        peer = sm.PHReg(patients.time, patients[["allo"]], status=cause == code, ties="breslow").fit()
        assert np.allclose(own.coefficients, peer.params, atol=1e-9)


@pytest.mark.parametrize("horizon", [10, 30, 80])
def test_the_risk_is_that_of_aalen_and_johansen(patients, horizon):
    cohort = Cohort.from_frame(patients, follow_up=SPEC)
    effect = estimate(QUESTION, cohort, GComputation(), horizon=horizon)
    for name, arm in (("exposed", 1), ("unexposed", 0)):
        rows = patients[patients.allo == arm]
        codes = rows.status.map({1: 1, 2: 2, 7: 3, 11: 0})
        with np.errstate(all="ignore"):
            peer = CumIncidenceRight(rows.time, codes)
        at = peer.times <= horizon
        assert effect.functionals[name] == pytest.approx(peer.cinc[0][at][-1], abs=1e-9)
        assert effect.beside["end of neutropenia"].functionals[name] == pytest.approx(
            peer.cinc[1][at][-1], abs=1e-9
        )


def test_a_lower_rate_goes_with_a_higher_risk(patients):
    """Allogeneic patients stay neutropenic longer: infected more slowly each day, and more of them in all."""
    cohort = Cohort.from_frame(patients, follow_up=SPEC)
    effect = estimate(QUESTION, cohort, horizon=80)
    assert effect.risk_ratio.estimate > 1.05
    assert effect.functionals["exposed"] == pytest.approx(120 / 564, abs=0.01)
    assert effect.functionals["unexposed"] == pytest.approx(83 / 436, abs=0.01)
