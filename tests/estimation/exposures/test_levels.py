"""Two levels of an exposure with three: exact in strata, the same as two-valued, and covering."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from scipy.stats import binom

from causalmed import AIPW, IPW, TMLE, Cohort, Estimand, GComputation, estimate
from causalmed.errors import CausalmedError, InvalidArgument, ScaleNotDefined
from causalmed.results import State

QUESTION = Estimand.given(exposure="wound", outcome="ssi", adjustment_set=["sick"])
LEVELS = ("clean", "contaminated", "dirty")
KINDS = {"wound": LEVELS}


def theatre(n, seed, hospitals=0):
    rng = np.random.default_rng(seed)
    sick = rng.random(n) < 0.4
    odds = np.column_stack([np.ones(n), np.where(sick, 0.8, 0.5), np.where(sick, 0.7, 0.3)])
    share = odds / odds.sum(axis=1, keepdims=True)
    wound = (rng.random(n)[:, None] > share.cumsum(axis=1)).sum(axis=1)
    risk = expit(-2.0 + 0.4 * (wound == 1) + 0.9 * (wound == 2) + 0.8 * sick)
    frame = pd.DataFrame({"sick": sick, "wound": np.array(LEVELS)[wound], "ssi": rng.random(n) < risk})
    return frame.assign(hospital=np.arange(n) % hospitals) if hospitals else frame


def truth(a, b, sick_share=0.4):
    def risk(level):
        bump = {"clean": 0.0, "contaminated": 0.4, "dirty": 0.9}[level]
        return sick_share * expit(-1.2 + bump) + (1 - sick_share) * expit(-2.0 + bump)

    return risk(a) - risk(b)


@pytest.fixture(scope="module")
def cohort():
    return Cohort.from_frame(theatre(6000, 1), kinds=KINDS)


def standardised(frame, level):
    means = frame[frame.wound == level].groupby("sick").ssi.mean()
    return sum(means[s] * (frame.sick == s).mean() for s in (False, True))


@pytest.mark.parametrize("spec", [None, TMLE(), AIPW(), IPW(), GComputation()])
def test_saturated_models_standardise_over_strata(cohort, spec):
    """One yes/no covariate: every estimator is the same sum over its two strata."""
    frame = theatre(6000, 1)
    effect = estimate(QUESTION, cohort, spec, contrast=("dirty", "clean"))
    arms = effect.functionals
    assert arms["exposed"] == pytest.approx(standardised(frame, "dirty"), abs=1e-9)
    assert arms["unexposed"] == pytest.approx(standardised(frame, "clean"), abs=1e-9)
    assert arms["natural"] == pytest.approx(frame.ssi.mean(), abs=1e-12)
    assert effect.attributable_fraction.estimate == pytest.approx(
        1 - standardised(frame, "clean") / frame.ssi.mean(), abs=1e-9
    )


def test_the_joint_covariance_is_that_of_the_influences(cohort):
    effect = estimate(QUESTION, cohort, AIPW(), contrast=("dirty", "clean"))
    phi = effect.functionals.influence
    assert np.allclose(effect.functionals.covariance, phi.T @ phi / len(phi) ** 2, rtol=1e-9)
    frame = theatre(6000, 1)
    e = frame.groupby("sick").wound.transform(lambda w: (w == "dirty").mean()).to_numpy()
    m = frame.sick.map(frame[frame.wound == "dirty"].groupby("sick").ssi.mean()).to_numpy()
    by_hand = (frame.wound == "dirty") / e * (frame.ssi - m) + m - effect.functionals["exposed"]
    assert np.allclose(phi[:, 0], by_hand, atol=1e-8)


def test_with_two_levels_it_is_the_two_valued_effect():
    frame = theatre(3000, 2)
    two = frame[frame.wound != "contaminated"]
    levels = estimate(
        QUESTION,
        Cohort.from_frame(two, kinds={"wound": ("clean", "dirty")}),
        AIPW(),
        contrast=("dirty", "clean"),
    )
    plain = estimate(QUESTION, Cohort.from_frame(two.assign(wound=two.wound == "dirty")), AIPW())
    assert levels.risk_difference.estimate == pytest.approx(plain.risk_difference.estimate, abs=1e-9)
    assert levels.risk_difference.std_error == pytest.approx(plain.risk_difference.std_error, rel=1e-6)


def test_words(cohort):
    effect = estimate(QUESTION, cohort, contrast=("dirty", "clean"))
    words = " ".join(effect.summary().split())
    assert "All patients with wound = dirty, against all with clean." in words
    assert "if wound = dirty:" in words
    assert effect.to_dict()["contrast"] == ["dirty", "clean"]
    assert effect.to_frame().contrast[0] == "wound: dirty against clean"
    assert effect.diagnostics.state is State.PASS


@pytest.mark.parametrize("hospitals", [0, pytest.param(12, marks=pytest.mark.slow)])
def test_the_interval_covers(hospitals):
    true = truth("dirty", "clean")
    held = 0
    for seed in range(120):
        frame = theatre(900, seed, hospitals)
        cohort = Cohort.from_frame(frame, kinds=KINDS, cluster="hospital" if hospitals else None)
        interval = estimate(QUESTION, cohort, contrast=("dirty", "clean")).risk_difference
        held += interval.low <= true <= interval.high
    assert binom.ppf(0.0005, 120, 0.95) <= held <= binom.ppf(0.9999, 120, 0.95)


def test_learners_work_too(cohort):
    from sklearn.linear_model import LogisticRegression

    spec = AIPW(propensity=LogisticRegression(), outcome=LogisticRegression(), folds=3)
    effect = estimate(QUESTION, cohort, spec, contrast=("dirty", "clean"))
    assert (
        abs(effect.risk_difference.estimate - truth("dirty", "clean")) < 4 * effect.risk_difference.std_error
    )


def test_the_rows_may_come_in_any_order():
    frame = theatre(1500, 3).assign(id=np.arange(1500))
    mixed = frame.sample(frac=1, random_state=1)
    one, two = (
        estimate(
            QUESTION, Cohort.from_frame(f, unit="id", kinds=KINDS), contrast=("dirty", "clean"), n_jobs=n
        )
        for f, n in ((frame, 1), (mixed, 2))
    )
    assert (one.functionals.values == two.functionals.values).all()
    assert (one.functionals.covariance == two.functionals.covariance).all()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, "no level '1'"),
        ({"contrast": ("dirty", "dirty")}, "with itself"),
        ({"contrast": ("dirty", "filthy")}, "Its levels: clean, contaminated, dirty"),
        ({"contrast": "dirty"}, "two levels"),
        ({"contrast": ("dirty", "clean"), "population": "exposed"}, "third level"),
    ],
)
def test_refusals(cohort, change, words):
    with pytest.raises(InvalidArgument, match=words):
        estimate(QUESTION, cohort, change.pop("estimator", None), **change)


def test_a_level_nobody_has():
    frame = theatre(500, 1)
    frame = frame[frame.wound != "dirty"]
    with pytest.raises(CausalmedError, match="0 of"):
        estimate(QUESTION, Cohort.from_frame(frame, kinds=KINDS), contrast=("dirty", "clean"))


def test_a_ratio_scale_of_a_number_is_refused(cohort):
    rng = np.random.default_rng(1)
    longer = cohort.assign("stay", rng.gamma(2.0, 3.0, cohort.n), "continuous")
    from dataclasses import replace

    effect = estimate(replace(QUESTION, outcome="stay"), longer, contrast=("dirty", "clean"))
    assert np.isfinite(effect.difference.std_error)
    with pytest.raises(ScaleNotDefined):
        _ = effect.risk_ratio


def test_a_level_in_which_all_have_the_outcome_is_refused():
    frame = theatre(400, 5)
    frame.loc[frame.wound == "dirty", "ssi"] = True
    with pytest.raises(CausalmedError, match="every one has the outcome"):
        estimate(QUESTION, Cohort.from_frame(frame, kinds=KINDS), contrast=("dirty", "clean"))
