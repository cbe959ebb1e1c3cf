"""The graph of ``postop`` that a reader is given, and the one behind it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from causalmed.datasets.mechanism import Node
from causalmed.datasets.postop_constants import NODES, OUTCOME_NAME
from causalmed.graph import Graph

__all__ = ["TIERS", "question_graph", "true_arrows"]

TIERS: Final = ("before", "during", "outcome", "after")
"""Stages in time, in order."""

Arrow = tuple[str, str]


def true_arrows(nodes: Sequence[Node] = NODES) -> frozenset[Arrow]:
    """Every arrow of the generator: parent → node.

    Examples
    --------
    >>> arrows = true_arrows()
    >>> ("smoking", "infection_30d") in arrows, ("transfusion", "infection_30d") in arrows
    (True, False)
    """
    return frozenset((parent, node.name) for node in nodes for parent in node.parents)


def question_graph(nodes: Sequence[Node] = NODES, *, outcome: str = OUTCOME_NAME) -> Graph:
    """Every true arrow, and an arrow from every candidate to the outcome.

    Which of those last arrows are real is what a screen is asked; the graph does not tell.

    Parameters
    ----------
    nodes : sequence of Node
        The mechanisms.
    outcome : str
        Name of the outcome.

    Returns
    -------
    Graph
        Candidates marked ``exposure``, ratings ``unstable``, the unmeasured cause ``latent``; tiers, and
        positions from left to right along the arrows.

    Examples
    --------
    >>> graph = question_graph()
    >>> len(graph.exposures), sorted(graph.latent), len(graph.parents("infection_30d")) > 26
    (26, ['frailty'], True)
    """
    asked = {(node.name, outcome) for node in nodes if node.candidate}
    arrows = true_arrows(nodes) | asked
    graph = Graph.of(
        sorted(arrows),
        nodes=[node.name for node in nodes],
        latent=[node.name for node in nodes if node.latent],
        exposures=[node.name for node in nodes if node.candidate],
        outcome=outcome,
        unstable=[node.name for node in nodes if node.unstable],
        tiers={tier: [node.name for node in nodes if node.tier == tier] for tier in TIERS},
    )
    return replace(graph, positions=_positions([node.name for node in nodes], arrows), name="postop")


def _positions(names: Sequence[str], arrows: Iterable[Arrow]) -> dict[str, tuple[float, float]]:
    """Put every node right of its causes: its column is the longest way to it; columns are centred."""
    depth = _depths(names, arrows)
    columns: dict[int, list[str]] = {}
    for name in names:
        columns.setdefault(depth[name], []).append(name)
    return {
        name: (float(column), row - (len(members) - 1) / 2.0)
        for column, members in columns.items()
        for row, name in enumerate(members)
    }


def _depths(names: Sequence[str], arrows: Iterable[Arrow]) -> Mapping[str, int]:
    parents: dict[str, list[str]] = {name: [] for name in names}
    for cause, effect in arrows:
        parents[effect].append(cause)
    depth: dict[str, int] = {}
    for name in names:
        depth[name] = 1 + max((depth[parent] for parent in parents[name]), default=-1)
    return depth
