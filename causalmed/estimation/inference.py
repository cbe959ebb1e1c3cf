"""Which covariance an estimate gets, and what it had to do without."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from causalmed.engine import Executor
from causalmed.errors import DataError
from causalmed.estimation import aipw
from causalmed.estimation.covariance import spread_of
from causalmed.estimation.problem import Problem
from causalmed.estimation.solving import Nuisances, Solution, values_without_each
from causalmed.estimation.specs import AIPW, TMLE, Estimator

__all__ = ["RARE", "Inference", "check_clusters", "infer", "larger"]

Array = NDArray[np.float64]
RARE = 0.03
"""Below this share of events the influence function alone is not trusted."""
_FEWEST_PER_ARM = 4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Inference:
    """A covariance and how it was made.

    Attributes
    ----------
    covariance : ndarray, shape (3, 3)
        Of the three means.
    degrees_of_freedom : float
        Of the t distribution.
    source : str
        In words.
    not_refitted : tuple of str
        Clusters whose leaving out had no answer and was approximated from their influence.
    rare : bool
        Whether the outcome is rare enough for the model-based variance to be compared.
    """

    covariance: Array
    degrees_of_freedom: float
    source: str
    not_refitted: tuple[str, ...]
    rare: bool


def check_clusters(problem: Problem) -> None:
    """Refuse an exposure that varies between few clusters only.

    Raises
    ------
    DataError
        One cluster; or an exposure that is constant within every cluster, with fewer than four
        clusters exposed or unexposed: hospitals are then compared, not patients.
    """
    if not problem.groups:
        return
    name = problem.cluster_name
    if problem.groups < 2:
        raise DataError(
            f"All patients are of one cluster ({name!r}), so the differences between clusters cannot be "
            "estimated. Build the cohort without cluster=, and say that the answer is about this one."
        )
    size, exposed = problem.cluster_sizes
    constant = (exposed == 0) | (exposed == size)
    if not constant.all():
        return
    with_it = int((exposed > 0).sum())
    if min(with_it, problem.groups - with_it) < _FEWEST_PER_ARM:
        raise DataError(
            f"{problem.estimand.exposure!r} is the same for all patients of a {name!r}: {with_it} have it, "
            f"{problem.groups - with_it} do not. With fewer than {_FEWEST_PER_ARM} on a side its effect "
            "cannot be told from other differences between them. Add clusters, or ask about an exposure "
            "that varies within them."
        )


def infer(
    problem: Problem, spec: Estimator, nuisances: Nuisances, solution: Solution, *, executor: Executor
) -> Inference:
    """Choose and compute the covariance.

    Parameters
    ----------
    problem, spec, nuisances, solution
        What was asked, with what, and what came out.
    executor : Executor
        Runs the refits of the jackknife.

    Returns
    -------
    Inference
    """
    found = spread_of(
        solution.psi,
        solution.influence,
        clusters=problem.clusters,
        groups=problem.groups,
        source=solution.source,
        refits=None
        if nuisances.cross_fitted
        else lambda: values_without_each(problem, spec, nuisances, executor=executor),
    )
    covariance, source = found.covariance, found.source
    rare = problem.outcome_kind == "binary" and problem.events < RARE * problem.n
    if rare and problem.population == "all" and isinstance(spec, AIPW | TMLE):
        model = aipw.model_covariance(solution.working, solution.psi) / problem.n
        covariance, source = larger(model, covariance, source)
    return Inference(
        covariance=covariance,
        degrees_of_freedom=found.degrees_of_freedom,
        source=source,
        not_refitted=tuple(problem.cluster_labels[group] for group in found.not_refitted),
        rare=rare,
    )


def larger(model: Array, covariance: Array, source: str) -> tuple[Array, str]:
    """Return the covariance that gives the difference the larger variance, and where it comes from."""
    if _of_difference(model) > _of_difference(covariance):
        return model, f"model-based variance, larger than {source}"
    return covariance, source


def _of_difference(covariance: Array) -> float:
    return float(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
