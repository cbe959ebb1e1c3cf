"""Left to the data, the true family is taken; what it was held against is kept."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from causalmed.cohort import Cohort
from causalmed.graph import Graph
from causalmed.scm import MechanismSpec, StructuralCausalModel, fit_scm
from causalmed.scm.choosing import candidates_for, held_out_scores

GRAPH = Graph.parse("dag { age -> {line log wide visits calls ssi} }")


def made(n: int, seed: int) -> Cohort:
    rng = np.random.default_rng(seed)
    age = rng.normal(size=n)
    mu = np.exp(0.5 + 0.4 * age)
    frame = pd.DataFrame(
        {
            "age": age,
            "line": 2 + age + rng.normal(size=n),
            "log": np.exp(1 + 0.4 * age + 0.7 * rng.normal(size=n)),
            "wide": 2 + age + np.exp(0.7 * age) * rng.normal(size=n),
            "visits": rng.poisson(mu * rng.gamma(1.5, 1 / 1.5, n)),
            "calls": rng.poisson(mu),
            "ssi": rng.random(n) < 1 / (1 + np.exp(1 - 0.8 * age)),
        }
    )
    return Cohort.from_frame(frame, outcome="ssi", kinds={"visits": "count", "calls": "count"})


@pytest.fixture(scope="module")
def scm() -> StructuralCausalModel:
    nodes = {node: "auto" for node in ("line", "log", "wide", "visits", "calls")}
    return fit_scm(GRAPH, made(1_200, 1), mechanisms=nodes)


def test_the_true_family_is_taken(scm):
    chosen = scm.comparison.chosen()
    assert chosen["line"] == "linear"
    assert chosen["log"] == "lognormal"
    assert chosen["wide"] == "scaled"
    assert chosen["visits"] == "negative_binomial"
    assert chosen["calls"] == "poisson"
    assert {node: scm.specs[node].family for node in chosen} == chosen


def test_the_comparison_is_kept_shown_and_saved(scm, tmp_path):
    table = scm.comparison.to_frame()
    assert list(table.columns) == ["node", "candidate", "log_score", "behind", "std_error", "chosen", "why"]
    assert table.groupby("node")["chosen"].sum().eq(1).all()
    assert "ssi" not in set(table["node"])
    assert "Left to the data:" in scm.summary()
    assert "wide: scaled" in scm.summary()
    assert max(map(len, scm.summary().splitlines())) <= 80
    scm.save(tmp_path / "chosen.scm")
    assert StructuralCausalModel.load(tmp_path / "chosen.scm").comparison == scm.comparison


def test_scores_are_those_of_a_fit_without_the_fold():
    cohort = made(300, 2)
    column, inputs = cohort.column("line"), [cohort.column("age")]
    spec = MechanismSpec(family="linear")
    scores = held_out_scores(column, inputs, spec, keys=cohort.unit_keys, seed=3)
    from causalmed.engine import fold_of

    fold = fold_of(cohort.unit_keys, folds=5, seed=3)
    rest, y, x = fold != 2, column.values, inputs[0].values
    slope, intercept = np.polyfit(x[rest], y[rest], 1)
    left = y - intercept - slope * x
    sd = np.sqrt(np.mean(left[rest] ** 2))
    expected = -0.5 * (left / sd) ** 2 - np.log(sd) - 0.5 * np.log(2 * np.pi)
    np.testing.assert_allclose(scores[fold == 2], expected[fold == 2], rtol=1e-9)


def test_candidates_suit_the_column():
    cohort = made(300, 2)
    names = {
        node: [name for name, _ in candidates_for(cohort.column(node), [cohort.column("age")])]
        for node in GRAPH.nodes
        if node != "age"
    }
    assert names["ssi"] == ["logistic", "logistic, squares", "boosted"]
    assert "lognormal" in names["log"]
    assert "lognormal" not in names["line"]
    assert names["calls"] == ["linear", "linear, squares", "scaled", "poisson", "negative_binomial"]


def test_a_family_that_cannot_be_fitted_is_said():
    cohort = made(40, 3)
    scm = fit_scm(GRAPH, cohort, mechanisms={"ssi": "auto"})
    reasons = dict(zip(scm.comparison.to_frame()["candidate"], scm.comparison.to_frame()["why"], strict=True))
    assert "could not be fitted" in reasons["boosted"]


@pytest.mark.slow
def test_auto_chooses_trees_where_they_are_needed():
    rng = np.random.default_rng(1)
    n = 6_000
    age, bmi = rng.normal(size=(2, n))
    cost = 3 * np.sin(3 * age) * (bmi > 0) + np.where(bmi > 0, 1.0, 0.3) * rng.standard_exponential(n)
    ssi = rng.random(n) < 1 / (1 + np.exp(1 - 2 * np.sin(3 * age)))
    cohort = Cohort.from_frame(
        pd.DataFrame({"age": age, "bmi": bmi, "cost": cost, "ssi": ssi}), outcome="ssi"
    )
    graph = Graph.parse("dag { {age bmi} -> {cost ssi} }")
    scm = fit_scm(graph, cohort, mechanisms="auto")
    assert set(scm.comparison.chosen().values()) == {"boosted"}
