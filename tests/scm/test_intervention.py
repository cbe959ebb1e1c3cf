"""Interventions against enumeration: what is computed is right, what cannot be is refused."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from causalmed.errors import NotIdentified, UnknownNode
from causalmed.graph import Graph
from causalmed.scm.intervention import find_hedge

IDENTIFIED = {
    "confounder": "dag { z -> {x y}; x -> y }",
    "front door": "dag { u [latent]; u -> {x y}; x -> m -> y }",
    "front door, confounded": "dag { u [latent]; w -> {x m y}; u -> {x y}; x -> m -> y }",
    "M": "dag { u [latent]; v [latent]; u -> {x m}; v -> {m y}; x -> y }",
    "mediator and outcome share a cause": "dag { u [latent]; u -> {m y}; x -> m -> y; x -> y }",
    "rating": "dag { u [latent]; u -> {r y}; x -> y; c -> {x r y} }",
    "rating below": "dag { u [latent]; u -> {r y}; x -> y; x -> r }",
    "bow below the outcome": "dag { u [latent]; u -> {x c}; x -> {c y} }",
    "two steps": "dag { u [latent]; v [latent]; x -> a -> b -> y; u -> {x b}; v -> {a y} }",
}
REFUSED = {
    "bow": "dag { u [latent]; u -> {x y}; x -> y }",
    "bow with a mediator": "dag { u [latent]; u -> {x m}; x -> m -> y }",
    "instrument": "dag { u [latent]; z -> x -> y; u -> {x y} }",
    "through a parent": "dag { u [latent]; v [latent]; z -> x -> y; u -> {x z}; v -> {z y} }",
    "along a chain": "dag { u [latent]; v [latent]; x -> m -> y; u -> {x y}; v -> {x m} }",
}
NAPKIN = "dag { u [latent]; v [latent]; w -> z -> x -> y; u -> {w x}; v -> {w y} }"


@pytest.mark.parametrize("name", IDENTIFIED)
def test_identified_laws_are_exact(world, enumerate_model, name):
    graph = Graph.parse(IDENTIFIED[name])
    truth = world.random(graph, seed=7)
    scm = truth.fitted("y")
    for value in (0, 1):
        found = enumerate_model(scm, {"x": value}, ("y",))
        expected = truth.marginal(("y",), do={"x": value})
        assert found[(1,)] == pytest.approx(expected[(1,)], abs=1e-10)


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_identified_is_refused_with_its_hedge(world, name):
    graph = Graph.parse(REFUSED[name])
    scm = world.random(graph, seed=3).fitted("y")
    with pytest.raises(NotIdentified, match="cannot be computed from the observed columns") as caught:
        scm.plan(exposures=("x",), targets=("y",))
    assert any("<->" in piece for piece in caught.value.witness)
    assert caught.value.suggestions
    assert find_hedge(graph.latent_projection(), exposures=["x"], targets=["y"]) is not None
    for ask in (lambda: scm.sample(5, do={"x": 1}), lambda: scm.effect(exposure="x")):
        with pytest.raises(NotIdentified):
            ask()


def test_the_napkin_is_refused_as_not_computed_and_not_as_impossible(world):
    graph = Graph.parse(NAPKIN)
    scm = world.random(graph, seed=3).fitted("y")
    assert find_hedge(graph.latent_projection(), exposures=["x"], targets=["y"]) is None
    with pytest.raises(NotIdentified, match="not computed by this model"):
        scm.plan(exposures=("x",), targets=("y",))


def random_graph(seed: int, nodes: int) -> Graph:
    rng = np.random.default_rng(seed)
    names = [f"v{k}" for k in range(nodes)]
    pairs = list(combinations(names, 2))
    edges = [pair for pair in pairs if rng.random() < 0.45]
    hidden = [pair for pair in pairs if rng.random() < 0.25][:4]
    latent = [f"u{k}" for k in range(len(hidden))]
    edges += [(u, v) for u, pair in zip(latent, hidden, strict=True) for v in pair]
    return Graph.of(edges, nodes=names, latent=latent)


def refused(scm, do, targets) -> str | None:
    try:
        scm.plan(exposures=tuple(do), targets=targets)
    except NotIdentified as error:
        return str(error)
    return None


@pytest.mark.parametrize("seed", range(60))
def test_random_graphs_agree_with_enumeration(world, enumerate_model, seed):
    """Single and joint interventions, single and joint targets; refusals include every hedge."""
    graph = random_graph(seed, nodes=4 + seed % 2)
    truth = world.random(graph, seed)
    names = truth.observed
    scm = truth.fitted(names[-1])
    rng = np.random.default_rng(seed + 1000)
    projected = graph.latent_projection()
    for _ in range(6):
        size = int(rng.integers(1, 3))
        chosen = rng.permutation(len(names))
        do = {names[k]: int(rng.integers(2)) for k in chosen[:size]}
        targets = tuple(names[k] for k in chosen[size : size + int(rng.integers(1, 3))])
        hedge = find_hedge(projected, exposures=do, targets=targets)
        refusal = refused(scm, do, targets)
        if refusal is not None:
            assert ("not computed by this model" in refusal) == (hedge is None)
            continue
        assert hedge is None
        found = enumerate_model(scm, do, targets)
        for values, p in truth.marginal(targets, do).items():
            assert found[values] == pytest.approx(p, abs=1e-9)


def test_random_graphs_are_not_all_refused(world):
    answered = refused = 0
    for seed in range(60):
        graph = random_graph(seed, nodes=4)
        names = world.random(graph, seed).observed
        scm = world.random(graph, seed).fitted(names[-1])
        for name in names[:-1]:
            try:
                scm.plan(exposures=(name,), targets=(names[-1],))
                answered += 1
            except NotIdentified:
                refused += 1
    assert answered > 100
    assert refused > 10


def test_the_sampler_draws_what_is_enumerated(world):
    """Front door: the outcome's factor sees the exposure's own value, the mediator's the one it is set to."""
    truth = world.random(Graph.parse(IDENTIFIED["front door"]), seed=5)
    drawn = truth.fitted("y").sample(200_000, do={"x": 1}, seed=2)
    law = truth.marginal(("m", "y"), do={"x": 1})
    counts = drawn.groupby(["m", "y"]).size() / len(drawn)
    for values, p in law.items():
        assert counts[values] == pytest.approx(p, abs=5 * np.sqrt(p * (1 - p) / len(drawn)))


def test_a_model_fitted_on_causes_alone_would_be_wrong(world):
    """The front door without the district: conditioning y on m alone gives another answer."""
    gaps = []
    for seed in range(20):
        truth = world.random(Graph.parse(IDENTIFIED["front door"]), seed)
        m, y = truth.marginal(("m",), do={"x": 1}), truth.marginal(("m", "y"))
        parents_only = sum(m[(k,)] * y[(k, 1)] / (y[(k, 0)] + y[(k, 1)]) for k in (0, 1))
        gaps.append(abs(parents_only - truth.marginal(("y",), do={"x": 1})[(1,)]))
    assert max(gaps) > 0.005


def test_unknown_nodes_are_named(world):
    scm = world.random(Graph.parse(IDENTIFIED["M"]), seed=1).fitted("y")
    with pytest.raises(UnknownNode, match="'q' is not in the graph"):
        scm.plan(exposures=("q",), targets=("y",))
