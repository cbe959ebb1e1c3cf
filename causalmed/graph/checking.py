"""What every graph is held to before it exists."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from causalmed.errors import CyclicGraph, GraphError, InvalidArgument, UnknownNode
from causalmed.graph.adjacency import find_cycle

if TYPE_CHECKING:
    from causalmed.graph.graph import Graph

__all__ = ["as_names", "as_pairs", "check_graph", "ordered_tiers", "require_directions"]


def as_names(names: str | Iterable[str] | None) -> tuple[str, ...]:
    """Read one name, several or none as a tuple without repetition."""
    if names is None:
        return ()
    if isinstance(names, str):
        return (names,)
    if not isinstance(names, Iterable):
        raise InvalidArgument(f"{names!r} is neither the name of a node nor a collection of names.")
    listed = tuple(names)
    odd = [name for name in listed if not isinstance(name, str)]
    if odd:
        raise InvalidArgument(f"{odd[0]!r} is not text. Names of nodes are the names of columns, as text.")
    return tuple(dict.fromkeys(listed))


def as_pairs(edges: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Read edges, each a pair of names."""
    if not isinstance(edges, Iterable) or isinstance(edges, str):
        raise InvalidArgument(f"edges are pairs of names, such as [('a', 'b')]; got {edges!r}.")
    listed = tuple(edges)
    for edge in listed:
        if not isinstance(edge, tuple | list) or len(edge) != 2:
            raise InvalidArgument(f"{edge!r} is not a pair of names, such as ('a', 'b').")
    return tuple((u, v) for u, v in listed)


def check_graph(graph: Graph) -> None:
    """Refuse names that cannot be written, unknown nodes, contradictions and cycles.

    Raises
    ------
    GraphError
        With a sentence about what contradicts what.
    UnknownNode
        If an edge, role, position or tier names a node that is not in the graph.
    CyclicGraph
        If causes go round in a circle; the message names it.
    """
    _check_names(graph.nodes)
    _check_known(graph)
    _check_roles(graph)
    _check_acyclic(graph)
    _check_time(graph)


def require_directions(graph: Graph) -> None:
    """Refuse a question whose answer depends on a direction that the graph leaves open."""
    if graph.undirected:
        u, v = min(sorted(pair) for pair in graph.undirected)
        raise GraphError(
            f"the graph leaves open which of {u} -- {v} causes the other ({len(graph.undirected)} such "
            "edges), so this question has several answers. Decide for ->, <- or <->."
        )


def ordered_tiers(stated: tuple[str, ...], used: Collection[str]) -> tuple[str, ...]:
    """Return the tiers from early to late: as stated, else by number, else as they first appear."""
    found = tuple(dict.fromkeys(used))
    if stated:
        missing = [tier for tier in found if tier not in stated]
        if missing or len(set(stated)) < len(stated):
            raise GraphError(f"tiers={','.join(stated)!r} must name each tier once; missing: {missing}.")
        return stated
    for tier in found:
        if not tier or tier != tier.strip() or "," in tier or not tier.isprintable():
            raise GraphError(f"{tier!r} cannot name a tier: use printable words without commas.")
    try:
        return tuple(sorted(found, key=float))
    except ValueError:
        return found


def _check_names(nodes: tuple[str, ...]) -> None:
    for name in nodes:
        if not isinstance(name, str):
            raise GraphError(f"{name!r} is not text. Names of nodes are the names of columns, as text.")
        if not name.strip() or not all(c.isprintable() for c in name):
            raise GraphError(f"{name!r} cannot name a node: a name is one line of printable text.")


def _check_known(graph: Graph) -> None:
    known = set(graph.nodes)
    if len(known) < len(graph.nodes):
        raise GraphError("a node is listed twice.")
    named: set[str] = {name for edge in graph.directed for name in edge}
    named |= {name for pair in graph.bidirected | graph.undirected for name in pair}
    named |= graph.latent | graph.exposures | graph.outcomes | graph.adjusted | graph.unstable
    named |= set(graph.positions) | set(graph.tier_of) | set(graph.node_options)
    if not named <= known:
        raise UnknownNode.among(named - known, graph.nodes)
    loops = [u for u, v in graph.directed if u == v]
    if loops or any(len(pair) != 2 for pair in graph.bidirected | graph.undirected):
        who = f": {min(loops)!r}" if loops else ""
        raise CyclicGraph(f"a node has an edge to itself{who}. Nothing in such a graph can be identified.")


def _check_roles(graph: Graph) -> None:
    pairs = (
        ("latent", graph.latent, "adjusted", graph.adjusted, "what is not measured cannot be adjusted for"),
        ("exposure", graph.exposures, "outcome", graph.outcomes, "nothing is its own cause"),
        ("exposure", graph.exposures, "adjusted", graph.adjusted, "its effect could not be seen"),
        ("outcome", graph.outcomes, "adjusted", graph.adjusted, "no effect on it could be seen"),
    )
    for first, names, second, others, why in pairs:
        both = sorted(names & others)
        if both:
            raise GraphError(f"{both[0]!r} is marked {first} and {second}, but {why}. Keep one of the two.")
    directed = {frozenset(edge) for edge in graph.directed}
    for pair in sorted(graph.undirected & (directed | graph.bidirected), key=sorted):
        u, v = sorted(pair)
        raise GraphError(f"{u} -- {v} leaves open what another edge between them decides. Keep one.")


def _check_acyclic(graph: Graph) -> None:
    cycle = find_cycle(graph.adjacency)
    if cycle:
        path = " -> ".join(graph.nodes[v] for v in cycle)
        raise CyclicGraph(
            f"the arrows go round in a circle: {path}. A cause comes before its effect: turn an arrow, or "
            "split a factor that changes over time into one node for each time."
        )


def _check_time(graph: Graph) -> None:
    rank = {tier: number for number, tier in enumerate(graph.tiers)}
    for u, v in sorted(graph.directed):
        if u in graph.tier_of and v in graph.tier_of:
            early, late = graph.tier_of[v], graph.tier_of[u]
            if rank[early] < rank[late]:
                raise GraphError(
                    f"the arrow {u} -> {v} runs back in time: tier {late!r} comes after tier {early!r} "
                    f'(order: {", ".join(graph.tiers)}). Turn the arrow, or state the order: tiers="…".'
                )
