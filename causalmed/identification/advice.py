"""What would help: each suggestion has been tried on the graph before it is made."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from causalmed.graph import adjustment_problem, ancestors, minimal_separator, usable
from causalmed.identification.frontdoor import conditional_front_door, front_door_exists
from causalmed.identification.instrument import instrument_by
from causalmed.identification.question import Question
from causalmed.identification.wording import listed

__all__ = ["hidden_nodes", "named", "suggestions", "with_named_causes"]

_HIDDEN = "common cause of "
_HOPELESS = "Measuring the hidden nodes of this graph would not help; only another design would."

Nodes = frozenset[int]


def suggestions(question: Question) -> tuple[str, ...]:
    """Return what could be measured so that the effect can be identified.

    Hidden nodes and the hidden causes of two-headed arrows are tried one by one. If none suffices,
    the fewest found that suffice together are named.
    """
    question = with_named_causes(question)
    hidden = hidden_nodes(question)
    walk, _ = question.open_walk()
    on_walk = {v for v, _ in walk}
    alone = [(v, way) for v in sorted(hidden) if (way := _way(question, v, on_walk))]
    if alone:
        return tuple(f"Measure {named(question, {v})}: {way}." for v, way in alone)
    everything = _set_with(question, hidden)
    if everything is None:
        return (_HOPELESS,)
    needed = everything & hidden
    for v in sorted(needed):
        if _set_with(question, needed - {v}) is not None:
            needed -= {v}
    who = named(question, needed)
    return (f"Measure {who}: no single one suffices, together they make adjustment possible.",)


def with_named_causes(question: Question) -> Question:
    """Put a node for the hidden cause of each two-headed arrow; the numbers of the others stay."""
    graph = question.graph
    pairs = {f"{_HIDDEN}{min(pair)} and {max(pair)}": pair for pair in sorted(graph.bidirected, key=sorted)}
    named = replace(
        graph,
        nodes=(*graph.nodes, *pairs),
        directed=graph.directed | {(cause, name) for cause, pair in pairs.items() for name in pair},
        bidirected=frozenset(),
        latent=frozenset(),
        edge_options={},
    )
    return replace(
        question,
        graph=named,
        adjacency=named.oriented,
        problem=adjustment_problem(named.oriented, question.x, question.y),
    )


def hidden_nodes(question: Question) -> Nodes:
    """Nodes that were not measured and could matter: ancestors of exposure or outcome, not after it."""
    relevant = ancestors(question.adjacency, question.x | question.y)
    in_time = usable(question.graph, question.y, None)
    return (in_time & relevant) - question.allowed - question.x - question.y


def _way(question: Question, v: int, on_walk: Collection[int]) -> str:
    """Say how the effect is identified once ``v`` is measured, or nothing if it is not.

    Only a node on the walk that is open now can close it.
    """
    z = _set_with(question, frozenset({v})) if v in on_walk else None
    if z is not None:
        return f"adjustment for {named(question, z)} would then identify the effect"
    measured = replace(question, allowed=question.allowed | {v})
    if v in question.problem.causal and (front_door_exists(measured) or conditional_front_door(measured)):
        return "the front-door formula would then identify the effect"
    if _causes(question, v) and instrument_by(measured, v) is not None:
        return "as an instrument it would identify the effect, in a linear model"
    return ""


def _causes(question: Question, v: int) -> bool:
    return bool(question.x.intersection(question.adjacency.children[v]))


def _set_with(question: Question, measured: Nodes) -> Nodes | None:
    """Return an adjustment set once more nodes are measured."""
    query = question.problem.query(include=question.include, allowed=question.allowed | measured)
    return None if query is None else minimal_separator(query)


def named(question: Question, nodes: Iterable[int]) -> str:
    """List nodes, hidden common causes last, because they hold an "and" themselves."""
    names = sorted(question.graph.names(nodes), key=lambda name: (name.startswith(_HIDDEN), name))
    return listed([f"the hidden {name}" if name.startswith(_HIDDEN) else name for name in names])
