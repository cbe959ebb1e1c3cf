"""The regressions behind effects along some paths, stacked on each other without sharing patients."""

from __future__ import annotations

from typing import Any

import numpy as np

from causalmed.engine import Executor
from causalmed.estimation.mediation.controlled import ControlledParts
from causalmed.estimation.mediation.natural import NaturalParts
from causalmed.estimation.mediation.posing import PathProblem
from causalmed.estimation.mediation.specs import MediationAIPW
from causalmed.estimation.predicting import Part, parts_of
from causalmed.estimation.sequence import Fitted, Fitter

__all__ = ["fit_controlled", "fit_natural", "models_of"]


def models_of(spec: MediationAIPW) -> tuple[Any, ...]:
    """Return every model of the estimator."""
    return (spec.propensity, spec.mediator_propensity, spec.outcome, spec.mean_outcome)


def fit_natural(
    problem: PathProblem, spec: MediationAIPW, *, seed: int, executor: Executor
) -> tuple[NaturalParts, Fitted]:
    """Fit everything that natural effects need; probabilities as they come, not truncated."""
    base, found = problem.base, Fitted(values={})
    W, MW = base.covariates, (*problem.mediators, *base.covariates)
    for part in parts_of(base, models_of(spec), folds=spec.folds, seed=seed):
        fit = _fitter(problem, spec, part, seed, executor, found)
        fit.chance("e", spec.propensity, base.exposed, W, part.learn)
        fit.chance("r", spec.mediator_propensity, base.exposed, MW, part.learn)
        predicted = fit.outcome("mu", 1, MW, {})
        fit.mean_of("eta", predicted, ~problem.exposed, of="mu")
        fit.mean_outcome("m1", 1)
        fit.mean_outcome("m0", 0)
    return NaturalParts(exposed=base.exposed, outcome=base.outcome, **found.values), found


def fit_controlled(
    problem: PathProblem, spec: MediationAIPW, *, seed: int, executor: Executor
) -> tuple[ControlledParts, Fitted]:
    """Fit everything that a controlled direct effect needs; probabilities not truncated."""
    base, found = problem.base, Fitted(values={})
    assert problem.held is not None
    at, LW = problem.held.astype(np.float64), (*problem.after, *base.covariates)
    for part in parts_of(base, models_of(spec), folds=spec.folds, seed=seed):
        fit = _fitter(problem, spec, part, seed, executor, found)
        fit.chance("e", spec.propensity, base.exposed, base.covariates, part.learn)
        for number, arm in ((0, 1), (1, 0)):
            inside = base.exposed == arm
            fit.chance(f"g{number}", spec.mediator_propensity, at, LW, part.learn & inside)
            predicted = fit.outcome(f"mu{number}", arm, (*problem.mediators, *LW), problem.codes)
            fit.mean_of(f"eta{number}", predicted, inside, of=f"mu{number}")
    v = found.values
    parts = ControlledParts(
        exposed=base.exposed,
        held=at,
        outcome=base.outcome,
        e=v["e"],
        g=(v["g0"], v["g1"]),
        mu=(v["mu0"], v["mu1"]),
        eta=(v["eta0"], v["eta1"]),
    )
    return parts, found


def _fitter(
    problem: PathProblem, spec: MediationAIPW, part: Part, seed: int, executor: Executor, into: Fitted
) -> Fitter:
    return Fitter(
        base=problem.base,
        spec=spec,
        by_arm=spec.by_arm,
        part=part,
        seed=seed,
        executor=executor,
        into=into,
    )
