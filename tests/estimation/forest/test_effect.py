"""The effect of a causal forest, from the door."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.stats import binom
from sklearn.ensemble import HistGradientBoostingClassifier

from causalmed import AIPW, CausalForest, Cohort, estimate
from causalmed.engine import Local
from causalmed.estimation import fit_forest
from causalmed.estimation.forest.learning import learn
from causalmed.estimation.problem import pose_problem
from causalmed.results import ConditionalEffects
from tests.estimation.forest.ward import COLUMNS, QUESTION, STAY, ward

SMALL = CausalForest(trees=100)


@pytest.fixture(scope="module")
def one():
    return ward(1500, 11)


@pytest.fixture(scope="module")
def effect(one):
    return estimate(STAY, one.cohort(unit="patient"), SMALL, seed=3)


def test_finds_average_and_single_effects(one, effect):
    truth = one.frame.assign(tau=one.stay_effect).sort_values("patient").tau.to_numpy()
    assert one.stay_effect.mean() in effect.at_level(0.999).difference
    found = effect.conditional
    assert len(found) == 1500
    assert np.corrcoef(found.estimate, truth)[0, 1] > 0.85
    inside = (found.low <= truth) & (truth <= found.high)
    assert inside.mean() > 0.85
    assert not found.estimate.flags.writeable
    assert np.allclose((found.high - found.low) / 2, 1.959963984540054 * found.std_error)


def test_every_scale_of_a_binary_outcome(one):
    effect = estimate(QUESTION, one.cohort(unit="patient"), SMALL, seed=3)
    truth = one.risk_effect.mean()
    assert truth in effect.at_level(0.999).risk_difference
    assert effect.risk_ratio.estimate > 1
    assert effect.odds_ratio.estimate > effect.risk_ratio.estimate
    assert 0 < effect.attributable_fraction.estimate < 1
    assert "per 100" in effect.conditional.summary()


def test_overlap_is_the_regression_of_residual_on_residual(one):
    patients = one.cohort(unit="patient")
    effect = estimate(STAY, patients, SMALL, population="overlap", seed=3)
    problem = pose_problem(STAY, patients, contrast=(1, 0), population="overlap")
    learned = learn(problem, SMALL, seed=3, executor=Local())
    w, y = learned.rows.exposure, learned.rows.outcome
    assert effect.difference.estimate == pytest.approx((w @ y) / (w @ w), rel=1e-9)


@pytest.mark.parametrize("population", ["all", "exposed", "unexposed", "overlap"])
def test_agrees_with_the_other_doubly_robust_estimator(one, population):
    patients = one.cohort(unit="patient")
    forest = estimate(STAY, patients, SMALL, population=population, seed=3).difference
    peer = estimate(STAY, patients, AIPW(by_arm=True), population=population).difference
    assert abs(forest.estimate - peer.estimate) < peer.std_error
    assert forest.std_error == pytest.approx(peer.std_error, rel=0.15)


def test_the_same_bits_for_any_threads_and_row_order(one, effect):
    mixed = Cohort.from_frame(one.frame.sample(frac=1, random_state=1), unit="patient")
    other = estimate(STAY, mixed, SMALL, seed=3, n_jobs=3)
    for name in ("estimate", "low", "high", "std_error"):
        assert np.array_equal(getattr(other.conditional, name), getattr(effect.conditional, name))
    assert np.array_equal(other.functionals.values, effect.functionals.values)
    assert other.conditional.heterogeneity == effect.conditional.heterogeneity
    assert not np.array_equal(
        estimate(STAY, mixed, SMALL, seed=4).conditional.estimate, effect.conditional.estimate
    )


def test_swapping_the_contrast_turns_every_sign(one, effect):
    back = estimate(STAY, one.cohort(unit="patient"), SMALL, contrast=(0, 1), seed=3)
    assert back.difference.estimate == pytest.approx(-effect.difference.estimate, rel=1e-6)
    np.testing.assert_allclose(back.conditional.estimate, -effect.conditional.estimate, rtol=1e-6, atol=1e-9)


def test_shows_no_patient_unless_asked(effect):
    told = json.dumps(effect.conditional.to_dict())
    assert len(told) < 4000
    assert "patients" not in effect.conditional.to_dict()
    assert len(effect.conditional.to_dict(patients=True)["patients"]["estimate"]) == 1500
    assert list(effect.conditional.to_frame()) == ["estimate", "conf_low", "conf_high", "std_error"]


def test_the_picture_shows_fifths_and_refuses_what_was_not_examined(effect):
    picture = effect.conditional.picture()
    assert "differs between patients" in picture.title
    assert len(picture.rows) == 5
    assert "second-largest predicted effects" in picture.alt
    with pytest.raises(ValueError, match="noise"):
        ConditionalEffects(estimate=[0.1], low=[0.0], high=[0.2], std_error=[0.05]).picture()


def test_words_of_the_gate(effect):
    for name in ("heterogeneity", "calibration of the effects", "trees"):
        assert effect.diagnostics.check(name).sentence
    assert effect.diagnostics.check("trees").state == "warn"
    assert "is not shown" not in effect.conditional.summary()


def test_clusters_widen_the_interval_and_are_never_torn_apart():
    many = ward(1600, 5, hospitals=50)
    alone = estimate(STAY, many.cohort(unit="patient"), SMALL, seed=1)
    clustered = estimate(STAY, many.cohort(unit="patient", cluster="hospital"), SMALL, seed=1)
    assert clustered.clusters == 50
    assert clustered.functionals.degrees_of_freedom == 49
    assert "clustered" in clustered.functionals.source
    assert clustered.difference.std_error > 0.7 * alone.difference.std_error
    assert many.stay_effect.mean() in clustered.at_level(0.999).difference


def test_learners_are_cross_fitted(one):
    learner = HistGradientBoostingClassifier(max_iter=20)
    effect = estimate(
        QUESTION, one.cohort(unit="patient"), CausalForest(trees=80, propensity=learner), seed=1
    )
    assert one.risk_effect.mean() in effect.at_level(0.999).difference
    assert "HistGradientBoostingClassifier" in effect.estimator


def test_a_grown_forest_speaks_about_others(one, effect):
    forest = fit_forest(STAY, one.cohort(unit="patient"), SMALL, seed=3)
    new = ward(800, 77)
    found = forest.effects(new.cohort(unit="patient"))
    assert np.corrcoef(found.estimate, new.stay_effect)[0, 1] > 0.85
    again = forest.effects(new.cohort(unit="patient"), n_jobs=2)
    assert np.array_equal(found.estimate, again.estimate)
    assert forest.slope is not None
    shown = effect.conditional.heterogeneity
    assert forest.slope.slope == shown.slope.estimate
    use = forest.column_use()
    assert next(iter(use)) == "age"
    assert sum(use.values()) == pytest.approx(1)
    assert set(use) == set(COLUMNS)


def test_the_average_is_covered_as_often_as_it_says():
    draws, inside = 40, 0
    for seed in range(draws):
        patients = ward(500, 500 + seed)
        problem = pose_problem(STAY, patients.cohort(unit="patient"), contrast=(1, 0), population="all")
        inside += covered(problem, patients.stay_effect.mean(), seed)
    assert binom.ppf(0.001, draws, 0.95) <= inside


def covered(problem, truth, seed):
    from causalmed.estimation import aipw
    from causalmed.estimation.covariance import independent
    from causalmed.estimation.forest.answering import _with_forest

    working = _with_forest(learn(problem, CausalForest(trees=80), seed=seed, executor=Local())).working
    psi = aipw.values(working)
    step = np.array([1.0, -1.0, 0.0])
    error = np.sqrt(step @ independent(aipw.influence(working, psi)) @ step)
    return abs(step @ psi - truth) < 1.96 * error


@pytest.mark.slow
def test_average_and_area_over_many_draws():
    draws, inside, shown = 300, 0, 0
    for seed in range(draws):
        patients = ward(1000, 9000 + seed, differs=False)
        effect = estimate(STAY, patients.cohort(unit="patient"), SMALL, seed=seed)
        inside += 1.0 in effect.difference
        shown += effect.conditional.heterogeneity.shown
    assert binom.ppf(0.001, draws, 0.95) <= inside <= binom.ppf(0.999, draws, 0.95) + 3
    assert shown <= binom.ppf(0.999, draws, 0.025)
