"""Pillows: m-separation says that they are enough, and the product of factors is the joint law."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest

from causalmed.graph import Graph
from causalmed.scm.factorisation import district_of, factorise


def random_admg(seed: int) -> Graph:
    rng = np.random.default_rng(seed)
    names = [f"v{k}" for k in range(7)]
    pairs = list(combinations(names, 2))
    return Graph.of(
        [p for p in pairs if rng.random() < 0.3],
        bidirected=[p for p in pairs if rng.random() < 0.2],
        nodes=names,
    )


@pytest.mark.parametrize("seed", range(25))
def test_each_node_is_separated_from_its_other_predecessors_by_its_pillow(seed):
    graph = random_admg(seed)
    factors = factorise(graph, outcomes=["v4"])
    first = graph.ancestors("v4")
    assert set(factors.order[: len(first)]) == first
    for at, node in enumerate(factors.order):
        assert all(parent in factors.order[:at] for parent in graph.parents(node))
        pillow = set(factors.pillows[node])
        rest = set(factors.order[:at]) - pillow
        assert set(graph.parents(node)) <= pillow <= set(factors.order[:at])
        inside = graph.latent_projection(set(factors.order[: at + 1]))
        for other in rest:
            assert inside.separated(node, other, given=pillow)


def test_the_product_of_the_factors_is_the_joint_law(world):
    graph = Graph.parse("dag { u [latent]; v [latent]; u -> {a c}; v -> {c d}; a -> b -> c; a -> d }")
    truth = world.random(graph, seed=2)
    scm = truth.fitted("c")
    law = truth.marginal(scm.order)
    for values in product((0, 1), repeat=4):
        at = {name: np.array([float(v)]) for name, v in zip(scm.order, values, strict=True)}
        log_p = sum(float(np.ravel(scm.mechanisms[n].log_density(at[n], at))[0]) for n in scm.order)
        assert np.exp(log_p) == pytest.approx(law[values])


def test_districts_stop_at_the_border():
    graph = Graph.of([], bidirected=[("a", "b"), ("b", "c")], nodes="abc")
    assert district_of(graph, "a", within="abc") == {"a", "b", "c"}
    assert district_of(graph, "a", within="ac") == {"a"}
