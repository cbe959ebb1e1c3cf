"""Rubin's rules against brute force and statsmodels; chained equations against statsmodels' own."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from statsmodels.imputation.mice import MICE, MICEData

from causalmed.cohort import Cohort, Imputation
from causalmed.estimation.imputed.gate import chains_check, information_check, potential_scale
from causalmed.estimation.imputed.pooling import pooled_functionals
from causalmed.estimation.imputed.rubin import degrees_of_freedom, missing_information, pool
from causalmed.results import Functionals, State


def several(m=7, k=3, seed=2):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(m, k))
    roots = rng.normal(size=(m, k, 5))
    return values, roots @ roots.transpose(0, 2, 1)


def test_the_rules_by_brute_force():
    values, covariances = several()
    found = pool(values, covariances)
    between = sum(np.outer(v - values.mean(0), v - values.mean(0)) for v in values) / 6
    np.testing.assert_allclose(found.values, values.mean(0))
    np.testing.assert_allclose(found.covariance, covariances.mean(0) + (1 + 1 / 7) * between)
    np.testing.assert_allclose(found.deviations.T @ found.deviations, (1 + 1 / 7) * between)
    g = np.array([1.0, -1, 0])
    share = (1 + 1 / 7) * (g @ between @ g) / (g @ found.covariance @ g)
    assert found.share(g) == pytest.approx(share)


def test_degrees_of_freedom_by_hand():
    # lambda = 0.2, m = 20, 50 degrees of freedom without missing values
    old, observed = 19 / 0.04, 51 / 53 * 50 * 0.8
    assert degrees_of_freedom(0.2, draws=20, complete=50.0) == pytest.approx(
        old * observed / (old + observed)
    )
    assert degrees_of_freedom(0.2, draws=20, complete=np.inf) == pytest.approx(old)
    assert degrees_of_freedom(0.0, draws=20, complete=50.0) == 50
    assert degrees_of_freedom(0.2, draws=10**6, complete=50.0) < 50
    assert missing_information(0.2, np.inf) == pytest.approx(0.2)
    assert missing_information(0.0, 10) == 0


def test_labelled_estimates_take_the_fewest_degrees_of_freedom():
    values, covariances = several()
    each = [
        Functionals(
            labels=("exposed", "unexposed", "natural"), values=v, covariance=c, source="sandwich",
            degrees_of_freedom=11.0, influence=np.full((4, 3), v),
        )
        for v, c in zip(values, covariances, strict=True)
    ]  # fmt: skip
    found = pooled_functionals(each, n=1000, source="Rubin's rules over 7 imputations")
    together = pool(values, covariances)
    frees = [
        degrees_of_freedom(together.share(g), draws=7, complete=11.0)
        for g in (*np.eye(3), np.array([1.0, -1.0, 0.0]))
    ]
    assert found.degrees_of_freedom == pytest.approx(min(frees))
    assert found.source == "Rubin's rules over 7 imputations, sandwich"
    np.testing.assert_allclose(found.influence, np.tile(values.mean(0), (4, 1)))
    np.testing.assert_allclose(found.between.T @ found.between, together.between)
    same = pooled_functionals([each[0]] * 7, n=1000, source="x")
    assert same.degrees_of_freedom == 11
    np.testing.assert_allclose(same.covariance, each[0].covariance)


@pytest.fixture(scope="module")
def holes():
    rng = np.random.default_rng(12)
    n = 500
    x = rng.normal(size=n)
    z = 0.6 * x + rng.normal(size=n)
    y = 1 + 0.5 * x - 0.7 * z + rng.normal(size=n)
    gone = rng.random((n, 2)) < (1 / (1 + np.exp(0.5 - y)))[:, None] * 0.5
    return pd.DataFrame({"x": np.where(gone[:, 0], np.nan, x), "z": np.where(gone[:, 1], np.nan, z), "y": y})


def mice(holes, draws):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = MICE("y ~ x + z", sm.OLS, MICEData(holes, rng=3))
        return model, model.fit(5, draws)


def test_pooled_like_statsmodels_on_its_own_imputations(holes):
    model, fitted = mice(holes, 6)
    parts = model.results_list
    found = pool(np.array([one.params for one in parts]), np.array([one.cov_params() for one in parts]))
    np.testing.assert_allclose(found.values, fitted.params)
    np.testing.assert_allclose(np.sqrt(np.diagonal(found.covariance)), fitted.bse)


def test_chained_equations_agree_with_those_of_statsmodels(holes):
    draws = 12
    fitted = mice(holes, draws)[1]
    cohort = Cohort.from_frame(holes, missing=Imputation(draws=draws, iterations=5))
    own = [
        sm.OLS.from_formula("y ~ x + z", cohort.completed(d).to_frame()).fit() for d in range(1, draws + 1)
    ]
    found = pool(
        np.array([one.params for one in own]), np.array([one.cov_params().to_numpy() for one in own])
    )
    # both carry the Monte-Carlo error of their own draws
    error = np.sqrt(2 * np.diagonal(found.between) / draws)
    assert (np.abs(found.values - fitted.params) < 4 * error + 0.02).all()
    np.testing.assert_allclose(np.sqrt(np.diagonal(found.covariance)), fitted.bse, rtol=0.15)
    complete = sm.OLS.from_formula("y ~ x + z", holes.dropna()).fit()
    truth = np.array([1, 0.5, -0.7])
    assert np.abs(found.values - truth).max() < 0.15
    assert complete.params["Intercept"] < 0.75  # who had a large y is missing


def test_chains_that_drift_apart_are_seen():
    rng = np.random.default_rng(1)
    mixed = rng.normal(size=(10, 40, 2))
    apart = mixed + np.array([0.0, 3.0]) * rng.normal(size=(10, 1, 1))
    assert (potential_scale(mixed) < 1.1).all()
    scales = potential_scale(apart)
    late = apart[:, 20:, 1]
    W, B = late.var(axis=1, ddof=1).mean(), 20 * late.mean(axis=1).var(ddof=1)
    assert scales[1] == pytest.approx(np.sqrt((19 / 20 * W + B / 20) / W))
    assert chains_check(apart, ("age", "bmi")).state is State.WARN
    assert "bmi" in chains_check(apart, ("age", "bmi")).sentence
    assert chains_check(mixed, ("age", "bmi")).state is State.PASS
    assert (potential_scale(np.ones((3, 10, 1))) == 1).all()
    assert (potential_scale(mixed[:, :2]) == 1).all()


def test_fewer_draws_than_per_cents_of_missing_information_warn():
    assert information_check(0.3, 20).state is State.WARN
    assert "Imputation(draws=30)" in information_check(0.3, 20).advice
    assert information_check(0.2, 20).state is State.PASS
