"""A virtual trial beside a published one."""

from __future__ import annotations

import numpy as np
import pytest

from causalmed.errors import InvalidArgument
from causalmed.graph import Graph
from causalmed.scm import LinearGaussian, LogisticBinary, Predictor, StructuralCausalModel


@pytest.fixture(scope="module")
def trial():
    scm = StructuralCausalModel.of(
        Graph.parse("dag { age -> {late ssi stay}; late -> {ssi stay} }"),
        {
            "age": LinearGaussian(predictor=Predictor.of(0.0), sd=1.0),
            "late": LogisticBinary(predictor=Predictor.of(0.0, {"age": 1.0})),
            "ssi": LogisticBinary(predictor=Predictor.of(-2.0, {"late": 0.7, "age": 0.5})),
            "stay": LinearGaussian(predictor=Predictor.of(5.0, {"late": 2.0, "age": 1.0}), sd=1.0),
        },
        outcome="ssi",
    )
    return scm.virtual_trial(arms={"late": {"late": 1}, "timely": {"late": 0}}, n=60_000, seed=2)


def risks():
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    weights = weights / weights.sum()
    return [float(weights @ (1 / (1 + np.exp(2.0 - 0.7 * late - 0.5 * nodes)))) for late in (1, 0)]


@pytest.mark.parametrize("scale", ["difference", "risk_ratio", "odds_ratio"])
def test_a_published_trial_of_the_same_world_agrees(trial, scale):
    a, b = risks()
    truth = {"difference": a - b, "risk_ratio": a / b, "odds_ratio": a / (1 - a) / (b / (1 - b))}[scale]
    spread = 0.01 if scale == "difference" else 0.08
    limits = (
        (truth - spread, truth + spread)
        if scale == "difference"
        else (truth * np.exp(-spread), truth * np.exp(spread))
    )
    found = trial.against_published(
        "late", "timely", estimate=truth, low=limits[0], high=limits[1], scale=scale
    )
    assert found.agrees
    assert found.virtual.estimate == pytest.approx(truth, rel=0.05)
    assert found.discrepancy.std_error == pytest.approx(
        np.hypot(found.virtual.std_error, spread / 1.959964), rel=1e-6
    )
    assert "taken as exact" in found.summary()


def test_another_world_disagrees(trial):
    found = trial.against_published("late", "timely", estimate=1.0, low=0.9, high=1.1111, scale="risk_ratio")
    assert not found.agrees
    assert found.discrepancy.low > 1
    assert "disagree" in found.summary()


def test_a_ratio_has_the_error_of_the_delta_method(trial):
    """The arms share their noise; over many trials of this size the log ratio varies as stated."""
    logs, stated = [], []
    for seed in range(40):
        again = trial.model.virtual_trial(
            arms={"late": {"late": 1}, "timely": {"late": 0}}, n=4_000, columns=["ssi"], seed=seed
        )
        found = again.against_published("late", "timely", estimate=1.5, low=1.4, high=1.6, scale="risk_ratio")
        logs.append(np.log(found.virtual.estimate))
        stated.append(found.virtual.std_error)
    assert np.std(logs, ddof=1) / np.mean(stated) == pytest.approx(1.0, abs=0.3)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"estimate": 0.1, "low": 0.2, "high": 0.3}, "within its limits"),
        ({"estimate": 0.1, "low": 0.3, "high": 0.0}, "low below high"),
        ({"estimate": float("nan"), "low": 0.0, "high": 1.0}, "finite"),
        ({"estimate": 1.0, "low": -1.0, "high": 2.0, "scale": "risk_ratio"}, "above 0"),
        ({"estimate": 1.0, "low": 0.5, "high": 2.0, "scale": "hazard_ratio"}, "scale"),
        ({"estimate": 1.0, "low": 0.5, "high": 2.0, "scale": "risk_ratio", "outcome": "stay"}, "is a number"),
        ({"estimate": 1.0, "low": 0.5, "high": 2.0, "level": 95}, "level"),
    ],
)
def test_what_is_no_published_estimate(trial, arguments, words):
    with pytest.raises(InvalidArgument, match=words):
        trial.against_published("late", "timely", **arguments)
