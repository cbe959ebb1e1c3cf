"""The graphs that a marked graph stands for: every one, or one of them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from causalmed.discovery.ancestral_rules import close_under_rules
from causalmed.discovery.background import background
from causalmed.discovery.marks import ARROW, CIRCLE, TAIL, MarkedGraph, Marks
from causalmed.discovery.pattern import causes, close_under_meek
from causalmed.graph import Adjacency, ancestors, separates

__all__ = ["adjacency_of", "is_ancestral", "members", "one_member", "same_independences"]

Triples = frozenset[tuple[int, int, int]]


def members(graph: MarkedGraph) -> Iterator[Marks]:
    """Yield every graph of a class, one at a time, without circles and undirected edges.

    Of a CPDAG its directed acyclic graphs, of a PAG its maximal ancestral graphs. Mark by mark both
    possibilities are tried, what follows by the rules is drawn, and a branch with a collider that the class
    does not have is left. Whatever is yielded has the independences of the class: two maximal ancestral
    graphs imply the same ones exactly if each has those that the other declares for the pairs it leaves
    apart (Sadeghi and Lauritzen 2014, Bernoulli 20, 676–696).

    Parameters
    ----------
    graph : MarkedGraph
        The class, with or without background knowledge drawn into it.

    Yields
    ------
    ndarray of int8, shape (p, p)
        Marks of one member, as in :class:`MarkedGraph`.
    """
    start = np.array(graph.marks, dtype=np.int8)
    wanted, like = _colliders(start), _constructed(graph)
    stack = [start]
    while stack:
        marks = stack.pop()
        at = _first_open(marks, graph.kind)
        if at is None:
            if is_ancestral(marks) and (like is None or same_independences(marks, like)):
                like = marks if like is None else like
                yield marks
            continue
        for tail in (False, True):
            trial = marks.copy()
            _decide(trial, *at, tail=tail, kind=graph.kind)
            if _colliders(trial) <= wanted:
                stack.append(trial)


def one_member(graph: MarkedGraph) -> Marks | None:
    """Return one graph of a class; None where the marks contradict each other."""
    made = _constructed(graph)
    return next(members(graph), None) if made is None else made


def is_ancestral(marks: Marks) -> bool:
    """Say whether a graph without circles is a maximal ancestral graph.

    No node is an ancestor of one that points at it or shares a hidden cause with it, and every pair
    that is not joined can be separated.
    """
    arrows = adjacency_of(marks)
    for v in range(len(marks)):
        above = ancestors(arrows, {v})
        if any(marks[v, u] == ARROW for u in above - {v}):
            return False
    return all(_apart(arrows, x, y, z) for x, y, z in _declared(marks, arrows))


def same_independences(first: Marks, second: Marks) -> bool:
    """Say whether two maximal ancestral graphs imply the same independences."""
    one, two = adjacency_of(first), adjacency_of(second)
    return bool(((first > 0) == (second > 0)).all()) and all(
        _apart(there, x, y, z)
        for marks, here, there in ((first, one, two), (second, two, one))
        for x, y, z in _declared(marks, here)
    )


def adjacency_of(marks: Marks) -> Adjacency:
    """Return the arrows and two-headed arrows of a graph without circles."""
    both = np.argwhere(np.triu((marks == ARROW) & (marks.T == ARROW)))
    arrows = np.argwhere(causes(marks))
    return Adjacency.of(
        len(marks), [(int(u), int(v)) for u, v in arrows], [(int(u), int(v)) for u, v in both]
    )


def _constructed(graph: MarkedGraph) -> Marks | None:
    """Return a member without a search; None where background knowledge or contradictions are in the way.

    An arrow that is open at its tail becomes an arrow; edges that are open at both ends are directed along
    an order in which the earlier neighbours of each node are joined, so that no collider is added (Zhang
    2008, Artificial Intelligence 172, 1873–1896, theorem 2).
    """
    marks = np.array(graph.marks, dtype=np.int8)
    loose = (marks == CIRCLE) & (marks.T == CIRCLE)
    if graph.kind == "cpdag":
        loose = (marks == TAIL) & (marks.T == TAIL)
    marks[(marks == CIRCLE) & (marks.T == ARROW)] = TAIL
    place = np.argsort(_search_order(np.asarray(loose)))
    earlier = place[:, None] < place[None, :]
    marks[loose & earlier], marks[loose & ~earlier] = ARROW, TAIL
    sound = _colliders(marks) == _colliders(np.array(graph.marks)) and is_ancestral(marks)
    return marks if sound else None


def _apart(arrows: Adjacency, x: int, y: int, z: frozenset[int]) -> bool:
    return separates(arrows, frozenset({x}), frozenset({y}), z)


def _declared(marks: Marks, arrows: Adjacency) -> Iterator[tuple[int, int, frozenset[int]]]:
    """Yield, of each pair that is apart, the set that separates it if any does: its ancestors."""
    for x, y in np.argwhere(np.triu(marks == 0, 1)).tolist():
        yield x, y, frozenset(ancestors(arrows, {x, y})) - {x, y}


def _colliders(marks: Marks) -> Triples:
    """Return the triples a *→ b ←* c with a and c apart."""
    found = []
    for b in range(len(marks)):
        for a, c in combinations(np.flatnonzero(marks[:, b] == ARROW).tolist(), 2):
            if not marks[a, c]:
                found.append((a, b, c))
    return frozenset(found)


def _first_open(marks: Marks, kind: str) -> tuple[int, int] | None:
    left = marks == CIRCLE if kind == "pag" else (marks == TAIL) & (marks.T == TAIL)
    at = np.argwhere(left)
    return (int(at[0, 0]), int(at[0, 1])) if len(at) else None


def _decide(marks: Marks, i: int, j: int, *, tail: bool, kind: str) -> None:
    """Settle the mark at j of the edge between i and j, and draw what follows, in place."""
    if kind == "cpdag":
        marks[i, j], marks[j, i] = (TAIL, ARROW) if tail else (ARROW, TAIL)
        close_under_meek(marks, background([str(v) for v in range(len(marks))]))
        return
    marks[i, j] = TAIL if tail else ARROW
    if tail:  # nothing is selected on: no edge has two tails
        marks[j, i] = ARROW
    close_under_rules(marks, {})


def _search_order(joined: NDArray[np.bool_]) -> list[int]:
    """Order nodes by how many neighbours came before, the most first (maximum cardinality search)."""
    order: list[int] = []
    left = list(range(len(joined)))
    while left:
        v = max(left, key=lambda u: (int(joined[u, order].sum()), -u))
        order.append(v)
        left.remove(v)
    return order
