"""Effects along some paths, as estimands, or the reason why there is none."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from causalmed.errors import InvalidArgument, NotIdentified, UnknownNode
from causalmed.graph import as_names, descendants, open_walk, spelled
from causalmed.identification.estimand import Estimand
from causalmed.identification.formulas import held
from causalmed.identification.mediation import controlled_sets, cuts, largest_natural_set, natural_set
from causalmed.identification.pathadvice import why_not_controlled, why_not_natural
from causalmed.identification.pathwords import (
    controlled_assumptions,
    controlled_question,
    natural_assumptions,
    natural_question,
)
from causalmed.identification.question import Question
from causalmed.identification.wording import listed

__all__ = ["PATHWISE", "natural_estimand", "pathwise"]

PATHWISE = ("controlled_direct", "natural_direct", "natural_indirect")
Nodes = frozenset[int]
Mediators = str | Iterable[str] | Mapping[str, float | str]


def pathwise(question: Question, exposure: str, outcome: str, effect: str, mediators: Mediators) -> Estimand:
    """Identify an effect along some paths.

    Raises
    ------
    NotIdentified
        With the common cause of mediator and outcome that is in the way.
    InvalidArgument
        If the mediators are not mediators.
    """
    names = _mediators(question, exposure, outcome, mediators)
    block = question.graph.numbers(names)
    if effect == "controlled_direct":
        return _controlled(question, exposure, outcome, _values(mediators), block)
    if isinstance(mediators, Mapping):
        raise InvalidArgument(
            f"A {effect.replace('_', ' ')} effect leaves the mediators as they would be; name them without "
            f"values: mediators={list(names)!r}. With values, ask for effect='controlled_direct'."
        )
    return _natural(question, exposure, outcome, effect, block)


def _natural(question: Question, exposure: str, outcome: str, effect: str, block: Nodes) -> Estimand:
    found = natural_set(question, block)
    if found is None:
        raise why_not_natural(question, exposure, outcome, effect, block)
    return natural_estimand(question, exposure, outcome, effect, block, found)


def natural_estimand(
    question: Question, exposure: str, outcome: str, effect: str, block: Nodes, found: Nodes
) -> Estimand:
    """Write the estimand of a natural effect with its covariates."""
    names, given = question.sorted_names(block), question.sorted_names(found)
    largest = largest_natural_set(question, block)
    around = descendants(question.adjacency.without_arrows(block), question.x)
    no_path = effect == "natural_direct" and not question.y & around
    return Estimand(
        kind="mediation",
        effect=effect,
        exposure=exposure,
        outcome=outcome,
        adjustment_set=given,
        alternatives=() if largest == found else (question.sorted_names(largest),),
        mediators=names,
        assumptions=natural_assumptions(exposure, outcome, names, given, no_path=no_path),
        question=natural_question(effect, exposure, outcome, names),
        graph_fingerprint=question.graph.fingerprint,
        no_path=no_path,
        forbidden=_caused(question, block),
        reasons=_reasons(question, block, found),
        graph=question.graph,
        observed=question.sorted_names(question.allowed),
    )


def _controlled(
    question: Question, exposure: str, outcome: str, values: Mapping[str, float | str], block: Nodes
) -> Estimand:
    found = controlled_sets(question, block)
    names = question.sorted_names(block)
    at = tuple(values[name] for name in names)
    if found is None:
        raise why_not_controlled(question, exposure, outcome, block)
    given, after = question.sorted_names(found.before), question.sorted_names(found.after)
    words = held(names, at, together=" and ")
    return Estimand(
        kind="mediation",
        effect="controlled_direct",
        exposure=exposure,
        outcome=outcome,
        adjustment_set=given,
        mediators=names,
        mediator_values=at,
        after_exposure=after,
        assumptions=controlled_assumptions(exposure, outcome, words, given, after, names),
        question=controlled_question(exposure, outcome, words),
        graph_fingerprint=question.graph.fingerprint,
        forbidden=_caused(question, block | found.after),
        graph=question.graph,
        observed=question.sorted_names(question.allowed),
    )


def _caused(question: Question, beside: Nodes) -> frozenset[str]:
    after = frozenset(descendants(question.adjacency, question.x))
    return question.graph.names(after - beside - question.x - question.y)


def _reasons(question: Question, block: Nodes, chosen: Nodes) -> tuple[str, ...]:
    """Say which path each covariate closes."""
    names = {question.graph.nodes[v]: v for v in chosen}
    return tuple(f"{name} {_reason(question, block, chosen, names[name])}" for name in sorted(names))


def _reason(question: Question, block: Nodes, chosen: Nodes, v: int) -> str:
    if v in question.include:
        return "is marked as adjusted in the graph."
    without_x, without_both = cuts(question, block)
    others = chosen - {v}
    for cut, sources, targets in (
        (without_x, question.x, block | question.y),
        (without_both, block, question.y),
    ):
        if walk := open_walk(cut, sources, targets, others):
            return f"closes {' '.join(spelled(question.graph, cut, walk, others))}."
    return "explains part of the outcome: the estimate is more precise with it, and right without it."


def _values(mediators: Mediators) -> Mapping[str, float | str]:
    if not isinstance(mediators, Mapping):
        raise InvalidArgument(
            "A controlled direct effect holds the mediators at values; say which: "
            f"mediators={{{', '.join(f'{name!r}: 0' for name in as_names(mediators))}}}."
        )
    for name, value in mediators.items():
        if isinstance(value, bool | int | float) and math.isfinite(value):
            continue
        if not isinstance(value, str):
            raise InvalidArgument(f"mediators={{{name!r}: {value!r}}} must hold a number or a level.")
    return {name: value if isinstance(value, str) else float(value) for name, value in mediators.items()}


def _mediators(question: Question, exposure: str, outcome: str, mediators: Mediators) -> tuple[str, ...]:
    names = as_names(mediators)
    if not names:
        raise InvalidArgument(
            "An effect along some paths needs its mediators: mediators=['…'], columns on the way from "
            f"{exposure} to {outcome}."
        )
    if absent := [name for name in names if name not in question.graph]:
        raise UnknownNode.among(absent, question.graph.nodes)
    on_paths = question.graph.names(question.problem.causal - question.y)
    for name in names:
        if name not in on_paths:
            raise InvalidArgument(_not_on_a_path(exposure, outcome, name, on_paths))
        if name not in question.graph.names(question.allowed):
            raise NotIdentified(
                f"{name!r}, a mediator, was not measured (or comes after {outcome}). Effects through and not "
                "through it cannot be told apart without its values.",
                witness=(name,),
                suggestions=(f"Measure {name!r}.",),
            )
    return names


def _not_on_a_path(exposure: str, outcome: str, name: str, on_paths: frozenset[str]) -> str:
    if on_paths:
        known = f"Nodes on the way: {listed(sorted(on_paths))}."
    else:
        known = f"The graph has nothing on the way from {exposure} to {outcome}."
    return (
        f"{name!r} is not a mediator in this graph: no chain of arrows leads from {exposure} through "
        f"{name} to {outcome}. {known}"
    )
