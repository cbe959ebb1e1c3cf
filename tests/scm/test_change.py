"""Why a rate changed: enumeration, simulated changes with truth, a peer, bad input."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from causalmed.cohort import Cohort
from causalmed.errors import DataError, InvalidArgument, UnknownNode
from causalmed.graph import Graph
from causalmed.scm import explain_change
from causalmed.scm.attribution import shapley_exact
from causalmed.scm.fit import fit_scm

GRAPH = Graph.parse("dag { emergency -> {late ssi}; late -> {cold ssi}; cold -> ssi }")
BEFORE = {"emergency": (-1.0,), "late": (-0.8, 0.9), "cold": (-1.0, 1.2), "ssi": (-2.4, 0.5, 0.6, 0.9)}
AFTER = {**BEFORE, "late": (-1.9, 0.9)}
INPUTS = {
    "emergency": (),
    "late": ("emergency",),
    "cold": ("late",),
    "ssi": ("emergency", "late", "cold"),
}


def expit(x):
    return 1 / (1 + np.exp(-x))


def risk(node, beta, values):
    return expit(
        beta[node][0] + sum(b * values[x] for b, x in zip(beta[node][1:], INPUTS[node], strict=True))
    )


def ward(beta, n, seed, **roles):
    random, values = np.random.default_rng(seed), {"id": np.arange(n)}
    for node in INPUTS:
        values[node] = (random.random(n) < risk(node, beta, values)).astype(int)
    if "cluster" in roles:
        values["hospital"] = random.integers(0, roles.pop("cluster"), n)
        roles["cluster"] = "hospital"
    return Cohort.from_frame(pd.DataFrame(values), outcome="ssi", unit="id", **roles)


def mean_outcome(betas):
    """Enumerate the mean outcome where each node has its own coefficients."""
    total = 0.0
    for values in product((0, 1), repeat=4):
        world = dict(zip(INPUTS, values, strict=True))
        chances = [risk(node, {node: betas[node]}, world) for node in INPUTS]
        total += world["ssi"] * np.prod([p if v else 1 - p for p, v in zip(chances, values, strict=True)])
    return total


def enumerated(before, after):
    nodes = list(INPUTS)

    def game(bits):
        return np.array(
            mean_outcome({v: (after if bits >> j & 1 else before)[v] for j, v in enumerate(nodes)})
        )

    return shapley_exact(game, len(nodes))


def coefficients(scm):
    root = float(scm.mechanisms["emergency"].mean({}))
    found = {node: tuple(scm.mechanisms[node].parameters) for node in INPUTS if node != "emergency"}
    return {"emergency": (np.log(root / (1 - root)),), **found}


@pytest.fixture(scope="module")
def pair():
    return ward(BEFORE, 5_000, 1), ward(AFTER, 4_000, 2)


@pytest.fixture(scope="module")
def change(pair):
    return explain_change(*pair, GRAPH, seed=3)


def test_the_parts_are_those_of_the_enumerated_models(pair, change):
    first, last = (coefficients(fit_scm(GRAPH, each)) for each in pair)
    exact = enumerated(first, last)
    assert change.mechanisms == ("emergency", "late", "cold", "ssi")
    most = stats.t.isf(5e-5, 9) * change.monte_carlo[:-1]
    assert np.all(np.abs(change.values[:-1] - exact) < most + 1e-12)
    assert np.all(change.monte_carlo[:-1] < 0.001)


def test_the_parts_sum_to_the_observed_change(pair, change):
    observed = pair[1].values("ssi").mean() - pair[0].values("ssi").mean()
    assert change.values.sum() == pytest.approx(observed, abs=1e-12)
    assert change.difference.estimate == pytest.approx(observed, abs=1e-12)
    assert abs(change.unexplained.estimate) < 0.004


def test_the_interval_of_the_difference_is_that_of_two_means(pair):
    change = explain_change(*pair, GRAPH, draws=100, replicates=300, seed=1)
    variance = sum(stats.sem(each.values("ssi")) ** 2 for each in pair)
    assert change.difference.std_error == pytest.approx(np.sqrt(variance), rel=0.15)


def test_the_mechanism_that_changed_gets_it_all(change):
    truth = mean_outcome(AFTER) - mean_outcome(BEFORE)
    assert truth in change["late"]
    assert change["late"].high < 0
    assert all(0.0 in change[node] for node in ("emergency", "cold", "ssi"))
    picture = change.picture()
    assert picture.title == "late accounts for the largest part of the change that is clear of chance"
    assert picture.ends == ("before", "after")


def test_chance_is_not_called_a_cause_of_the_change(change):
    """The same parts with intervals that all hold zero have no largest one."""
    wide = replace(change, covariance=change.covariance * 1e6)
    assert wide.picture().title == "No part of the change is clear of chance"


def test_threads_and_row_order_change_no_bit(pair, change):
    shuffled = [
        Cohort.from_frame(each.to_frame().sample(frac=1, random_state=4), outcome="ssi", unit="id")
        for each in pair
    ]
    again = explain_change(*shuffled, GRAPH, seed=3, n_jobs=2)
    assert np.array_equal(again.values, change.values)
    assert np.array_equal(again.covariance, change.covariance)


def test_the_result_can_be_read(change):
    frame = change.to_frame()
    assert frame["part"].sum() == pytest.approx(change.after - change.before)
    assert frame["mechanism"].tolist()[-1] == "not carried by the graph"
    assert all(len(line) <= 80 for line in str(change).splitlines())
    assert "late" in change._repr_html_()
    assert change.to_dict()["parts"]["late"]["estimate"] == change["late"].estimate
    assert len(change) == 4
    with pytest.raises(InvalidArgument, match="nothing"):
        change["nothing"]
    with pytest.raises(ValueError, match="read-only"):
        change.values[0] = 1.0


def covered(cohorts, n, draws, first, *, replicates=50):
    truth = np.append(enumerated(BEFORE, AFTER), 0.0)
    inside = np.zeros(len(truth))
    for number in range(cohorts):
        pair = ward(BEFORE, n, first + 2 * number), ward(AFTER, n, first + 2 * number + 1)
        found = explain_change(*pair, GRAPH, draws=draws, replicates=replicates, seed=number).to_frame()
        inside += (found["low"].to_numpy() <= truth) & (truth <= found["high"].to_numpy())
    return inside[:-1]


def test_intervals_cover():
    inside = covered(12, 500, 500, 1_000, replicates=25)
    assert np.all(inside >= stats.binom.ppf(0.0005, 12, 0.92))


@pytest.mark.slow
def test_intervals_cover_in_many_cohorts():
    inside = covered(300, 1_000, 4_000, 5_000)
    assert np.all(inside >= stats.binom.ppf(0.001, 300, 0.945))
    assert np.all(inside <= stats.binom.ppf(0.999, 300, 0.96))


def test_nodes_with_a_hidden_cause_are_one_mechanism(pair):
    graph = Graph.parse("dag { emergency -> {late ssi}; late -> {cold ssi}; cold -> ssi; late <-> ssi }")
    change = explain_change(*pair, graph, draws=1_000, replicates=20)
    assert change.mechanisms == ("emergency", "late + ssi", "cold")
    assert change["ssi"] == change["late + ssi"]


def test_many_mechanisms_are_sampled_and_near_the_exact_answer(pair, change, monkeypatch):
    monkeypatch.setattr("causalmed.scm.change._EXACT", 3)
    monkeypatch.setattr("causalmed.scm.change._EXACT_AGAIN", 3)
    sampled = explain_change(*pair, GRAPH, seed=3)
    assert "permutations" in sampled.method
    assert np.all(np.abs(sampled.values - change.values) < 4 * sampled.monte_carlo + 1e-12)
    assert np.sqrt(np.diag(sampled.covariance)) == pytest.approx(np.sqrt(np.diag(change.covariance)), rel=0.2)


def test_a_missing_arrow_is_found():
    random, n = np.random.default_rng(6), 4_000

    def group(share):
        sick = random.random(n) < 0.3
        late = random.random(n) < np.where(sick, share, 0.2)
        ssi = random.random(n) < 0.05 + 0.4 * (sick & late)
        return Cohort.from_frame(pd.DataFrame({"sick": sick, "late": late, "ssi": ssi}), outcome="ssi")

    change = explain_change(group(0.2), group(0.9), Graph.parse("dag { {sick late} -> ssi }"), seed=1)
    assert change.gate.check("graph carries the change").state.name == "WARN"
    assert "add arrows" in str(change)


def test_few_clusters_are_left_out_of_both_groups():
    pair = ward(BEFORE, 1_500, 11, cluster=6), ward(AFTER, 1_500, 12, cluster=6)
    change = explain_change(*pair, GRAPH, draws=1_000, seed=1)
    assert change.degrees_of_freedom == 5
    left = []
    for g in range(6):
        kept = [each.take(each.values("hospital") != g) for each in pair]
        left.append(kept[1].values("ssi").mean() - kept[0].values("ssi").mean())
    expected = np.sqrt(5 / 6 * np.sum((np.array(left) - np.mean(left)) ** 2))
    assert change.difference.std_error == pytest.approx(expected, rel=1e-9)


def test_many_clusters_have_one_weight_in_both_groups():
    pair = ward(BEFORE, 1_000, 11, cluster=50), ward(BEFORE, 1_000, 11, cluster=50)
    change = explain_change(*pair, GRAPH, draws=500, replicates=20)
    assert change.difference.std_error == pytest.approx(0.0, abs=1e-12)


@pytest.mark.slow
def test_dowhy_finds_the_same_parts():
    gcm = pytest.importorskip("dowhy.gcm")
    nx = pytest.importorskip("networkx")
    from dowhy.gcm.distribution_change import distribution_change_of_graphs
    from sklearn.linear_model import LinearRegression

    def group(shift, seed):
        random = np.random.default_rng(seed)
        x = random.normal(size=3_000)
        m = x + shift + random.normal(size=3_000)
        return pd.DataFrame({"x": x, "m": m, "y": 0.5 * m + 0.3 * x + random.normal(size=3_000)})

    def fitted(frame):
        peer = gcm.ProbabilisticCausalModel(nx.DiGraph([("x", "m"), ("x", "y"), ("m", "y")]))
        peer.set_causal_mechanism("x", gcm.EmpiricalDistribution())
        for node in ("m", "y"):
            model = gcm.AdditiveNoiseModel(gcm.ml.SklearnRegressionModel(LinearRegression()))
            peer.set_causal_mechanism(node, model)
        gcm.fit(peer, frame)
        return peer

    old, new = group(0.0, 1), group(1.0, 2)
    gcm.config.disable_progress_bars()
    gcm.util.general.set_random_seed(1)
    theirs = distribution_change_of_graphs(
        fitted(old),
        fitted(new),
        "y",
        num_samples=20_000,
        difference_estimation_func=lambda a, b: float(np.mean(b) - np.mean(a)),
    )
    graph = Graph.parse("dag { x -> {m y}; m -> y }")
    ours = explain_change(*(Cohort.from_frame(f, outcome="y") for f in (old, new)), graph, replicates=20)
    for node in ("x", "m", "y"):
        assert ours[node].estimate == pytest.approx(float(theirs[node]), abs=0.05)


def test_bad_input_is_refused_with_a_reason(pair):
    before, after = pair
    with pytest.raises(InvalidArgument, match="after"):
        explain_change(before, after.to_frame(), GRAPH)
    with pytest.raises(InvalidArgument, match="draws"):
        explain_change(before, after, GRAPH, draws=3)
    with pytest.raises(InvalidArgument, match="replicates"):
        explain_change(before, after, GRAPH, replicates=1)
    with pytest.raises(InvalidArgument, match="level"):
        explain_change(before, after, GRAPH, level=95)
    with pytest.raises(UnknownNode, match="sepsis"):
        explain_change(before, after, GRAPH, "sepsis")
    with pytest.raises(InvalidArgument, match="outcome"):
        explain_change(before, Cohort.from_frame(after.to_frame(), unit="id"), GRAPH)
    with pytest.raises(InvalidArgument, match="cluster"):
        explain_change(before, ward(AFTER, 500, 3, cluster=5), GRAPH)
    one = [ward(beta, 500, 3, cluster=1) for beta in (BEFORE, AFTER)]
    with pytest.raises(DataError, match="one cluster"):
        explain_change(*one, GRAPH)


def test_columns_that_mean_something_else_are_refused(pair):
    before, after = pair
    texts = after.to_frame().assign(cold=lambda f: np.where(f["cold"] == 1, "yes", "no"))
    with pytest.raises(DataError, match="cold"):
        explain_change(before, Cohort.from_frame(texts, outcome="ssi", unit="id"), GRAPH)
    frames = [each.to_frame().assign(ward=[0, 1] * (each.n // 2)) for each in pair]
    frames[1].loc[:3, "ward"] = 2
    kinds = {"ward": (0, 1, 2)}
    both = [Cohort.from_frame(f, outcome="ssi", unit="id", kinds=kinds) for f in frames]
    with pytest.raises(DataError, match="one group only"):
        explain_change(*both, Graph.parse("dag { ward -> ssi }"))
    with pytest.raises(InvalidArgument, match="levels without a mean"):
        explain_change(both[0], both[0], Graph.parse("dag { ward -> ssi }"), "ward")
