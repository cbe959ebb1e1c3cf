"""Instruments, from the question to the effect."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from causalmed.engine import Executor
from causalmed.errors import InvalidArgument
from causalmed.estimation.asked import Asked
from causalmed.estimation.covariance import clustered, independent
from causalmed.estimation.crude import crude_functionals
from causalmed.estimation.inference import check_clusters
from causalmed.estimation.instrument.checks import base_checks_of, risk_check, strength_check
from causalmed.estimation.instrument.compliers import (
    COMPLIER_LABELS,
    RESPONSES,
    ComplierParts,
    solve_compliers,
)
from causalmed.estimation.instrument.linear import two_stage
from causalmed.estimation.instrument.posing import InstrumentProblem, pose_instrument
from causalmed.estimation.instrument.specs import ComplierAIPW, TwoStageLinear
from causalmed.estimation.instrument.wording import complier_words, linear_words
from causalmed.estimation.mediation.checks import truncation_check
from causalmed.estimation.pictures import overlap_picture
from causalmed.estimation.positivity import truncate
from causalmed.estimation.predicting import ParametricPredictor, Regression, parts_of, train
from causalmed.estimation.sequence import Fitted
from causalmed.estimation.stacking import Link, functionals_of, whole_influence
from causalmed.regression import DesignRecipe
from causalmed.results import Check, Effect, Functionals, Gate, Provenance
from causalmed.results.pictures import Overlap

__all__ = ["answer"]

Array = NDArray[np.float64]


def answer(asked: Asked) -> Effect:
    """Answer a question with an instrument.

    Parameters
    ----------
    asked : Asked
        With an instrument estimand and :class:`ComplierAIPW` or :class:`TwoStageLinear`. None: the first
        where instrument and exposure are yes/no and the instrument causes the exposure, else the second.

    Returns
    -------
    Effect
    """
    problem = pose_instrument(asked)
    able = problem.yes_no and problem.as_exposure is not None and asked.estimand.instrument_moves
    spec = asked.spec
    if spec is None:
        spec = ComplierAIPW() if able else TwoStageLinear()
    if isinstance(spec, ComplierAIPW):
        _check_able(problem, asked.estimand.instrument_moves)
        return _compliers(asked, spec, problem)
    assert isinstance(spec, TwoStageLinear)
    return _linear(asked, spec, problem)


def _check_able(problem: InstrumentProblem, moves: bool) -> None:
    name, exposure = problem.instrument, problem.base.estimand.exposure
    if not problem.yes_no or problem.as_exposure is None:
        raise InvalidArgument(
            f"ComplierAIPW needs a yes/no instrument and a yes/no exposure; {name!r} or {exposure!r} is "
            "another. Use TwoStageLinear(), or make yes/no columns with cohort.assign."
        )
    if not moves:
        raise InvalidArgument(
            f"In the graph {name!r} goes with {exposure!r} but does not cause it, or shares a cause with it, "
            "so no patient can be said to follow it. Use TwoStageLinear()."
        )


def _compliers(asked: Asked, spec: ComplierAIPW, problem: InstrumentProblem) -> Effect:
    base, other = problem.base, problem.as_exposure
    assert other is not None
    check_clusters(other)
    parts, fitted = _fit(problem, spec, seed=asked.seed, executor=asked.executor)
    overlap = truncate(parts.pi, other, trim=spec.trim)
    solution = solve_compliers(replace(parts, pi=overlap.e))
    influence, source = whole_influence(
        solution.influence, solution.gradients, fitted.links, {"pi": overlap.moved}
    )
    functionals = functionals_of(base, COMPLIER_LABELS, solution.psi, influence, source=source)
    first = functionals.index("first_stage")
    strength = float(solution.psi[first] ** 2 / functionals.covariance[first, first])
    checks = (
        strength_check(problem, functionals, strength, asked.level),
        risk_check(problem, functionals),
        truncation_check(other, overlap),
        *base_checks_of(problem),
    )
    picture = overlap_picture(other, parts.pi)
    return _effect(asked, spec, problem, functionals, checks, picture)


def _fit(
    problem: InstrumentProblem, spec: ComplierAIPW, *, seed: int, executor: Executor
) -> tuple[ComplierParts, Fitted]:
    """Fit the instrument, and the three responses within each of its values."""
    base, other = problem.base, problem.as_exposure
    assert other is not None
    A, Y, Z, W = base.exposed, base.outcome, other.exposed, base.covariates
    responses = {"with": Y * A, "without": Y * (1 - A), "taken": A}
    kind = "binary" if base.outcome_kind == "binary" else "number"
    found = Fitted(values={})
    rows: dict[int, NDArray[np.bool_]] = {z: np.equal(Z, z) for z in (1, 0)}
    jobs: list[tuple[str, Any, str, Array, NDArray[np.bool_]]] = [
        ("pi", spec.instrument, "binary", Z, np.ones(base.n, dtype=bool))
    ]
    for name in RESPONSES:
        model, what = (spec.exposure, "binary") if name == "taken" else (spec.outcome, kind)
        jobs += [(f"{name}{z}", model, what, responses[name], rows[z]) for z in (1, 0)]
    models = (spec.instrument, spec.exposure, spec.outcome)
    for part in parts_of(base, models, folds=spec.folds, seed=seed):
        for name, model, what, response, among in jobs:
            regression = Regression(model=model, columns=W, kind=what, name=name)
            predict = train(
                regression,
                response,
                part.learn & among,
                part=part,
                seed=seed,
                executor=executor,
                constant=name != "pi",
            )
            found.values.setdefault(name, np.empty(base.n))[part.ask] = predict({}, part.ask)
            if part.number < 0 and isinstance(predict, ParametricPredictor):
                found.links.append(Link(name=name, predictor=predict, override={}))
    means = {name: value for name, value in found.values.items() if name != "pi"}
    return ComplierParts(instrument=Z, pi=found.values["pi"], responses=responses, means=means), found


def _linear(asked: Asked, spec: TwoStageLinear, problem: InstrumentProblem) -> Effect:
    base = problem.base
    if problem.as_exposure is not None:
        check_clusters(problem.as_exposure)
    instruments = DesignRecipe.learn([problem.column]).build([problem.column]).matrix[:, 1:]
    recipe = DesignRecipe.learn(base.covariates)
    covariates = recipe.build(base.covariates, rows=base.n).matrix

    def covariance(influence: Array) -> Array:
        if base.clusters is None:
            return independent(influence)
        return clustered(influence, base.clusters, base.groups)

    found = two_stage(base.outcome, base.exposed, instruments, covariates, covariance=covariance)
    scale = np.array([problem.step, problem.step, 1.0])
    keep = 3 if found.instruments == 1 else 1
    functionals = functionals_of(
        base,
        ("difference", "reduced_form", "first_stage")[:keep],
        (found.psi * scale)[:keep],
        (found.influence * scale)[:, :keep],
        source="robust sandwich",
    )
    checks = (strength_check(problem, functionals, found.strength, asked.level), *base_checks_of(problem))
    return _effect(asked, spec, problem, functionals, checks, None)


def _effect(
    asked: Asked,
    spec: ComplierAIPW | TwoStageLinear,
    problem: InstrumentProblem,
    functionals: Functionals,
    checks: tuple[Check, ...],
    overlap: Overlap | None,
) -> Effect:
    base = problem.base
    words = complier_words(problem) if isinstance(spec, ComplierAIPW) else linear_words(problem)
    trim = getattr(spec, "trim", None)
    stated = f"Probabilities of the instrument were bounded at a stated trim={trim}."
    return Effect(
        exposure=base.estimand.exposure,
        outcome=base.estimand.outcome,
        contrast=base.contrast,
        population=words.population,
        outcome_kind=base.outcome_kind,
        question=words.question,
        adjustment_set=base.estimand.adjustment_set,
        functionals=functionals,
        crude=crude_functionals(base) if problem.yes_no else None,
        diagnostics=Gate(checks=checks),
        estimator=repr(spec),
        n=base.n,
        events=base.events,
        clusters=base.groups or None,
        assumptions=(*base.estimand.assumptions, *words.assumptions),
        overrides=(*base.estimand.overrides, *(() if trim is None else (stated,))),
        provenance=Provenance.collect(
            data_fingerprint=asked.cohort.fingerprint, spec=repr(spec), seed=asked.seed
        ),
        outcome_unit=asked.cohort.column(base.estimand.outcome).unit_label,
        overlap=overlap,
        spec=spec,
        arms=words.arms,
    )
