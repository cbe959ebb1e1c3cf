"""Errors from influence values, and effective sizes of clustered proportions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from causalmed.prediction import clustered_proportion, effective_counts, normal_interval, proportion
from causalmed.prediction.influence import design_effect, robust_covariance


def test_alone_it_is_the_variance_of_a_mean():
    x = np.random.default_rng(1).normal(size=(50, 3))
    x -= x.mean(axis=0)
    np.testing.assert_allclose(robust_covariance(x), x.T @ x / 50**2)


def test_duplicated_patients_in_clusters_add_nothing():
    x = np.random.default_rng(2).normal(size=40)
    x -= x.mean()
    twice, cluster = np.repeat(x, 2)[:, None], np.repeat(np.arange(40), 2)
    one = robust_covariance(x[:, None])[0, 0]
    assert robust_covariance(twice, cluster)[0, 0] == pytest.approx(one * 40 / 39)
    assert design_effect(np.repeat(x, 2), cluster) == pytest.approx(2 * 40 / 39)


def test_quantiles_are_of_student_where_there_are_clusters():
    wide = normal_interval(0.0, 1.0, cluster=np.repeat(np.arange(6), 4))
    assert wide.high == pytest.approx(stats.t.ppf(0.975, 5))
    assert normal_interval(0.0, 1.0).high == pytest.approx(stats.norm.ppf(0.975))


def test_limits_stay_inside_their_range():
    found = normal_interval(0.98, 0.05, scale="logit")
    assert 0 < found.low < 0.98 < found.high < 1
    assert normal_interval(0.01, 0.02, scale="log").low > 0


def test_patients_who_are_alike_in_clusters_count_once():
    flags = np.repeat(np.random.default_rng(3).random(60) < 0.3, 5)
    cluster = np.repeat(np.arange(60), 5)
    count, total = effective_counts(flags, cluster)
    assert count / total == pytest.approx(flags.mean())
    assert 50 < total < 62
    assert clustered_proportion(flags, None) == proportion(int(flags.sum()), 300)


def test_clustered_interval_holds_the_truth_in_repeated_samples():
    rng = np.random.default_rng(4)
    cluster = np.repeat(np.arange(24), 40)
    held = naive = 0
    for _ in range(500):
        p = rng.beta(6, 54, 24)[cluster]
        flags = rng.random(960) < p
        held += 0.1 in clustered_proportion(flags, cluster)
        naive += 0.1 in clustered_proportion(flags, None)
    assert 0.92 < held / 500 < 0.985
    assert naive / 500 < 0.9
