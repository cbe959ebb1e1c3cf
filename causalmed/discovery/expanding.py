"""A class of graphs as graphs that can be screened."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np

from causalmed.discovery.adjusting import is_visible
from causalmed.discovery.marks import MarkedGraph, Marks
from causalmed.discovery.members import adjacency_of, members
from causalmed.discovery.pattern import causes
from causalmed.errors import ApproximationWarning
from causalmed.graph import Adjacency, Graph, ancestors, separates

__all__ = ["expanded"]


def expanded(
    graph: MarkedGraph, *, exposures: Sequence[str], outcome: str | None, outside: Sequence[str], limit: int
) -> dict[str, Graph]:
    """Return graphs of a class by name; warn where there are more.

    Parameters
    ----------
    graph : MarkedGraph
        The class.
    exposures : sequence of str
        Marked as exposures. In a PAG, each brings one more graph a member, in which the arrows out of it that
        may hide a common cause do.
    outcome : str or None
        Marked as outcome.
    outside : sequence of str
        Nodes that share no hidden cause with others.
    limit : int
        The most members to list.
    """
    found = list(islice(members(graph), limit + 1))
    if len(found) > limit:
        warnings.warn(
            f"the class has more than {limit} members; the first {limit} found are returned, and ranges over "
            "them may be too narrow. Raise limit=, or state tiers, required and forbidden arrows.",
            ApproximationWarning,
            stacklevel=3,
        )
    named: dict[str, Graph] = {}
    for place, marks in enumerate(found[:limit], 1):
        named[f"member {place}"] = _as_graph(graph.nodes, adjacency_of(marks), exposures, outcome)
        if graph.kind == "pag":
            for name in exposures:
                if name in outside:
                    continue
                for more, arrows in enumerate(_confounded(marks, graph.nodes.index(name)), 1):
                    again = f" ({more})" if more > 1 else ""
                    title = f"member {place} with {name} confounded{again}"
                    named[title] = _as_graph(graph.nodes, arrows, exposures, outcome)
    return named


def _confounded(marks: Marks, x: int) -> Iterator[Adjacency]:
    """Yield the graph with a hidden cause behind the arrows out of x that may have one.

    All of them at once where the independences allow it, else one at a time.
    """
    arrows = adjacency_of(marks)
    hidden = [v for v in np.flatnonzero(causes(marks)[x]).tolist() if not is_visible(marks, x, v)]
    if not hidden:
        return
    together = _with_hidden(arrows, x, hidden)
    if _keeps(marks, arrows, together):
        yield together
        return
    for v in hidden:
        one = _with_hidden(arrows, x, [v])
        if _keeps(marks, arrows, one):
            yield one


def _with_hidden(arrows: Adjacency, x: int, ends: Sequence[int]) -> Adjacency:
    size = len(arrows)
    pairs = {(u, v) for u in range(size) for v in arrows.spouses[u] if u < v}
    pairs |= {(min(x, v), max(x, v)) for v in ends}
    return Adjacency.of(size, [(u, v) for u in range(size) for v in arrows.children[u]], pairs)


def _keeps(marks: Marks, arrows: Adjacency, more: Adjacency) -> bool:
    """Say whether what the member declares still holds after hidden causes were added."""
    for x, y in np.argwhere(np.triu(marks == 0, 1)).tolist():
        between = frozenset(ancestors(arrows, {x, y})) - {x, y}
        if not separates(more, frozenset({x}), frozenset({y}), between):
            return False
    return True


def _as_graph(
    nodes: Sequence[str], arrows: Adjacency, exposures: Sequence[str], outcome: str | None
) -> Graph:
    return Graph.of(
        [(nodes[u], nodes[v]) for u in range(len(nodes)) for v in arrows.children[u]],
        bidirected=[(nodes[u], nodes[v]) for u in range(len(nodes)) for v in arrows.spouses[u] if u < v],
        nodes=nodes,
        exposures=exposures,
        outcome=outcome,
    )
