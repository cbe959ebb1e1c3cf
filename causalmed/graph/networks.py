"""To and from networkx.

A two-headed arrow is an edge, in either direction, with the attribute ``bidirected=True``; a
``MultiDiGraph`` is needed only where a pair has an arrow as well. Node attributes: ``latent``,
``exposure``, ``outcome``, ``adjusted``, ``unstable`` (true or false), ``observed`` (``"no"`` or
false means latent), ``tier``, ``pos``. Other attributes are ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from causalmed.errors import GraphError

if TYPE_CHECKING:
    from causalmed.graph.graph import Graph

__all__ = ["from_networkx", "to_networkx"]

_ROLES: Final = {
    "latent": "latent",
    "exposure": "exposures",
    "outcome": "outcomes",
    "adjusted": "adjusted",
    "unstable": "unstable",
}


def from_networkx(make: type[Graph], network: Any) -> Graph:
    """Read a networkx graph; see :meth:`causalmed.graph.Graph.from_networkx`."""
    if not (hasattr(network, "is_directed") and network.is_directed()):
        raise GraphError(
            f"{type(network).__name__} is not a directed networkx graph; without directions it does not "
            "say what causes what. Pass a DiGraph or MultiDiGraph."
        )
    nodes: dict[Any, Mapping[str, Any]] = dict(network.nodes(data=True))
    arrows = [(u, v) for u, v, data in network.edges(data=True) if not data.get("bidirected")]
    pairs = [(u, v) for u, v, data in network.edges(data=True) if data.get("bidirected")]
    marked = {role: frozenset(n for n, data in nodes.items() if _true(data, role)) for role in _ROLES}
    hidden = frozenset(n for n, data in nodes.items() if data.get("observed", True) in (False, "no"))
    return make(
        nodes=tuple(nodes),
        directed=frozenset(arrows),
        bidirected=frozenset(frozenset(pair) for pair in pairs),
        latent=marked["latent"] | hidden,
        exposures=marked["exposure"],
        outcomes=marked["outcome"],
        adjusted=marked["adjusted"],
        unstable=marked["unstable"],
        positions={n: _position(n, data["pos"]) for n, data in nodes.items() if "pos" in data},
        tier_of={n: str(data["tier"]) for n, data in nodes.items() if "tier" in data},
    )


def to_networkx(graph: Graph) -> Any:
    """Write a networkx graph; see :meth:`causalmed.graph.Graph.to_networkx`."""
    import networkx

    if graph.undirected:
        raise GraphError("a graph that leaves directions open has no form as a directed networkx graph.")
    network = networkx.MultiDiGraph() if graph.bidirected else networkx.DiGraph()
    for name in graph.nodes:
        data: dict[str, Any] = {role: True for role, held in _ROLES.items() if name in getattr(graph, held)}
        if name in graph.tier_of:
            data["tier"] = graph.tier_of[name]
        if name in graph.positions:
            data["pos"] = graph.positions[name]
        network.add_node(name, **data)
    network.add_edges_from(sorted(graph.directed))
    network.add_edges_from(
        (min(pair), max(pair), {"bidirected": True}) for pair in sorted(graph.bidirected, key=sorted)
    )
    return network


def _true(data: Mapping[str, Any], role: str) -> bool:
    value = data.get(role, False)
    if not isinstance(value, bool):
        raise GraphError(f"the attribute {role}={value!r} of a node must be True or False.")
    return value


def _position(name: object, value: Any) -> tuple[float, float]:
    try:
        x, y = value
        return float(x), float(y)
    except (TypeError, ValueError):
        raise GraphError(f"pos={value!r} of {name!r} is not a pair of numbers.") from None
