"""The members of a class, and what all of them agree on, beside every graph that brute force finds."""

from __future__ import annotations

from itertools import combinations, pairwise, permutations, product

import numpy as np
import pytest
from test_oracle import random_dag, search

from causalmed.discovery import MarkedGraph, Oracle, adjustment_in_class, learned
from causalmed.discovery.members import adjacency_of, is_ancestral, members, one_member, same_independences
from causalmed.errors import InvalidArgument, UnknownNode
from causalmed.graph import Graph, descendants, separates

ARROW, TAIL = 2, 3


def hidden_case(seed, *, least=3, most=5, density=0.45):
    rng = np.random.default_rng([seed, 5])
    size, hidden = int(rng.integers(least, most + 1)), int(rng.integers(1, 3))
    dag = random_dag(rng, size + hidden, density)
    unseen = set(rng.choice(dag.nodes, size=hidden, replace=False).tolist())
    return dag.with_roles(latent=unseen), tuple(name for name in dag.nodes if name not in unseen)


def class_of(dag, seen, method):
    return learned(search(method, seen), Oracle(graph=dag, names=seen), seen)


def every_marking(graph, choices):
    pairs = [(i, j) for i, j in np.argwhere(np.triu(graph.marks))]
    for chosen in product(choices, repeat=len(pairs)):
        marks = np.zeros_like(graph.marks)
        for (i, j), (at_i, at_j) in zip(pairs, chosen, strict=True):
            marks[j, i], marks[i, j] = at_i, at_j
        yield marks


def same_as_truth(marks, dag, seen):
    """Every independence of the truth, asked of a member, pair by pair and set by set."""
    arrows = adjacency_of(marks)
    for x, y in combinations(range(len(seen)), 2):
        others = [v for v in range(len(seen)) if v not in (x, y)]
        for size in range(len(others) + 1):
            for z in combinations(others, size):
                mine = separates(arrows, frozenset({x}), frozenset({y}), frozenset(z))
                if mine != dag.separated(seen[x], seen[y], [seen[v] for v in z]):
                    return False
    return True


@pytest.mark.parametrize("seed", range(12))
def test_the_members_of_a_pag_are_those_of_brute_force(seed):
    dag, seen = hidden_case(seed, most=4)
    pag = class_of(dag, seen, "fci")
    ends = ((TAIL, ARROW), (ARROW, TAIL), (ARROW, ARROW))
    expected = {
        marks.tobytes()
        for marks in every_marking(pag, ends)
        if is_ancestral(marks) and same_as_truth(marks, dag, seen)
    }
    found = [marks.tobytes() for marks in members(pag)]
    assert len(found) == len(set(found))
    assert set(found) == expected
    assert one_member(pag).tobytes() in expected


@pytest.mark.parametrize("seed", range(12))
def test_the_members_of_a_cpdag_are_those_of_brute_force(seed):
    rng = np.random.default_rng([seed, 9])
    dag = random_dag(rng, int(rng.integers(3, 6)), 0.5)
    pattern = class_of(dag, dag.nodes, "pc")
    expected = {
        marks.tobytes()
        for marks in every_marking(pattern, ((TAIL, ARROW), (ARROW, TAIL)))
        if is_ancestral(marks) and same_as_truth(marks, dag, dag.nodes)
    }
    assert {marks.tobytes() for marks in members(pattern)} == expected
    assert one_member(pattern).tobytes() in expected


def test_two_graphs_with_other_independences_are_told_apart():
    chain, collider = np.zeros((2, 3, 3), dtype=np.int8)
    chain[0, 1], chain[1, 0], chain[1, 2], chain[2, 1] = ARROW, TAIL, ARROW, TAIL
    collider[0, 1], collider[1, 0], collider[1, 2], collider[2, 1] = ARROW, TAIL, TAIL, ARROW
    assert same_independences(chain, chain)
    assert not same_independences(chain, collider)


def visible(marks, a, b):
    """Zhang's definition, path by path."""
    if marks[a, b] != ARROW or marks[b, a] != TAIL:
        return False
    others = [v for v in range(len(marks)) if v not in (a, b)]
    for size in range(1, len(others) + 1):
        for path in permutations(others, size):  # its first node is apart from b, its last next to a
            if marks[path[0], b]:
                continue
            into = all(marks[u, v] == ARROW for u, v in pairwise((*path, a)))
            back = all(marks[v, u] == ARROW for u, v in pairwise((*path[1:], a)))
            causes_b = all(marks[v, b] == ARROW and marks[b, v] == TAIL for v in path[1:])
            if into and back and causes_b:
                return True
    return False


def valid_in(marks, x, y, z):
    """The generalised adjustment criterion in one maximal ancestral graph."""
    arrows = adjacency_of(marks)
    above_y = {v for v in range(len(marks)) if y in descendants(arrows, {v})}
    # paths that meet x only at their start: x cannot come back, as the graph has no cycle
    first = [b for b in arrows.children[x] if b in above_y]
    if not all(visible(marks, x, b) for b in first):
        return False
    if set(z) & (descendants(arrows, first) | {x, y}):
        return False
    cut = arrows.without_arrows({x}, set(first))
    return separates(cut, frozenset({x}), frozenset({y}), frozenset(z))


@pytest.mark.parametrize("seed", range(12))
def test_a_set_for_the_class_is_one_for_every_member_and_is_found_if_there_is_one(seed):
    dag, seen = hidden_case(seed)
    pag = class_of(dag, seen, "fci")
    every = list(members(pag))
    for x, y in product(range(len(seen)), repeat=2):
        if x == y:
            continue
        answer = adjustment_in_class(pag, seen[x], seen[y])
        causal = [y in descendants(adjacency_of(marks), {x}) for marks in every]
        others = [v for v in range(len(seen)) if v not in (x, y)]
        sets = [z for size in range(len(others) + 1) for z in combinations(others, size)]
        exists = any(all(valid_in(marks, x, y, z) for marks in every) for z in sets)
        if answer.kind == "no effect":
            assert not any(causal)
        else:
            assert exists == (answer.kind == "adjustment")
            assert any(causal)
        if answer.kind == "adjustment":
            whole = adjustment_in_class(pag, seen[x], seen[y], smallest=False).columns
            for columns in (answer.columns, whole):
                numbers = [seen.index(name) for name in columns]
                assert all(valid_in(marks, x, y, numbers) for marks in every)


@pytest.mark.parametrize("seed", range(25))
def test_what_the_class_says_is_true_of_the_graph_behind_it(seed):
    dag, seen = hidden_case(seed, least=5, most=7, density=0.3)
    pag = class_of(dag, seen, "fci")
    for x, y in product(seen, repeat=2):
        if x == y:
            continue
        answer = adjustment_in_class(pag, x, y)
        if answer.kind == "no effect":
            assert y not in dag.descendants(x)
        elif answer.kind == "adjustment":
            assert frozenset(answer.columns) in dag.adjustment_sets(x, y, "all")


def test_the_answer_says_what_stands_in_the_way():
    graph = Graph.parse("dag { hospital -> late -> ssi; age -> {late ssi} }")
    pag = class_of(graph, ("age", "hospital", "late", "ssi"), "fci")
    told = adjustment_in_class(pag, "late", "ssi")
    assert (told.kind, told.columns) == ("adjustment", ("age",))
    assert "compared given age" in told.in_words
    stuck = adjustment_in_class(pag, "age", "ssi")
    assert stuck.kind in ("not told", "hidden cause")
    assert str(stuck.edge) in stuck.in_words
    assert adjustment_in_class(pag, "ssi", "late").kind == "no effect"


def test_bad_input():
    graph = MarkedGraph(nodes=("a", "b"), kind="pag", marks=np.array([[0, 2], [1, 0]], dtype=np.int8))
    with pytest.raises(UnknownNode, match="'c'"):
        adjustment_in_class(graph, "a", "c")
    with pytest.raises(InvalidArgument, match="exposure and outcome"):
        adjustment_in_class(graph, "a", "a")


def test_marks_that_contradict_each_other_have_no_member():
    marks = np.zeros((3, 3), dtype=np.int8)
    for a, b in ((0, 1), (1, 2), (2, 0)):
        marks[a, b], marks[b, a] = ARROW, TAIL
    circle = MarkedGraph(nodes=("a", "b", "c"), kind="pag", marks=marks)
    assert list(members(circle)) == []
    assert one_member(circle) is None
