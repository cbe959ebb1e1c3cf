"""A risk: noise, density, influence."""

from __future__ import annotations

import numpy as np
import pytest

from causalmed.scm import LogisticBinary, Predictor


def test_shares_drawn_are_the_risk_and_the_larger_the_noise_the_larger_the_value():
    node = LogisticBinary(predictor=Predictor.of(-1.0, {"x": 2.0}))
    inputs = {"x": np.array([0.7])}
    noise = node.draw_noise(np.random.default_rng(1), 100_000)
    drawn = node.value(inputs, noise)
    assert drawn.mean() == pytest.approx(float(node.mean(inputs)[0]), abs=0.006)
    assert noise[drawn == 1].min() >= noise[drawn == 0].max()
    assert node.probabilities(inputs).sum() == pytest.approx(1.0)
    assert np.exp(node.log_density(np.array([1.0]), inputs)) == pytest.approx(node.mean(inputs))


def test_influence_gives_the_sandwich_of_statsmodels():
    import statsmodels.api as sm

    rng = np.random.default_rng(3)
    x = rng.normal(size=500)
    y = (rng.random(500) < 1 / (1 + np.exp(1 - x))).astype(float)
    fit = sm.Logit(y, sm.add_constant(x)).fit(disp=False, cov_type="HC0", tol=1e-12)
    node = LogisticBinary(predictor=Predictor.of(fit.params[0], {"x": fit.params[1]}))
    influence = node.influence(y, {"x": x})
    assert influence.T @ influence == pytest.approx(fit.cov_params(), rel=1e-6)


def test_extreme_predictors_stay_finite():
    node = LogisticBinary(predictor=Predictor.of(0.0, {"x": 1.0}))
    inputs = {"x": np.array([-800.0, 800.0])}
    assert node.mean(inputs).tolist() == [0.0, 1.0]
    assert np.isfinite(node.log_density(np.array([1.0, 0.0]), inputs)).all()
