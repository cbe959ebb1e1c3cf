"""A causal forest, from the question to the effect."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from causalmed.errors import InvalidArgument
from causalmed.estimation import aipw
from causalmed.estimation.asked import Asked
from causalmed.estimation.balance import balance
from causalmed.estimation.crude import crude_functionals
from causalmed.estimation.forest.checks import heterogeneity_check, slope_check, trees_check
from causalmed.estimation.forest.fitting import conditional
from causalmed.estimation.forest.learning import Learned, learn
from causalmed.estimation.forest.ranking import scores
from causalmed.estimation.forest.spec import CausalForest
from causalmed.estimation.forest.validating import halves, rank_by_other_half, validate
from causalmed.estimation.gate import gate_of
from causalmed.estimation.inference import Inference, check_clusters, infer
from causalmed.estimation.pictures import balance_picture, overlap_picture
from causalmed.estimation.problem import Problem, pose_problem
from causalmed.estimation.repeats import candidate_checks
from causalmed.estimation.solving import Nuisances, Solution
from causalmed.estimation.statements import assumptions_of, overrides_of, question_of
from causalmed.estimation.suitability import check_suits
from causalmed.estimation.targets import LABELS
from causalmed.results import (
    Check,
    ConditionalEffects,
    Effect,
    Functionals,
    Gate,
    Heterogeneity,
    Provenance,
)

__all__ = ["answer"]

Array = NDArray[np.float64]


def answer(asked: Asked) -> Effect:
    """Answer a question with a causal forest.

    Parameters
    ----------
    asked : Asked
        With a :class:`CausalForest`.

    Returns
    -------
    Effect
        With ``conditional``.
    """
    spec = asked.spec
    assert isinstance(spec, CausalForest)
    if asked.horizon is not None:
        raise InvalidArgument(
            "CausalForest does not know outcomes with a time. Leave horizon= out, or use the default "
            "estimator."
        )
    check_suits(asked.estimand, spec, asked.population)
    problem = pose_problem(asked.estimand, asked.cohort, contrast=asked.contrast, population=asked.population)
    check_clusters(problem)
    learned = learn(problem, spec, seed=asked.seed, executor=asked.executor)
    nuisances = _with_forest(learned)
    psi = aipw.values(nuisances.working)
    solution = Solution(
        psi=psi,
        influence=aipw.influence(nuisances.working, psi),
        source="influence function",
        targeted=None,
        working=nuisances.working,
    )
    inference = infer(problem, spec, nuisances, solution, executor=asked.executor)
    found = _validated(problem, learned, spec, asked, inference.degrees_of_freedom)
    return _effect(problem, asked, spec, learned, nuisances, solution, inference, found)


def _with_forest(learned: Learned) -> Nuisances:
    """Return the nuisances with the regressions that the forest implies."""
    e, tau, m = learned.nuisances.working.score, learned.effects, learned.mean
    working = replace(learned.nuisances.working, m1=m + (1 - e) * tau, m0=m - e * tau)
    return replace(learned.nuisances, working=working, outcome=None)


def _validated(
    problem: Problem, learned: Learned, spec: CausalForest, asked: Asked, degrees: float
) -> Heterogeneity:
    half = halves(problem.fold_keys if problem.clusters is None else _cluster_keys(problem), seed=asked.seed)
    predicted = rank_by_other_half(learned.rows, spec, half, seed=asked.seed, executor=asked.executor)
    gamma = scores(
        exposed=problem.exposed,
        propensity=learned.nuisances.working.score,
        residual=learned.rows.outcome,
        effects=learned.effects,
    )
    found = validate(
        slope=learned.slope,
        predicted=predicted,
        gamma=gamma,
        half=half,
        clusters=problem.clusters,
        degrees=degrees,
        level=asked.level,
        seed=asked.seed,
        outcome_kind=problem.outcome_kind,
    )
    return found if spec.stretch else replace(found, stretch=1.0)


def _cluster_keys(problem: Problem) -> NDArray[np.uint64]:
    assert problem.clusters is not None
    return problem.clusters.astype(np.uint64)


def _effect(
    problem: Problem,
    asked: Asked,
    spec: CausalForest,
    learned: Learned,
    nuisances: Nuisances,
    solution: Solution,
    inference: Inference,
    found: Heterogeneity,
) -> Effect:
    table = balance(problem, nuisances.working)
    gate = gate_of(problem, nuisances, solution, inference, table, nuisances.truncation)
    unit = asked.cohort.column(problem.estimand.outcome).unit_label
    return Effect(
        exposure=problem.estimand.exposure,
        outcome=problem.estimand.outcome,
        contrast=problem.contrast,
        population=problem.population,
        outcome_kind=problem.outcome_kind,
        question=question_of(problem),
        adjustment_set=problem.estimand.adjustment_set,
        functionals=_functionals(solution, inference),
        crude=crude_functionals(problem),
        diagnostics=Gate(checks=(*gate.checks, *_more(spec, nuisances, learned, found))),
        estimator=repr(spec),
        n=problem.n,
        events=problem.events,
        clusters=problem.groups or None,
        assumptions=assumptions_of(problem, nuisances),
        overrides=overrides_of(problem, spec, learned.nuisances),
        provenance=Provenance.collect(
            data_fingerprint=asked.cohort.fingerprint, spec=repr(spec), seed=asked.seed
        ),
        level=asked.level,
        outcome_unit=unit,
        overlap=overlap_picture(problem, nuisances.raw),
        balance=balance_picture(problem, table),
        conditional=_conditional(problem, asked, spec, learned, found, unit),
        spec=spec,
    )


def _more(
    spec: CausalForest, nuisances: Nuisances, learned: Learned, found: Heterogeneity
) -> tuple[Check, ...]:
    noise = float(np.median(learned.errors)) * found.stretch
    return (
        *candidate_checks(nuisances.candidates),
        heterogeneity_check(found),
        slope_check(found),
        trees_check(spec, noise),
    )


def _conditional(
    problem: Problem,
    asked: Asked,
    spec: CausalForest,
    learned: Learned,
    found: Heterogeneity,
    unit: str,
) -> ConditionalEffects:
    slope = learned.slope if spec.stretch else None
    effects = conditional(learned.effects, learned.errors, slope, asked.level, problem.outcome_kind, unit)
    return replace(effects, heterogeneity=found, exposure=problem.estimand.exposure)


def _functionals(solution: Solution, inference: Inference) -> Functionals:
    return Functionals(
        labels=LABELS,
        values=solution.psi,
        covariance=inference.covariance,
        source=inference.source,
        degrees_of_freedom=inference.degrees_of_freedom,
        influence=solution.influence,
    )
