"""The three ways to an answer, in the order in which they are tried."""

from __future__ import annotations

from causalmed.identification.backdoor import back_door
from causalmed.identification.estimand import Estimand
from causalmed.identification.frontdoor import FrontDoor, conditional_front_door, front_door
from causalmed.identification.instrument import instrument, moves_exposure
from causalmed.identification.question import Question
from causalmed.identification.reasons import reasons
from causalmed.identification.wording import (
    absent_assumptions,
    backdoor_assumptions,
    frontdoor_assumptions,
    instrument_assumptions,
    total_effect,
)

__all__ = ["adjusted_estimand", "answer"]


def answer(question: Question, exposure: str, outcome: str) -> Estimand | None:
    """Return the estimand of the first strategy that applies, or ``None``.

    Back-door first: it assumes least about shapes and its estimators are the best understood. The
    front-door needs a mediator that carries everything; the instrument, a linear model. Where the graph
    has no causal path and no set separates the two, the effect is none by assumption alone.
    """
    return (
        _by_adjustment(question, exposure, outcome)
        or _by_absence(question, exposure, outcome)
        or _by_mediators(question, exposure, outcome)
        or _by_instrument(question, exposure, outcome)
    )


def _by_adjustment(question: Question, exposure: str, outcome: str) -> Estimand | None:
    found = back_door(question)
    if found is None:
        return None
    return adjusted_estimand(
        question,
        exposure,
        outcome,
        found.adjustment_set,
        is_optimal=found.is_optimal,
        others=found.alternatives,
    )


def adjusted_estimand(
    question: Question,
    exposure: str,
    outcome: str,
    adjustment_set: frozenset[int],
    *,
    is_optimal: bool,
    others: tuple[frozenset[int], ...],
) -> Estimand:
    """Write the estimand of an adjustment set."""
    names = question.sorted_names(adjustment_set)
    no_path = not question.problem.causal
    return Estimand(
        kind="backdoor",
        exposure=exposure,
        outcome=outcome,
        adjustment_set=names,
        alternatives=tuple(question.sorted_names(z) for z in others),
        assumptions=backdoor_assumptions(exposure, outcome, names, no_path=no_path),
        question=total_effect(exposure, outcome),
        graph_fingerprint=question.graph.fingerprint,
        graph=question.graph,
        observed=question.sorted_names(question.allowed),
        no_path=no_path,
        reasons=reasons(question, adjustment_set),
        forbidden=question.graph.names(question.problem.forbidden - question.y),
        is_optimal=is_optimal,
    )


def _by_absence(question: Question, exposure: str, outcome: str) -> Estimand | None:
    if question.problem.causal or question.include:
        return None
    return Estimand(
        kind="absent",
        exposure=exposure,
        outcome=outcome,
        assumptions=absent_assumptions(exposure, outcome),
        question=total_effect(exposure, outcome),
        graph_fingerprint=question.graph.fingerprint,
        graph=question.graph,
        observed=question.sorted_names(question.allowed),
        no_path=True,
    )


def _by_mediators(question: Question, exposure: str, outcome: str) -> Estimand | None:
    plain = front_door(question)
    if plain is not None:
        found: FrontDoor | None = FrontDoor(mediators=plain, given=frozenset())
    else:
        found = conditional_front_door(question)
    if found is None:
        return None
    names, given = question.sorted_names(found.mediators), question.sorted_names(found.given)
    return Estimand(
        kind="frontdoor",
        exposure=exposure,
        outcome=outcome,
        adjustment_set=given,
        mediators=names,
        assumptions=frontdoor_assumptions(exposure, outcome, names, given),
        question=total_effect(exposure, outcome),
        graph_fingerprint=question.graph.fingerprint,
        graph=question.graph,
        observed=question.sorted_names(question.allowed),
        forbidden=question.graph.names(question.problem.forbidden - question.y),
    )


def _by_instrument(question: Question, exposure: str, outcome: str) -> Estimand | None:
    found = instrument(question)
    if found is None:
        return None
    node, given = question.graph.nodes[found.node], question.sorted_names(found.given)
    return Estimand(
        kind="instrument",
        exposure=exposure,
        outcome=outcome,
        adjustment_set=given,
        instruments=(node,),
        instrument_moves=moves_exposure(question, found),
        assumptions=instrument_assumptions(exposure, outcome, node, given),
        question=total_effect(exposure, outcome),
        graph_fingerprint=question.graph.fingerprint,
        graph=question.graph,
        observed=question.sorted_names(question.allowed),
        forbidden=question.graph.names(question.problem.forbidden - question.y),
    )
