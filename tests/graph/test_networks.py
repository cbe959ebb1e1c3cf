"""networkx in and out."""

from __future__ import annotations

import networkx
import pytest

from causalmed.errors import CyclicGraph, GraphError
from causalmed.graph import Graph


@pytest.mark.parametrize("seed", range(20))
def test_round_trip(seed, brute):
    graph = brute.random_graph(seed)
    again = Graph.from_networkx(graph.to_networkx())
    assert again == graph


def test_roles_travel():
    roles = 'a [exposure, pos="1,2", tier=1]; y [outcome]; u [latent]; c [adjusted, unstable]'
    graph = Graph.parse(f"dag {{ {roles}; a -> y; u -> y }}")
    assert type(graph.to_networkx()) is networkx.DiGraph
    assert Graph.from_networkx(graph.to_networkx()) == graph


def test_an_arrow_beside_a_hidden_cause_needs_a_multigraph():
    network = networkx.MultiDiGraph([("a", "b")])
    network.add_edge("b", "a", bidirected=True)
    graph = Graph.from_networkx(network)
    assert graph.directed == {("a", "b")}
    assert graph.bidirected == {frozenset("ab")}
    assert type(graph.to_networkx()) is networkx.MultiDiGraph


def test_observed_no_means_latent():
    network = networkx.DiGraph([("u", "a")])
    network.nodes["u"]["observed"] = "no"
    assert Graph.from_networkx(network).latent == {"u"}


def test_what_does_not_say_what_causes_what_is_refused():
    with pytest.raises(GraphError, match="Graph is not a directed networkx graph"):
        Graph.from_networkx(networkx.Graph([("a", "b")]))
    with pytest.raises(GraphError, match="dict is not a directed"):
        Graph.from_networkx({"a": "b"})
    with pytest.raises(CyclicGraph):
        Graph.from_networkx(networkx.DiGraph([("a", "b"), ("b", "a")]))
    with pytest.raises(GraphError, match="1 is not text"):
        Graph.from_networkx(networkx.DiGraph([(1, 2)]))
    network = networkx.DiGraph([("a", "b")])
    network.nodes["a"]["latent"] = "maybe"
    with pytest.raises(GraphError, match="latent='maybe'"):
        Graph.from_networkx(network)
    network.nodes["a"].update(latent=False, pos="left")
    with pytest.raises(GraphError, match="pos='left' of 'a'"):
        Graph.from_networkx(network)
    with pytest.raises(GraphError, match="leaves directions open"):
        Graph.parse("pdag { a -- b }").to_networkx()
