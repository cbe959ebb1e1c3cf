"""Listing adjustment sets: published graphs, all subsets, roles, time, nonsense."""

from __future__ import annotations

import itertools

import pytest

from causalmed.errors import ApproximationWarning, InvalidArgument, UnknownNode
from causalmed.graph import Graph

CASES = ("M-bias", "Polzer", "Shrier", "Small model with mediator", "Many variables")


def sets(lists):
    return {frozenset(names) for names in lists}


@pytest.mark.parametrize("name", CASES)
def test_published_sets(name, published):
    case = published[name]
    graph = Graph.of(case["edges"], exposures=case["exposure"], outcome=case["outcome"])
    found = graph.adjustment_sets(case["exposure"], case["outcome"])
    assert set(found) == sets(case["minimal_adjustment_sets_total_effect"])
    assert list(found) == sorted(found, key=lambda z: (len(z), sorted(z)))


def test_an_adjusted_node_is_in_every_set(published):
    case = published["M-bias"]
    graph = Graph.of(case["edges"], adjusted="M")
    assert set(graph.adjustment_sets("A", "B")) == sets(case["minimal_sets_given_M_forced"])
    assert all("M" in z for z in graph.adjustment_sets("A", "B", "all"))
    assert graph.with_roles(latent=["U1", "U2"]).adjustment_sets("A", "B") == ()
    assert graph.adjustment_sets("A", "B", observed=["A", "B", "U1"]) == ()


@pytest.mark.parametrize("seed", range(24))
def test_all_and_minimal_agree_with_all_subsets(seed, brute):
    graph = brute.random_graph(seed, most=6)
    for x, y in itertools.permutations(graph.nodes, 2):
        valid = {
            z for z in brute.subsets(graph.observed - {x, y}) if brute.is_adjustment_set(graph, {x}, {y}, z)
        }
        assert set(graph.adjustment_sets(x, y, "all")) == valid
        minimal = {z for z in valid if not any(other < z for other in valid)}
        assert set(graph.adjustment_sets(x, y)) == minimal


def test_joint_exposures(brute):
    graph = Graph.parse("dag { l -> {a1 a2 y}; a1 -> m -> a2; {a1 a2 m} -> y; a1 -> n <- a2 }")
    assert graph.adjustment_sets(["a1", "a2"], "y") == ()
    assert graph.without_edges_into("a2").adjustment_sets(["a1", "a2"], "y") == (frozenset({"l"}),)


def test_only_columns_that_exist_are_used():
    graph = Graph.parse("dag { u -> v; u -> a; v -> y; a -> y }")
    assert graph.adjustment_sets("a", "y") == (frozenset({"u"}), frozenset({"v"}))
    assert graph.adjustment_sets("a", "y", observed=["a", "y", "v", "not in the graph"]) == (frozenset("v"),)
    assert graph.with_roles(latent=["u", "v"]).adjustment_sets("a", "y") == ()


def test_what_happens_after_the_outcome_is_never_used():
    text = "dag { c -> {a y}; late -> {a}; a [tier=1]; y [tier=2]; a -> y; c [tier=%s] }"
    assert Graph.parse(text % "0").adjustment_sets("a", "y") == (frozenset({"c"}),)
    graph = Graph.of([("a", "y"), ("u", "a"), ("u", "w"), ("w2", "y"), ("w2", "w")])
    tiers = {"before": ["a", "u", "w2"], "outcome": ["y"], "after": ["w"]}
    dated = Graph.of([*graph.directed], tiers=tiers)
    assert any("w" in z for z in graph.adjustment_sets("a", "y", "all"))
    assert not any("w" in z for z in dated.adjustment_sets("a", "y", "all"))


def test_a_long_list_is_cut_aloud():
    rungs = [edge for k in range(11) for edge in (("a", f"p{k}"), (f"q{k}", f"p{k}"), (f"q{k}", "y"))]
    confounders = [edge for k in range(11) for edge in ((f"u{k}", "a"), (f"u{k}", f"w{k}"), (f"w{k}", "y"))]
    graph = Graph.of([*rungs, *confounders, ("a", "y")])
    with pytest.warns(ApproximationWarning, match="more than 7 minimal adjustment sets"):
        assert len(graph.adjustment_sets("a", "y", limit=7)) == 7
    with pytest.warns(ApproximationWarning, match="more than 1000"):
        graph.adjustment_sets("a", "y")


def test_nonsense_is_refused():
    graph = Graph.parse("dag { a -> y }")
    with pytest.raises(InvalidArgument, match="'a' is exposure and outcome"):
        graph.adjustment_sets("a", ["a", "y"])
    with pytest.raises(InvalidArgument, match="at least one exposure"):
        graph.adjustment_sets([], "y")
    with pytest.raises(UnknownNode, match="'b'"):
        graph.adjustment_sets("b", "y")
    with pytest.raises(InvalidArgument, match=r"kind='best'.*'minimal', 'optimal', 'all'"):
        graph.adjustment_sets("a", "y", "best")
    with pytest.raises(InvalidArgument, match="limit=0 lists nothing"):
        graph.adjustment_sets("a", "y", limit=0)
    with pytest.raises(InvalidArgument, match="neither the name of a node"):
        graph.adjustment_sets(3, "y")
