"""Groups drawn together: against brute force, and what they cover."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from causalmed.fairness.pooling import pooled_proportions


def expit(value):
    return 1 / (1 + np.exp(-value))


def by_brute_force(count, total):
    """Integrate mu and tau on a fine grid of two dimensions; return the posterior means of the log odds."""
    y, v = np.log((count + 0.5) / (total - count + 0.5)), 1 / (count + 0.5) + 1 / (total - count + 0.5)
    mu, tau = np.meshgrid(np.linspace(-8, 4, 1200), np.linspace(1e-4, 4, 600), indexing="ij")
    log_weight = norm.logpdf(tau)
    for one, spread in zip(y, v, strict=True):
        log_weight = log_weight + norm.logpdf(one, mu, np.sqrt(spread + tau**2))
    weight = np.exp(log_weight - log_weight.max())
    weight /= weight.sum()
    kept = tau[..., None] ** 2 / (v + tau[..., None] ** 2)
    return np.einsum("mt,mtg->g", weight, kept * y + (1 - kept) * mu[..., None])


def test_posterior_means_equal_brute_force():
    count, total = np.array([3.0, 30.0, 41.0, 9.0]), np.array([8.0, 100.0, 120.0, 60.0])
    found = pooled_proportions(count, total)
    middle = [np.log(one.estimate / (1 - one.estimate)) for one in found]
    # the median of a mixture that is nearly symmetric lies near its mean
    np.testing.assert_allclose(middle, by_brute_force(count, total), atol=0.06)


def test_small_groups_move_and_large_ones_stay():
    small, large = pooled_proportions(np.array([5.0, 2000.0, 2100.0]), np.array([6.0, 10_000.0, 10_000.0]))[
        :2
    ]
    assert small.estimate < 0.6
    assert large.estimate == pytest.approx(0.2, abs=1e-3)


def test_equal_groups_have_narrower_intervals_than_each_alone():
    from causalmed.prediction import proportion

    found = pooled_proportions(np.full(6, 12.0), np.full(6, 40.0))[0]
    alone = proportion(12, 40)
    assert found.high - found.low < 0.8 * (alone.high - alone.low)


def test_intervals_cover_groups_on_average():
    rng = np.random.default_rng(1)
    inside = []
    for _ in range(150):
        truth = expit(rng.normal(-1.0, 0.4, 8))
        total = rng.integers(20, 300, 8).astype(float)
        count = rng.binomial(total.astype(int), truth).astype(float)
        inside += [value in one for value, one in zip(truth, pooled_proportions(count, total), strict=True)]
    assert 0.93 < np.mean(inside) < 0.975
