"""From fitted nuisances to the equations of their replicates."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from causalmed.estimation import tmle
from causalmed.estimation.bootstrap.derivatives import derivatives_of
from causalmed.estimation.bootstrap.equations import Equations
from causalmed.estimation.bootstrap.exact import bounds_of
from causalmed.estimation.bootstrap.fullfit import FullFit, scale_of, whiten
from causalmed.estimation.bootstrap.weights import row_keys
from causalmed.estimation.problem import Problem
from causalmed.estimation.solving import Nuisances, Solution
from causalmed.estimation.specs import IPWRA, TMLE, Estimator

__all__ = ["has_chords", "pose_equations"]

Single = NDArray[np.float32]
_FAR = 1e30


def has_chords(spec: Estimator, population: str) -> bool:
    """Return whether 64 replicates at once can be had; without, each is fitted alone.

    Firth's penalty, the clever covariate and the tilt of the overlap population are not in the kernel.
    """
    firth = any(getattr(getattr(spec, name), "firth", False) for name in spec.models)
    return not firth and population != "overlap" and getattr(spec, "fluctuation", "weighted") == "weighted"


def pose_equations(
    problem: Problem, spec: Estimator, nuisances: Nuisances, solution: Solution, *, seed: int
) -> Equations:
    """Bring the full fit into the coordinates of its replicates.

    Parameters
    ----------
    problem, spec, nuisances, solution
        A question, its estimator, the full fit and the estimate.
    seed : int
        Seed of the weights.
    """
    order = np.argsort(-problem.exposed, kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    scale = scale_of(problem, spec)
    full = FullFit(problem=problem, spec=spec, nuisances=nuisances, solution=solution, scale=scale)
    models = whiten(full, rank)
    base, residuals = full.base(), full.residuals()
    targeted = solution.targeted
    return Equations(
        spec=spec,
        keys=row_keys(problem, seed)[order],
        exposed=int(problem.exposed.sum()),
        outcome=full.unit(problem.outcome)[order].astype(np.float32),
        base=np.ascontiguousarray(base[:, order], dtype=np.float32),
        residuals=np.ascontiguousarray(residuals[:, order], dtype=np.float32),
        matrices=list(models.matrices),
        shift=models.shift,
        gap=float(base[1, 0] - base[2, 0]),
        separate=models.separate,
        logistic=full.logistic,
        weighted=isinstance(spec, IPWRA),
        targeted=isinstance(spec, TMLE),
        arms=_arms(problem, nuisances),
        bound=tmle.BOUND,
        epsilon=np.zeros(2) if targeted is None else np.array(targeted.epsilon),
        derivatives=derivatives_of(full, models, order),
        scale=(scale[0], scale[1] - scale[0]),
    )


def _arms(problem: Problem, nuisances: Nuisances) -> Single:
    population = problem.population
    weight = {"all": ((1, 1), (1, 1)), "exposed": ((0, 1), (1, 0)), "unexposed": ((1, 0), (0, 1))}[population]
    tilt = {"all": (1, 1), "exposed": (0, 1), "unexposed": (1, 0)}[population]
    low, high = bounds_of(0.0 if nuisances.truncation is None else nuisances.truncation.bound, population)
    odds = [min(e / (1 - e), _FAR) for e in (low, high)]
    bounds = ((odds[0], odds[1]), (1 / max(odds[1], 1 / _FAR), 1 / max(odds[0], 1 / _FAR)))
    lines = [(*weight[a], *bounds[a], tilt[a]) for a in (0, 1)]
    return np.array(lines, dtype=np.float32)
