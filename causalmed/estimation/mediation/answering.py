"""Effects along some paths, from the question to the effect."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from causalmed.estimation.asked import Asked
from causalmed.estimation.crude import crude_functionals
from causalmed.estimation.inference import check_clusters
from causalmed.estimation.mediation.checks import (
    base_checks,
    events_check,
    raised_check,
    truncation_check,
    weight_check,
)
from causalmed.estimation.mediation.controlled import solve_controlled
from causalmed.estimation.mediation.natural import LABELS, Solution, solve_natural
from causalmed.estimation.mediation.nuisances import fit_controlled, fit_natural
from causalmed.estimation.mediation.overlapping import raise_to_bound
from causalmed.estimation.mediation.posing import PathProblem, pose_paths
from causalmed.estimation.mediation.specs import MediationAIPW
from causalmed.estimation.mediation.wording import arms_of, assumed
from causalmed.estimation.pictures import overlap_picture
from causalmed.estimation.positivity import truncate
from causalmed.estimation.problem import Problem
from causalmed.estimation.sequence import Fitted
from causalmed.estimation.stacking import functionals_of, whole_influence
from causalmed.estimation.statements import question_of
from causalmed.identification import Estimand
from causalmed.results import Check, Effect, Functionals, Gate, Provenance

__all__ = ["answer"]

Array = NDArray[np.float64]
_WHO = ("exposed", "unexposed")
_ARMS = {
    "natural_direct": ("direct", "neither", "both"),
    "natural_indirect": ("both", "direct", "neither"),
    "total": ("both", "neither", "natural"),
}
"""Which of the four means are the arms of an effect, and which is kept beside them."""
_NAMES = {
    "natural_direct": "the natural direct effect",
    "natural_indirect": "the natural indirect effect",
    "total": "the total effect",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Found:
    """Means and influences by label, the checks, the propensity scores."""

    labels: tuple[str, ...]
    psi: Array
    influence: Array
    source: str
    checks: tuple[Check, ...]
    raw: Array


def answer(asked: Asked) -> Effect:
    """Answer a question about effects along some paths.

    Parameters
    ----------
    asked : Asked
        With a mediation estimand and :class:`MediationAIPW` (None: its defaults).

    Returns
    -------
    Effect
        A natural effect has its counterpart and the total effect beside it, from the same fit.
    """
    spec = MediationAIPW() if asked.spec is None else asked.spec
    assert isinstance(spec, MediationAIPW)
    problem = pose_paths(asked)
    check_clusters(problem.base)
    if problem.held is not None:
        return _effect(asked, spec, problem.base, _controlled(problem, spec, asked), problem.base.estimand)
    found = _natural(problem, spec, asked)
    parts = {
        effect: _effect(asked, spec, problem.base, found, problem.base.estimand.part(effect))
        for effect in _ARMS
    }
    main = parts.pop(problem.base.estimand.effect)
    beside = {_NAMES[effect]: other for effect, other in parts.items()}
    return replace(main, beside=MappingProxyType(beside))


def _natural(problem: PathProblem, spec: MediationAIPW, asked: Asked) -> _Found:
    base = problem.base
    parts, fitted = fit_natural(problem, spec, seed=asked.seed, executor=asked.executor)
    overlap = truncate(parts.e, base, trim=spec.trim)
    a = f"{base.estimand.exposure} = {base.contrast[0]:g}"
    raised = raise_to_bound(
        parts.r,
        trim=spec.trim,
        what=f"{a}, given {problem.through} and the covariates,",
        advice=f"{problem.through} nearly tells who is exposed, so its path cannot be told from the other: "
        "merge levels, ask about fewer mediators, or restrict the cohort.",
    )
    kept = replace(parts, e=overlap.e, r=raised.values)
    solution = solve_natural(kept)
    checks = (
        *_events(problem, spec, fitted, ("exposed",)),
        truncation_check(base, overlap),
        raised_check(base, raised, f"{a} given {problem.through}"),
        weight_check(
            kept.crossing,
            int(problem.exposed.sum()),
            f"the exposed, made alike to all in the covariates and to the unexposed in {problem.through},",
        ),
    )
    fixed = {"e": overlap.moved, "r": raised.where}
    return _found(LABELS, solution, fitted, fixed, checks, parts.e)


def _controlled(problem: PathProblem, spec: MediationAIPW, asked: Asked) -> _Found:
    base = problem.base
    parts, fitted = fit_controlled(problem, spec, seed=asked.seed, executor=asked.executor)
    overlap = truncate(parts.e, base, trim=spec.trim)
    at = " and ".join(f"{name} = {value:g}" for name, value in problem.codes.items())
    raised = tuple(
        raise_to_bound(
            g,
            trim=spec.trim,
            what=f"{at} (as one of the {who})",
            advice="Hold the mediators where patients are, or restrict the cohort.",
        )
        for g, who in zip(parts.g, _WHO, strict=True)
    )
    kept = replace(parts, e=overlap.e, g=(raised[0].values, raised[1].values))
    checks = [*_events(problem, spec, fitted, _WHO), truncation_check(base, overlap)]
    for number, who in enumerate(_WHO):
        weights = kept.weights(number)
        checks.append(raised_check(base, raised[number], f"{at} as one of the {who}"))
        checks.append(weight_check(weights, int((weights > 0).sum()), f"the {who} with {at}"))
    fixed = {"e": overlap.moved, "g0": raised[0].where, "g1": raised[1].where}
    return _found(("exposed", "unexposed"), solve_controlled(kept), fitted, fixed, tuple(checks), parts.e)


def _events(problem: PathProblem, spec: MediationAIPW, fitted: Fitted, who: tuple[str, ...]) -> list[Check]:
    base = problem.base
    if not spec.by_arm:
        return [events_check(base, np.ones(base.n, dtype=bool), fitted.largest, "In all")]
    arms = {"exposed": problem.exposed, "unexposed": ~problem.exposed}
    return [events_check(base, arms[name], fitted.largest, f"Among the {name}") for name in who]


def _found(
    labels: tuple[str, ...],
    solution: Solution,
    fitted: Fitted,
    fixed: dict[str, NDArray[np.bool_]],
    checks: tuple[Check, ...],
    raw: Array,
) -> _Found:
    influence, source = whole_influence(solution.influence, solution.gradients, fitted.links, fixed)
    return _Found(labels=labels, psi=solution.psi, influence=influence, source=source, checks=checks, raw=raw)


def _functionals(problem: Problem, found: _Found, effect: str) -> Functionals:
    chosen, labels = tuple(range(len(found.labels))), found.labels
    if effect in _ARMS:
        chosen = tuple(found.labels.index(label) for label in _ARMS[effect])
        labels = ("exposed", "unexposed", _ARMS[effect][2])
    return functionals_of(
        problem, labels, found.psi[list(chosen)], found.influence[:, chosen], source=found.source
    )


def _effect(asked: Asked, spec: MediationAIPW, problem: Problem, found: _Found, estimand: Estimand) -> Effect:
    outcome = asked.cohort.column(problem.estimand.outcome)
    return Effect(
        exposure=estimand.exposure,
        outcome=estimand.outcome,
        contrast=problem.contrast,
        population=problem.population,
        outcome_kind=problem.outcome_kind,
        question=question_of(replace(problem, estimand=estimand)),
        adjustment_set=(*estimand.adjustment_set, *estimand.after_exposure),
        functionals=_functionals(problem, found, estimand.effect),
        crude=crude_functionals(problem),
        diagnostics=Gate(checks=(*found.checks, *base_checks(problem))),
        estimator=repr(spec),
        n=problem.n,
        events=problem.events,
        clusters=problem.groups or None,
        assumptions=(*estimand.assumptions, assumed(problem.estimand)),
        overrides=_overrides(problem, spec),
        provenance=Provenance.collect(
            data_fingerprint=asked.cohort.fingerprint, spec=repr(spec), seed=asked.seed
        ),
        outcome_unit=outcome.unit_label,
        overlap=overlap_picture(problem, found.raw),
        spec=spec,
        arms=arms_of(estimand, problem.contrast),
    )


def _overrides(problem: Problem, spec: MediationAIPW) -> tuple[str, ...]:
    stated = (
        ()
        if spec.trim is None
        else (f"Probabilities were bounded at a stated trim={spec.trim:g}, not by the sample-size rule.",)
    )
    return (*problem.estimand.overrides, *stated)
