"""Whether any formula exists, against the textbooks and against the geometry of random models."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from causalmed.errors import NotIdentified
from causalmed.graph import Graph
from causalmed.identification import identify
from causalmed.identification.hedge import find_hedge

KNOWN = {
    "bow": ("a -> y; a <-> y", False),
    "back-door": ("c -> {a y}; a -> y", True),
    "front-door": ("a -> m -> y; a <-> y", True),
    "instrument": ("z -> a -> y; a <-> y", False),
    "confounded mediator": ("a -> m -> y; a <-> m", False),
    "mediator confounded with the outcome": ("a -> m -> y; m <-> y", True),
    "napkin": ("w -> z -> a -> y; w <-> a; w <-> y", True),
    "two districts": ("a -> z -> y; a -> y; z <-> y", True),
    "M through the exposure": ("a -> y; a <-> m; m <-> y; m -> y", False),
    "Verma": ("a -> b -> c -> y; b <-> y", True),
    "child in the district": ("a -> b; b -> y; a <-> c; c <-> b; c -> y", False),
}


@pytest.mark.parametrize("name", KNOWN)
def test_textbook_graphs(name):
    edges, identified = KNOWN[name]
    graph = Graph.parse(f"dag {{ {edges} }}")
    assert (find_hedge(graph, "a", "y", graph.observed) is None) == identified


def derivative(brute, graph, x, y, seed, hidden_levels):
    """Of the observed distribution, and of P(y | do(x)), by the free entries of the tables."""
    expanded = brute.explicit(graph)
    model = brute.DiscreteModel(expanded, seed, hidden_levels=hidden_levels)
    tables = {name: table.astype(complex) for name, table in model.tables.items()}
    rows = []
    for name, table in tables.items():
        for cell in np.ndindex(*table.shape[:-1], table.shape[-1] - 1):
            moved = table.copy()
            moved[cell] += 1e-20j
            moved[(*cell[:-1], -1)] -= 1e-20j
            model.tables = tables | {name: moved}
            observed = model.marginal(model.joint(), graph.observed).ravel()
            rows.append([*observed.imag, model.risk_under(y, x, 1)[1].imag])
    table = np.array(rows) * 1e20
    return table[:, :-1], table[:, -1]


def moves_alone(brute, graph, x, y, seed, hidden_levels):
    """Say whether the effect can change while the observed distribution stands still (to first order)."""
    observed, effect = derivative(brute, graph, x, y, seed, hidden_levels)
    u, values, _ = np.linalg.svd(observed, full_matrices=False)
    inside = u[:, values > 1e-9 * values[0]]
    return np.linalg.norm(effect - inside @ (inside.T @ effect)) > 1e-7 * np.linalg.norm(effect)


def small_graph(seed):
    rng = np.random.default_rng([seed, 11])
    names = ["a", "b", "c", "d"][: int(rng.integers(3, 5))]
    pairs = list(itertools.combinations(names, 2))
    edges = [pair for pair in pairs if rng.random() < 0.7]
    hidden = [pair for pair in pairs if rng.random() < 0.3][:3]
    return Graph.of(edges, bidirected=hidden, nodes=names)


@pytest.mark.parametrize("seed", range(25))
def test_a_formula_exists_exactly_if_the_effect_cannot_move_alone(seed, brute):
    graph = small_graph(seed)
    for x, y in itertools.permutations(graph.nodes, 2):
        if y in graph.descendants(x):
            hedge = find_hedge(graph, x, y, graph.observed)
            assert moves_alone(brute, graph, x, y, seed, hidden_levels=4) == (hedge is not None)


@pytest.mark.parametrize("seed", range(40))
def test_what_is_identified_without_shapes_has_no_hedge(seed, brute):
    graph = brute.random_graph(seed)
    for x, y in itertools.permutations(sorted(graph.observed), 2):
        try:
            kind = identify(graph, exposure=x, outcome=y).kind
        except NotIdentified:
            continue
        if kind != "instrument":
            assert find_hedge(graph, x, y, graph.observed) is None


def test_a_hedge_is_two_districts_one_in_the_other(brute):
    for seed in range(60):
        graph = brute.random_graph(seed)
        for x, y in itertools.permutations(sorted(graph.observed), 2):
            hedge = find_hedge(graph, x, y, graph.observed)
            if hedge is not None:
                whole, inner = hedge
                assert inner < whole
                assert x in whole - inner
                part = graph.latent_projection().subgraph(whole)
                assert part.districts() == (whole,)
                assert part.ancestors(inner) == whole
