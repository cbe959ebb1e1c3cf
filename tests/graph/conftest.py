"""Definitions written out as they stand in the textbooks: slow, obvious, and independent of the library."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from causalmed.graph import Graph

SHIPPED = Path(__file__).resolve().parent.parent / "data" / "dags.json"


def random_graph(seed: int, *, most: int = 7) -> Graph:
    """A random acyclic mixed graph, about a third of its nodes latent in every second one."""
    rng = np.random.default_rng([seed, 20])
    size = int(rng.integers(3, most + 1))
    names = [f"v{number}" for number in rng.permutation(size)]
    density, hidden = rng.uniform(0.2, 0.6), rng.uniform(0, 0.35)
    pairs = list(itertools.combinations(names, 2))
    edges = [pair for pair in pairs if rng.random() < density]
    bidirected = [pair for pair in pairs if rng.random() < hidden / 3]
    latent = [name for name in names if seed % 2 and rng.random() < hidden]
    return Graph.of(edges, bidirected=bidirected, nodes=sorted(names), latent=latent)


def subsets(items):
    items = sorted(items)
    for size in range(len(items) + 1):
        yield from (frozenset(chosen) for chosen in itertools.combinations(items, size))


def steps(graph, node):
    """Every edge at a node: (neighbour, mark at the node, mark at the neighbour)."""
    for u, v in graph.directed:
        if u == node:
            yield v, "-", ">"
        if v == node:
            yield u, ">", "-"
    for pair in graph.bidirected:
        if node in pair:
            (other,) = pair - {node}
            yield other, ">", ">"


def simple_paths(graph, start, end):
    """Every path without repeated nodes, as a list of (node, mark before, mark after it)."""

    def extend(path, mark_in, nodes):
        node = nodes[-1]
        if node == end:
            yield [*path, (node, mark_in, None)]
            return
        for other, mark_here, mark_there in steps(graph, node):
            if other not in nodes:
                yield from extend([*path, (node, mark_in, mark_here)], mark_there, [*nodes, other])

    yield from extend([], None, [start])


def descendants(graph, nodes):
    found = set(nodes)
    while more := {v for u, v in graph.directed if u in found} - found:
        found |= more
    return found


def is_open(graph, path, z):
    """Pearl's definition: colliders have a descendant in Z, the others are not in Z."""
    for node, before, after in path[1:-1]:
        if before == ">" and after == ">":
            if not descendants(graph, {node}) & z:
                return False
        elif node in z:
            return False
    return True


def separated(graph, xs, ys, z):
    return not any(is_open(graph, path, z) for x in xs for y in ys for path in simple_paths(graph, x, y))


def is_causal(path):
    return all(after == "-" for _, _, after in path[:-1]) and all(before == ">" for _, before, _ in path[1:])


def proper_paths(graph, xs, ys):
    for x in xs:
        for y in ys:
            for path in simple_paths(graph, x, y):
                if not any(node in xs for node, _, _ in path[1:]):
                    yield path


def is_adjustment_set(graph, xs, ys, z):
    """The adjustment criterion (Shpitser, VanderWeele and Robins 2010), path by path."""
    paths = list(proper_paths(graph, xs, ys))
    causal = {node for path in paths if is_causal(path) for node, _, _ in path[1:]}
    if z & (descendants(graph, causal) | xs | ys):
        return False
    return not any(is_open(graph, path, z) for path in paths if not is_causal(path))


def explicit(graph):
    """The same graph with each two-headed arrow as a latent common cause."""
    hidden = {f"h{number}": pair for number, pair in enumerate(sorted(graph.bidirected, key=sorted))}
    return Graph.of(
        [*graph.directed, *((cause, name) for cause, pair in hidden.items() for name in pair)],
        nodes=graph.nodes,
        latent=graph.latent | set(hidden),
    )


@pytest.fixture(scope="session")
def brute():
    """The slow definitions."""
    return SimpleNamespace(
        descendants=descendants,
        explicit=explicit,
        is_adjustment_set=is_adjustment_set,
        is_causal=is_causal,
        is_open=is_open,
        proper_paths=proper_paths,
        random_graph=random_graph,
        separated=separated,
        simple_paths=simple_paths,
        subsets=subsets,
    )


@pytest.fixture(scope="session")
def published():
    """Published graphs with their adjustment sets."""
    return {name: case for name, case in json.loads(SHIPPED.read_text()).items() if not name.startswith("_")}
