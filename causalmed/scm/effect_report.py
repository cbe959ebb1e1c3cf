"""An effect of the model as a result: words, checks, assumptions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from causalmed.results import Check, Effect, Functionals, Gate, Provenance, State
from causalmed.scm.judging import mechanism_checks
from causalmed.scm.overlap import overlap_checks
from causalmed.scm.request import Request
from causalmed.scm.resampling import held_fixed
from causalmed.scm.terms import FloatArray
from causalmed.scm.worlds import Arm

if TYPE_CHECKING:
    from causalmed.scm.model import StructuralCausalModel
    from causalmed.scm.nodes import NodeInfo

__all__ = ["LABELS", "as_effect", "in_words", "shown"]

LABELS: Final = ("exposed", "unexposed", "natural")
_MONTE_CARLO_SHARE: Final = 0.2
_IN_WORDS: Final = {
    "all": "in all patients",
    "exposed": "in those who had the first value",
    "unexposed": "in those who had the second value",
}


def as_effect(
    model: StructuralCausalModel,
    ask: Request,
    arms: tuple[Arm, Arm],
    *,
    functionals: Functionals,
    error: FloatArray,
    crude: Functionals | None,
) -> Effect:
    """Wrap the numbers of an effect into a result."""
    cohort, binary = model.cohort, model.nodes[ask.outcome].kind == "binary"
    worlds = arms[0].worlds
    y = None if worlds.given is None else worlds.given[ask.outcome]
    a, b = (in_words(model, ask, arm) for arm in arms)
    return Effect(
        exposure=", ".join(ask.exposures),
        outcome=ask.outcome,
        contrast=_contrast(ask, arms, (a, b)),
        population=ask.population,
        outcome_kind="binary" if binary else "continuous",
        question=_question(ask, a, b),
        adjustment_set=_conditioned_on(arms, ask),
        functionals=functionals,
        crude=crude,
        diagnostics=Gate(checks=_checks(model, ask, arms, functionals, error)),
        estimator=f"StructuralCausalModel.effect(draws={ask.draws}, replicates={ask.replicates})",
        n=worlds.rows,
        events=int(y.sum()) if binary and y is not None else 0,
        clusters=None if cohort is None else cohort.clusters or None,
        assumptions=_assumptions(model, arms),
        overrides=(),
        provenance=Provenance.collect(
            data_fingerprint=model.provenance.data_fingerprint,
            spec=f"{model.provenance.spec} -> {ask!r}",
            seed=ask.seed,
        ),
        level=ask.level,
        arms=() if ask.is_static else (a, b),
    )


def in_words(model: StructuralCausalModel, ask: Request, arm: Arm) -> str:
    """Return what an arm sets, in words."""
    if ask.is_static:
        (exposure,) = ask.exposures
        return shown(model.nodes[exposure], float(arm.intervention.fixed[exposure][0]))
    return arm.intervention.text if arm.intervention.words else "patients as they come"


def _contrast(ask: Request, arms: tuple[Arm, Arm], words: tuple[str, str]) -> tuple[float | str, float | str]:
    if not ask.is_static:
        return words
    (exposure,) = ask.exposures
    one, other = (float(arm.intervention.fixed[exposure][0]) for arm in arms)
    return one, other


def _question(ask: Request, a: str, b: str) -> str:
    whom = _IN_WORDS[ask.population]
    if ask.is_static:
        (exposure,) = ask.exposures
        return f"What would {ask.outcome} be if {exposure} were set to {a} rather than {b}, {whom}?"
    return f"What would {ask.outcome} be with {a}, rather than with {b}, {whom}?"


def shown(info: NodeInfo, code: float) -> str:
    """Return a code as the table shows it."""
    return info.levels[int(code)] if info.levels else f"{code:g}"


def _conditioned_on(arms: tuple[Arm, Arm], ask: Request) -> tuple[str, ...]:
    plans = [arm.worlds.plan for arm in arms]
    read = {name for plan in plans for node in plan.affected for name in plan.pillows[node]}
    return tuple(sorted(read - _affected(arms) - set(ask.exposures)))


def _affected(arms: tuple[Arm, Arm]) -> frozenset[str]:
    return arms[0].worlds.plan.affected | arms[1].worlds.plan.affected


def _assumptions(model: StructuralCausalModel, arms: tuple[Arm, Arm]) -> tuple[str, ...]:
    hidden = sorted(" <-> ".join(sorted(pair)) for pair in model.factors.graph.bidirected)
    causes = f"Hidden common causes exist only where the graph draws them ({', '.join(hidden) or 'nowhere'})."
    between = ", ".join(sorted(_affected(arms)))
    regimes = any(arm.intervention.assignments for arm in arms)
    return (
        causes,
        f"The fitted mechanisms are right for the nodes that the exposure reaches ({between or 'none'}).",
        "Every patient could have had what either arm sets for that patient."
        if regimes
        else "Every patient could have had either value of the exposure.",
    )


def _checks(
    model: StructuralCausalModel,
    ask: Request,
    arms: tuple[Arm, Arm],
    functionals: Functionals,
    error: FloatArray,
) -> tuple[Check, ...]:
    found = (
        _path(ask, arms),
        _one_sided(model, ask, arms),
        *overlap_checks(model, ask, arms),
        _reach(model, ask, arms),
        _monte_carlo(arms, functionals, error),
        _parameters(model, _simulated(arms) | {ask.outcome}),
        *mechanism_checks(model, _simulated(arms) | {ask.outcome}),
    )
    return tuple(check for check in found if check is not None)


def _simulated(arms: tuple[Arm, Arm]) -> set[str]:
    return {node for arm in arms for node in arm.worlds.simulated}


def _path(ask: Request, arms: tuple[Arm, Arm]) -> Check | None:
    if ask.outcome in _affected(arms):
        return None
    return Check(
        name="directed path",
        state=State.WARN,
        sentence=(
            f"The graph has no path of arrows from {', '.join(ask.exposures)} to {ask.outcome}: that there "
            "is no effect is assumed, not found."
        ),
        advice="Draw the arrow if the data shall decide.",
    )


def _one_sided(model: StructuralCausalModel, ask: Request, arms: tuple[Arm, Arm]) -> Check | None:
    """Refuse an arm in which nobody, or everybody, has the outcome: a penalised fit is too sure there."""
    exposure, given = ask.exposures[0], arms[0].worlds.given
    reads = exposure in model.factors.pillows[ask.outcome]
    if not ask.is_static or given is None or not reads or model.nodes[ask.outcome].kind != "binary":
        return None
    for arm in (float(each.intervention.fixed[exposure][0]) for each in arms):
        seen = given[ask.outcome][given[exposure] == arm]
        if len(seen) and seen.min() == seen.max():
            value, how_many = shown(model.nodes[exposure], arm), "none" if seen.max() == 0 else "all"
            return Check(
                name="outcomes in each arm",
                state=State.FAIL,
                sentence=f"Of {len(seen):,} patients with {exposure} = {value}, {how_many} have "
                f"{ask.outcome}: how far their risk may be from that cannot be estimated.",
                advice="Lengthen the follow-up, or widen the cohort.",
            )
    return None


def _monte_carlo(arms: tuple[Arm, Arm], functionals: Functionals, error: FloatArray) -> Check:
    contrast = error[:, 0] - error[:, 1]
    draws = len(contrast)
    given, simulated = arms[0].worlds.given, any(arm.is_simulated for arm in arms)
    size = 0.0 if draws < 2 or given is None else float(contrast.std(ddof=1) / np.sqrt(draws))
    if given is None:
        sentence = "The standard error of this effect is Monte-Carlo error and nothing else."
        return Check(name="Monte-Carlo error", state=State.PASS, sentence=sentence)
    whole = functionals.std_error(functionals.gradient(exposed=1.0, unexposed=-1.0))
    share = size / whole if whole > 0 else 0.0
    if not simulated:
        sentence = "Nothing had to be drawn: no other node lies between exposure and outcome."
    elif draws < 2:
        sentence = "One draw was made, so the Monte-Carlo error is not known."
    else:
        part = f"{100 * share:.0f} % of its standard error"
        sentence = f"The Monte-Carlo error of the difference is {size:.2g}, {part}."
    known = draws > 1 or not simulated
    return Check(
        name="Monte-Carlo error",
        state=State.PASS if share <= _MONTE_CARLO_SHARE and known else State.WARN,
        sentence=sentence,
        value=share,
        threshold=_MONTE_CARLO_SHARE,
        advice="Raise draws=.",
    )


def _parameters(model: StructuralCausalModel, nodes: set[str]) -> Check:
    if model.cohort is None:
        return Check(
            name="parameter uncertainty",
            state=State.WARN,
            sentence="The mechanisms are taken as exact; the model holds no patients to tell how sure they "
            "are.",
            advice="Fit the model on a cohort to get intervals.",
        )
    if still := held_fixed(model, nodes):
        return Check(
            name="parameter uncertainty",
            state=State.WARN,
            sentence=f"The interval does not hold the uncertainty of {', '.join(still)}: a mechanism of that "
            "kind, or one that was stated, is not refitted.",
            advice="Use a mechanism with coefficients there, or read the interval as too narrow.",
        )
    sentence = "The interval holds the uncertainty of the mechanisms and of who the patients are."
    return Check(name="parameter uncertainty", state=State.PASS, sentence=sentence)


def _reach(model: StructuralCausalModel, ask: Request, arms: tuple[Arm, Arm]) -> Check | None:
    if not ask.is_static:
        return None
    info = model.nodes[ask.exposures[0]]
    values = [float(arm.intervention.fixed[info.name][0]) for arm in arms]
    outside = [shown(info, value) for value in values if not info.low <= value <= info.high]
    if info.is_discrete or not outside:
        sentence = f"Both values of {info.name} occur among the patients."
        if not info.is_discrete:
            sentence = f"Both values of {info.name} lie within what was observed."
        return Check(name="observed range", state=State.PASS, sentence=sentence)
    return Check(
        name="observed range",
        state=State.WARN,
        sentence=(
            f"{info.name} = {', '.join(outside)} lies outside what was observed "
            f"({info.low:g} to {info.high:g})."
        ),
        advice="The answer rests on the straight line alone there; choose values inside.",
    )
