"""The proper back-door graph against the criterion as it is written."""

from __future__ import annotations

import itertools

import pytest

from causalmed.graph import adjustment_problem
from causalmed.graph.adjustment import causal_nodes


@pytest.mark.parametrize("seed", range(24))
def test_validity_agrees_with_the_criterion(seed, brute):
    graph = brute.random_graph(seed, most=6)
    for x, y in itertools.permutations(graph.nodes, 2):
        problem = adjustment_problem(graph.adjacency, graph.numbers(x), graph.numbers(y))
        for z in brute.subsets(set(graph.nodes) - {x, y}):
            assert problem.accepts(graph.numbers(z)) == brute.is_adjustment_set(graph, {x}, {y}, z)


@pytest.mark.parametrize("seed", range(24))
def test_joint_exposures_and_outcomes(seed, brute):
    graph = brute.random_graph(seed, most=6)
    for sides in itertools.islice(itertools.permutations(graph.nodes, 3), 40):
        for xs, ys in ((set(sides[:2]), {sides[2]}), ({sides[0]}, set(sides[1:]))):
            problem = adjustment_problem(graph.adjacency, graph.numbers(xs), graph.numbers(ys))
            for z in brute.subsets(set(graph.nodes) - xs - ys):
                assert problem.accepts(graph.numbers(z)) == brute.is_adjustment_set(graph, xs, ys, z)


@pytest.mark.parametrize("seed", range(12))
def test_causal_nodes_lie_on_proper_causal_paths(seed, brute):
    graph = brute.random_graph(seed)
    for x, y in itertools.permutations(graph.nodes, 2):
        paths = [path for path in brute.proper_paths(graph, {x}, {y}) if brute.is_causal(path)]
        expected = {node for path in paths for node, _, _ in path[1:]}
        assert graph.names(causal_nodes(graph.adjacency, graph.numbers(x), graph.numbers(y))) == expected


def test_sides_and_forbidden_nodes_are_never_accepted(brute):
    graph = brute.random_graph(3)
    x, y = graph.topological_order()[0], graph.topological_order()[-1]
    problem = adjustment_problem(graph.adjacency, graph.numbers(x), graph.numbers(y))
    assert not problem.accepts(graph.numbers(x))
    assert not problem.accepts(graph.numbers(y))
    assert problem.query(include=graph.numbers(y), allowed=frozenset()) is None
