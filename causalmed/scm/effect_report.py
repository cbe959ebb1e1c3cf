"""An effect of the model as a result: words, checks, assumptions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from causalmed.results import Check, Effect, Functionals, Gate, Provenance, State
from causalmed.scm.mechanism import Discrete
from causalmed.scm.request import Request
from causalmed.scm.terms import FloatArray
from causalmed.scm.worlds import Worlds

if TYPE_CHECKING:
    from causalmed.scm.model import StructuralCausalModel
    from causalmed.scm.nodes import NodeInfo

__all__ = ["LABELS", "as_effect", "shown"]

LABELS: Final = ("exposed", "unexposed", "natural")
_MONTE_CARLO_SHARE: Final = 0.2
_RARE: Final = 0.01
_RARE_WARN: Final = 0.01
_RARE_FAIL: Final = 0.20
_IN_WORDS: Final = {
    "all": "in all patients",
    "exposed": "in those who had the first value",
    "unexposed": "in those who had the second value",
}


def as_effect(
    model: StructuralCausalModel,
    ask: Request,
    worlds: Worlds,
    arms: tuple[float, ...],
    *,
    functionals: Functionals,
    error: FloatArray,
    crude: Functionals | None,
) -> Effect:
    """Wrap the numbers of an effect into a result."""
    cohort, outcome = model.cohort, model.nodes[ask.outcome]
    exposure = model.nodes[ask.exposure]
    a, b = (shown(exposure, arm) for arm in arms)
    binary = outcome.kind == "binary"
    y = None if worlds.given is None else worlds.given[ask.outcome]
    return Effect(
        exposure=ask.exposure,
        outcome=ask.outcome,
        contrast=(arms[0], arms[1]),
        population=ask.population,
        outcome_kind="binary" if binary else "continuous",
        question=(
            f"What would {ask.outcome} be if {ask.exposure} were set to {a} rather than {b}, "
            f"{_IN_WORDS[ask.population]}?"
        ),
        adjustment_set=_conditioned_on(worlds, ask),
        functionals=functionals,
        crude=crude,
        diagnostics=Gate(checks=_checks(model, ask, worlds, arms, functionals, error)),
        estimator=f"StructuralCausalModel.effect(draws={ask.draws}, replicates={ask.replicates})",
        n=worlds.rows,
        events=int(y.sum()) if binary and y is not None else 0,
        clusters=None if cohort is None else cohort.clusters or None,
        assumptions=_assumptions(model, worlds),
        overrides=(),
        provenance=Provenance.collect(
            data_fingerprint=model.provenance.data_fingerprint,
            spec=f"{model.provenance.spec} -> {ask!r}",
            seed=ask.seed,
        ),
        level=ask.level,
    )


def shown(info: NodeInfo, code: float) -> str:
    """Return a code as the table shows it."""
    return info.levels[int(code)] if info.levels else f"{code:g}"


def _conditioned_on(worlds: Worlds, ask: Request) -> tuple[str, ...]:
    affected = worlds.plan.affected
    read = {name for node in affected for name in worlds.plan.pillows[node]}
    return tuple(sorted(read - affected - {ask.exposure}))


def _assumptions(model: StructuralCausalModel, worlds: Worlds) -> tuple[str, ...]:
    hidden = sorted(" <-> ".join(sorted(pair)) for pair in model.factors.graph.bidirected)
    causes = f"Hidden common causes exist only where the graph draws them ({', '.join(hidden) or 'nowhere'})."
    between = ", ".join(sorted(worlds.plan.affected))
    return (
        causes,
        f"The fitted mechanisms are right for the nodes that the exposure reaches ({between or 'none'}).",
        "Every patient could have had either value of the exposure.",
    )


def _checks(
    model: StructuralCausalModel,
    ask: Request,
    worlds: Worlds,
    arms: tuple[float, ...],
    functionals: Functionals,
    error: FloatArray,
) -> tuple[Check, ...]:
    found = (
        _path(ask, worlds),
        _one_sided(model, ask, worlds, arms),
        _overlap(model, ask, worlds, arms),
        _reach(model.nodes[ask.exposure], arms),
        _monte_carlo(worlds, functionals, error),
        _parameters(model),
    )
    return tuple(check for check in found if check is not None)


def _path(ask: Request, worlds: Worlds) -> Check | None:
    if ask.outcome in worlds.plan.affected:
        return None
    return Check(
        name="directed path",
        state=State.WARN,
        sentence=(
            f"The graph has no path of arrows from {ask.exposure} to {ask.outcome}: that there is no effect "
            "is assumed, not found."
        ),
        advice="Draw the arrow if the data shall decide.",
    )


def _one_sided(
    model: StructuralCausalModel, ask: Request, worlds: Worlds, arms: tuple[float, ...]
) -> Check | None:
    """Refuse an arm in which nobody, or everybody, has the outcome: a penalised fit is too sure there."""
    reads = ask.exposure in model.factors.pillows[ask.outcome]
    if worlds.given is None or not reads or model.nodes[ask.outcome].kind != "binary":
        return None
    exposed, y = worlds.given[ask.exposure], worlds.given[ask.outcome]
    for arm in arms:
        seen = y[exposed == arm]
        if len(seen) and seen.min() == seen.max():
            value, how_many = shown(model.nodes[ask.exposure], arm), "none" if seen.max() == 0 else "all"
            return Check(
                name="outcomes in each arm",
                state=State.FAIL,
                sentence=f"Of {len(seen):,} patients with {ask.exposure} = {value}, {how_many} have "
                f"{ask.outcome}: how far their risk may be from that cannot be estimated.",
                advice="Lengthen the follow-up, or widen the cohort.",
            )
    return None


def _overlap(
    model: StructuralCausalModel, ask: Request, worlds: Worlds, arms: tuple[float, ...]
) -> Check | None:
    """Count patients for whom one of the two values was next to impossible, by the model itself."""
    mechanism = model.mechanisms[ask.exposure]
    if worlds.given is None or not isinstance(mechanism, Discrete) or ask.outcome not in worlds.plan.affected:
        return None
    probabilities = np.atleast_2d(mechanism.probabilities(worlds.given))
    places = [mechanism.codes.index(arm) for arm in arms if arm in mechanism.codes]
    rare = np.any(probabilities[:, places] < _RARE, axis=1)
    share = float(rare.mean())
    state = State.PASS if share <= _RARE_WARN else State.WARN
    return Check(
        name="overlap",
        state=State.FAIL if share > _RARE_FAIL else state,
        sentence=(
            f"For {100 * share:.1f} % of patients one of the two values of {ask.exposure} had a chance below "
            f"{100 * _RARE:g} %."
        ),
        value=share,
        threshold=_RARE_WARN,
        advice="The model guesses for them; restrict the cohort to patients who could have had either.",
    )


def _monte_carlo(worlds: Worlds, functionals: Functionals, error: FloatArray) -> Check:
    contrast = error[:, 0] - error[:, 1]
    draws = len(contrast)
    size = 0.0 if draws < 2 or worlds.given is None else float(contrast.std(ddof=1) / np.sqrt(draws))
    if worlds.given is None:
        sentence = "The standard error of this effect is Monte-Carlo error and nothing else."
        return Check(name="Monte-Carlo error", state=State.PASS, sentence=sentence)
    whole = functionals.std_error(functionals.gradient(exposed=1.0, unexposed=-1.0))
    share = size / whole if whole > 0 else 0.0
    if not worlds.simulated:
        sentence = "Nothing had to be drawn: no other node lies between exposure and outcome."
    elif draws < 2:
        sentence = "One draw was made, so the Monte-Carlo error is not known."
    else:
        part = f"{100 * share:.0f} % of its standard error"
        sentence = f"The Monte-Carlo error of the difference is {size:.2g}, {part}."
    known = draws > 1 or not worlds.simulated
    return Check(
        name="Monte-Carlo error",
        state=State.PASS if share <= _MONTE_CARLO_SHARE and known else State.WARN,
        sentence=sentence,
        value=share,
        threshold=_MONTE_CARLO_SHARE,
        advice="Raise draws=.",
    )


def _parameters(model: StructuralCausalModel) -> Check:
    if model.cohort is not None:
        sentence = "The interval holds the uncertainty of the mechanisms and of who the patients are."
        return Check(name="parameter uncertainty", state=State.PASS, sentence=sentence)
    return Check(
        name="parameter uncertainty",
        state=State.WARN,
        sentence="The mechanisms are taken as exact; the model holds no patients to tell how sure they are.",
        advice="Fit the model on a cohort to get intervals.",
    )


def _reach(info: NodeInfo, arms: tuple[float, ...]) -> Check:
    outside = [shown(info, arm) for arm in arms if not info.low <= arm <= info.high]
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
