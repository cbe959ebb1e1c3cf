"""The same learners on the same folds through the DoubleML package, where it is installed."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from causalmed import DoubleML, estimate
from causalmed.engine import fold_of
from causalmed.estimation.repeats import split_seeds
from tests.estimation.debiased.worlds import NAMES, asks, cohort_of, patients

doubleml = pytest.importorskip("doubleml", reason="the DoubleML package is not installed")
FOLDS, SEED, REPEATS = 5, 3, 3


@pytest.mark.parametrize(("exposure", "outcome"), [("d", "yd"), ("a", "ya"), ("a", "ba")])
def test_partially_linear(exposure, outcome):
    from sklearn.linear_model import LinearRegression, LogisticRegression

    frame = patients(n=1500)
    cohort = cohort_of(frame)
    logistic = LogisticRegression(tol=1e-10, max_iter=1000)
    m, ell = (LinearRegression() if name in ("d", "yd", "ya") else logistic for name in (exposure, outcome))
    theirs = run(doubleml.DoubleMLPLR, frame, cohort, exposure, outcome, ml_l=ell, ml_m=m)
    spec = DoubleML(propensity=m, outcome=ell, repeats=REPEATS)
    ours = estimate(asks(exposure, outcome), cohort, spec, seed=SEED).difference
    assert ours.estimate == pytest.approx(theirs[0], rel=1e-9)
    assert ours.std_error >= theirs[1] * (1 - 1e-9)
    assert ours.std_error == pytest.approx(theirs[1], rel=0.02)


def test_interactive():
    from sklearn.linear_model import LogisticRegression

    frame = patients(n=1500)
    cohort = cohort_of(frame)
    learner = LogisticRegression(tol=1e-10, max_iter=1000)
    theirs = run(doubleml.DoubleMLIRM, frame, cohort, "a", "ba", ml_g=learner, ml_m=learner)
    spec = DoubleML(model="interactive", propensity=learner, outcome=learner, repeats=REPEATS, trim=0.01)
    ours = estimate(asks("a", "ba"), cohort, spec, seed=SEED).difference
    assert ours.estimate == pytest.approx(theirs[0], rel=1e-9)
    assert ours.std_error == pytest.approx(theirs[1], rel=0.02)


def run(model, frame, cohort, exposure, outcome, **learners):
    """Estimate and standard error of the peer, on our folds."""
    splits = []
    for seed in split_seeds(SEED, REPEATS):
        fold = fold_of(cohort.unit_keys, folds=FOLDS, seed=seed)
        splits.append([(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(FOLDS)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = doubleml.DoubleMLData(frame, y_col=outcome, d_cols=exposure, x_cols=NAMES)
        fitted = model(data, n_folds=FOLDS, n_rep=REPEATS, **learners)
        fitted.set_sample_splitting(splits)
        fitted.fit()
    return float(fitted.coef[0]), float(fitted.se[0])
