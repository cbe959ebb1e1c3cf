"""Each column of an adjustment set says what it is there for."""

from __future__ import annotations

import itertools

import pytest

from causalmed.errors import NotIdentified
from causalmed.graph import Graph
from causalmed.identification import identify


def test_a_confounder_a_precision_column_and_a_forced_one():
    graph = Graph.parse("dag { c -> {a y}; w -> y; a -> y; s [adjusted]; s -> y }")
    assert identify(graph, exposure="a", outcome="y").reasons == (
        "c closes a <- c -> y.",
        "s is marked as adjusted in the graph.",
        "w explains part of the outcome: the estimate is more precise with it, and right without it.",
    )


def test_a_collider_that_is_forced_shows_what_it_opens():
    graph = Graph.parse("dag { a -> y; u -> a; u -> m; v -> m; v -> y; m [adjusted] }")
    assert identify(graph, exposure="a", outcome="y").reasons[-1] == "v closes a <- u -> m <- v -> y."


@pytest.mark.parametrize("seed", range(40))
def test_a_path_is_named_exactly_where_the_set_fails_without_the_column(seed, brute):
    graph = brute.random_graph(seed, most=6)
    for x, y in itertools.permutations(sorted(graph.observed), 2):
        try:
            estimand = identify(graph, exposure=x, outcome=y)
        except NotIdentified:
            continue
        assert len(estimand.reasons) == (len(estimand.adjustment_set) if estimand.kind == "backdoor" else 0)
        for name, reason in zip(estimand.adjustment_set, estimand.reasons, strict=False):
            others = set(estimand.adjustment_set) - {name}
            needed = not brute.is_adjustment_set(graph, {x}, {y}, others)
            assert reason.startswith(f"{name} closes {x} ") == needed
