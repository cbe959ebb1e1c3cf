"""No graph exists that contradicts itself."""

from __future__ import annotations

import pytest

from causalmed.errors import CyclicGraph, GraphError, InvalidArgument, UnknownNode
from causalmed.graph import Graph
from causalmed.graph.checking import as_names


def test_names_in_any_form():
    assert as_names(None) == ()
    assert as_names("age") == ("age",)
    assert as_names(["b", "a", "b"]) == ("b", "a")
    with pytest.raises(InvalidArgument, match="3 is neither"):
        as_names(3)


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (lambda: Graph.of([(1, 2)]), "1 is not text"),
        (lambda: Graph.of([("a\nb", "c")]), "one line of printable text"),
        (lambda: Graph.of(nodes=[""]), "one line of printable text"),
        (lambda: Graph.of(nodes=[" "]), "one line of printable text"),
        (lambda: Graph(nodes=("a", "a")), "listed twice"),
        (lambda: Graph.of([("a", "b")], latent="a", adjusted="a"), "'a' is marked latent and adjusted"),
        (lambda: Graph.of([("a", "b")], exposures="a", outcome="a"), "'a' is marked exposure and outcome"),
        (lambda: Graph.of([("a", "b")], exposures="a", adjusted="a"), "marked exposure and adjusted"),
        (lambda: Graph.of([("a", "b")], outcome="a", adjusted="a"), "marked outcome and adjusted"),
        (lambda: Graph.parse("pdag { a -- b; a -> b }"), "a -- b leaves open"),
        (lambda: Graph.parse("dag { tiers=1; a [tier=2] }"), r"must name each tier once; missing: \['2'\]"),
        (lambda: Graph.parse('dag { a [tier="x,y"] }'), "cannot name a tier"),
        (
            lambda: Graph.parse("dag { a [tier=2]; b [tier=1]; a -> b }"),
            "runs back in time: tier '2' comes after",
        ),
        (lambda: Graph.parse("dag { b [tier=early]; a [tier=late]; a -> b }"), "order: early, late"),
    ],
)
def test_contradictions_are_told(build, said):
    with pytest.raises(GraphError, match=said):
        build()


def test_tiers_are_ordered_by_number_or_as_stated():
    assert Graph.parse("dag { a [tier=10]; b [tier=9]; b -> a }").tiers == ("9", "10")
    assert Graph.parse('dag { tiers="early, late"; a [tier=late]; b [tier=early]; b -> a }').tiers == (
        "early",
        "late",
    )


@pytest.mark.parametrize(
    "build",
    [
        lambda: Graph(nodes=("a",), directed=frozenset({("a", "b")})),
        lambda: Graph(nodes=("a",), bidirected=frozenset({frozenset("ab")})),
        lambda: Graph.of([("a", "c")], latent="b"),
        lambda: Graph(nodes=("a",), positions={"b": (0, 0)}),
        lambda: Graph(nodes=("a",), tier_of={"b": "1"}),
    ],
)
def test_roles_and_edges_are_of_nodes(build):
    with pytest.raises(UnknownNode, match="'b' is not in the graph"):
        build()


@pytest.mark.parametrize(
    "build",
    [
        lambda: Graph.of([("a", "a")]),
        lambda: Graph.of(bidirected=[("a", "a")]),
        lambda: Graph.of([("a", "b"), ("b", "a")]),
    ],
)
def test_nothing_causes_itself(build):
    with pytest.raises(CyclicGraph):
        build()


def test_a_long_cycle_is_found_without_recursion():
    edges = [(f"n{k}", f"n{(k + 1) % 5000}") for k in range(5000)]
    with pytest.raises(CyclicGraph, match="n0 -> n1 -> n2"):
        Graph.of(edges)
