"""Separation and open paths, in the names of nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from causalmed.errors import InvalidArgument
from causalmed.graph.separators import separates
from causalmed.graph.walks import HEAD, open_walk

if TYPE_CHECKING:
    from causalmed.graph.adjacency import Adjacency
    from causalmed.graph.graph import Graph, Names

__all__ = ["open_path", "separated"]

Sides = tuple[frozenset[int], frozenset[int], frozenset[int]]


def separated(graph: Graph, x: Names, y: Names, given: Names = ()) -> bool:
    """Say whether no path is open; see :meth:`causalmed.graph.Graph.separated`."""
    return separates(graph.oriented, *_sides(graph, x, y, given))


def open_path(graph: Graph, x: Names, y: Names, given: Names = ()) -> tuple[str, ...] | None:
    """Return a shortest open path; see :meth:`causalmed.graph.Graph.open_path`."""
    sides = _sides(graph, x, y, given)
    return spelled(graph, graph.oriented, open_walk(graph.oriented, *sides), sides[2]) or None


def spelled(
    graph: Graph, adjacency: Adjacency, walk: tuple[tuple[int, int], ...], z: frozenset[int]
) -> tuple[str, ...]:
    """Write a walk as nodes and arrows in turn."""
    pieces: list[str] = []
    for place, (v, mark) in enumerate(walk):
        if place:
            u = walk[place - 1][0]
            if mark != HEAD:
                pieces.append("<-")
            else:
                pieces.append("->" if v in adjacency.children[u] and u not in z else "<->")
        pieces.append(graph.nodes[v])
    return tuple(pieces)


def _sides(graph: Graph, x: Names, y: Names, given: Names) -> Sides:
    sides = graph.numbers(x), graph.numbers(y), graph.numbers(given)
    if not sides[0] or not sides[1]:
        raise InvalidArgument("separation is asked of two sides; name at least one node on each.")
    for first, second in ((0, 1), (0, 2), (1, 2)):
        both = sorted(graph.names(sides[first] & sides[second]))
        if both:
            where = ("x", "y", "given")
            raise InvalidArgument(
                f"{both[0]!r} stands in {where[first]} and in {where[second]}. Name it once: "
                "a node is not separated from itself."
            )
    return sides
