"""AUROC against scikit-learn, DeLong against brute-force placement values, clusters against a bootstrap."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from causalmed.errors import NotEnoughEvents
from causalmed.prediction import auroc


def simulated(n, seed, *, ties):
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < 0.2).astype(float)
    x = rng.normal(size=n) + y
    return y, np.round(x, 1) if ties else x


@pytest.mark.parametrize("ties", [False, True])
def test_area_equals_scikit_learn(ties):
    y, x = simulated(500, 1, ties=ties)
    assert auroc(outcome=y, risk=x).interval.estimate == pytest.approx(roc_auc_score(y, x), abs=1e-12)


@pytest.mark.parametrize("ties", [False, True])
def test_variance_equals_brute_force_placement_values(ties):
    y, x = simulated(200, 2, ties=ties)
    cases, controls = x[y == 1], x[y == 0]
    kernel = (cases[:, None] > controls[None, :]) + 0.5 * (cases[:, None] == controls[None, :])
    v, w = kernel.mean(axis=1), kernel.mean(axis=0)
    variance = v.var(ddof=1) / len(v) + w.var(ddof=1) / len(w)
    assert auroc(outcome=y, risk=x).interval.std_error == pytest.approx(np.sqrt(variance), rel=1e-12)


def test_order_of_rows_and_monotone_transformations_change_nothing():
    y, x = simulated(300, 3, ties=True)
    rows = np.random.default_rng(0).permutation(300)
    first, second = auroc(outcome=y, risk=x).interval, auroc(outcome=y[rows], risk=np.exp(x[rows])).interval
    assert first.low == pytest.approx(second.low, abs=1e-12)


def test_clusters_of_one_are_patients():
    y, x = simulated(400, 4, ties=False)
    alone = auroc(outcome=y, risk=x).interval
    each = auroc(outcome=y, risk=x, cluster=np.arange(400)).interval
    assert each.std_error == pytest.approx(alone.std_error * np.sqrt(400 / 399), rel=1e-12)


def test_clustered_error_is_that_of_repeated_sampling():
    """60 hospitals whose patients share a shift of the score: the truth is the spread over repetitions."""
    rng = np.random.default_rng(5)
    cluster = np.repeat(np.arange(60), 20)
    areas, errors, naive = [], [], []
    for _ in range(300):
        shift = rng.normal(size=60)[cluster]
        y = (rng.random(1200) < 1 / (1 + np.exp(1.5 - shift))).astype(float)
        x = shift + y + rng.normal(size=1200)
        found = auroc(outcome=y, risk=x, cluster=cluster).interval
        areas.append(found.estimate)
        errors.append(found.std_error)
        naive.append(auroc(outcome=y, risk=x).interval.std_error)
    truth = np.std(areas, ddof=1)
    assert np.mean(errors) == pytest.approx(truth, rel=0.15)
    assert np.mean(naive) < 0.93 * truth


def test_perfect_separation_is_not_taken_as_certain():
    y = np.r_[np.zeros(50), np.ones(8)]
    found = auroc(outcome=y, risk=y).interval
    assert (found.estimate, found.high) == (1.0, 1.0)
    assert found.low == pytest.approx(0.025 ** (1 / 8))
    assert auroc(outcome=y, risk=1 - y).interval.high == pytest.approx(1 - 0.025 ** (1 / 8))


@pytest.mark.parametrize("events", [0, 1, 9, 10])
def test_too_few_on_either_side_is_refused(events):
    y = np.zeros(10)
    y[:events] = 1
    with pytest.raises(NotEnoughEvents, match="at least 2 patients with and 2 without"):
        auroc(outcome=y, risk=np.linspace(0, 1, 10))
