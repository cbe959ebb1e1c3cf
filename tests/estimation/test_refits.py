"""Warm refits against cold ones."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from causalmed.engine import Local
from causalmed.estimation.refits import least_squares_without_each, logistic_without_each
from causalmed.regression import fit_linear, fit_logistic, fit_logistic_folds


@pytest.fixture
def rows():
    rng = np.random.default_rng(15)
    X = np.column_stack([np.ones(700), rng.normal(50, 9, 700), rng.random(700) < 0.2, rng.normal(size=700)])
    y = (rng.random(700) < expit(-3 + 0.04 * X[:, 1] + 0.5 * X[:, 2])).astype(float)
    return X, y, rng.integers(0, 9, 700)


def test_logistic_refits_are_those_of_the_regression_room(rows):
    X, y, g = rows
    beta = fit_logistic(X, y).coefficients
    warm = logistic_without_each(X, y, beta, g, 9, Local(n_jobs=2))
    cold = fit_logistic_folds(X, y, g, 9)
    for one, other in zip(warm, cold, strict=True):
        assert np.allclose(one, other.coefficients, rtol=1e-9, atol=1e-10)


def test_least_squares_refits_are_exact(rows):
    X, _, g = rows
    z = X @ np.array([1.0, 0.1, -2, 0.5]) + np.random.default_rng(1).normal(size=700)
    warm = least_squares_without_each(X, z, fit_linear(X, z).coefficients, g, 9, Local())
    for k, one in enumerate(warm):
        assert np.allclose(one, fit_linear(X[g != k], z[g != k]).coefficients, rtol=1e-9)


def test_a_column_of_one_cluster_keeps_its_coefficient_and_harms_no_other(rows):
    X, y, g = rows
    own = np.column_stack([X, g == 3])
    beta = fit_logistic(own, y).coefficients
    warm = logistic_without_each(own, y, beta, g, 9, Local())[3]
    cold = fit_logistic(X[g != 3], y[g != 3]).coefficients
    assert np.allclose(own[g != 3] @ warm, X[g != 3] @ cold, atol=1e-8)


def test_separation_without_a_cluster_is_no_answer(rows):
    X, y, g = rows
    # without cluster 0 nobody with the rare trait is infected
    y = np.where((X[:, 2] == 1) & (g != 0), 0.0, y)
    y[np.flatnonzero((X[:, 2] == 1) & (g == 0))[0]] = 1.0
    found = logistic_without_each(X, y, fit_logistic(X, y).coefficients, g, 9, Local())
    assert found[0] is None
    assert all(one is not None for one in found[1:])
