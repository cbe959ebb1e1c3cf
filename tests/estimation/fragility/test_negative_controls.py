"""Empirical calibration: closed forms by quadrature, the fit by brute force, coverage by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, optimize, stats

from causalmed.errors import InvalidArgument, NotEnoughEvents, ScaleNotDefined
from causalmed.estimation.fragility import SystematicError, fit_systematic_error
from causalmed.results import Interval, State


def interval(log_ratio, error):
    ratio = float(np.exp(log_ratio))
    low, high = ratio * np.exp(-2 * error), ratio * np.exp(2 * error)
    return Interval(estimate=ratio, low=low, high=high, std_error=ratio * error)


def study(seed, controls=30, mean=0.2, spread=0.15):
    rng = np.random.default_rng(seed)
    errors = rng.uniform(0.05, 0.3, controls)
    return rng.normal(mean, np.hypot(spread, errors)), errors


@pytest.mark.parametrize(("mean", "spread"), [(0.2, 0.15), (-0.4, 0.1), (0.0, 0.3), (0.1, 0.0)])
def test_expected_absolute_error_by_quadrature(mean, spread):
    found = SystematicError(mean=mean, spread=spread, controls=9).expected_absolute
    if spread == 0:
        assert found == abs(mean)
        return

    def size(x):
        return abs(x) * stats.norm.pdf(x, mean, spread)

    exact = integrate.quad(size, -5, 5, points=[0, mean], limit=200)[0]
    assert found == pytest.approx(exact, abs=1e-8)


@pytest.mark.parametrize("seed", range(4))
def test_the_fit_is_the_maximum_of_the_likelihood(seed):
    theta, errors = study(seed)
    found = fit_systematic_error([interval(t, s) for t, s in zip(theta, errors, strict=True)])

    def loss(parameters):
        return -stats.norm.logpdf(theta, parameters[0], np.hypot(parameters[1], errors)).sum()

    fine = {"xatol": 1e-9, "fatol": 1e-12, "maxiter": 5000}
    brute = optimize.minimize(loss, [0.1, 0.1], method="Nelder-Mead", options=fine)
    assert loss([found.mean, found.spread]) <= brute.fun + 1e-9
    assert np.allclose([found.mean, found.spread], np.abs(brute.x) * np.sign([brute.x[0], 1]), atol=1e-4)


def test_calibrated_intervals_cover_what_others_miss():
    rng = np.random.default_rng(8)
    held = np.zeros(2)
    for seed in range(250):
        theta, errors = study(seed, controls=60)
        system = fit_systematic_error([interval(t, s) for t, s in zip(theta, errors, strict=True)])
        new = interval(0.3 + rng.normal(0.2, np.hypot(0.15, 0.1)), 0.1)
        fixed = system.calibrate(new)
        held += [new.low <= np.exp(0.3) <= new.high, fixed.low <= np.exp(0.3) <= fixed.high]
    assert held[0] < 0.75 * 250
    assert stats.binom.ppf(0.0005, 250, 0.94) <= held[1] <= stats.binom.ppf(0.9995, 250, 0.95)


def test_the_gate():
    good = SystematicError(mean=0.05, spread=0.05, controls=20).check()
    bad = SystematicError(mean=0.5, spread=0.2, controls=20).check()
    assert (good.state, bad.state) == (State.PASS, State.FAIL)
    assert "20 outcomes" in good.sentence


def test_absurd_controls_are_left_out_and_counted():
    theta, errors = study(1)
    controls = [interval(t, s) for t, s in zip(theta, errors, strict=True)]
    certain = Interval(estimate=1.0, low=1, high=1, std_error=0.0)
    found = fit_systematic_error([*controls, interval(6.0, 0.1), certain])
    assert (found.controls, found.left_out) == (30, 2)


def test_refusals():
    few = [interval(0.1, 0.1)] * 4
    with pytest.raises(NotEnoughEvents, match="at least 5"):
        fit_systematic_error(few)
    with pytest.raises(InvalidArgument):
        fit_systematic_error([1.2] * 8)
    with pytest.raises(ScaleNotDefined):
        SystematicError(mean=0, spread=0.1, controls=9).calibrate(
            Interval(estimate=-1.0, low=-2, high=0, std_error=0.1)
        )
