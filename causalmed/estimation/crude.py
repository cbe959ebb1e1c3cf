"""Exposed against unexposed as they came: what goes together, not what causes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from causalmed.engine import block_total
from causalmed.estimation.covariance import (
    FEW,
    cluster_sums,
    clustered,
    independent,
    jackknife,
    of_cluster_sums,
)
from causalmed.estimation.problem import Problem
from causalmed.estimation.targets import LABELS
from causalmed.results import Functionals

__all__ = ["crude_functionals", "crude_functionals_of", "crude_influence", "crude_sums", "from_cluster_sums"]

Array = NDArray[np.float64]


def crude_functionals(problem: Problem) -> Functionals:
    r"""Return the observed means of the exposed, of the unexposed and of all.

    .. math:: \bar Y_a = \frac{\sum_i 1\{A_i = a\} Y_i}{\sum_i 1\{A_i = a\}}

    Parameters
    ----------
    problem : Problem
        The question; its population does not matter.

    Returns
    -------
    Functionals
    """
    A, Y = problem.exposed, problem.outcome
    total = block_total(lambda block: crude_sums(A[block], Y[block]), problem.n)
    psi = total[:3] / total[3:]
    influence = crude_influence(A, Y, total, problem.n)
    if problem.clusters is None:
        return _functionals(psi, independent(influence), "influence function", float("inf"))
    if problem.groups < FEW:
        parts = np.column_stack([_weights(A) * Y[:, None], _weights(A)])
        return from_cluster_sums(total, cluster_sums(parts, problem.clusters, problem.groups))
    covariance = clustered(influence, problem.clusters, problem.groups)
    return _functionals(psi, covariance, "influence function, clustered", problem.groups - 1.0)


def crude_sums(exposed: Array, outcome: Array) -> Array:
    """Return what a block adds: outcomes of the exposed, the unexposed and all, and their numbers; (6,)."""
    weights = _weights(exposed)
    return np.concatenate([weights.T @ outcome, weights.sum(axis=0)])


def crude_influence(exposed: Array, outcome: Array, total: Array, n: int) -> Array:
    """Return the influence of some rows on the three means, given the sums of all."""
    psi = total[:3] / total[3:]
    return np.asarray(_weights(exposed) * (outcome[:, None] - psi) / (total[3:] / n))


def from_cluster_sums(total: Array, each: Array) -> Functionals:
    """Return the three means with the covariance of leaving out one cluster at a time.

    Parameters
    ----------
    total : ndarray, shape (6,)
        From :func:`crude_sums`, added up.
    each : ndarray, shape (G, 6)
        The same within each cluster.
    """
    psi, left = total[:3] / total[3:], total - each
    without = np.where(left[:, 3:] > 0, left[:, :3] / np.where(left[:, 3:] > 0, left[:, 3:], 1), psi)
    return _functionals(psi, jackknife(without, psi), "delete-one-cluster jackknife", len(each) - 1.0)


def crude_functionals_of(total: Array, summed: Array, *, n: int, groups: int) -> Functionals:
    """Return the three means from sums alone.

    Parameters
    ----------
    total : ndarray, shape (6,)
        From :func:`crude_sums`, added up.
    summed : ndarray
        Products of :func:`crude_influence`, shape (3, 3); with clusters, within each the influences and then
        the six sums, shape (G, 9).
    n, groups : int
        Patients, and clusters.
    """
    psi = total[:3] / total[3:]
    if not groups:
        return _functionals(psi, summed / n**2, "influence function", float("inf"))
    if groups < FEW:
        return from_cluster_sums(total, summed[:, 3:])
    covariance = of_cluster_sums(summed[:, :3], n)
    return _functionals(psi, covariance, "influence function, clustered", groups - 1.0)


def _weights(exposed: Array) -> Array:
    return np.column_stack([exposed, 1 - exposed, np.ones_like(exposed)])


def _functionals(psi: Array, covariance: Array, source: str, degrees: float) -> Functionals:
    return Functionals(
        labels=LABELS, values=psi, covariance=covariance, source=source, degrees_of_freedom=degrees
    )
