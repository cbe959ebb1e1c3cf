"""Exposed against unexposed as they came: what goes together, not what causes."""

from __future__ import annotations

import numpy as np

from causalmed.estimation.covariance import FEW, clustered, independent, jackknife
from causalmed.estimation.problem import Problem
from causalmed.estimation.targets import LABELS
from causalmed.results import Functionals

__all__ = ["crude_functionals"]


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
    weights = np.column_stack([A, 1 - A, np.ones_like(A)])
    totals, masses = weights.T @ Y, weights.sum(axis=0)
    psi = totals / masses
    influence = weights * (Y[:, None] - psi) / weights.mean(axis=0)
    degrees = float("inf")
    source = "influence function"
    if problem.clusters is None:
        covariance = independent(influence)
    elif problem.groups >= FEW:
        covariance = clustered(influence, problem.clusters, problem.groups)
        degrees, source = problem.groups - 1.0, "influence function, clustered"
    else:
        each = np.zeros((problem.groups, 6))
        np.add.at(each, problem.clusters, np.column_stack([weights * Y[:, None], weights]))
        left = np.concatenate([totals, masses]) - each
        without = np.where(left[:, 3:] > 0, left[:, :3] / np.where(left[:, 3:] > 0, left[:, 3:], 1), psi)
        covariance = jackknife(without, psi)
        degrees, source = problem.groups - 1.0, "delete-one-cluster jackknife"
    return Functionals(
        labels=LABELS, values=psi, covariance=covariance, source=source, degrees_of_freedom=degrees
    )
