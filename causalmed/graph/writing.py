"""Graph → text that reads back as the same value, and the canonical text of what is assumed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

from causalmed.graph.syntax import HEADERS, KEYWORDS

if TYPE_CHECKING:
    from causalmed.graph.graph import Graph

__all__ = ["canonical_text", "quoted", "to_dagitty"]

_BARE: Final = re.compile(r"[A-Za-z0-9_.]+")


def to_dagitty(graph: Graph) -> str:
    """Write the graph as DAGitty text; see :meth:`causalmed.graph.Graph.to_dagitty`."""
    place = {name: number for number, name in enumerate(graph.nodes)}
    lines = [_node(graph, name, graph.node_options.get(name, {}), layout=True) for name in graph.nodes]
    lines += [
        f"{quoted(u)} {kind} {quoted(v)}{_brackets(graph.edge_options.get((u, kind, v), {}))}"
        for u, kind, v in sorted(_edges(graph), key=lambda edge: (place[edge[0]], place[edge[2]], edge[1]))
    ]
    settings = [f"{quoted(key)}={quoted(value)}" for key, value in graph.attributes.items()]
    name = f" {quoted(graph.name)}" if graph.name else ""
    return _text(graph, name, [*_tiers(graph), *settings, *lines])


def canonical_text(graph: Graph) -> str:
    """Write what the graph assumes, and nothing else, in one order.

    Nodes, edges, roles and tiers, sorted; no positions, no unknown options, no name. Two graphs
    that were drawn differently and assume the same have the same canonical text.
    """
    lines = [_node(graph, name, {}, layout=False) for name in sorted(graph.nodes)]
    lines += [f"{quoted(u)} {kind} {quoted(v)}" for u, kind, v in sorted(_edges(graph))]
    return _text(graph, "", [*_tiers(graph), *lines])


def quoted(name: str) -> str:
    r"""Write a name so that it reads back as the same name: bare if it can be, in quotes if not.

    Examples
    --------
    >>> quoted("age"), quoted("body mass"), quoted("graph")
    ('age', '"body mass"', '"graph"')
    """
    if _BARE.fullmatch(name) and name.lower() not in KEYWORDS | HEADERS:
        return name
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _text(graph: Graph, name: str, lines: Iterable[str]) -> str:
    kind = "pdag" if graph.undirected else "dag"
    return "\n".join([f"{kind}{name} {{", *lines, "}"])


def _tiers(graph: Graph) -> list[str]:
    return [f"tiers={quoted(','.join(graph.tiers))}"] if graph.tiers else []


def _edges(graph: Graph) -> list[tuple[str, str, str]]:
    edges = [(u, "->", v) for u, v in graph.directed]
    for kind, pairs in (("<->", graph.bidirected), ("--", graph.undirected)):
        edges += [(min(pair), kind, max(pair)) for pair in pairs]
    return edges


def _node(graph: Graph, name: str, others: Mapping[str, str | None], *, layout: bool) -> str:
    roles = (
        ("latent", graph.latent),
        ("exposure", graph.exposures),
        ("outcome", graph.outcomes),
        ("adjusted", graph.adjusted),
        ("unstable", graph.unstable),
    )
    options: dict[str, str | None] = {role: None for role, names in roles if name in names}
    if name in graph.tier_of:
        options["tier"] = graph.tier_of[name]
    if layout and name in graph.positions:
        x, y = graph.positions[name]
        options["pos"] = f"{x!r},{y!r}"
    return quoted(name) + _brackets(options | dict(others))


def _brackets(options: Mapping[str, str | None]) -> str:
    if not options:
        return ""
    parts = (
        quoted(key) if value is None else f"{quoted(key)}={quoted(value)}" for key, value in options.items()
    )
    return f" [{', '.join(parts)}]"
