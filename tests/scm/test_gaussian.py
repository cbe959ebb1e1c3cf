"""A straight line with noise: back and forth, on both scales."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from causalmed.errors import InvalidArgument
from causalmed.scm import LinearGaussian, Predictor

X = {"x": np.linspace(-2, 2, 50)}


@pytest.mark.parametrize("log", [False, True])
def test_abduction_undoes_drawing(log):
    node = LinearGaussian(predictor=Predictor.of(1.0, {"x": 0.5}), sd=0.7, log=log)
    noise = node.draw_noise(np.random.default_rng(1), 50)
    values = node.value(X, noise)
    assert node.noise_of(values, X) == pytest.approx(noise)
    assert np.array_equal(node.moved(values, X, X), values)
    after = {"x": X["x"] + 1}
    assert node.moved(values, X, after) == pytest.approx(node.value(after, noise))


def test_densities_and_means_are_scipys():
    x = {"x": np.array([1.0])}
    plain = LinearGaussian(predictor=Predictor.of(1.0, {"x": 0.5}), sd=0.7)
    assert plain.log_density(np.array([2.0]), x) == pytest.approx(stats.norm(1.5, 0.7).logpdf(2.0))
    skewed = LinearGaussian(predictor=Predictor.of(1.0, {"x": 0.5}), sd=0.7, log=True)
    law = stats.lognorm(0.7, scale=np.exp(1.5))
    assert skewed.log_density(np.array([2.0]), x) == pytest.approx(law.logpdf(2.0))
    assert skewed.mean(x) == pytest.approx(law.mean())


def test_influence_is_that_of_least_squares():
    import statsmodels.api as sm

    rng = np.random.default_rng(3)
    x = {"x": rng.normal(size=400)}
    y = 1 + 0.5 * x["x"] + rng.normal(size=400) * (1 + 0.3 * x["x"] ** 2)
    fit = sm.OLS(y, sm.add_constant(x["x"])).fit(cov_type="HC0")
    node = LinearGaussian(
        predictor=Predictor.of(fit.params[0], {"x": fit.params[1]}), sd=float(np.sqrt(np.mean(fit.resid**2)))
    )
    influence = node.influence(y, x)
    assert influence.sum(axis=0) == pytest.approx(0, abs=1e-9)
    assert (influence.T @ influence)[:2, :2] == pytest.approx(fit.cov_params(), rel=1e-9)


@pytest.mark.parametrize("sd", [0.0, -1.0, np.nan, np.inf])
def test_a_spread_is_positive(sd):
    with pytest.raises(InvalidArgument, match="sd="):
        LinearGaussian(predictor=Predictor.of(0.0), sd=sd)
