"""Implied independences: each holds, none can be shortened, none is missing."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from causalmed.graph import Graph


@pytest.mark.parametrize("seed", range(30))
def test_one_a_separable_pair_with_a_minimal_set(seed, brute):
    graph = brute.random_graph(seed, most=6)
    found = {frozenset((each.x, each.y)): each for each in graph.implications()}
    for x, y in itertools.combinations(sorted(graph.observed), 2):
        separating = [
            z for z in brute.subsets(graph.observed - {x, y}) if brute.separated(graph, {x}, {y}, z)
        ]
        each = found.pop(frozenset((x, y)), None)
        assert (each is None) == (not separating)
        if each is not None:
            assert frozenset(each.given) in separating
            assert not any(z < set(each.given) for z in separating)
    assert not found


@pytest.mark.parametrize("seed", range(8))
def test_they_hold_in_a_linear_model_on_the_graph(seed, brute):
    graph = brute.random_graph(seed)
    expanded = brute.explicit(graph)
    rng = np.random.default_rng(seed)
    place = {name: number for number, name in enumerate(expanded.nodes)}
    weights = np.zeros((len(place), len(place)))
    for u, v in sorted(expanded.directed):
        weights[place[v], place[u]] = rng.uniform(0.3, 1)
    mixing = np.linalg.inv(np.eye(len(place)) - weights)
    covariance = mixing @ mixing.T
    for each in graph.implications():
        block = [place[name] for name in (each.x, each.y, *each.given)]
        precision = np.linalg.inv(covariance[np.ix_(block, block)])
        assert abs(precision[0, 1]) < 1e-10


def test_the_published_one(published):
    case = published["Small model with mediator"]
    (only,) = Graph.of(case["edges"]).implications()
    said = case["implication"].replace("_||_", "⫫").replace("I,X", "I, X")
    assert {only.x, only.y} == set(said.split(" | ")[0].split(" ⫫ "))
    assert ", ".join(only.given) == said.split(" | ")[1]
