"""Adjustment: the estimators of a two-valued exposure whose confounders were measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from causalmed.engine import Executor
from causalmed.errors import CausalmedError, InvalidArgument
from causalmed.estimation.asked import Asked
from causalmed.estimation.balance import BalanceTable, balance
from causalmed.estimation.crude import crude_functionals
from causalmed.estimation.gate import gate_of
from causalmed.estimation.inference import Inference, check_clusters, infer
from causalmed.estimation.models import fit_propensity
from causalmed.estimation.pictures import balance_picture, overlap_picture
from causalmed.estimation.positivity import Truncation, refuse_holes, truncate
from causalmed.estimation.problem import Problem, pose_problem
from causalmed.estimation.repeats import (
    Repeated,
    candidate_checks,
    combine,
    split_check,
    split_seeds,
    with_checks,
)
from causalmed.estimation.solving import Nuisances, Solution, cross_fits, fit_nuisances, learns, solve
from causalmed.estimation.specs import TMLE, Estimator
from causalmed.estimation.statements import assumptions_of, overrides_of, question_of
from causalmed.estimation.suitability import check_suits
from causalmed.estimation.targets import LABELS
from causalmed.regression import Logistic
from causalmed.results import Effect, Functionals, Provenance

__all__ = ["answer", "support"]


def answer(asked: Asked, inference: Callable[..., Inference] = infer) -> Effect:
    """Answer a question by adjustment.

    Parameters
    ----------
    asked : Asked
        With a back-door estimand and GComputation, IPW, IPWRA, AIPW or TMLE (None: TMLE).
    inference : callable
        Where the covariance comes from; takes what :func:`~causalmed.estimation.inference.infer` takes.

    Returns
    -------
    Effect
    """
    spec = TMLE() if asked.spec is None else asked.spec
    if asked.horizon is not None:
        raise InvalidArgument(
            f"horizon={asked.horizon!r} needs a cohort with times: Cohort.from_frame(follow_up=FollowUp(…))."
        )
    check_suits(asked.estimand, spec, asked.population)
    problem = pose_problem(asked.estimand, asked.cohort, contrast=asked.contrast, population=asked.population)
    return _answer(problem, asked, spec, inference)


def _answer(problem: Problem, asked: Asked, spec: Estimator, infer: Callable[..., Inference]) -> Effect:
    seed, executor = asked.seed, asked.executor
    check_clusters(problem)
    if learns(spec):
        refuse_holes(problem)
    rounds = []
    for split in split_seeds(seed, getattr(spec, "repeats", 1) if cross_fits(spec) else 1):
        nuisances = fit_nuisances(problem, spec, seed=split, executor=executor)
        solution = solve(problem, spec, nuisances)
        rounds.append((nuisances, solution, infer(problem, spec, nuisances, solution, executor=executor)))
    repeated = combine([each[1].psi for each in rounds], [each[2].covariance for each in rounds])
    nuisances, solution, inference = rounds[repeated.typical]
    overlap, table = support(problem, nuisances, executor)
    functionals = _functionals(repeated, [each[1] for each in rounds], inference)
    effect = _effect(problem, asked, spec, functionals, nuisances, solution, inference, table, overlap)
    return with_checks(effect, split_check(repeated), *candidate_checks(nuisances.candidates))


def _functionals(repeated: Repeated, solutions: Sequence[Solution], inference: Inference) -> Functionals:
    once = len(solutions) == 1
    return Functionals(
        labels=LABELS,
        values=solutions[0].psi if once else repeated.psi,
        covariance=inference.covariance if once else repeated.covariance,
        source=inference.source if once else f"{inference.source}, median of {len(solutions)} splits",
        degrees_of_freedom=inference.degrees_of_freedom,
        influence=solutions[0].influence if once else np.mean([each.influence for each in solutions], axis=0),
    )


def _effect(
    problem: Problem,
    asked: Asked,
    spec: Estimator,
    functionals: Functionals,
    nuisances: Nuisances,
    solution: Solution,
    inference: Inference,
    table: BalanceTable | None,
    overlap: Truncation | None,
) -> Effect:
    return Effect(
        exposure=problem.estimand.exposure,
        outcome=problem.estimand.outcome,
        contrast=problem.contrast,
        population=problem.population,
        outcome_kind=problem.outcome_kind,
        question=question_of(problem),
        adjustment_set=problem.estimand.adjustment_set,
        functionals=functionals,
        crude=crude_functionals(problem),
        diagnostics=gate_of(problem, nuisances, solution, inference, table, overlap),
        estimator=repr(spec),
        n=problem.n,
        events=problem.events,
        clusters=problem.groups or None,
        assumptions=assumptions_of(problem, nuisances),
        overrides=overrides_of(problem, spec, nuisances),
        provenance=Provenance.collect(
            data_fingerprint=asked.cohort.fingerprint, spec=repr(spec), seed=asked.seed
        ),
        outcome_unit=asked.cohort.column(problem.estimand.outcome).unit_label,
        overlap=overlap_picture(problem, nuisances.raw),
        balance=balance_picture(problem, table),
    )


def support(
    problem: Problem, nuisances: Nuisances, executor: Executor
) -> tuple[Truncation | None, BalanceTable | None]:
    """Measure overlap and balance; for g-computation with a propensity model fitted for that alone."""
    if nuisances.truncation is not None:
        return nuisances.truncation, balance(problem, nuisances.working)
    try:
        model = fit_propensity(problem, Logistic(), executor=executor)
    except CausalmedError:
        return None, None  # the check of empty strata names what separates the arms
    return truncate(model.fit.mean, problem, trim=None, refuse=False), None
