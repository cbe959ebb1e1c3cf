r"""Leaving nodes out of a graph without changing what it says about the others.

A node l is left out by joining its parents and spouses to its children: p → l → c becomes p → c;
c ← l → d becomes c ↔ d; s ↔ l → c becomes s ↔ c. One node after the other gives the latent
projection: the acyclic directed mixed graph with the same separations among the nodes that are
kept and the same causal order.

References
----------
Verma T, Pearl J (1990). Equivalence and synthesis of causal models. UAI 6, 220–227.
Tian J, Pearl J (2002). A general identification condition for causal effects. AAAI 18, 567–573.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from causalmed.errors import GraphError
from causalmed.graph.adjacency import Adjacency
from causalmed.graph.surgery import subgraph

if TYPE_CHECKING:
    from causalmed.graph.graph import Graph, Names

__all__ = ["districts", "latent_projection", "project"]


def project(adjacency: Adjacency, keep: frozenset[int]) -> Adjacency:
    """Return the projection onto ``keep``; the other nodes stay in the numbering, without an edge."""
    parents = [set(row) for row in adjacency.parents]
    children = [set(row) for row in adjacency.children]
    spouses = [set(row) for row in adjacency.spouses]
    for hidden in range(len(adjacency)):
        if hidden in keep:
            continue
        above, below, beside = parents[hidden], children[hidden], spouses[hidden]
        for c in below:
            parents[c] |= above
            spouses[c] |= (below | beside) - {c}
            parents[c].discard(hidden)
        for p in above:
            children[p] |= below
            children[p].discard(hidden)
        for s in beside:
            spouses[s] |= below - {s}
            spouses[s].discard(hidden)
        parents[hidden], children[hidden], spouses[hidden] = set(), set(), set()
    return Adjacency(_rows(parents), _rows(children), _rows(spouses))


def latent_projection(graph: Graph, observed: Names | None = None) -> Graph:
    """Project a graph; see :meth:`causalmed.graph.Graph.latent_projection`."""
    keep = graph.numbers(graph.observed if observed is None else observed)
    projected = project(graph.oriented, keep)
    pairs = {frozenset((u, v)) for v, row in enumerate(projected.spouses) for u in row}
    return replace(
        subgraph(graph, graph.names(keep)),
        directed=frozenset((graph.nodes[u], graph.nodes[v]) for u in keep for v in projected.children[u]),
        bidirected=frozenset(graph.names(pair) for pair in pairs),
        edge_options={},
    )


def districts(graph: Graph) -> tuple[frozenset[str], ...]:
    """Return the c-components; see :meth:`causalmed.graph.Graph.districts`."""
    if graph.latent:
        raise GraphError(
            f"districts are those of a graph without latent nodes, and {min(graph.latent)!r} is latent. "
            "Ask graph.latent_projection().districts()."
        )
    adjacency = graph.oriented
    left = dict.fromkeys(range(len(adjacency)))
    found: list[frozenset[str]] = []
    while left:
        component = [next(iter(left))]
        del left[component[0]]
        for v in component:
            fresh = [u for u in adjacency.spouses[v] if u in left]
            component += fresh
            for u in fresh:
                del left[u]
        found.append(graph.names(component))
    return tuple(found)


def _rows(rows: Iterable[set[int]]) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(sorted(row)) for row in rows)
