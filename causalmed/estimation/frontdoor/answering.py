"""The front door, from the question to the effect."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from causalmed.estimation.asked import Asked
from causalmed.estimation.crude import crude_functionals
from causalmed.estimation.frontdoor.nuisances import fit_front_door
from causalmed.estimation.frontdoor.scores import FrontDoorParts, ratio_of_densities, solve_front_door
from causalmed.estimation.frontdoor.specs import FrontDoorAIPW
from causalmed.estimation.inference import check_clusters
from causalmed.estimation.mediation.checks import (
    base_checks,
    events_check,
    raised_check,
    truncation_check,
    weight_check,
)
from causalmed.estimation.mediation.overlapping import Raised, raise_to_bound
from causalmed.estimation.mediation.posing import PathProblem, pose_paths
from causalmed.estimation.pictures import overlap_picture
from causalmed.estimation.positivity import Truncation, truncate
from causalmed.estimation.sequence import Fitted
from causalmed.estimation.stacking import functionals_of, whole_influence
from causalmed.estimation.statements import question_of
from causalmed.estimation.targets import LABELS
from causalmed.results import Check, Effect, Functionals, Gate, Provenance

__all__ = ["answer"]

Array = NDArray[np.float64]


def answer(asked: Asked) -> Effect:
    """Answer a question by the front door.

    Parameters
    ----------
    asked : Asked
        With a front-door estimand and :class:`FrontDoorAIPW` (None: its defaults).

    Returns
    -------
    Effect
        Mean outcomes had everybody been exposed, nobody, and as observed.
    """
    spec = FrontDoorAIPW() if asked.spec is None else asked.spec
    assert isinstance(spec, FrontDoorAIPW)
    problem = pose_paths(asked)
    base = problem.base
    check_clusters(base)
    parts, fitted = fit_front_door(problem, spec, seed=asked.seed, executor=asked.executor)
    overlap = truncate(parts.e, base, trim=spec.trim)
    raised = _both_sides(problem, spec, parts.r)
    low, high = raised
    kept = replace(parts, e=overlap.e, r=np.where(high.where, 1 - high.values, low.values))
    solution = solve_front_door(kept)
    fixed = {"e": overlap.moved, "r": low.where | high.where}
    influence, source = whole_influence(solution.influence, solution.gradients, fitted.links, fixed)
    functionals = functionals_of(base, LABELS, solution.psi, influence, source=source)
    checks = _checks(problem, kept, fitted, overlap, raised)
    return _effect(asked, spec, problem, functionals, checks, parts.e)


def _both_sides(problem: PathProblem, spec: FrontDoorAIPW, r: Array) -> tuple[Raised, Raised]:
    name, (a, b) = problem.base.estimand.exposure, problem.base.contrast
    low, high = (
        raise_to_bound(
            chance,
            trim=spec.trim,
            what=f"{name} = {value:g}, given {problem.through} and the covariates,",
            advice=f"{problem.through} nearly tells who is exposed: at its values there is nobody of the "
            "other kind to learn from. Merge levels, or restrict the cohort.",
        )
        for chance, value in ((r, a), (1 - r, b))
    )
    return low, high


def _checks(
    problem: PathProblem,
    kept: FrontDoorParts,
    fitted: Fitted,
    overlap: Truncation,
    raised: tuple[Raised, Raised],
) -> tuple[Check, ...]:
    base = problem.base
    arms = (base.exposed == 1, base.exposed == 0)
    who = ("exposed", "unexposed")
    found = [
        events_check(base, rows, fitted.largest, f"Among the {name}")
        for rows, name in zip(arms, who, strict=True)
    ]
    found.append(truncation_check(base, overlap))
    for value, one in zip(base.contrast, raised, strict=True):
        found.append(raised_check(base, one, f"{base.estimand.exposure} = {value:g} given {problem.through}"))
    for k, rows in ((1, arms[0]), (0, arms[1])):
        weights = np.where(rows, ratio_of_densities(kept, k), 0.0) / rows.mean()
        found.append(
            weight_check(
                weights,
                int(rows.sum()),
                f"the {who[1 - k]}, made alike to the {who[k]} in {problem.through},",
            )
        )
    return (*found, *base_checks(base))


def _effect(
    asked: Asked,
    spec: FrontDoorAIPW,
    problem: PathProblem,
    functionals: Functionals,
    checks: tuple[Check, ...],
    raw: Array,
) -> Effect:
    base = problem.base
    stated = f"Probabilities were bounded at a stated trim={spec.trim}, not by the sample-size rule."
    return Effect(
        exposure=base.estimand.exposure,
        outcome=base.estimand.outcome,
        contrast=base.contrast,
        population=base.population,
        outcome_kind=base.outcome_kind,
        question=f"{question_of(base)} Followed through {problem.through}, where all of it passes.",
        adjustment_set=base.estimand.adjustment_set,
        functionals=functionals,
        crude=crude_functionals(base),
        diagnostics=Gate(checks=checks),
        estimator=repr(spec),
        n=base.n,
        events=base.events,
        clusters=base.groups or None,
        assumptions=(*base.estimand.assumptions, _MODELS),
        overrides=(*base.estimand.overrides, *(() if spec.trim is None else (stated,))),
        provenance=Provenance.collect(
            data_fingerprint=asked.cohort.fingerprint, spec=repr(spec), seed=asked.seed
        ),
        outcome_unit=asked.cohort.column(base.estimand.outcome).unit_label,
        overlap=overlap_picture(base, raw),
        spec=spec,
    )


_MODELS = (
    "The outcome model and the model of the exposure are right; or the outcome model and that of its mean; "
    "or both models of the exposure, with and without the mediators."
)
