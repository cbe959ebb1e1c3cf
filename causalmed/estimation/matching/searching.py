"""What is compared: a score or covariates, of whom, within which strata."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from causalmed.estimation.matching.found import Array, Search, Whole, strata_of
from causalmed.estimation.matching.points import PointSearch, metric_root
from causalmed.estimation.matching.scores import ScoreSearch
from causalmed.estimation.matching.spec import Matching
from causalmed.estimation.models import Regression
from causalmed.estimation.problem import Problem
from causalmed.regression import DesignRecipe

__all__ = ["asked_of", "covariates_of", "score_of", "search_of", "strata_in"]

Flags = NDArray[np.bool_]


def asked_of(problem: Problem) -> Flags:
    """Return who belongs to the population."""
    if problem.population == "all":
        return np.ones(problem.n, dtype=bool)
    return np.asarray(problem.exposed == (1 if problem.population == "exposed" else 0))


def score_of(spec: Matching, propensity: Regression) -> Array:
    """Return the score that is matched on."""
    p = propensity.fit.mean
    if spec.on == "propensity":
        return p
    tiny = np.finfo(float).eps
    inside = np.clip(p, tiny, 1 - tiny)
    return np.log(inside) - np.log1p(-inside)


def search_of(problem: Problem, spec: Matching, propensity: Regression | None) -> tuple[Search, Array]:
    """Return where neighbours are found, and the regressors of what is matched on."""
    strata = strata_in(problem, spec)
    if propensity is not None:
        score = score_of(spec, propensity)
        by_score = ScoreSearch(
            score,
            problem.exposed,
            strata,
            neighbours=spec.neighbours,
            peers=spec.variance_neighbours,
            caliper=spec.caliper,
        )
        return by_score, np.column_stack([np.ones(problem.n), score[by_score.order]])
    X, place_root = covariates_of(problem, spec)
    by_place = PointSearch(
        X,
        problem.exposed,
        strata,
        place_root,
        neighbours=spec.neighbours,
        peers=spec.variance_neighbours,
        caliper=spec.caliper,
    )
    return by_place, np.column_stack([np.ones(problem.n), X])


def covariates_of(problem: Problem, spec: Matching) -> tuple[Array, Array]:
    """Return the design of the adjustment set, and the root of its metric."""
    if not problem.covariates:
        return np.zeros((problem.n, 1)), np.zeros((1, 1))
    recipe = DesignRecipe.learn(problem.covariates, intercept=False)
    X = recipe.build(problem.covariates, rows=problem.n).matrix
    return X, metric_root(X, spec.metric)


def strata_in(problem: Problem, spec: Matching) -> Whole | None:
    """Return the stratum of each patient, where some columns must agree."""
    if not spec.exact:
        return None
    columns = {column.name: column.values for column in problem.covariates}
    return strata_of([columns[name] for name in spec.exact], problem.n)
