"""All replicates: the many by chords, the stubborn one by one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from causalmed.engine import Executor
from causalmed.errors import NotConverged
from causalmed.estimation.bootstrap.chords import ENOUGH, approach
from causalmed.estimation.bootstrap.exact import refit
from causalmed.estimation.bootstrap.posing import has_chords, pose_equations
from causalmed.estimation.bootstrap.weights import LANES, row_keys, weights_of
from causalmed.estimation.problem import Problem
from causalmed.estimation.solving import Nuisances, Solution
from causalmed.estimation.specs import Estimator

__all__ = ["Draws", "replicate"]

Array = NDArray[np.float64]
_TOO_MANY = 0.05


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Draws:
    """The estimates of all replicates.

    Attributes
    ----------
    values : ndarray, shape (replicates, 3)
        Means under a, under b, as observed; NaN where a replicate has no answer.
    refitted : int
        Replicates fitted one by one.
    separated : tuple of int
        Replicates in which a model has no finite fit.
    passes : int
        Most passes over the rows that a group of 64 needed; 0 where none was fitted so.
    units : int
        N, how many draw a weight of their own: patients, or clusters.
    """

    values: Array
    refitted: int
    separated: tuple[int, ...]
    passes: int
    units: int

    @property
    def used(self) -> Array:
        """Estimates of the replicates that have one."""
        return self.values[np.isfinite(self.values).all(axis=1)]

    @property
    def covariance(self) -> Array:
        r"""Covariance of the three means, shape (3, 3).

        That of the replicates times :math:`(N + 1) / (N - 1)`: for a mean, the variance over Dirichlet
        weights is :math:`\sum_i (x_i - \bar x)^2 / \{N (N + 1)\}`, and that of the mean is estimated with
        N - 1.
        """
        away = self.used - self.used.mean(axis=0)
        return np.asarray(away.T @ away) / (len(away) - 1) * ((self.units + 1) / (self.units - 1))


def replicate(
    problem: Problem,
    spec: Estimator,
    nuisances: Nuisances,
    solution: Solution,
    *,
    replicates: int,
    seed: int,
    executor: Executor,
) -> Draws:
    """Estimate in every replicate.

    Parameters
    ----------
    problem, spec, nuisances, solution
        A question, its estimator, the full fit and the estimate.
    replicates : int
        R.
    seed : int
        Seed of the weights.
    executor : Executor
        Runs groups of 64, and the replicates that are fitted alone.

    Raises
    ------
    NotConverged
        More than one replicate in twenty has no answer.
    """
    values, left, passes = np.full((replicates, 3), np.nan), np.full(replicates, np.inf), 0
    if has_chords(spec, problem.population):
        equations = pose_equations(problem, spec, nuisances, solution, seed=seed)
        groups = executor.map(lambda group: approach(equations, group), range(-(-replicates // LANES)))
        values = np.concatenate([group.values for group in groups])[:replicates]
        left = np.concatenate([group.left for group in groups])[:replicates]
        passes = max(group.passes for group in groups)
    keys = row_keys(problem, seed)
    stubborn = np.flatnonzero(~(left <= ENOUGH) | ~np.isfinite(values).all(axis=1))
    found = executor.map(lambda r: refit(problem, spec, nuisances, weights_of(keys, int(r))), stubborn)
    for r, value in zip(stubborn, found, strict=True):
        values[r] = np.nan if value is None else value
    separated = tuple(int(r) for r, value in zip(stubborn, found, strict=True) if value is None)
    if len(separated) > _TOO_MANY * replicates:
        raise NotConverged(
            f"In {len(separated):,} of {replicates:,} bootstrap replicates a model of "
            f"{problem.estimand.exposure!r} or {problem.estimand.outcome!r} has no finite fit (separation): "
            "their spread would leave out the least certain ones. Use Logistic(firth=True), coarser "
            "categories, or fewer columns in the adjustment set."
        )
    return Draws(
        values=values,
        refitted=len(stubborn),
        separated=separated,
        passes=passes,
        units=problem.groups or problem.n,
    )
