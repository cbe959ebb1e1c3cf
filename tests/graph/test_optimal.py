"""The O-set against the asymptotic variance of every adjustment set, in random linear models."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from causalmed.graph import Graph


def covariance_of(graph, rng):
    """Covariance of a linear model on the graph with random coefficients (no two-headed arrows)."""
    place = {name: number for number, name in enumerate(graph.nodes)}
    weights = np.zeros((len(place), len(place)))
    for u, v in sorted(graph.directed):
        weights[place[v], place[u]] = rng.uniform(0.4, 1.2) * rng.choice([-1, 1])
    mixing = np.linalg.inv(np.eye(len(place)) - weights)
    return mixing @ np.diag(rng.uniform(0.5, 2, len(place))) @ mixing.T, place


def residual_variance(covariance, target, given):
    if not given:
        return covariance[target, target]
    block, cross = covariance[np.ix_(given, given)], covariance[target, given]
    return covariance[target, target] - cross @ np.linalg.solve(block, cross)


def asymptotic_variance(covariance, x, y, z):
    """Of the least-squares coefficient of X: Var(Y | X, Z) / Var(X | Z)."""
    return residual_variance(covariance, y, [x, *z]) / residual_variance(covariance, x, list(z))


@pytest.mark.parametrize("seed", range(80))
def test_no_set_is_more_precise(seed, brute):
    graph = brute.random_graph(seed)
    expanded = brute.explicit(graph)
    rng = np.random.default_rng(seed)
    for x, y in itertools.permutations(sorted(graph.observed), 2):
        best = graph.adjustment_sets(x, y, "optimal")
        if not best:
            continue
        assert brute.is_adjustment_set(graph, {x}, {y}, best[0])
        covariance, place = covariance_of(expanded, rng)
        smallest = asymptotic_variance(covariance, place[x], place[y], [place[v] for v in sorted(best[0])])
        for z in graph.adjustment_sets(x, y, "all"):
            other = asymptotic_variance(covariance, place[x], place[y], [place[v] for v in sorted(z)])
            assert smallest <= other * (1 + 1e-9)


@pytest.mark.parametrize("seed", range(0, 40, 2))
def test_where_all_is_observed_and_something_is_valid_there_is_a_best(seed, brute):
    graph = brute.random_graph(seed)
    graph = Graph.of(graph.directed, nodes=graph.nodes)
    for x, y in itertools.permutations(graph.nodes, 2):
        has_effect = y in graph.descendants(x)
        assert len(graph.adjustment_sets(x, y, "optimal")) == has_effect
        if has_effect:
            parents = {p for v in graph.descendants(x) & graph.ancestors(y) - {x} for p in graph.parents(v)}
            assert graph.adjustment_sets(x, y, "optimal")[0] <= parents


def test_causes_of_the_outcome_are_in_causes_of_the_exposure_are_not():
    graph = Graph.parse("dag { i -> a -> m -> y; c -> a; c -> y; w -> y; v -> m; m -> d }")
    assert graph.adjustment_sets("a", "y", "optimal") == (frozenset({"c", "w", "v"}),)
    assert graph.adjustment_sets("a", "y") == (frozenset({"c"}),)


def test_a_hidden_mediator_or_a_confounded_pair_of_mediators_leaves_the_best_set_known():
    graph = Graph.parse("dag { a -> m -> y; m <-> y; c -> {a y}; w -> m }")
    assert graph.adjustment_sets("a", "y", "optimal") == (frozenset({"c", "w"}),)
    assert graph.with_roles(latent="m").adjustment_sets("a", "y", "optimal") == (frozenset({"c", "w"}),)


def test_a_hidden_cause_shared_with_the_outcome_leaves_it_open():
    graph = Graph.parse("dag { a -> y; w <-> y; c -> {a y} }")
    assert graph.adjustment_sets("a", "y", "optimal") == ()
    assert graph.adjustment_sets("a", "y") == (frozenset({"c"}),)


def test_a_forced_node_that_is_not_in_it_leaves_it_open():
    graph = Graph.parse("dag { i [adjusted]; i -> a -> y; c -> {a y} }")
    assert graph.adjustment_sets("a", "y", "optimal") == ()
    assert graph.with_roles(adjusted="c").adjustment_sets("a", "y", "optimal") == (frozenset({"c"}),)
