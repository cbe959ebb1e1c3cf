"""Whatever coupling made the patients: the truth of each lies within the bounds, or within their limits."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from causalmed.cohort import Cohort
from causalmed.graph import Graph
from causalmed.scm import LinearGaussian, LogisticBinary, Predictor, StructuralCausalModel, fit_scm

GRAPH = Graph.parse(
    "dag { ssi [outcome]; sick -> {late ssi}; late -> {glucose cold ssi}; {glucose cold} -> ssi }"
)
COLD = (-0.8, 1.3)
GLUCOSE = (0.0, 0.7)
SSI = {"sick": 0.8, "late": 0.7, "cold": 0.9, "glucose": 0.4}
START = -2.0


def expit(x):
    return 1 / (1 + np.exp(-x))


def true_model():
    return StructuralCausalModel.of(
        GRAPH,
        {
            "sick": LogisticBinary(predictor=Predictor.of(-0.4)),
            "late": LogisticBinary(predictor=Predictor.of(-0.5, {"sick": 0.8})),
            "glucose": LinearGaussian(predictor=Predictor.of(GLUCOSE[0], {"late": GLUCOSE[1]}), sd=1.0),
            "cold": LogisticBinary(predictor=Predictor.of(COLD[0], {"late": COLD[1]})),
            "ssi": LogisticBinary(predictor=Predictor.of(START, SSI)),
        },
    )


def patients(n, seed):
    random = np.random.default_rng(seed)
    sick = random.random(n) < expit(-0.4)
    late = random.random(n) < expit(-0.5 + 0.8 * sick)
    glucose = GLUCOSE[0] + GLUCOSE[1] * late + random.normal(size=n)
    cold = random.random(n) < expit(COLD[0] + COLD[1] * late)
    chance = ssi_risk(sick, late, cold, glucose)
    frame = pd.DataFrame({"sick": sick, "late": late, "glucose": glucose, "cold": cold}).astype(float)
    for name in ("sick", "late", "cold"):
        frame[name] = frame[name].astype(int)
    return Cohort.from_frame(frame.assign(ssi=(random.random(n) < chance).astype(int)), outcome="ssi")


def ssi_risk(sick, late, cold, glucose):
    return expit(
        START + SSI["sick"] * sick + SSI["late"] * late + SSI["cold"] * cold + SSI["glucose"] * glucose
    )


def conditional(value, p, p_star, dial):
    """P(node* = 1 | node = value) where the joint law lies at ``dial`` between its Fréchet limits."""
    low, high = np.maximum(0, p + p_star - 1), np.minimum(p, p_star)
    joint = low + dial * (high - low)
    return np.where(value == 1, joint / p, (p_star - joint) / (1 - p))


def truth(cohort, set_to, dial):
    """P(ssi* = 1 | the record) of each patient under the coupling that ``dial(node, scenario)`` names."""
    sick, late, cold, glucose, ssi = (
        cohort.values(name) for name in ("sick", "late", "cold", "glucose", "ssi")
    )
    glucose_star = glucose + GLUCOSE[1] * (set_to - late)
    now, then = expit(COLD[0] + COLD[1] * late), expit(COLD[0] + COLD[1] * set_to)
    cold_star = conditional(cold, now, then, dial("cold", 0))
    risk, total = ssi_risk(sick, late, cold, glucose), np.zeros(cohort.n)
    for value, weight in ((0, 1 - cold_star), (1, cold_star)):
        star = ssi_risk(sick, set_to, value, glucose_star)
        total += weight * conditional(ssi, risk, star, dial("ssi", value))
    return np.where(late == set_to, ssi, total)


COUPLINGS = {
    "as alike as can be": lambda n, seed: lambda node, scenario: 1.0,
    "as unlike as can be": lambda n, seed: lambda node, scenario: 0.0,
    "unlike between, alike at the end": lambda n, seed: lambda node, scenario: float(node == "ssi"),
    "alike between, unlike at the end": lambda n, seed: lambda node, scenario: float(node == "cold"),
    "by scenario": lambda n, seed: lambda node, scenario: float(scenario),
    "another for each patient": lambda n, seed: (
        lambda node, scenario: np.random.default_rng([seed, len(node), scenario]).random(n)
    ),
}


@pytest.mark.parametrize("name", COUPLINGS)
def test_true_probabilities_of_100000_patients_lie_within_the_bounds(name):
    scm, cohort = true_model(), patients(100_000, 1)
    for set_to in (0, 1):
        found = scm.counterfactual(cohort, do={"late": set_to}, draws=1, replicates=0)
        exact = truth(cohort, set_to, COUPLINGS[name](cohort.n, 5))
        assert np.all(found.low - 1e-12 <= exact)
        assert np.all(exact <= found.high + 1e-12)
        assert found.low.mean() < exact.mean() < found.high.mean()


def test_the_bounds_are_reached_by_some_coupling():
    """They are not wide for nothing: extreme couplings come within a few points of both ends."""
    scm, cohort = true_model(), patients(5_000, 2)
    found = scm.counterfactual(cohort, do={"late": 0}, draws=1, replicates=0)
    every = np.array([truth(cohort, 0, make(cohort.n, 5)) for make in COUPLINGS.values()])
    assert every.min(axis=0).mean() - found.low.mean() < 0.03
    assert found.high.mean() - every.max(axis=0).mean() < 0.03


def test_outcomes_drawn_under_a_coupling_average_to_its_probability():
    """The closed form of the truth against patients whose two worlds are simulated from one noise."""
    random, n, cohort = np.random.default_rng(3), 4_000, patients(4_000, 3)
    late, cold, ssi = (cohort.values(name) for name in ("late", "cold", "ssi"))
    glucose_star = cohort.values("glucose") - GLUCOSE[1] * late
    total = np.zeros(n)
    for _ in range(50):
        p = expit(COLD[0] + COLD[1] * late)
        u = np.where(cold == 1, random.random(n) * p, p + random.random(n) * (1 - p))
        cold_star = np.where(late == 0, cold, u < expit(COLD[0]))
        p = ssi_risk(cohort.values("sick"), late, cold, cohort.values("glucose"))
        u = np.where(ssi == 1, random.random(n) * p, p + random.random(n) * (1 - p))
        star = u < ssi_risk(cohort.values("sick"), 0, cold_star, glucose_star)
        total += np.where(late == 0, ssi, star)
    exact = truth(cohort, 0, COUPLINGS["as alike as can be"](n, 0))
    error = np.sqrt(np.maximum(exact * (1 - exact), 1e-12) / 50)
    assert np.abs((total / 50 - exact).sum()) < 4 * np.sqrt(np.sum(error**2))


def coverage(cohorts, *, replicates):
    """Return the share of patients whose truth lies within the limits, by coupling."""
    asked, inside = patients(150, 99), dict.fromkeys(COUPLINGS, 0.0)
    for seed in range(cohorts):
        scm = fit_scm(GRAPH, patients(800, 100 + seed))
        found = scm.counterfactual(asked, do={"late": 0}, draws=1, replicates=replicates, seed=seed)
        moved = asked.values("late") == 1
        for name, make in COUPLINGS.items():
            exact = truth(asked, 0, make(asked.n, 5))[moved]
            within = (found.conf_low[moved] <= exact) & (exact <= found.conf_high[moved])
            inside[name] += within.mean() / cohorts
    return inside


def test_with_fitted_mechanisms_the_limits_hold_the_truth():
    assert min(coverage(10, replicates=60).values()) >= 0.90


@pytest.mark.slow
def test_with_fitted_mechanisms_the_limits_hold_the_truth_in_many_cohorts():
    assert min(coverage(150, replicates=200).values()) >= 0.95


def test_points_recover_the_truth_where_the_model_is_invertible():
    random, n = np.random.default_rng(7), 100_000
    x = random.normal(size=n)
    u, v = random.normal(size=(2, n))
    m = 0.5 + 0.8 * x + u
    cohort = Cohort.from_frame(pd.DataFrame({"x": x, "m": m, "y": np.exp(0.1 * m - 0.3 * x + 0.2 * v)}))
    scm = StructuralCausalModel.of(
        Graph.parse("dag { x -> {m y}; m -> y }"),
        {
            "x": LinearGaussian(predictor=Predictor.of(0.0), sd=1.0),
            "m": LinearGaussian(predictor=Predictor.of(0.5, {"x": 0.8}), sd=1.0),
            "y": LinearGaussian(predictor=Predictor.of(0.0, {"m": 0.1, "x": -0.3}), sd=0.2, log=True),
        },
        outcome="y",
    )
    found = scm.counterfactual(cohort, do={"x": 1.0}, draws=1, replicates=0)
    exact = np.exp(0.1 * (0.5 + 0.8 + u) - 0.3 + 0.2 * v)
    assert found.low == pytest.approx(exact, rel=1e-12)
    assert np.array_equal(found.low, found.high)
