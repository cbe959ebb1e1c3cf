"""The targeting step."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import expit, logit

from causalmed.errors import NotConverged
from causalmed.estimation import aipw
from causalmed.estimation.targets import Working, tilt_of
from causalmed.estimation.tmle import BOUND, scale_of, target


def working(population="all", seed=3, n=800):
    rng = np.random.default_rng(seed)
    u = rng.normal(size=n)
    e = expit(0.6 * u - 0.3)
    A = (rng.random(n) < e).astype(float)
    Y = (rng.random(n) < expit(-1 + 0.5 * A + u)).astype(float)
    # regressions that are wrong on purpose
    return Working(
        population=population, exposed=A, outcome=Y, m1=np.full(n, 0.4), m0=expit(-1.5 + 0.2 * u), e=e
    )


@pytest.mark.parametrize("population", ["all", "exposed", "unexposed", "overlap"])
@pytest.mark.parametrize("fluctuation", ["weighted", "covariate"])
def test_weighted_residuals_of_each_arm_sum_to_zero(population, fluctuation):
    before = working(population)
    found = target(before, scale=(0.0, 1.0), fluctuation=fluctuation)
    tilt = tilt_of(found.working)
    for arm in (1, 0):
        residual = tilt.weights(arm) * (before.outcome - found.working.regression(arm))
        assert abs(residual.sum()) < 1e-8
    assert found.ratio < 1e-6
    plug_in = tilt.t @ found.working.regression(1) / tilt.t.sum()
    assert plug_in == pytest.approx(aipw.values(found.working)[0], abs=1e-12)


def test_the_weighted_fluctuation_is_the_root_of_its_equation():
    before = working()
    found = target(before, scale=(0.0, 1.0))
    w, start = before.exposed / before.score, logit(before.regression(1))
    root = brentq(lambda eps: float(w @ (before.outcome - expit(start + eps))), -5, 5, xtol=1e-14)
    assert found.epsilon[0] == pytest.approx(root, abs=1e-10)


def test_risks_of_zero_are_bounded_and_counted():
    before = working()
    m1 = before.regression(1).copy()
    m1[:7] = 0.0
    found = target(Working(**{**fields(before), "m1": m1}), scale=(0.0, 1.0))
    assert found.bounded == 7
    assert found.working.regression(1).min() > 0 < BOUND


def fields(w):
    return {name: getattr(w, name) for name in ("population", "exposed", "outcome", "m1", "m0", "e")}


def test_an_arm_without_events_is_refused():
    before = working()
    outcome = before.outcome * (1 - before.exposed)
    with pytest.raises(NotConverged, match="An arm holds no outcome"):
        target(Working(**{**fields(before), "outcome": outcome}), scale=(0.0, 1.0))


def test_numbers_are_scaled_and_back():
    before = working()
    outcome = 70 + 20 * before.outcome
    scale = scale_of(outcome, "continuous")
    assert scale == (70.0, 90.0)
    moved = {**fields(before), "outcome": outcome, "m1": 70 + 20 * before.m1, "m0": 70 + 20 * before.m0}
    found, plain = target(Working(**moved), scale=scale), target(before, scale=(0.0, 1.0))
    assert np.allclose(found.working.regression(1), 70 + 20 * plain.working.regression(1), atol=1e-9)
