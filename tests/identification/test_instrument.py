"""Instruments: soundness in random linear models, completeness against all pairs of node and set."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from causalmed.errors import NotIdentified
from causalmed.graph import Graph
from causalmed.identification import identify
from causalmed.identification.instrument import instrument, is_instrument
from causalmed.identification.question import ask


def linear_model(graph, seed):
    """Covariance and total effects of a linear model on a graph whose hidden causes are nodes."""
    rng = np.random.default_rng([seed, 3])
    place = {name: number for number, name in enumerate(graph.nodes)}
    weights = np.zeros((len(place), len(place)))
    for u, v in sorted(graph.directed):
        weights[place[v], place[u]] = rng.uniform(0.4, 1.2) * rng.choice([-1, 1])
    mixing = np.linalg.inv(np.eye(len(place)) - weights)
    return mixing @ np.diag(rng.uniform(0.5, 2, len(place))) @ mixing.T, mixing, place


def partial_covariance(covariance, a, b, given):
    if not given:
        return covariance[a, b]
    block = covariance[np.ix_(given, given)]
    return covariance[a, b] - covariance[a, given] @ np.linalg.solve(block, covariance[given, b])


def wald(covariance, place, z, x, y, w):
    given = [place[name] for name in sorted(w)]
    top = partial_covariance(covariance, place[z], place[y], given)
    return top / partial_covariance(covariance, place[z], place[x], given)


@pytest.mark.parametrize("seed", range(80))
def test_the_ratio_is_the_effect(seed, brute):
    graph = brute.random_graph(seed)
    covariance, effects, place = linear_model(brute.explicit(graph), seed)
    for x, y in itertools.permutations(sorted(graph.observed), 2):
        found = instrument(ask(graph, x, y, None))
        if found is not None:
            ratio = wald(covariance, place, graph.nodes[found.node], x, y, graph.names(found.given))
            np.testing.assert_allclose(ratio, effects[place[y], place[x]], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("seed", range(80))
def test_one_is_found_whenever_one_exists(seed, brute):
    graph = brute.random_graph(seed, most=6)
    for x, y in itertools.permutations(sorted(graph.observed), 2):
        if y not in graph.descendants(x):
            continue
        question = ask(graph, x, y, None)
        before = graph.observed - graph.descendants(x) - {y}
        exists = any(
            is_instrument(question, next(iter(graph.numbers(z))), graph.numbers(w))
            for z in before
            for w in brute.subsets(before - {z})
        )
        assert (instrument(question) is not None) == exists


def test_the_textbook_cases(brute):
    plain = Graph.parse("dag { z -> a -> y; a <-> y }")
    estimand = identify(plain, exposure="a", outcome="y")
    assert (estimand.kind, estimand.instruments, estimand.adjustment_set) == ("instrument", ("z",), ())
    assert estimand.formula == "effect of a on y = Cov(z, y) / Cov(z, a)"
    conditional = Graph.parse("dag { z -> a -> y; a <-> y; w -> z; w -> y }")
    estimand = identify(conditional, exposure="a", outcome="y")
    assert (estimand.instruments, estimand.adjustment_set) == (("z",), ("w",))
    assert str(estimand).endswith("by the instrument z, conditional on w.")
    assert any("the same for everybody" in sentence for sentence in estimand.assumptions)
    proxy = Graph.parse("dag { u [latent]; z <- u -> a -> y; a <-> y }")
    assert identify(proxy, exposure="a", outcome="y").instruments == ("z",)


@pytest.mark.parametrize(
    "text",
    [
        "dag { z -> a -> y; a <-> y; z -> y }",
        "dag { z -> a -> y; a <-> y; z <-> y }",
        "dag { z; a -> y; a <-> y }",
        "dag { a -> y; a <-> y; a -> z }",
    ],
)
def test_what_is_no_instrument(text):
    with pytest.raises(NotIdentified):
        identify(Graph.parse(text), exposure="a", outcome="y")
