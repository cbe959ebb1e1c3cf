"""Separators: one, every minimal one, every one, against all subsets."""

from __future__ import annotations

import itertools

import pytest

from causalmed.graph import SeparatorQuery, minimal_separator
from causalmed.graph.separators import all_minimal_separators, all_separators


def queries(graph, brute):
    observed = graph.numbers(graph.observed)
    for x, y in itertools.combinations(range(len(graph.nodes)), 2):
        others = observed - {x, y}
        for include in itertools.chain([frozenset()], (frozenset({v}) for v in sorted(others)[:2])):
            query = SeparatorQuery(
                adjacency=graph.adjacency,
                x=frozenset({x}),
                y=frozenset({y}),
                include=include,
                allowed=others,
            )
            sides = graph.names({x}), graph.names({y})
            valid = {
                z | include
                for z in brute.subsets(others - include)
                if brute.separated(graph, *sides, graph.names(z | include))
            }
            yield query, valid, {z for z in valid if not any(other < z for other in valid)}


@pytest.mark.parametrize("seed", range(30))
def test_all_kinds_agree_with_all_subsets(seed, brute):
    graph = brute.random_graph(seed, most=6)
    for query, valid, minimal in queries(graph, brute):
        one = minimal_separator(query)
        assert (one is None) == (not minimal)
        assert one is None or one in minimal
        listed = list(all_minimal_separators(query))
        assert len(listed) == len(set(listed))
        assert set(listed) == minimal
        everything = list(all_separators(query))
        assert len(everything) == len(set(everything))
        assert set(everything) == valid


def test_the_one_set_lies_near_the_second_side():
    from causalmed.graph import Graph

    graph = Graph.parse("dag { x <- a <- b <- c -> d -> y }")
    query = SeparatorQuery(
        adjacency=graph.adjacency,
        x=graph.numbers("x"),
        y=graph.numbers("y"),
        allowed=graph.numbers(["a", "b", "c", "d"]),
    )
    assert graph.names(minimal_separator(query)) == {"d"}


def test_listing_costs_little_per_set():
    """2**12 minimal sets exist; the first few come after a number of searches that a list does not grow."""
    from causalmed.graph import Graph

    rungs = [(f"a{k}", f"b{k}") for k in range(12)]
    edges = [edge for a, b in rungs for edge in (("x", a), (a, b), (b, "y"))]
    graph = Graph.of(edges)
    query = SeparatorQuery(
        adjacency=graph.adjacency,
        x=graph.numbers("x"),
        y=graph.numbers("y"),
        allowed=graph.numbers(name for rung in rungs for name in rung),
    )
    first = list(itertools.islice(all_minimal_separators(query), 50))
    assert len(set(first)) == 50
    assert all(len(z) == 12 for z in first)
    assert sum(1 for _ in all_minimal_separators(query)) == 2**12
