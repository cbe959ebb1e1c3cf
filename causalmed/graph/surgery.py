"""The same graph with fewer arrows or other roles."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from causalmed.graph.checking import as_names

if TYPE_CHECKING:
    from causalmed.graph.graph import Graph, Names

__all__ = ["subgraph", "with_roles", "without_edges_into", "without_edges_out_of"]


def without_edges_out_of(graph: Graph, nodes: Names) -> Graph:
    """Drop arrows; see :meth:`causalmed.graph.Graph.without_edges_out_of`."""
    cut = graph.names(graph.numbers(nodes))
    return _keep(graph, frozenset(edge for edge in graph.directed if edge[0] not in cut), graph.bidirected)


def without_edges_into(graph: Graph, nodes: Names) -> Graph:
    """Drop arrows; see :meth:`causalmed.graph.Graph.without_edges_into`."""
    cut = graph.names(graph.numbers(nodes))
    directed = frozenset(edge for edge in graph.directed if edge[1] not in cut)
    return _keep(graph, directed, frozenset(pair for pair in graph.bidirected if not pair & cut))


def subgraph(graph: Graph, nodes: Names) -> Graph:
    """Keep some nodes; see :meth:`causalmed.graph.Graph.subgraph`."""
    kept = graph.names(graph.numbers(nodes))
    return replace(
        graph,
        nodes=tuple(name for name in graph.nodes if name in kept),
        directed=frozenset(edge for edge in graph.directed if kept.issuperset(edge)),
        bidirected=frozenset(pair for pair in graph.bidirected if pair <= kept),
        undirected=frozenset(pair for pair in graph.undirected if pair <= kept),
        latent=graph.latent & kept,
        exposures=graph.exposures & kept,
        outcomes=graph.outcomes & kept,
        adjusted=graph.adjusted & kept,
        unstable=graph.unstable & kept,
        positions={name: place for name, place in graph.positions.items() if name in kept},
        tier_of={name: tier for name, tier in graph.tier_of.items() if name in kept},
        node_options={name: options for name, options in graph.node_options.items() if name in kept},
        edge_options={edge: held for edge, held in graph.edge_options.items() if {edge[0], edge[2]} <= kept},
    )


def with_roles(
    graph: Graph,
    *,
    latent: Names | None,
    exposures: Names | None,
    outcomes: Names | None,
    adjusted: Names | None,
    unstable: Names | None,
) -> Graph:
    """Change roles; see :meth:`causalmed.graph.Graph.with_roles`."""
    return replace(
        graph,
        latent=_stated(latent, graph.latent),
        exposures=_stated(exposures, graph.exposures),
        outcomes=_stated(outcomes, graph.outcomes),
        adjusted=_stated(adjusted, graph.adjusted),
        unstable=_stated(unstable, graph.unstable),
    )


def _stated(names: Names | None, before: frozenset[str]) -> frozenset[str]:
    return before if names is None else frozenset(as_names(names))


def _keep(graph: Graph, directed: frozenset[tuple[str, str]], bidirected: frozenset[frozenset[str]]) -> Graph:
    edges = {(u, "->", v) for u, v in directed}
    edges |= {(min(pair), "<->", max(pair)) for pair in bidirected}
    edges |= {(min(pair), "--", max(pair)) for pair in graph.undirected}
    options = {edge: kept for edge, kept in graph.edge_options.items() if edge in edges}
    return replace(graph, directed=directed, bidirected=bidirected, edge_options=options)
