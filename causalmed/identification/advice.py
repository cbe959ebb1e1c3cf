"""What would help: each suggestion has been tried on the graph before it is made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from causalmed.graph import Graph, ancestors
from causalmed.identification.backdoor import back_door
from causalmed.identification.frontdoor import front_door_exists
from causalmed.identification.instrument import instrument
from causalmed.identification.question import Question, ask
from causalmed.identification.wording import listed

__all__ = ["suggestions"]

_HIDDEN = "common cause of "


def suggestions(question: Question, exposure: str, outcome: str) -> tuple[str, ...]:
    """Return what could be measured so that the effect can be identified.

    Every hidden node and every two-headed arrow is tried alone; if none suffices, all together, and
    then those that can be spared are dropped.
    """
    graph, hidden = _named_causes(question)
    measured = question.graph.names(question.allowed | question.x | question.y)
    alone = [(name, how) for name in hidden if (how := _how(graph, exposure, outcome, measured | {name}))]
    if alone:
        return tuple(f"Measure {_called(name)}: {how} would then identify the effect." for name, how in alone)
    needed = list(hidden)
    if not _adjustable(graph, exposure, outcome, measured | set(needed)):
        return ("Measuring the hidden nodes of this graph would not help; only another design would.",)
    for name in hidden:
        fewer = [other for other in needed if other != name]
        if _adjustable(graph, exposure, outcome, measured | set(fewer)):
            needed = fewer
    return (f"Measure {_together(needed)}: no single one suffices, together they make adjustment possible.",)


def _together(names: Iterable[str]) -> str:
    """List names, those of hidden common causes last, because they hold an "and" themselves."""
    return listed(
        [_called(name) for name in sorted(names, key=lambda name: (name.startswith(_HIDDEN), name))]
    )


def _called(name: str) -> str:
    return f"the hidden {name}" if name.startswith(_HIDDEN) else name


def _named_causes(question: Question) -> tuple[Graph, tuple[str, ...]]:
    """Give each two-headed arrow's hidden cause a name; list all that is not measured and matters."""
    graph = question.graph
    pairs = {f"{_HIDDEN}{min(pair)} and {max(pair)}": pair for pair in sorted(graph.bidirected, key=sorted)}
    named = replace(
        graph,
        nodes=(*graph.nodes, *pairs),
        directed=graph.directed | {(cause, name) for cause, pair in pairs.items() for name in pair},
        bidirected=frozenset(),
        edge_options={},
    )
    relevant = named.names(ancestors(named.oriented, question.x | question.y))
    used = graph.names(question.allowed | question.x | question.y)
    return named, tuple(name for name in named.nodes if name in relevant and name not in used)


def _how(graph: Graph, exposure: str, outcome: str, measured: frozenset[str]) -> str:
    question = _asked(graph, exposure, outcome, measured)
    ways = _ways(question)
    return next(ways, "")


def _ways(question: Question) -> Iterator[str]:
    found = back_door(question)
    if found is not None:
        yield f"adjustment for {_together(question.graph.names(found.adjustment_set))}"
    if front_door_exists(question):
        yield "the front-door formula"
    if instrument(question) is not None:
        yield "an instrument (in a linear model)"


def _adjustable(graph: Graph, exposure: str, outcome: str, measured: frozenset[str]) -> bool:
    return back_door(_asked(graph, exposure, outcome, measured)) is not None


def _asked(graph: Graph, exposure: str, outcome: str, measured: frozenset[str]) -> Question:
    return ask(graph.with_roles(latent=graph.latent - measured), exposure, outcome, frozenset(measured))
