"""The same cohort through statsmodels' treatment effects, in the same run."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from causalmed import AIPW, IPW, TMLE, Cohort, Estimand, GComputation, Linear, estimate
from causalmed.estimation import IPWRA

QUESTION = Estimand.given(exposure="a", outcome="y", adjustment_set=["u", "v"])


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(20)
    n = 1500
    u, v = rng.normal(size=n), (rng.random(n) < 0.4).astype(float)
    a = (rng.random(n) < 1 / (1 + np.exp(0.5 - 0.6 * u - 0.8 * v))).astype(int)
    y = 2 + 1.5 * a + u - 0.7 * v + 0.5 * a * u + rng.normal(size=n)
    return pd.DataFrame({"u": u, "v": v, "a": a, "y": y})


@pytest.fixture(scope="module")
def peer(frame):
    import statsmodels.api as sm
    from statsmodels.treatment.treatment_effects import TreatmentEffect

    X = sm.add_constant(frame[["u", "v"]])
    outcome = sm.OLS(frame.y, X)
    selection = sm.Logit(frame.a, X).fit(disp=0, tol=1e-12)
    return TreatmentEffect(outcome, frame.a.to_numpy(), results_select=selection)


def theirs(result):
    return float(np.ravel(result.effect)[0]), float(np.asarray(result.results_gmm.bse)[0])


@pytest.mark.parametrize(
    ("method", "spec"),
    [
        ("ipw", IPW(trim=0)),
        ("ra", GComputation(outcome=Linear(), by_arm=True)),
    ],
)
def test_stacked_sandwich_is_their_gmm(frame, peer, method, spec):
    effect = estimate(QUESTION, Cohort.from_frame(frame), spec).difference
    estimated, error = theirs(getattr(peer, method)())
    assert effect.estimate == pytest.approx(estimated, abs=1e-8)
    assert effect.std_error == pytest.approx(error, rel=1e-5)


@pytest.mark.parametrize("population", ["all", "exposed", "unexposed"])
def test_populations_of_weighting_and_regression(frame, peer, population):
    # their effect groups: "all", 1 (treated), 0 (controls)
    group = {"all": "all", "exposed": 1, "unexposed": 0}[population]
    cohort = Cohort.from_frame(frame)
    weighted = estimate(QUESTION, cohort, IPW(trim=0), population=population).difference
    assert weighted.estimate == pytest.approx(theirs(peer.ipw(effect_group=group))[0], abs=1e-8)
    spec = GComputation(outcome=Linear(), by_arm=True)
    regressed = estimate(QUESTION, cohort, spec, population=population).difference
    assert regressed.estimate == pytest.approx(theirs(peer.ra(effect_group=group))[0], abs=1e-8)
    both = estimate(QUESTION, cohort, IPWRA(trim=0, by_arm=True), population=population).difference
    adjusted, *_ = peer.ipw_ra(effect_group=group, return_results=False)
    assert both.estimate == pytest.approx(adjusted, abs=1e-8)


def test_weighted_regression_adjustment_with_its_error(frame):
    import statsmodels.api as sm
    from statsmodels.treatment.treatment_effects import TreatmentEffect

    # their moments take the last six parameters for the propensity model: it must have five columns
    wide = frame.assign(uu=frame.u**2, uv=frame.u * frame.v, exp=np.exp(frame.u / 2))
    names = ["u", "v", "uu", "uv", "exp"]
    X = sm.add_constant(wide[names])
    selection = sm.Logit(wide.a, X).fit(disp=0, tol=1e-12)
    peer = TreatmentEffect(sm.OLS(wide.y, X), wide.a.to_numpy(), results_select=selection)
    question = Estimand.given(exposure="a", outcome="y", adjustment_set=names)
    effect = estimate(question, Cohort.from_frame(wide), IPWRA(trim=0, by_arm=True)).difference
    estimated, error = theirs(peer.ipw_ra())
    assert effect.estimate == pytest.approx(estimated, abs=1e-8)
    assert effect.std_error == pytest.approx(error, rel=1e-5)


@pytest.mark.parametrize("spec", [AIPW(trim=0, by_arm=True), TMLE(trim=0, by_arm=True)])
def test_augmented_weighting(frame, peer, spec):
    effect = estimate(QUESTION, Cohort.from_frame(frame), spec).difference
    estimated, error = theirs(peer.aipw())
    assert effect.estimate == pytest.approx(estimated, abs=1e-8 if isinstance(spec, AIPW) else 0.01)
    # theirs also allows for the estimation of the nuisances, which matters at the next order only
    assert effect.std_error == pytest.approx(error, rel=0.01)
