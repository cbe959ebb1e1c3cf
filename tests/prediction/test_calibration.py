"""Calibration against statsmodels in the same run, and in repeated samples with a known truth."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.special import expit

from causalmed.prediction import calibration_curve, weak_calibration
from causalmed.prediction.calibration import logit
from causalmed.prediction.spline import restricted_cubic


def simulated(n, seed, *, intercept=0.0, slope=1.0):
    rng = np.random.default_rng(seed)
    x = rng.normal(-2.2, 0.9, n)
    y = (rng.random(n) < expit(intercept + slope * x)).astype(float)
    return y, expit(x)


def test_in_the_large_and_slope_equal_statsmodels_with_sandwich_errors():
    y, p = simulated(3000, 1, intercept=0.3, slope=0.8)
    x = logit(p)
    large = sm.GLM(y, np.ones(len(y)), family=sm.families.Binomial(), offset=x).fit(cov_type="HC0")
    both = sm.GLM(y, sm.add_constant(x), family=sm.families.Binomial()).fit(cov_type="HC0")
    found = weak_calibration(outcome=y, risk=p)
    assert found.in_the_large.estimate == pytest.approx(large.params[0], abs=1e-8)
    assert found.in_the_large.std_error == pytest.approx(large.bse[0], rel=1e-6)
    assert [found.intercept.estimate, found.slope.estimate] == pytest.approx(both.params.tolist(), abs=1e-7)
    assert [found.intercept.std_error, found.slope.std_error] == pytest.approx(both.bse.tolist(), rel=1e-6)


def test_the_two_intercepts_are_different_quantities():
    y, p = simulated(20_000, 2, slope=0.6)
    found = weak_calibration(outcome=y, risk=p)
    assert abs(found.in_the_large.estimate - found.intercept.estimate) > 0.3


def test_cluster_errors_equal_statsmodels():
    y, p = simulated(2000, 3)
    cluster = np.random.default_rng(0).integers(25, size=2000)
    x = logit(p)
    model = sm.GLM(y, sm.add_constant(x), family=sm.families.Binomial())
    reference = model.fit(cov_type="cluster", cov_kwds={"groups": cluster, "use_correction": False})
    found = weak_calibration(outcome=y, risk=p, cluster=cluster)
    assert found.slope.std_error == pytest.approx(reference.bse[1] * np.sqrt(25 / 24), rel=1e-6)


def test_a_constant_risk_has_no_slope():
    y, _ = simulated(500, 4)
    found = weak_calibration(outcome=y, risk=np.full(500, 0.1))
    assert np.isnan(found.slope.estimate)
    odds = y.mean() / (1 - y.mean())
    assert found.in_the_large.estimate == pytest.approx(np.log(odds) - np.log(0.1 / 0.9), abs=1e-8)


def test_spline_is_straight_beyond_its_knots_and_smooth_at_them():
    x = np.linspace(-3, 3, 601)
    spline = restricted_cubic(x)
    basis = spline.basis(x)
    outside = (x < spline.knots[0]) | (x > spline.knots[-1])
    curvature = np.abs(np.diff(basis, 2, axis=0))
    inner = outside[1:-1] & outside[:-2] & outside[2:]
    assert curvature[inner].max() < 1e-9
    assert curvature[~inner].max() > 1e-5
    assert np.abs(np.diff(basis, 3, axis=0)).max() < 1e-4


def test_curve_and_ici_equal_statsmodels_on_the_same_basis():
    y, p = simulated(4000, 5, slope=0.7)
    spline = restricted_cubic(logit(p))
    fit = sm.GLM(y, spline.basis(logit(p)), family=sm.families.Binomial()).fit()
    distance = np.abs(fit.fittedvalues - p)
    found = calibration_curve(outcome=y, risk=p, generator=np.random.default_rng(0))
    assert found.ici.estimate == pytest.approx(distance.mean(), abs=1e-6)
    assert found.e50.estimate == pytest.approx(np.median(distance), abs=1e-5)
    assert found.e90.estimate == pytest.approx(np.quantile(distance, 0.9), abs=1e-4)
    np.testing.assert_allclose(found.observed, fit.predict(spline.basis(logit(found.predicted))), atol=1e-7)


def test_ici_of_right_risks_is_what_noise_alone_would_show():
    found = [
        calibration_curve(outcome=y, risk=p, generator=np.random.default_rng(seed), draws=200)
        for seed in range(30)
        for y, p in [simulated(1000, 100 + seed)]
    ]
    mean, noise = np.mean([one.ici.estimate for one in found]), np.mean([one.ici_if_perfect for one in found])
    assert mean == pytest.approx(noise, rel=0.2)
    assert np.mean([0.0 in one.ici for one in found]) > 0.85


@pytest.mark.parametrize("clusters", [3, 30])
def test_few_clusters_give_intervals_that_hold_their_estimate(clusters):
    y, p = simulated(2500, 6)
    cluster = np.arange(2500) % clusters
    found = calibration_curve(outcome=y, risk=p, cluster=cluster, generator=np.random.default_rng(0))
    alone = calibration_curve(outcome=y, risk=p, generator=np.random.default_rng(0))
    for one, other in ((found.ici, alone.ici), (found.e50, alone.e50), (found.e90, alone.e90)):
        assert one.low <= one.estimate <= one.high
        assert one.high >= other.high


@pytest.mark.slow
@pytest.mark.parametrize("slope", [0.6, 0.9])
def test_ici_interval_holds_the_truth(slope):
    x = np.random.default_rng(0).normal(-2.2, 0.9, 400_000)
    truth = np.abs(expit(slope * x) - expit(x)).mean()
    held = 0
    for seed in range(300):
        y, p = simulated(1000, 1000 + seed, slope=slope)
        found = calibration_curve(outcome=y, risk=p, generator=np.random.default_rng(seed), draws=300)
        held += truth in found.ici
    assert held / 300 > 0.94


def test_slope_interval_holds_the_truth_in_repeated_samples():
    held = 0
    for seed in range(300):
        y, p = simulated(1500, 5000 + seed, slope=0.8)
        held += 0.8 in weak_calibration(outcome=y, risk=p).slope
    assert 0.92 < held / 300 < 0.98


def test_risks_of_zero_and_one_keep_finite_log_odds():
    assert np.isfinite(logit(np.array([0.0, 1.0]))).all()
