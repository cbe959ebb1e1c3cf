"""From a question to a grown forest: residuals, bins, trees, slope."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from causalmed.engine import Executor
from causalmed.estimation.forest.binning import Binning
from causalmed.estimation.forest.growing import Forest, Rows, grow
from causalmed.estimation.forest.neighbourhoods import effects
from causalmed.estimation.forest.slope import Slope, fit_slope
from causalmed.estimation.forest.spec import CausalForest
from causalmed.estimation.positivity import refuse_holes
from causalmed.estimation.problem import Problem
from causalmed.estimation.solving import Nuisances, fit_nuisances, learns

__all__ = ["Learned", "learn"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Learned:
    """Everything that was fitted.

    Attributes
    ----------
    nuisances : Nuisances
        Propensity score and outcome regressions.
    mean : ndarray, shape (n,)
        Outcome expected from the adjustment set alone, m.
    binning : Binning
        How columns become bins.
    rows : Rows
        What the trees saw.
    forest : Forest
        The trees.
    effects, errors : ndarray, shape (n,)
        Out of bag, not stretched.
    slope : Slope or None
        Of the calibration test.
    """

    nuisances: Nuisances
    mean: Array
    binning: Binning
    rows: Rows
    forest: Forest
    effects: Array
    errors: Array
    slope: Slope | None


def learn(problem: Problem, spec: CausalForest, *, seed: int, executor: Executor) -> Learned:
    """Fit the nuisances, grow the forest, and let it speak about patients it had not seen.

    Parameters
    ----------
    problem : Problem
        The question.
    spec : CausalForest
        How.
    seed : int
        The user's seed.
    executor : Executor
        Runs folds, bags, chunks.
    """
    if learns(spec):
        refuse_holes(problem)
    nuisances = fit_nuisances(problem, spec, seed=seed, executor=executor)
    working = nuisances.working
    e = working.score
    mean = e * working.regression(1) + (1 - e) * working.regression(0)
    binning = Binning.learn(problem.covariates, bins=spec.bins)
    rows = _rows(problem, binning, problem.exposed - e, problem.outcome - mean)
    forest = grow(rows, spec, seed=seed, path=("all",), executor=executor)
    found, errors = effects(forest, rows.bins, cluster=rows.cluster, executor=executor)
    slope = fit_slope(
        exposure=rows.exposure,
        outcome=rows.outcome,
        effects=found,
        clusters=problem.clusters,
        count=problem.groups,
    )
    return Learned(
        nuisances=nuisances,
        mean=mean,
        binning=binning,
        rows=rows,
        forest=forest,
        effects=found,
        errors=errors,
        slope=slope,
    )


def _rows(problem: Problem, binning: Binning, exposure: Array, outcome: Array) -> Rows:
    alone = problem.clusters is None
    cluster = np.arange(problem.n) if problem.clusters is None else problem.clusters
    bins = binning.apply(problem.covariates) if binning.edges else np.zeros((problem.n, 0), dtype=np.uint8)
    return Rows(
        bins=bins,
        levels=binning.levels,
        exposure=exposure,
        outcome=outcome,
        cluster=cluster.astype(np.int32),
        clusters=problem.n if alone else problem.groups,
    )
