"""Leaving nodes out keeps every separation and every causal order among the others."""

from __future__ import annotations

import itertools

import networkx
import pytest

from causalmed.errors import GraphError
from causalmed.graph import Graph


@pytest.mark.parametrize("seed", range(1, 60, 2))
def test_the_projection_says_the_same(seed, brute):
    graph = brute.random_graph(seed)
    projected = graph.latent_projection()
    assert set(projected.nodes) == graph.observed
    assert not projected.latent
    for x, y in itertools.combinations(projected.nodes, 2):
        assert (y in graph.descendants(x)) == (y in projected.descendants(x))
        for z in brute.subsets(graph.observed - {x, y}):
            assert projected.separated(x, y, z) == graph.separated(x, y, z)


@pytest.mark.parametrize("seed", range(1, 40, 2))
def test_edges_are_the_paths_through_what_was_left_out(seed, brute):
    """Verma's definition: directed paths, and paths without a collider into both ends."""
    graph = brute.random_graph(seed)
    projected = graph.latent_projection()
    for x, y in itertools.permutations(sorted(graph.observed), 2):
        inside = [
            path
            for path in brute.simple_paths(graph, x, y)
            if all(node in graph.latent and not (a == b == ">") for node, a, b in path[1:-1])
        ]
        assert ((x, y) in projected.directed) == any(brute.is_causal(path) for path in inside)
        into_both = any(path[0][2] == ">" and path[-1][1] == ">" for path in inside)
        assert (frozenset((x, y)) in projected.bidirected) == into_both


def test_roles_and_places_stay():
    graph = Graph.parse('dag { u [latent]; a [exposure, pos="0,1", tier=1]; u -> a; u -> b; b [hint=x] }')
    projected = graph.latent_projection()
    assert projected.exposures == {"a"}
    assert dict(projected.positions) == {"a": (0.0, 1.0)}
    assert projected.tier_of["a"] == "1"
    assert projected.node_options["b"]["hint"] == "x"
    assert graph.latent_projection(["a"]).nodes == ("a",)
    assert graph.latent_projection(graph.nodes) == graph


@pytest.mark.parametrize("seed", range(20))
def test_districts_are_connected_by_two_headed_arrows(seed, brute):
    graph = brute.random_graph(seed).latent_projection()
    network = networkx.Graph([tuple(pair) for pair in graph.bidirected])
    network.add_nodes_from(graph.nodes)
    assert set(graph.districts()) == {frozenset(part) for part in networkx.connected_components(network)}


def test_districts_of_a_graph_with_latent_nodes_are_refused():
    with pytest.raises(GraphError, match="'u' is latent"):
        Graph.parse("dag { u [latent]; u -> a }").districts()
