"""The regressions behind the front door."""

from __future__ import annotations

from causalmed.engine import Executor
from causalmed.estimation.frontdoor.scores import FrontDoorParts
from causalmed.estimation.frontdoor.specs import FrontDoorAIPW
from causalmed.estimation.mediation.posing import PathProblem
from causalmed.estimation.predicting import parts_of
from causalmed.estimation.sequence import Fitted, Fitter

__all__ = ["fit_front_door"]


def fit_front_door(
    problem: PathProblem, spec: FrontDoorAIPW, *, seed: int, executor: Executor
) -> tuple[FrontDoorParts, Fitted]:
    """Fit everything that the front door needs; probabilities as they come, not truncated."""
    base, found = problem.base, Fitted(values={})
    models = (spec.propensity, spec.mediator_propensity, spec.outcome, spec.mean_outcome)
    MW = (*problem.mediators, *base.covariates)
    for part in parts_of(base, models, folds=spec.folds, seed=seed):
        fit = Fitter(base=base, spec=spec, by_arm=True, part=part, seed=seed, executor=executor, into=found)
        fit.chance("e", spec.propensity, base.exposed, base.covariates, part.learn)
        fit.chance("r", spec.mediator_propensity, base.exposed, MW, part.learn)
        predicted = [fit.outcome(f"mu{j}", 1 - j, MW, {}) for j in (0, 1)]
        for k in (0, 1):
            for j in (0, 1):
                fit.mean_of(f"xi{k}{j}", predicted[j], base.exposed == 1 - k, of=f"mu{j}")
    v = found.values
    parts = FrontDoorParts(
        exposed=base.exposed,
        outcome=base.outcome,
        e=v["e"],
        r=v["r"],
        mu=(v["mu0"], v["mu1"]),
        xi=((v["xi00"], v["xi01"]), (v["xi10"], v["xi11"])),
    )
    return parts, found
