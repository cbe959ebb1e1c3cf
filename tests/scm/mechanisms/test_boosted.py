"""Boosted nodes: the trees of scikit-learn to the last bit, calibrated, compiled, saved."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.special import logit

from causalmed.cohort import Cohort
from causalmed.errors import CausalmedError, InvalidArgument
from causalmed.graph import Graph
from causalmed.scm import (
    BoostedBinary,
    BoostedLevels,
    BoostedMean,
    BoostedQuantiles,
    LinearGaussian,
    MechanismSpec,
    StructuralCausalModel,
    Trees,
    fit_scm,
)
from causalmed.scm.abducting import can_be_compiled
from causalmed.scm.couplings import coupled_draws, interpreted_draws
from causalmed.scm.diagnosis import ranks
from causalmed.scm.mechanisms.trees import grown, one_thread
from causalmed.scm.unit import _facts

GRAPH = Graph.parse("dag { {age late} -> {cost dose ward ssi}; {cost ward} -> ssi; ssi -> stay }")
SPEC = {"trees": 20, "depth": 3}
FAMILIES = {"cost": "boosted", "dose": "boosted_mean", "ward": "boosted", "ssi": "boosted"}


def frame(n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    age, late = rng.normal(size=n), rng.random(n) < 0.4
    cost = np.sin(2 * age) + late + np.exp(0.4 * age) * rng.normal(size=n)
    dose = np.abs(age) + late * age + rng.standard_t(6, size=n)
    ward = np.digitize(age**2 + rng.logistic(size=n), [0.5, 2.0])
    ssi = rng.random(n) < 1 / (1 + np.exp(1 - np.cos(2 * age) - 0.5 * cost + 0.4 * ward))
    stay = 3 + 2 * ssi + rng.normal(size=n)
    return pd.DataFrame(
        {"age": age, "late": late, "cost": cost, "dose": dose, "ward": ward, "ssi": ssi, "stay": stay}
    )


def cohort_of(table: pd.DataFrame) -> Cohort:
    return Cohort.from_frame(table, outcome="ssi", kinds={"ward": (0, 1, 2)})


@pytest.fixture(scope="module")
def scm() -> StructuralCausalModel:
    specs = {node: MechanismSpec(family=family, **SPEC) for node, family in FAMILIES.items()}
    return fit_scm(GRAPH, cohort_of(frame(2_500, 1)), mechanisms=specs)


def test_each_node_got_its_law(scm):
    found = {node: type(scm.mechanisms[node]) for node in (*FAMILIES, "stay")}
    assert found == {
        "cost": BoostedQuantiles,
        "dose": BoostedMean,
        "ward": BoostedLevels,
        "ssi": BoostedBinary,
        "stay": LinearGaussian,
    }


@pytest.mark.parametrize("depth", [1, 4, 6])
def test_trees_are_those_of_scikit_learn_to_the_last_bit(depth):
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    rng = np.random.default_rng(depth)
    X = np.column_stack([rng.normal(size=1200), rng.integers(0, 3, 1200), rng.random(1200).round(2)])
    y = np.sin(3 * X[:, 0]) + X[:, 1] * X[:, 2] + rng.normal(size=1200)
    size = {"max_iter": 15, "max_depth": depth, "max_leaf_nodes": 2**depth, "early_stopping": False}
    values = dict(zip("abc", X.T, strict=True))
    with one_thread():
        regressor = HistGradientBoostingRegressor(**size).fit(X, y)
        classifier = HistGradientBoostingClassifier(**size).fit(X, np.digitize(y, [-0.5, 1.0]))
    (trees,) = grown(regressor, ("a", "b", "c"), depth)
    assert trees.depth == depth
    np.testing.assert_array_equal(trees(values), regressor.predict(X))
    sums = np.column_stack([each(values) for each in grown(classifier, ("a", "b", "c"), depth)])
    np.testing.assert_array_equal(sums, classifier.decision_function(X))
    cells = {"a": X[:5, :1], "b": X[:1, 1:2], "c": X[:7, 2][np.newaxis]}
    assert trees(cells).shape == (5, 7)
    assert trees(cells)[3, 6] == regressor.predict([[X[3, 0], X[0, 1], X[6, 2]]])[0]


def test_held_out_patients_are_ranked_evenly(scm):
    new, rng = cohort_of(frame(3_000, 2)), np.random.default_rng(3)
    for node in FAMILIES:
        inputs = {name: new.values(name) for name in scm.factors.pillows[node]}
        found = ranks(scm.mechanisms[node], new.values(node), inputs, rng)
        assert stats.kstest(found, "uniform").statistic < 0.06, node
    import statsmodels.api as sm

    risk = scm.mechanisms["ssi"].mean({name: new.values(name) for name in scm.factors.pillows["ssi"]})
    slope = sm.Logit(new.values("ssi"), sm.add_constant(logit(risk))).fit(disp=0)
    assert abs(slope.params[1] - 1) < 4 * slope.bse[1] + 0.1


def test_samples_are_what_the_mechanisms_make_of_the_noise(scm):
    from causalmed._kernels.reference_scm import TILE, uniforms
    from causalmed.scm.program import stream_key

    rows = 600
    drawn = scm.sample(rows, do={"late": 1}, seed=5)
    values = {name: drawn[name].astype(float).to_numpy() for name in drawn}
    tiles = np.arange(-(-rows // TILE), dtype=np.uint64)
    for node in FAMILIES:
        u = np.hstack(uniforms(stream_key(5, "noise", node), tiles)).ravel()[:rows]
        expected = scm.mechanisms[node].value(values, u)
        np.testing.assert_allclose(values[node], expected, rtol=1e-9, err_msg=node)


@pytest.mark.parametrize("coupling", ["monotone", "independent"])
def test_counterfactual_draws_agree_with_numpy(scm, coupling):
    some = scm.cohort.take(np.arange(300))
    facts = _facts(scm, some, do={"late": 1}, targets=("ssi", "dose"))
    assert set(facts.path) == set(FAMILIES)
    for means in (frozenset(), frozenset({"ssi"})):
        assert can_be_compiled(facts, coupling=coupling, means=means)
        found = coupled_draws(facts, coupling=coupling, draws=3, seed=3, means=means)
        expected = interpreted_draws(facts, coupling=coupling, draws=3, seed=3, means=means)
        for node, values in expected.items():
            np.testing.assert_allclose(found[node], values, rtol=1e-8, atol=1e-10, err_msg=node)
            rows = facts.observed["late"][:, 0] == 1
            if node not in means:
                np.testing.assert_array_equal(found[node][rows, 0], facts.observed[node][rows, 0])


def test_a_saved_model_has_the_same_bits(scm, tmp_path):
    scm.save(tmp_path / "boosted.scm")
    again = StructuralCausalModel.load(tmp_path / "boosted.scm")
    assert dict(again.mechanisms) == dict(scm.mechanisms)
    assert dict(again.specs) == dict(scm.specs)
    pd.testing.assert_frame_equal(again.sample(700, seed=3), scm.sample(700, seed=3), check_exact=True)


def test_means_lie_in_the_middle_of_draws(scm):
    some = {name: scm.cohort.values(name)[:40] for name in scm.order}
    u = np.broadcast_to((np.arange(4000) + 0.5) / 4000, (40, 4000))
    for node in FAMILIES:
        law = scm.mechanisms[node]
        inputs = {name: some[name][:, np.newaxis] for name in law.columns}
        middle = law.value(inputs, u).mean(axis=1)
        np.testing.assert_allclose(middle, law.mean(inputs)[:, 0], rtol=0.01, atol=0.01, err_msg=node)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"features": [[2]]}, "not among"),
        ({"thresholds": [[0.0, 1.0]]}, "complete trees"),
        ({"leaves": [[0.0, 1.0, 2.0]]}, "complete trees"),
    ],
)
def test_trees_that_are_none_are_refused(wrong, message):
    right = {
        "columns": ("a",),
        "start": 0.0,
        "features": [[0]],
        "thresholds": [[0.5]],
        "leaves": [[0.0, 1.0]],
    }
    assert Trees(**right)({"a": np.array([0.5, 0.6])}).tolist() == [0.0, 1.0]
    with pytest.raises(InvalidArgument, match=message):
        Trees(**(right | wrong))


def test_too_few_patients_are_refused_by_name():
    with pytest.raises(CausalmedError, match=r"'cost'.*at least 50"):
        fit_scm(GRAPH, cohort_of(frame(45, 1)), mechanisms={"cost": "boosted"})


@pytest.mark.slow
def test_the_conditional_distribution_covers_over_repeated_cohorts():
    inside = []
    for seed in range(60):
        spec = MechanismSpec(family="boosted", **SPEC)
        model = fit_scm(GRAPH, cohort_of(frame(800, seed)), mechanisms={"cost": spec})
        new = cohort_of(frame(1_000, 1000 + seed))
        inputs = {name: new.values(name) for name in model.factors.pillows["cost"]}
        rank = model.mechanisms["cost"].cdf(new.values("cost"), inputs)
        inside.append([np.mean(rank <= level) - level for level in (0.1, 0.3, 0.5, 0.7, 0.9)])
    error = np.std(inside, axis=0) / np.sqrt(len(inside))
    assert np.all(np.abs(np.mean(inside, axis=0)) < 3.5 * error + 0.01)
