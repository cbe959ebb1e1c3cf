"""Another adjustment set for an effect that is identified already."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from causalmed.errors import InvalidArgument, UnknownNode
from causalmed.graph import as_names, descendants, open_walk, spelled
from causalmed.identification.mediation import cuts, is_natural_set
from causalmed.identification.pathwise import natural_estimand
from causalmed.identification.question import Question, ask
from causalmed.identification.strategies import adjusted_estimand
from causalmed.identification.wording import listed

if TYPE_CHECKING:
    from causalmed.identification.estimand import Estimand

__all__ = ["using"]

Nodes = frozenset[int]


def using(estimand: Estimand, adjustment_set: Iterable[str]) -> Estimand:
    """Swap the adjustment set; see :meth:`causalmed.identification.Estimand.using`."""
    names = as_names(adjustment_set)
    graph = estimand.graph
    if graph is None:
        raise InvalidArgument(
            "No graph came with this estimand, so none can vouch for another set. State it with "
            "Estimand.given(…), or start from identify(graph, …)."
        )
    natural = estimand.kind == "mediation" and not estimand.mediator_values
    if estimand.kind != "backdoor" and not natural:
        raise InvalidArgument(
            f"Only an effect identified by adjustment can use another set; this one is identified by "
            f"{estimand.kind!r}, and its columns go together."
        )
    if absent := [name for name in names if name not in graph]:
        raise UnknownNode.among(absent, graph.nodes)
    question = ask(graph, estimand.exposure, estimand.outcome, frozenset(estimand.observed))
    z = graph.numbers(names)
    block = graph.numbers(estimand.mediators)
    problem = _problem_with(question, block, z)
    if problem:
        raise InvalidArgument(f"{listed(sorted(names))} will not do as an adjustment set: {problem}")
    if natural:
        return natural_estimand(question, estimand.exposure, estimand.outcome, estimand.effect, block, z)
    found = adjusted_estimand(question, estimand.exposure, estimand.outcome, z, is_optimal=False, others=())
    return replace(found, alternatives=(estimand.adjustment_set,))


def _problem_with(question: Question, block: Nodes, z: Nodes) -> str:
    """Say why a set is no adjustment set; nothing if it is one."""
    graph = question.graph
    if unusable := sorted(graph.names(z - question.allowed)):
        return f"{listed(unusable)} was not measured, or comes after the outcome."
    if missing := sorted(graph.names(question.include - z)):
        return f"{listed(missing)} is marked as adjusted in the graph and must be in it."
    after = descendants(question.adjacency, question.x) if block else question.problem.forbidden
    if caused := sorted(graph.names(z & (frozenset(after) | question.x | question.y))):
        return f"{listed(caused)} lies on or behind the way from exposure to outcome."
    tests = [(question.problem.back_door, question.x, question.y)]
    if block:
        first, second = cuts(question, block)
        tests = [(first, question.x, block | question.y), (second, block, question.y)]
    for cut, sources, targets in tests:
        if walk := open_walk(cut, sources, targets, z):
            return f"it leaves the path {' '.join(spelled(graph, cut, walk, z))} open."
    assert not block or is_natural_set(question, block, z)
    return ""
