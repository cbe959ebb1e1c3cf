"""Separation and adjustment sets beside networkx and dowhy: time and ratios, in one run on one thread.

Run ``python -m benchmarks.identification``. Answers are compared before they are timed: separations and
adjustment sets must agree.
"""

from __future__ import annotations

import logging
import time
import warnings
from collections.abc import Callable
from typing import TypeVar

import networkx
import numpy as np

from causalmed.graph import Graph
from causalmed.identification import identify

T = TypeVar("T")


def random_graph(size: int, degree: int) -> Graph:
    """Draw a graph in which each node has up to ``degree`` causes among the 60 before it."""
    rng = np.random.default_rng(2026)
    edges = {
        (f"n{cause}", f"n{node}")
        for node in range(1, size)
        for cause in rng.integers(max(0, node - 60), node, size=min(node, degree))
    }
    return Graph.of(sorted(edges))


def confounded(causes: int) -> Graph:
    """Draw the textbook case: some common causes, one exposure, one outcome."""
    names = [f"c{k}" for k in range(causes)]
    return Graph.of([("a", "y"), *((name, end) for name in names for end in ("a", "y"))])


def timed(task: Callable[[], T], repeats: int = 3) -> tuple[float, T]:
    """Return the least CPU time of some runs in milliseconds, and the answer."""
    answer, least = task(), float("inf")
    for _ in range(repeats):
        begin = time.process_time()
        answer = task()
        least = min(least, time.process_time() - begin)
    return 1000 * least, answer


def separation(size: int, queries: int = 20) -> None:
    """Compare separation queries, of which some are separated and some are not, with networkx."""
    graph = random_graph(size, 3)
    network = graph.to_networkx()
    rng = np.random.default_rng(size)
    asked: list[tuple[str, str, set[str]]] = []
    for given in range(queries):
        early, late, *others = sorted(rng.choice(size, 2 + given, replace=False).tolist())
        x, y = f"n{early}", f"n{late}"
        # the direct causes of the later node separate, other nodes rarely do
        asked.append((x, y, set(graph.parents(y)) - {x} if given % 2 else {f"n{node}" for node in others}))
    ours, answer = timed(lambda: [graph.separated(x, y, z) for x, y, z in asked])
    theirs, expected = timed(
        lambda: [networkx.is_d_separator(network, {x}, {y}, z) for x, y, z in asked], repeats=1
    )
    assert answer == expected
    print(
        f"separation, {size} nodes: {ours / queries:.3f} ms a query, networkx {theirs / queries:.2f} ms, "
        f"ratio {theirs / ours:.0f}; {sum(answer)} of {queries} separated"
    )


def adjustment(causes: int) -> None:
    """Compare finding one adjustment set with dowhy's default search."""
    from dowhy.causal_identifier import identify_effect_auto  # slow to import
    from dowhy.causal_identifier.auto_identifier import EstimandType

    graph = confounded(causes)
    network = graph.to_networkx()
    ours, estimand = timed(lambda: identify(graph, exposure="a", outcome="y"))
    theirs, found = timed(
        lambda: identify_effect_auto(
            network, ["a"], ["y"], list(graph.nodes), EstimandType.NONPARAMETRIC_ATE
        ),
        repeats=1,
    )
    assert set(found.get_adjustment_set("backdoor")) == set(estimand.adjustment_set)
    print(
        f"adjustment, {causes} common causes: {ours:.2f} ms, dowhy {theirs:.0f} ms, ratio {theirs / ours:.0f}"
    )


def large(size: int) -> None:
    """Time what a screen asks of a large graph."""
    graph = random_graph(size, 3)
    x, y = f"n{size // 2}", f"n{size - 10}"
    ours, estimand = timed(lambda: identify(graph, exposure=x, outcome=y))
    print(
        f"identification, {size} nodes: {ours:.1f} ms ({len(estimand.adjustment_set)} columns to adjust for)"
    )


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    for nodes in (100, 1000):
        separation(nodes)
        large(nodes)
    for number in (5, 10, 15):
        adjustment(number)
