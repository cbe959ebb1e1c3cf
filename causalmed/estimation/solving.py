"""Fit the nuisances an estimator needs and put its pieces together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from causalmed.engine import Executor
from causalmed.errors import NotConverged
from causalmed.estimation import aipw, gcomputation, ipw, ipwra, tmle
from causalmed.estimation.calibrated import calibrate
from causalmed.estimation.crossfit import Splits, cross_fit_outcome, cross_fit_propensity
from causalmed.estimation.models import ArmRegressions, Regression, fit_outcome, fit_propensity
from causalmed.estimation.parametric import ParametricRegressor
from causalmed.estimation.positivity import Truncation, truncate
from causalmed.estimation.problem import Problem
from causalmed.estimation.specs import IPW, IPWRA, TMLE, Estimator, GComputation
from causalmed.estimation.targets import Working
from causalmed.regression import Linear, Logistic

__all__ = ["Nuisances", "Solution", "cross_fits", "fit_nuisances", "learns", "solve", "values_without_each"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Nuisances:
    """Everything that was fitted on the way to an effect.

    Attributes
    ----------
    working : Working
        Predictions, before any targeting.
    outcome : ArmRegressions or None
        Parametric outcome regressions.
    propensity : Regression or None
        Parametric propensity model.
    truncation : Truncation or None
        What happened to the propensity scores.
    raw : ndarray, shape (n,), or None
        Propensity scores before truncation.
    candidates : mapping of str to mapping
        Nuisance to the mean weights of the candidates of its super learner.
    """

    working: Working
    outcome: ArmRegressions | None
    propensity: Regression | None
    truncation: Truncation | None
    raw: Array | None
    candidates: Mapping[str, Mapping[str, float]] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def cross_fitted(self) -> bool:
        """Whether a learner took part."""
        has_outcome = self.working.m1 is not None
        return (has_outcome and self.outcome is None) or (self.raw is not None and self.propensity is None)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Solution:
    """Estimates and their influence.

    Attributes
    ----------
    psi : ndarray, shape (3,)
        Means under a, under b, as observed.
    influence : ndarray, shape (n, 3)
        Influence of each patient.
    source : str
        Where the influence comes from.
    targeted : Targeted or None
        The targeting step.
    working : Working
        Predictions after any targeting.
    """

    psi: Array
    influence: Array
    source: str
    targeted: tmle.Targeted | None
    working: Working


def cross_fits(spec: Estimator) -> bool:
    """Return whether the answer depends on how patients fall into folds."""
    models = [getattr(spec, name) for name in spec.models]
    return any(model is not None and not isinstance(model, Logistic | Linear) for model in models)


def learns(spec: Estimator) -> bool:
    """Return whether a machine learner is among the nuisances."""
    models = [getattr(spec, name) for name in spec.models]
    known = Logistic | Linear | ParametricRegressor
    return any(model is not None and not isinstance(model, known) for model in models)


def fit_nuisances(problem: Problem, spec: Estimator, *, seed: int, executor: Executor) -> Nuisances:
    """Fit what the estimator needs.

    Raises
    ------
    PositivityViolation
        Overlap fails.
    """
    working = Working(population=problem.population, exposed=problem.exposed, outcome=problem.outcome)
    raw, propensity, truncation = None, None, None
    candidates: dict[str, Mapping[str, float]] = {}
    if "propensity" in spec.models:
        raw, propensity, candidates["propensity"] = _propensity(problem, spec, seed=seed, executor=executor)
        truncation = truncate(raw, problem, trim=_option(spec, "trim"))
        working = replace(working, e=truncation.e)
    outcome = None
    if "outcome" in spec.models:
        weights = ipwra.weights_of(working) if isinstance(spec, IPWRA) else None
        outcome, m1, m0, candidates["outcome"] = _outcome(
            problem, spec, weights, seed=seed, executor=executor
        )
        working = replace(working, m1=m1, m0=m0)
    return Nuisances(
        working=working,
        outcome=outcome,
        propensity=propensity,
        truncation=truncation,
        raw=raw,
        candidates=MappingProxyType({name: found for name, found in candidates.items() if found}),
    )


def solve(problem: Problem, spec: Estimator, nuisances: Nuisances) -> Solution:
    """Evaluate the estimator and its influence function.

    Parameters
    ----------
    problem : Problem
        The question.
    spec : Estimator
        The estimator.
    nuisances : Nuisances
        From :func:`fit_nuisances`.

    Returns
    -------
    Solution
    """
    working, targeted = nuisances.working, None
    psi, after, targeted = _point(problem, spec, working)
    if isinstance(spec, GComputation):
        assert nuisances.outcome is not None
        phi, source = gcomputation.influence(working, psi, nuisances.outcome), "stacked sandwich"
    elif isinstance(spec, IPWRA):
        phi, source = _adjusted_influence(nuisances, psi), "stacked sandwich"
    elif isinstance(spec, IPW):
        phi, source = _weighted_influence(spec, nuisances, psi)
    else:
        phi, source = aipw.influence(after, psi), "influence function"
    return Solution(psi=psi, influence=phi, source=source, targeted=targeted, working=after)


def values_without_each(
    problem: Problem, spec: Estimator, nuisances: Nuisances, *, executor: Executor
) -> list[Array | None]:
    """Refit and re-estimate without each cluster in turn; None where there is no answer.

    Parameters
    ----------
    problem, spec, nuisances
        As for :func:`solve`; the nuisances must be parametric.
    executor : Executor
        Runs the clusters.

    Returns
    -------
    list of ndarray of shape (3,) or None
        One a cluster.
    """
    assert problem.clusters is not None
    clusters, count = problem.clusters, problem.groups
    scores = _propensity_refits(nuisances.propensity, clusters, count, executor)
    weights = _weights_without_each(problem, nuisances, scores) if isinstance(spec, IPWRA) else None
    arms = _outcome_refits(nuisances.outcome, clusters, count, executor, weights)

    def one(group: int) -> Array | None:
        rows = clusters != group
        working = _without(problem, nuisances, rows, arms[group], scores[group])
        try:
            return None if working is None else _point(problem, spec, working)[0]
        except NotConverged:
            return None

    return executor.map(one, range(count))


def _without(
    problem: Problem,
    nuisances: Nuisances,
    rows: NDArray[np.bool_],
    arms: tuple[Array, Array] | None,
    score: Array | None,
) -> Working | None:
    """Return the working arrays of some rows with refitted nuisances; None where one has no answer."""
    working = nuisances.working.take(rows)
    if not 0 < working.exposed.sum() < len(working.exposed):
        return None
    if nuisances.outcome is not None:
        if arms is None:
            return None
        models, matrices = nuisances.outcome.models, nuisances.outcome.matrices
        m1, m0 = (
            model.mean_at(X[rows], coefficients)
            for model, X, coefficients in zip(models, matrices, arms, strict=True)
        )
        working = replace(working, m1=m1, m0=m0)
    if nuisances.propensity is not None and nuisances.truncation is not None:
        if score is None:
            return None
        e = nuisances.propensity.mean_at(nuisances.propensity.matrix[rows], score)
        working = replace(working, e=_pulled(e, nuisances.truncation.bound, problem.population))
    return working


def _point(
    problem: Problem, spec: Estimator, working: Working
) -> tuple[Array, Working, tmle.Targeted | None]:
    if isinstance(spec, GComputation | IPWRA):
        return gcomputation.values(working), working, None
    if isinstance(spec, IPW):
        return ipw.values(working, stabilised=spec.stabilised), working, None
    if isinstance(spec, TMLE):
        scale = tmle.scale_of(problem.outcome, problem.outcome_kind)
        targeted = tmle.target(working, scale=scale, fluctuation=spec.fluctuation)
        return aipw.values(targeted.working), targeted.working, targeted
    return aipw.values(working), working, None


def _weighted_influence(spec: IPW, nuisances: Nuisances, psi: Array) -> tuple[Array, str]:
    stacked = spec.variance == "stacked" and nuisances.propensity is not None
    phi = ipw.influence(
        nuisances.working,
        psi,
        nuisances.propensity if stacked else None,
        truncated=None if nuisances.truncation is None else nuisances.truncation.moved,
        stabilised=spec.stabilised,
    )
    return phi, "stacked sandwich" if stacked else "robust, weights taken as known"


def _adjusted_influence(nuisances: Nuisances, psi: Array) -> Array:
    assert nuisances.outcome is not None
    assert nuisances.propensity is not None
    moved = None if nuisances.truncation is None else nuisances.truncation.moved
    return ipwra.influence(nuisances.working, psi, nuisances.outcome, nuisances.propensity, truncated=moved)


def _propensity(
    problem: Problem, spec: Estimator, *, seed: int, executor: Executor
) -> tuple[Array, Regression | None, Mapping[str, float]]:
    model = _option(spec, "propensity")
    if isinstance(model, Logistic):
        regression = fit_propensity(problem, model, executor=executor)
        return regression.fit.mean, regression, {}
    splits = Splits.of(problem, folds=_option(spec, "folds"), seed=seed, executor=executor)
    found = cross_fit_propensity(problem, model, splits)
    scores = found.values[0]
    if getattr(spec, "calibration", None) is not None:
        scores = calibrate(scores, problem.exposed, splits.fold)
    return scores, None, found.weights


def _outcome(
    problem: Problem,
    spec: Estimator,
    weights: tuple[Array, Array] | None,
    *,
    seed: int,
    executor: Executor,
) -> tuple[ArmRegressions | None, Array, Array, Mapping[str, float]]:
    model = _option(spec, "outcome")
    if model is None:
        model = Logistic() if problem.outcome_kind == "binary" else Linear()
    by_arm = _option(spec, "by_arm")
    if isinstance(model, Logistic | Linear):
        arms = fit_outcome(problem, model, by_arm=by_arm, executor=executor, weights=weights)
        return arms, *arms.means, {}
    splits = Splits.of(problem, folds=_option(spec, "folds"), seed=seed, executor=executor)
    found = cross_fit_outcome(problem, model, splits, by_arm=by_arm)
    return None, found.values[0], found.values[1], found.weights


def _option(spec: Estimator, name: str) -> Any:
    return getattr(spec, name)


def _outcome_refits(
    outcome: ArmRegressions | None,
    clusters: NDArray[np.intp],
    count: int,
    executor: Executor,
    weights: list[tuple[Array, Array] | None] | None,
) -> list[tuple[Array, Array] | None]:
    if outcome is None:
        return [None] * count

    def refits(model: Regression, arm: int | None) -> list[Array | None]:
        taken = None if weights is None else [_of_arm(pair, arm) for pair in weights]
        return model.without_each(clusters, count, executor, taken)

    first, second = outcome.each(refits)
    return [
        None if one is None or two is None else (one, two) for one, two in zip(first, second, strict=True)
    ]


def _of_arm(pair: tuple[Array, Array] | None, arm: int | None) -> Array | None:
    if pair is None:
        return None
    return pair[0] + pair[1] if arm is None else pair[0] if arm else pair[1]


def _weights_without_each(
    problem: Problem, nuisances: Nuisances, scores: list[Array | None]
) -> list[tuple[Array, Array] | None]:
    """Return the weights of all patients under the propensity model without each cluster."""
    propensity, truncation = nuisances.propensity, nuisances.truncation
    assert propensity is not None
    assert truncation is not None
    answer: list[tuple[Array, Array] | None] = []
    for score in scores:
        if score is None:
            answer.append(None)
            continue
        e = _pulled(propensity.mean_at(propensity.matrix, score), truncation.bound, problem.population)
        answer.append(ipwra.weights_of(replace(nuisances.working, e=e)))
    return answer


def _propensity_refits(
    propensity: Regression | None, clusters: NDArray[np.intp], count: int, executor: Executor
) -> list[Array | None]:
    return [None] * count if propensity is None else propensity.without_each(clusters, count, executor)


def _pulled(e: Array, bound: float, population: str) -> Array:
    low = bound if population in ("all", "unexposed") else np.finfo(float).tiny
    high = 1 - bound if population in ("all", "exposed") else 1 - np.finfo(float).epsneg
    return np.clip(e, low, high)
