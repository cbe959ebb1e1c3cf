"""The whole panel: what is in it, what is refused, and that clusters widen it."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss

from causalmed.errors import DataError, InvalidArgument, NotConverged, NotEnoughEvents
from causalmed.prediction import clinical_performance
from causalmed.results import State


def simulated(n=1500, seed=1):
    rng = np.random.default_rng(seed)
    p = rng.beta(1.2, 9, n)
    return (rng.random(n) < p).astype(float), p


def test_brier_equals_scikit_learn_and_scales_by_prevalence():
    y, p = simulated()
    found = clinical_performance(outcome=y, risk=p)
    brier = brier_score_loss(y, p)
    assert found.brier.estimate == pytest.approx(brier, abs=1e-12)
    assert found.scaled_brier.estimate == pytest.approx(1 - brier / (y.mean() * (1 - y.mean())), abs=1e-12)


def test_scaled_brier_error_is_that_of_a_jackknife():
    y, p = simulated(400, 2)
    left_out = []
    for at in range(400):
        keep = np.arange(400) != at
        square, prevalence = ((p - y) ** 2)[keep].mean(), y[keep].mean()
        left_out.append(1 - square / (prevalence * (1 - prevalence)))
    jackknife = np.sqrt(399 / 400 * ((left_out - np.mean(left_out)) ** 2).sum())
    assert clinical_performance(outcome=y, risk=p).scaled_brier.std_error == pytest.approx(
        jackknife, rel=0.03
    )


def test_counts_at_the_threshold():
    y, p = simulated()
    found = clinical_performance(outcome=y, risk=p, threshold=0.15)
    alert = p >= 0.15
    assert found.sensitivity.estimate == pytest.approx(alert[y == 1].mean())
    assert found.specificity.estimate == pytest.approx((~alert)[y == 0].mean())
    assert found.alerts_per_100.estimate == pytest.approx(100 * alert.mean())
    assert found.missed_per_100.estimate == pytest.approx(100 * ((y == 1) & ~alert).mean())
    assert found.at_threshold.predictive_value.estimate == pytest.approx(y[alert].mean())


def test_specificity_never_stands_alone_and_accuracy_is_not_offered():
    y, p = simulated()
    text = clinical_performance(outcome=y, risk=p, threshold=0.15).summary()
    assert "sensitivity" in text
    assert "specificity" in text
    assert "accuracy" not in text.lower()
    assert "F1" not in text
    assert max(map(len, text.splitlines())) <= 80


def test_without_a_threshold_there_are_no_alerts():
    y, p = simulated()
    found = clinical_performance(outcome=y, risk=p)
    assert found.at_threshold is None
    assert found.sensitivity is None
    assert "sensitivity" not in found.measures()


def test_every_measure_has_an_interval_that_holds_it():
    y, p = simulated()
    found = clinical_performance(outcome=y, risk=p, threshold=0.15, cluster=np.arange(1500) % 50)
    for name, interval in found.measures().items():
        assert interval.low <= interval.estimate <= interval.high, name


def test_clusters_that_differ_widen_specificity():
    rng = np.random.default_rng(3)
    cluster = np.repeat(np.arange(40), 50)
    p = np.clip(rng.normal(0.15, 0.08, 40)[cluster] + rng.normal(0, 0.03, 2000), 0.01, 0.9)
    y = (rng.random(2000) < p).astype(float)
    alone = clinical_performance(outcome=y, risk=p, threshold=0.2).specificity
    together = clinical_performance(outcome=y, risk=p, threshold=0.2, cluster=cluster).specificity
    assert together.estimate == alone.estimate
    assert together.high - together.low > 2 * (alone.high - alone.low)


def test_one_cluster_is_said_and_not_used():
    y, p = simulated()
    found = clinical_performance(outcome=y, risk=p, cluster=np.zeros(1500, dtype=np.intp))
    assert found.clusters is None
    assert found.diagnostics.check("clusters").state is State.WARN


def test_the_same_seed_gives_the_same_numbers_and_json():
    y, p = simulated()
    first, second = (clinical_performance(outcome=y, risk=p, threshold=0.1, seed=4) for _ in range(2))
    assert json.dumps(first.to_dict()) == json.dumps(second.to_dict())


def test_pictures_state_what_was_found():
    y, p = simulated()
    found = clinical_performance(outcome=y, risk=p, threshold=0.15)
    calibration, decision = found.picture(), found.picture("decision_curve")
    assert "on average" in calibration.title
    assert sum(calibration.risks_events) == y.sum()
    assert sum(calibration.risks_nonevents) == (1 - y).sum()
    assert decision.thresholds[0] == 0.01
    with pytest.raises(InvalidArgument, match="decision_curve"):
        found.picture("accuracy")


def test_risks_at_the_border_are_counted_and_fail_when_many():
    y, p = simulated()
    p[:200] = 0.0
    gate = clinical_performance(outcome=y, risk=p).diagnostics
    assert gate.check("risks at the border").state is State.FAIL


@pytest.mark.parametrize(
    ("y", "p", "error", "match"),
    [
        ([0, 1, 0], [0.1, 0.2], DataError, "one risk a patient"),
        ([0, 2, 1, 0], [0.1, 0.2, 0.3, 0.3], DataError, "must be 0 or 1"),
        ([0, np.nan, 1, 0], [0.1, 0.2, 0.3, 0.3], DataError, "must be 0 or 1"),
        ([0, 1, 1, 0], [0.1, 0.2, 1.3, 0.3], DataError, "1 of 4 risks"),
        ([0, 1, 1, 0], [0.1, np.nan, 0.3, 0.3], DataError, "1 of 4 risks"),
        ([0, 0, 0, 0], [0.1, 0.2, 0.3, 0.3], NotEnoughEvents, "0 have the outcome"),
        ([1, 1, 1, 1], [0.1, 0.2, 0.3, 0.3], NotEnoughEvents, "4 have the outcome"),
        ([], [], NotEnoughEvents, "0 have the outcome"),
    ],
)
def test_bad_input_is_refused_in_words(y, p, error, match):
    with pytest.raises(error, match=match):
        clinical_performance(outcome=np.array(y, dtype=float), risk=np.array(p, dtype=float))


def test_risks_that_know_the_outcome_are_told_so():
    y = np.arange(200.0) % 2
    with pytest.raises(NotConverged, match=r"with infection from those without.*recorded after it"):
        clinical_performance(outcome=y, risk=0.1 + 0.8 * y, outcome_name="infection")
