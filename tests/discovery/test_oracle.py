"""With a test that never errs, PC returns the true class and FCI what causal-learn's FCI returns."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest

from causalmed.discovery import MarkedGraph, Oracle, Search, background, learned
from causalmed.graph import Graph

ARROW, TAIL = 2, 3


def random_dag(rng, p, density):
    order = rng.permutation(p)
    edges = [(order[i], order[j]) for i, j in combinations(range(p), 2) if rng.random() < density]
    names = tuple("abcdefghijklmnop"[:p])
    return Graph.of([(names[i], names[j]) for i, j in edges], nodes=names)


def search(method, names, **known):
    return Search(method=method, test="auto", alpha=0.5, max_given=None, known=background(names, **known))


def immoralities(nodes, arrows):
    joined = {frozenset(pair) for pair in arrows}
    return {
        (frozenset((a, b)), c)
        for c in nodes
        for a, b in combinations(sorted(u for u, v in arrows if v == c), 2)
        if frozenset((a, b)) not in joined
    }


def acyclic(nodes, arrows):
    left = set(nodes)
    while left:
        roots = {v for v in left if not any(b == v and a in left for a, b in arrows)}
        if not roots:
            return False
        left -= roots
    return True


def class_by_force(dag):
    """The pattern, from every acyclic direction of the same skeleton with the same immoralities."""
    pairs = sorted(dag.directed)
    wanted = immoralities(dag.nodes, pairs)
    seen = {pair: set() for pair in pairs}
    for turned in product((False, True), repeat=len(pairs)):
        arrows = [(b, a) if turn else (a, b) for (a, b), turn in zip(pairs, turned, strict=True)]
        if immoralities(dag.nodes, arrows) == wanted and acyclic(dag.nodes, arrows):
            for pair, turn in zip(pairs, turned, strict=True):
                seen[pair].add(turn)
    return {frozenset(pair): ("---" if len(turns) == 2 else pair) for pair, turns in seen.items()}


@pytest.mark.parametrize("seed", range(30))
def test_pc_returns_the_class_that_brute_force_finds(seed):
    rng = np.random.default_rng(seed)
    dag = random_dag(rng, int(rng.integers(3, 7)), 0.5)
    found = learned(search("pc", dag.nodes), Oracle(graph=dag, names=dag.nodes), dag.nodes)
    expected = class_by_force(dag)
    assert {frozenset((edge.first, edge.second)) for edge in found.edges} == set(expected)
    for edge in found.edges:
        says = expected[frozenset((edge.first, edge.second))]
        assert edge.symbol == "---" if says == "---" else (edge.first, edge.second) == says


@pytest.mark.parametrize("seed", range(25))
def test_fci_returns_what_causal_learn_returns(seed):
    fci = pytest.importorskip("causallearn.search.ConstraintBased.FCI").fci
    import networkx

    from causalmed.discovery.causallearn_adapter import marks_of

    rng = np.random.default_rng(100 + seed)
    dag = random_dag(rng, 8, 0.35)
    hidden = set(rng.choice(dag.nodes, size=2, replace=False).tolist())
    seen = tuple(name for name in dag.nodes if name not in hidden)
    ours = learned(search("fci", seen), Oracle(graph=dag, names=seen), seen)
    network = networkx.DiGraph()
    numbers = {name: place for place, name in enumerate((*seen, *sorted(hidden)))}
    network.add_nodes_from(range(len(numbers)))
    network.add_edges_from((numbers[a], numbers[b]) for a, b in dag.directed)
    theirs, _ = fci(
        np.zeros((50, len(seen))),
        independence_test_method="d_separation",
        true_dag=network,
        verbose=False,
        show_progress=False,
    )
    expected = MarkedGraph(nodes=seen, kind="pag", marks=marks_of(theirs.graph))
    assert str(ours) == str(expected)
