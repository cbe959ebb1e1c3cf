"""Hospitals that differ in practice orient arrows and expose hidden causes; a class becomes graphs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from test_members import class_of, hidden_case

from causalmed import Cohort, discover
from causalmed.discovery import Oracle, Search, background, learned
from causalmed.discovery.environment import exposed, visible_arrows
from causalmed.errors import ApproximationWarning, ColumnNotFound, InvalidArgument, UnknownNode
from causalmed.graph import Graph
from causalmed.identification import identify

NAMES = ("frail_sign", "hospital", "late", "ssi")
CLEAN = Graph.parse("dag { u [latent] hospital -> late -> ssi; u -> {frail_sign ssi} }")
HIDDEN = Graph.parse("dag { u [latent] hospital -> late -> ssi; u -> {frail_sign ssi late} }")


def oracle(graph, **known):
    search = Search(method="fci", test="auto", alpha=0.5, max_given=None, known=background(NAMES, **known))
    return learned(search, Oracle(graph=graph, names=NAMES), NAMES)


def patients(seed, *, confounded, n=10000):
    rng = np.random.default_rng(seed)
    hospital = rng.integers(0, 10, n)
    habit = np.linspace(-1.5, 1.5, 10)[rng.permutation(10)][hospital]
    u = rng.normal(size=n)
    late = (rng.random(n) < 1 / (1 + np.exp(-habit - 2.0 * confounded * u))).astype(int)
    ssi = (rng.random(n) < 1 / (1 + np.exp(1 - 1.2 * late - 2.0 * u))).astype(int)
    frame = pd.DataFrame(
        {"hospital": hospital, "frail_sign": u + rng.normal(size=n), "late": late, "ssi": ssi}
    )
    return Cohort.from_frame(frame, cluster="hospital", outcome="ssi", kinds={"hospital": tuple(range(10))})


SIDE = {"environment": {"hospital": "ssi"}, "bootstrap": 0}
TIERS = {"before": ["frail_sign"], "during": ["late"], "after": ["ssi"]}


def test_an_arrow_is_freed_of_hidden_causes_where_hospitals_move_only_its_cause():
    graph = oracle(CLEAN, environment=["hospital"])
    assert str(graph.edge("late", "ssi")) == "late -> ssi"
    assert ("late", "ssi") in visible_arrows(graph)
    assert exposed(graph, [("hospital", "ssi")]) == ()


def test_without_the_hospital_the_same_arrow_stays_open():
    names = ("frail_sign", "late", "ssi")
    search = Search(method="fci", test="auto", alpha=0.5, max_given=None, known=background(names))
    graph = learned(search, Oracle(graph=CLEAN, names=names), names)
    assert graph.edge("late", "ssi").symbol == "o->"


def test_a_hidden_cause_shows_as_an_edge_that_the_hospital_should_not_have():
    graph = oracle(HIDDEN, environment=["hospital"])
    assert visible_arrows(graph, ["hospital"]) == (("hospital", "late"), ("hospital", "ssi"))
    (said,) = exposed(graph, [("hospital", "ssi")])
    assert "late shares a hidden cause with ssi" in said


@pytest.mark.parametrize("confounded", [False, True])
def test_patients_show_what_unlimited_data_would(confounded):
    right = 0
    for seed in range(5):
        found = discover(patients(seed, confounded=confounded), tiers=TIERS, **SIDE)
        freed = ("late", "ssi") in found.unconfounded
        right += (not freed and bool(found.hidden_causes)) if confounded else freed
        edge = found.graph.edge("hospital", "late")
        assert str(edge) == "hospital -> late"
    assert right >= 4  # at alpha = 0.01, two of five wrong by chance once in 1,000


def test_the_summary_says_what_the_variation_told():
    clean = discover(patients(0, confounded=False), tiers=TIERS, **SIDE)
    text = " ".join(clean.summary().split())
    assert "no hidden cause behind (1) late -> ssi." in text
    assert "Taken as outside, and moved by nothing here: hospital." in text
    assert clean.adjustment("late", "ssi").kind == "adjustment"
    assert clean.to_dict()["unconfounded"] == [["hospital", "late"], ["late", "ssi"]]
    stuck = discover(patients(0, confounded=True), tiers=TIERS, **SIDE)
    assert "a hidden cause with ssi" in " ".join(stuck.summary().split())
    assert stuck.adjustment("late", "ssi").kind in ("hidden cause", "not told")


def test_pc_takes_an_environment_too():
    found = discover(
        patients(0, confounded=False), environment="hospital", method="pc", latents="none", bootstrap=2
    )
    assert ("hospital", "late") in found.causes


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ({"environment": "ward"}, ColumnNotFound, "ward"),
        ({"environment": 3}, InvalidArgument, "environment"),
        ({"environment": {"hospital": "height"}}, InvalidArgument, "only through other columns"),
        ({"environment": {"hospital": "hospital"}}, InvalidArgument, "only through other columns"),
        ({"environment": {"hospital": 3}}, InvalidArgument, "environment"),
        ({"required": [("late", "hospital")]}, InvalidArgument, "forbidden"),
        ({"method": "ges", "latents": "none", "tiers": {}}, InvalidArgument, "environments"),
    ],
)
def test_bad_input(change, error, says):
    with pytest.raises(error, match=says):
        discover(patients(0, confounded=False, n=200), **{**SIDE, **change})


@pytest.fixture(scope="module")
def shell():
    """A discovery into which other classes can be put."""
    return discover(patients(0, confounded=False, n=400), tiers=TIERS, bootstrap=0)


def with_graph(shell, graph):
    from dataclasses import replace

    return replace(shell, graph=graph)


@pytest.mark.parametrize("seed", range(5))
def test_a_class_identifies_an_effect_exactly_if_each_of_its_graphs_does_by_adjustment(seed, shell):
    dag, seen = hidden_case(seed, most=4, density=0.4)
    found = with_graph(shell, class_of(dag, seen, "fci"))
    for exposure in seen:
        graphs = found.graphs(exposures=[exposure], limit=2000)
        for outcome in set(seen) - {exposure}:
            answer = found.adjustment(exposure, outcome)
            sets = [graph.adjustment_sets(exposure, outcome, "all") for graph in graphs.values()]
            led = [outcome in graph.descendants(exposure) for graph in graphs.values()]
            if answer.kind == "no effect":
                assert not any(led)
            elif answer.kind == "adjustment":
                assert all(frozenset(answer.columns) in each for each in sets)
            else:
                assert not frozenset.intersection(*(frozenset(each) for each in sets))


def test_the_limit_is_said(shell):
    dag, seen = hidden_case(3, least=4, most=4)
    found = with_graph(shell, class_of(dag, seen, "fci"))
    with pytest.warns(ApproximationWarning, match="more than 1 members"):
        assert len(found.graphs(limit=1)) == 1
    with pytest.raises(InvalidArgument, match="limit"):
        found.graphs(limit=0)
    with pytest.raises(UnknownNode, match="'height'"):
        found.graphs(exposures=["height"])


def test_graphs_carry_their_roles(shell):
    dag, seen = hidden_case(3, least=4, most=4)
    found = with_graph(shell, class_of(dag, seen, "fci"))
    for graph in found.graphs(exposures=[seen[0]], outcome=seen[1], limit=1000).values():
        assert (graph.exposures, graph.outcomes) == ({seen[0]}, {seen[1]})
    assert identify(next(iter(found.graphs(limit=1000).values())), exposure=seen[0], outcome=seen[1])
