"""The assumed graph as a picture that fits half a page."""

from __future__ import annotations

from typing import Final

from causalmed.graph import Graph
from causalmed.reporting.protocol import Evidence
from causalmed.results.pictures import GraphArrow, GraphNode, GraphPicture

__all__ = ["graph_picture"]

_MOST_BOXES: Final = 24
_MOST_HEAVY: Final = 5
"""With more candidates than this, no arrow is drawn heavier than the others."""


def graph_picture(graph: Graph, *, outcome: str, evidence: tuple[Evidence, ...]) -> GraphPicture:
    """Draw what is assumed around the outcome, before to after.

    Where the graph has more than 24 nodes, only the outcome, its direct causes that are candidates or
    have evidence, hidden causes and their children are drawn; the title says how many are left out.

    Parameters
    ----------
    graph : Graph
        The graph of the protocol.
    outcome : str
        The node in question.
    evidence : tuple of Evidence
        Numbered from 1 in this order; an arrow carries its number.

    Returns
    -------
    GraphPicture
    """
    shown = _shown(graph, outcome, evidence)
    numbers = {item.arrow: index for index, item in enumerate(evidence, start=1)}
    heavy = graph.exposures if len(graph.exposures) <= _MOST_HEAVY else frozenset()
    directed = sorted((u, v) for u, v in graph.directed if u in shown and v in shown)
    arrows = [
        GraphArrow(source=u, target=v, number=numbers.get(f"{u} -> {v}"), heavy=v == outcome and u in heavy)
        for u, v in directed
    ]
    pairs = sorted(tuple(sorted(pair)) for pair in graph.bidirected if pair <= shown)
    arrows += [GraphArrow(source=u, target=v, kind="<->") for u, v in pairs]
    tiers = _tiers(graph, shown)
    nodes = tuple(
        GraphNode(
            name=name,
            words=name,
            tier=tiers[name],
            latent=name in graph.latent,
            role=_role(graph, name, outcome),
        )
        for name in graph.nodes
        if name in shown
    )
    left_out = len(graph.nodes) - len(nodes)
    rest = f" ({left_out} further factors are in the graph but not in this picture)" if left_out else ""
    return GraphPicture(
        title=f"What is assumed to lead to {outcome}{rest}",
        nodes=nodes,
        arrows=tuple(arrows),
        tiers=graph.tiers if _by_stated_tier(graph, shown) else (),
    )


def _shown(graph: Graph, outcome: str, evidence: tuple[Evidence, ...]) -> frozenset[str]:
    if len(graph.nodes) <= _MOST_BOXES:
        return frozenset(graph.nodes)
    named = {end for item in evidence for end in item.arrow.split(" -> ")} & set(graph.nodes)
    causes = set(graph.parents(outcome))
    chosen = {outcome} | (named & causes) | set(graph.latent)
    chosen |= {child for hidden in graph.latent for child in graph.children(hidden)}
    for name in (*sorted(graph.exposures & causes), *sorted(named)):
        if len(chosen) >= _MOST_BOXES:
            break
        chosen.add(name)
    return frozenset(chosen)


def _role(graph: Graph, name: str, outcome: str) -> str:
    if name == outcome:
        return "outcome"
    return "exposure" if name in graph.exposures else ""


def _by_stated_tier(graph: Graph, shown: frozenset[str]) -> bool:
    return bool(graph.tiers) and all(name in graph.tier_of for name in shown)


def _tiers(graph: Graph, shown: frozenset[str]) -> dict[str, int]:
    """Place in time: the stated tier where every node has one, else the longest path from a root."""
    if _by_stated_tier(graph, shown):
        return {name: graph.tiers.index(graph.tier_of[name]) for name in shown}
    depth: dict[str, int] = {}
    for name in graph.topological_order():
        if name in shown:
            depth[name] = max(
                (depth[parent] + 1 for parent in graph.parents(name) if parent in depth), default=0
            )
    return depth
