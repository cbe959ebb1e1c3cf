"""Separation agrees with the definition, with moralisation and with networkx."""

from __future__ import annotations

import itertools

import networkx
import pytest

from causalmed.errors import InvalidArgument, UnknownNode
from causalmed.graph import Graph

SEEDS = range(24)


def by_moralisation(graph, x, y, z):
    """Lauritzen's criterion: cut Z out of the moral graph of the ancestors (of a graph without ↔)."""
    network = networkx.DiGraph(list(graph.directed))
    network.add_nodes_from(graph.nodes)
    keep = set().union(*(networkx.ancestors(network, node) | {node} for node in {x, y, *z}))
    part = network.subgraph(keep)
    moral = part.to_undirected()
    for node in part:
        moral.add_edges_from(itertools.combinations(part.predecessors(node), 2))
    moral.remove_nodes_from(z)
    return not networkx.has_path(moral, x, y)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_query_of_a_small_graph(seed, brute):
    graph = brute.random_graph(seed, most=6)
    expanded = brute.explicit(graph)
    network = networkx.DiGraph(list(expanded.directed))
    network.add_nodes_from(expanded.nodes)
    for x, y in itertools.combinations(graph.nodes, 2):
        for z in brute.subsets(set(graph.nodes) - {x, y}):
            found = graph.separated(x, y, z)
            assert found == brute.separated(graph, {x}, {y}, z)
            assert found == by_moralisation(expanded, x, y, z)
            assert found == networkx.is_d_separator(network, {x}, {y}, set(z))


@pytest.mark.parametrize("seed", SEEDS)
def test_the_path_shown_is_a_path_and_is_open(seed, brute):
    graph = brute.random_graph(seed, most=6)
    arrows = {("-", ">"): "->", (">", "-"): "<-", (">", ">"): "<->"}
    for x, y in itertools.combinations(graph.nodes, 2):
        written = {}
        for path in brute.simple_paths(graph, x, y):
            pieces = [x]
            for (_, _, left), (node, right, _) in itertools.pairwise(path):
                pieces += [arrows[left, right], node]
            written[tuple(pieces)] = path
        for z in brute.subsets(set(graph.nodes) - {x, y}):
            shown = graph.open_path(x, y, z)
            opened = [pieces for pieces, path in written.items() if brute.is_open(graph, path, z)]
            assert (shown is None) == (not opened)
            if shown is not None:
                assert shown in opened
                assert len(shown) == min(len(pieces) for pieces in opened)


def test_sets_are_separated_exactly_if_each_pair_is(brute):
    for seed in range(30):
        graph = brute.random_graph(seed)
        if len(graph.nodes) < 5:
            continue
        a, b, c, d, *rest = graph.nodes
        each = all(graph.separated(x, y, rest) for x in (a, b) for y in (c, d))
        assert graph.separated([a, b], {c, d}, rest) == each


def test_a_hidden_common_cause_is_not_a_node_named_with_an_arrow():
    graph = Graph.parse("dag { t -> y; z -> {t y}; t <-> y }")
    assert set(graph.nodes) == {"t", "y", "z"}
    assert not graph.without_edges_out_of("t").separated("t", "y", "z")
    assert graph.without_edges_out_of("t").open_path("t", "y", "z") == ("t", "<->", "y")


@pytest.mark.parametrize(
    ("x", "y", "z", "said"),
    [
        ("a", "a", (), "stands in x and in y"),
        ("a", "b", "a", "stands in x and in given"),
        ((), "b", (), "at least one node on each"),
    ],
)
def test_questions_without_sense_are_refused(x, y, z, said):
    with pytest.raises(InvalidArgument, match=said):
        Graph.parse("dag { a -> b }").separated(x, y, z)


def test_unknown_nodes_come_with_a_hint():
    with pytest.raises(UnknownNode, match=r"'smokin' is not in the graph of 2 nodes.* 'smoking'"):
        Graph.parse("dag { smoking -> ssi }").separated("smokin", "ssi")
