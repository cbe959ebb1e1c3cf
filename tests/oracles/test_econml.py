"""The same cohort through econml's doubly robust learner, in the same run."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from causalmed import AIPW, TMLE, Cohort, Estimand, estimate
from causalmed.engine import fold_of

NAMES = ["u", "v", "w"]
QUESTION = Estimand.given(exposure="a", outcome="y", adjustment_set=NAMES)
FOLDS, SEED = 5, 3


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(31)
    n = 3000
    u, v, w = rng.normal(size=n), (rng.random(n) < 0.4).astype(float), rng.normal(size=n)
    a = (rng.random(n) < expit(-0.3 + 0.6 * u - 0.4 * v + 0.3 * w)).astype(int)
    y = (rng.random(n) < expit(-1.5 + 0.5 * a + 0.6 * u + 0.5 * v)).astype(int)
    return pd.DataFrame({"u": u, "v": v, "w": w, "a": a, "y": y})


def theirs(frame, *, splits, propensity, outcome, random_state=1):
    """The mean effect of econml's learner and its standard error."""
    with warnings.catch_warnings():
        # econml uses corners of scikit-learn and NumPy that are on their way out
        warnings.simplefilter("ignore")
        from econml.dr import LinearDRLearner

        learner = LinearDRLearner(
            model_propensity=propensity,
            model_regression=outcome,
            discrete_outcome=True,
            min_propensity=1e-12,
            cv=splits,
            random_state=random_state,
        )
        learner.fit(frame.y, frame.a, X=None, W=frame[NAMES].to_numpy())
        inference = learner.intercept__inference(T=1)
        return float(np.ravel(inference.point_estimate)[0]), float(np.ravel(inference.stderr)[0])


def test_the_same_nuisances_give_the_same_effect_and_error(frame):
    cohort = Cohort.from_frame(frame)
    learner = LogisticRegression(tol=1e-10, max_iter=1000)
    spec = AIPW(propensity=learner, outcome=learner, folds=FOLDS, trim=0)
    ours = estimate(QUESTION, cohort, spec, seed=SEED).difference
    fold = fold_of(cohort.unit_keys, folds=FOLDS, seed=SEED)
    splits = [(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(FOLDS)]
    estimated, error = theirs(frame, splits=splits, propensity=learner, outcome=learner)
    assert ours.estimate == pytest.approx(estimated, abs=1e-7)
    assert ours.std_error == pytest.approx(error, rel=2e-3)


@pytest.mark.slow
def test_parametric_nuisances_agree_within_the_noise_of_their_splits(frame):
    plain = LogisticRegression(C=1e6, max_iter=1000)
    found = [
        theirs(frame, splits=5, propensity=plain, outcome=plain, random_state=state) for state in range(12)
    ]
    centre, error = np.mean(found, axis=0)
    spread = float(np.std([estimated for estimated, _ in found], ddof=1))
    for spec in (AIPW(), TMLE()):
        ours = estimate(QUESTION, Cohort.from_frame(frame), spec).difference
        assert abs(ours.estimate - centre) < 2 * spread
        assert abs(ours.estimate - centre) < 0.1 * error
        assert ours.std_error == pytest.approx(error, rel=0.03)


@pytest.mark.slow
def test_forests_on_other_folds_agree_within_the_noise_of_splitting(frame):
    forest = RandomForestClassifier(n_estimators=60, min_samples_leaf=40, n_jobs=1, random_state=0)
    spec = AIPW(propensity=forest, outcome=forest, folds=FOLDS, trim=0.01)
    ours = estimate(QUESTION, Cohort.from_frame(frame), spec, seed=SEED).difference
    estimated, error = theirs(frame, splits=FOLDS, propensity=forest, outcome=forest)
    assert abs(ours.estimate - estimated) < error
    assert ours.std_error == pytest.approx(error, rel=0.1)
