"""Debiased machine learning, from the question to the effect."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from causalmed.errors import InvalidArgument
from causalmed.estimation import backdoor
from causalmed.estimation.asked import Asked
from causalmed.estimation.building import contrast_effect, provenance_of
from causalmed.estimation.covariance import clustered, independent
from causalmed.estimation.crossfit import Splits
from causalmed.estimation.debiased.checks import bounded_check, cluster_check, event_check, left_check
from causalmed.estimation.debiased.logistic import log_odds_ratio
from causalmed.estimation.debiased.nuisances import Residuals, logistic_parts, residuals, two_valued
from causalmed.estimation.debiased.partially_linear import partial_out
from causalmed.estimation.debiased.posing import is_number, pose
from causalmed.estimation.debiased.specs import DoubleML
from causalmed.estimation.inference import check_clusters
from causalmed.estimation.parametric import as_learner
from causalmed.estimation.problem import Problem
from causalmed.estimation.repeats import candidate_checks, combine, split_check, split_seeds
from causalmed.estimation.specs import AIPW
from causalmed.results import Check, Effect, Functionals

__all__ = ["answer"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Found:
    """One split's answer."""

    value: Array
    influence: Array
    checks: tuple[Check, ...]
    parts: Residuals


def answer(asked: Asked) -> Effect:
    """Answer a question by debiased machine learning.

    Parameters
    ----------
    asked : Asked
        With a :class:`DoubleML`.

    Returns
    -------
    Effect
    """
    spec = asked.spec
    assert isinstance(spec, DoubleML)
    if asked.horizon is not None:
        raise InvalidArgument(
            "DoubleML does not know outcomes with a time. Leave horizon= out, or use the default estimator."
        )
    if spec.model == "interactive":
        return _interactive(asked, spec)
    if asked.population not in ("all", "overlap"):
        raise InvalidArgument(
            f"population={asked.population!r}: a model with one coefficient speaks about all patients, or "
            'about the overlap population. Use model="interactive" for the exposed or the unexposed.'
        )
    if asked.population == "overlap" and spec.model == "logistic":
        raise InvalidArgument('DoubleML(model="logistic") assumes one odds ratio: population="all".')
    return _one_coefficient(asked, spec)


def _interactive(asked: Asked, spec: DoubleML) -> Effect:
    if is_number(asked.estimand, asked.cohort):
        raise InvalidArgument(
            f'model="interactive" compares two arms, and {asked.estimand.exposure!r} is a number. Use '
            'model="partially_linear", or make a yes/no column of it with cohort.assign.'
        )
    outcome = asked.estimand.outcome
    binary = outcome not in asked.cohort or asked.cohort.column(outcome).kind == "binary"
    same = AIPW(
        propensity=as_learner(spec.propensity, binary=True),
        outcome=as_learner(spec.outcome, binary=binary),
        by_arm=True,
        folds=spec.folds,
        repeats=spec.repeats,
        trim=spec.trim,
    )
    effect = backdoor.answer(replace(asked, spec=same))
    return replace(effect, estimator=repr(spec), spec=spec, provenance=provenance_of(asked))


def _one_coefficient(asked: Asked, spec: DoubleML) -> Effect:
    problem = pose(asked.estimand, asked.cohort, contrast=asked.contrast, population=asked.population)
    check_clusters(problem if two_valued(problem) else replace(problem, exposed=_halves(problem)))
    solve: Callable[[Problem, DoubleML, Splits], _Found] = (
        _partially_linear if spec.model == "partially_linear" else _logistic
    )
    found = [
        solve(problem, spec, Splits.of(problem, folds=spec.folds, seed=seed, executor=asked.executor))
        for seed in split_seeds(asked.seed, spec.repeats)
    ]
    repeated = combine([one.value for one in found], [_covariance(problem, one.influence) for one in found])
    typical = found[repeated.typical]
    label = "difference" if spec.model == "partially_linear" else "log_odds_ratio"
    checks: tuple[Check | None, ...] = (
        event_check(problem),
        *typical.checks,
        cluster_check(problem),
        split_check(repeated),
    )
    source = "influence function" + ("" if problem.clusters is None else ", clustered")
    functionals = Functionals(
        labels=(label,),
        values=repeated.psi,
        covariance=repeated.covariance,
        source=source if len(found) == 1 else f"{source}, median of {len(found)} splits",
        degrees_of_freedom=float("inf") if problem.clusters is None else problem.groups - 1.0,
        influence=np.mean([one.influence for one in found], axis=0),
    )
    checks = (*checks, *candidate_checks(typical.parts.candidates))
    return contrast_effect(asked, problem, functionals, checks, assumed=_assumed(problem, spec))


def _partially_linear(problem: Problem, spec: DoubleML, splits: Splits) -> _Found:
    parts = residuals(problem, spec, splits)
    assert parts.outcome_mean is not None
    slope = partial_out(
        outcome=problem.outcome,
        exposure=problem.exposed,
        outcome_mean=parts.outcome_mean,
        exposure_mean=parts.exposure_mean,
    )
    step = _step(problem)
    return _Found(
        value=np.array([step * slope.estimate]),
        influence=step * slope.influence[:, None],
        checks=(left_check(problem, slope),),
        parts=parts,
    )


def _logistic(problem: Problem, spec: DoubleML, splits: Splits) -> _Found:
    parts = logistic_parts(problem, spec, splits)
    remainder = parts.remainder
    assert remainder is not None
    centre, scale = 0.0, 1.0
    if not two_valued(problem):
        # exp(-beta A) must not overflow for an exposure far from 0
        centre, scale = float(problem.exposed.mean()), float(problem.exposed.std())
    exposure, mean = (problem.exposed - centre) / scale, (parts.exposure_mean - centre) / scale
    beta, influence = log_odds_ratio(
        outcome=problem.outcome,
        exposure=exposure,
        exposure_mean=mean,
        remainder=remainder.rescaled(centre, scale),
    )
    slope = partial_out(
        outcome=problem.outcome,
        exposure=exposure,
        outcome_mean=np.zeros(problem.n),
        exposure_mean=mean,
    )
    step = _step(problem) / scale
    return _Found(
        value=np.array([step * beta]),
        influence=step * influence[:, None],
        checks=(left_check(problem, slope), bounded_check(problem, remainder)),
        parts=parts,
    )


def _step(problem: Problem) -> float:
    return 1.0 if two_valued(problem) else problem.contrast[0] - problem.contrast[1]


def _halves(problem: Problem) -> Array:
    """Return a stand-in that varies within a cluster wherever the numeric exposure does."""
    return (problem.exposed > np.median(problem.exposed)).astype(np.float64)


def _covariance(problem: Problem, influence: Array) -> Array:
    if problem.clusters is None:
        return independent(influence)
    return clustered(influence, problem.clusters, problem.groups)


def _assumed(problem: Problem, spec: DoubleML) -> tuple[str, ...]:
    exposure, outcome = problem.estimand.exposure, problem.estimand.outcome
    learned = "Both predictions are good enough that the product of their errors is negligible."
    if spec.model == "logistic":
        return (
            f"The odds ratio of {outcome} for {exposure} is the same at all values of the covariates. It is "
            "conditional on them and is not the odds ratio of the population.",
            learned,
        )
    if problem.population == "overlap":
        return (learned,)
    shape = "" if two_valued(problem) else " and in proportion to it"
    return (
        f"{exposure} changes {outcome} by the same amount for all patients{shape}; where it does not, the "
        "answer is an average in which patients whose exposure was hard to foretell count more.",
        learned,
    )
