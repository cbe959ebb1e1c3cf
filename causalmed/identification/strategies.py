"""The three ways to an answer, in the order in which they are tried."""

from __future__ import annotations

from causalmed.identification.backdoor import back_door
from causalmed.identification.estimand import Estimand
from causalmed.identification.frontdoor import front_door
from causalmed.identification.instrument import instrument
from causalmed.identification.question import Question
from causalmed.identification.reasons import reasons
from causalmed.identification.wording import (
    absent_assumptions,
    backdoor_assumptions,
    frontdoor_assumptions,
    instrument_assumptions,
    total_effect,
)

__all__ = ["answer"]


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
    names = question.sorted_names(found.adjustment_set)
    no_path = not question.problem.causal
    return Estimand(
        kind="backdoor",
        exposure=exposure,
        outcome=outcome,
        adjustment_set=names,
        alternatives=tuple(question.sorted_names(z) for z in found.alternatives),
        assumptions=backdoor_assumptions(exposure, outcome, names, no_path=no_path),
        question=total_effect(exposure, outcome),
        graph_fingerprint=question.graph.fingerprint,
        no_path=no_path,
        reasons=reasons(question, found.adjustment_set),
        forbidden=question.graph.names(question.problem.forbidden - question.y),
        is_optimal=found.is_optimal,
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
        no_path=True,
    )


def _by_mediators(question: Question, exposure: str, outcome: str) -> Estimand | None:
    found = front_door(question)
    if found is None:
        return None
    names = question.sorted_names(found)
    return Estimand(
        kind="frontdoor",
        exposure=exposure,
        outcome=outcome,
        mediators=names,
        assumptions=frontdoor_assumptions(exposure, outcome, names),
        question=total_effect(exposure, outcome),
        graph_fingerprint=question.graph.fingerprint,
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
        assumptions=instrument_assumptions(exposure, outcome, node, given),
        question=total_effect(exposure, outcome),
        graph_fingerprint=question.graph.fingerprint,
        forbidden=question.graph.names(question.problem.forbidden - question.y),
    )
