"""Splits repeated: medians, a covariance that is one, and what the gate says of it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from causalmed import AIPW, TMLE, Cohort, Estimand, estimate
from causalmed.errors import InvalidArgument
from causalmed.estimation import SuperLearner
from causalmed.estimation.calibrated import calibrate, isotonic
from causalmed.estimation.repeats import combine, split_check, split_seeds

QUESTION = Estimand.given(exposure="a", outcome="y", adjustment_set=["u", "v"])
DIFFERENCE = np.array([1.0, -1, 0])


def draws(repeats, seed, k=3):
    """Estimates and covariances of some splits."""
    rng = np.random.default_rng(seed)
    psi = [rng.normal(size=k) for _ in range(repeats)]
    roots = [rng.normal(size=(k, k + 1)) for _ in range(repeats)]
    return psi, [root @ root.T for root in roots]


@given(st.integers(1, 9), st.integers(0, 10_000))
@settings(max_examples=60, deadline=None)
def test_the_covariance_is_positive_semidefinite_and_the_rule_of_the_difference_exact(repeats, seed):
    psi, covariances = draws(repeats, seed)
    found = combine(psi, covariances)
    least = np.linalg.eigvalsh(found.covariance)[0]
    assert least > -1e-9 * np.trace(found.covariance)
    theta = np.array([DIFFERENCE @ one for one in psi])
    error = np.sqrt([DIFFERENCE @ one @ DIFFERENCE for one in covariances])
    z, centre = 1.959963984540054, np.median(theta)
    above = (np.median(theta + z * error) - centre) / z
    below = (centre - np.median(theta - z * error)) / z
    assert DIFFERENCE @ found.psi == pytest.approx(centre, abs=1e-12)
    assert DIFFERENCE @ found.covariance @ DIFFERENCE == pytest.approx(max(above, below) ** 2, rel=1e-9)


def test_one_split_changes_nothing():
    psi, covariances = draws(1, 3)
    found = combine(psi, covariances)
    assert found.psi == pytest.approx(psi[0], abs=1e-12)
    assert found.covariance == pytest.approx(covariances[0], rel=1e-9)
    assert split_check(found) is None
    assert split_seeds(5, 1) == [5]
    assert split_seeds(5, 4)[:2] == split_seeds(5, 2)


def test_exchanging_the_arms_turns_the_sign_of_the_difference_only():
    psi, covariances = draws(4, 8)
    swap = np.array([[0.0, 1, 0], [1, 0, 0], [0, 0, 1]])
    there = combine(psi, covariances)
    back = combine([swap @ one for one in psi], [swap @ one @ swap for one in covariances])
    assert swap @ back.psi == pytest.approx(there.psi)
    assert swap @ back.covariance @ swap == pytest.approx(there.covariance)


def test_a_zero_variance_stays_zero():
    flat = np.diag([1.0, 0.0, 0.0])
    assert np.isfinite(combine([np.zeros(3)] * 2, [flat] * 2).covariance).all()
    assert combine([np.zeros(2)] * 2, [np.diag([1.0, 0.0])] * 2).covariance[1].tolist() == [0, 0]


def table(n=700, seed=6):
    rng = np.random.default_rng(seed)
    u, v = rng.normal(size=n), rng.normal(size=n)
    a = rng.random(n) < expit(0.5 * u)
    y = rng.random(n) < expit(-1 + 0.6 * a + 0.5 * u + 0.3 * v)
    return pd.DataFrame({"u": u, "v": v, "a": a, "y": y})


@pytest.fixture(scope="module")
def trees():
    from sklearn.tree import DecisionTreeClassifier

    return DecisionTreeClassifier(min_samples_leaf=40, max_depth=4)


@pytest.mark.parametrize("estimator", [AIPW, TMLE])
def test_the_median_over_splits(estimator, trees):
    cohort = Cohort.from_frame(table())
    spec = estimator(propensity=trees, outcome=trees, repeats=3, trim=0.02)
    once = estimator(propensity=trees, outcome=trees, trim=0.02)
    effect = estimate(QUESTION, cohort, spec, seed=2)
    each = [estimate(QUESTION, cohort, once, seed=s).difference.estimate for s in split_seeds(2, 3)]
    assert effect.difference.estimate == pytest.approx(np.median(each), abs=1e-12)
    check = effect.diagnostics.check("split uncertainty")
    assert f"{min(each):.3g} to {max(each):.3g}" in check.sentence
    assert check.value > 0
    assert effect.functionals.source.endswith("median of 3 splits")
    assert effect.functionals.influence.shape == (700, 3)
    assert estimate(QUESTION, cohort, spec, seed=2, n_jobs=2).difference == effect.difference


def test_a_learner_that_varies_is_a_warning(trees):
    cohort = Cohort.from_frame(table(n=200))
    wild = type(trees)(min_samples_leaf=1)
    spec = AIPW(outcome=wild, repeats=6)
    assert estimate(QUESTION, cohort, spec).diagnostics.check("split uncertainty").state == "warn"


def test_parametric_models_are_not_split():
    cohort = Cohort.from_frame(table())
    many, one = (estimate(QUESTION, cohort, AIPW(repeats=r)) for r in (5, 1))
    assert many.functionals.values.tolist() == one.functionals.values.tolist()
    assert "split uncertainty" not in [check.name for check in many.diagnostics.checks]


@pytest.mark.parametrize("repeats", [0, 1.5, True, "3"])
def test_repeats_are_whole_numbers(repeats):
    with pytest.raises(InvalidArgument, match="repeats="):
        AIPW(repeats=repeats)


def test_a_calibrated_score_is_monotone_bounded_and_calibrated():
    rng = np.random.default_rng(2)
    e = rng.uniform(0.05, 0.95, 20_000)
    bold = e**3 / (e**3 + (1 - e) ** 3)
    A = (rng.random(20_000) < e).astype(float)
    found = calibrate(bold, A, np.arange(20_000) % 5)
    assert np.abs(found - e).mean() < 0.02
    assert np.abs(bold - e).mean() > 0.1
    first = np.arange(20_000) % 5 == 0
    order = np.argsort(bold[first])
    assert (np.diff(found[first][order]) >= 0).all()
    assert 0 < found.min() < found.max() < 1
    one_fold = calibrate(bold, A, np.zeros(20_000, dtype=int))
    assert (one_fold == isotonic(bold, A, bold)).all()


def test_a_block_without_exposed_is_no_certainty_and_a_large_one_nearly_is():
    scores = np.arange(1000) / 1000
    none_below = (scores > 0.5).astype(float)
    found = isotonic(scores, none_below, scores)
    assert found.min() == pytest.approx(0.5 / 502, rel=0.01)
    few = isotonic(np.arange(10.0), np.array([0.0, 0, 0, 1, 0, 1, 0, 1, 1, 1]), np.arange(10.0))
    assert few.min() == pytest.approx(0.125)


def test_calibration_is_for_learners(trees):
    from causalmed import IPW, Logistic

    with pytest.raises(InvalidArgument, match="Logistic\\(\\) is"):
        IPW(propensity=Logistic(), calibration="isotonic")
    with pytest.raises(InvalidArgument, match="calibration='platt'"):
        AIPW(propensity=trees, calibration="platt")
    assert IPW(propensity=trees, calibration="isotonic").calibration == "isotonic"


def weighted(seed, calibration):
    """One weighted estimate; boosting stopped early, its scores are too near to the mean. The truth is 1."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    from causalmed import IPW

    rng = np.random.default_rng(seed)
    n = 1500
    u, v = rng.normal(size=n), rng.normal(size=n)
    a = rng.random(n) < expit(0.8 * u)
    frame = pd.DataFrame({"u": u, "v": v, "a": a, "y": a + 2 * u + rng.normal(size=n)})
    trees = HistGradientBoostingClassifier(
        max_iter=25, learning_rate=0.05, max_leaf_nodes=8, early_stopping=False
    )
    spec = IPW(propensity=trees, calibration=calibration, folds=3, trim=0.01)
    return estimate(QUESTION, Cohort.from_frame(frame), spec, seed=seed).difference.estimate


@pytest.mark.filterwarnings("ignore::causalmed.errors.PositivityWarning")
def test_calibration_takes_bias_from_boosted_weights():
    found = {how: np.array([weighted(seed, how) for seed in range(8)]) for how in (None, "isotonic")}
    bias = {how: abs(each.mean() - 1) for how, each in found.items()}
    root = {how: np.sqrt(np.mean((each - 1) ** 2)) for how, each in found.items()}
    assert bias["isotonic"] < 0.2 < bias[None]
    assert root["isotonic"] < 0.5 * root[None]


def test_a_super_learner_takes_part_in_all_of_it():
    from causalmed import Logistic

    cohort = Cohort.from_frame(table())
    mixed = SuperLearner(learners=(Logistic(),), folds=2)
    spec = AIPW(propensity=mixed, outcome=mixed, folds=2, repeats=2, calibration="isotonic", trim=0.02)
    effect = estimate(QUESTION, cohort, spec)
    assert {"split uncertainty", "super learner, propensity", "super learner, outcome"} <= {
        check.name for check in effect.diagnostics.checks
    }
