r"""Are the weighted groups alike?

.. math:: d_j = \frac{\bar x_{j,1} - \bar x_{j,0}}{\sqrt{(s_{j,1}^2 + s_{j,0}^2)/2}}

with weighted means above and the unweighted standard deviations of the two groups below (Austin PC,
Stuart EA 2015. Stat Med 34:3661-3679); the denominator is the same before and after weighting.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from causalmed.estimation.problem import Problem
from causalmed.estimation.targets import Working, tilt_of
from causalmed.regression import DesignRecipe

__all__ = ["BalanceTable", "balance", "effective_size"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BalanceTable:
    """Standardised mean differences of every column of the adjustment set.

    Attributes
    ----------
    names : tuple of str
        Columns of the design, indicators of levels among them.
    before, after : ndarray, shape (k,)
        Without and with weights.
    error : float
        Standard error of a difference of zero after weighting, from the effective sample sizes.
    effective : tuple of float
        Effective sample size of the exposed and the unexposed arm.
    """

    names: tuple[str, ...]
    before: Array
    after: Array
    error: float
    effective: tuple[float, float]


def effective_size(weights: Array) -> float:
    r"""Return Kish's effective sample size :math:`(\sum w)^2 / \sum w^2`.

    Examples
    --------
    >>> effective_size(np.array([1.0, 1.0, 0.0]))
    2.0
    """
    total = float(np.square(weights).sum())
    return float(weights.sum()) ** 2 / total if total > 0 else 0.0


def balance(problem: Problem, working: Working) -> BalanceTable:
    """Compare the exposed and the unexposed before and after weighting.

    Parameters
    ----------
    problem : Problem
        The covariates.
    working : Working
        With a propensity score.

    Returns
    -------
    BalanceTable
    """
    tilt = tilt_of(working)
    effective = (effective_size(tilt.w1), effective_size(tilt.w0))
    error = float(np.sqrt(sum(1 / size if size > 0 else np.inf for size in effective)))
    if not problem.covariates:
        nothing = np.zeros(0)
        return BalanceTable(names=(), before=nothing, after=nothing, error=error, effective=effective)
    recipe = DesignRecipe.learn(problem.covariates, intercept=False)
    X = recipe.build(problem.covariates, rows=problem.n).matrix
    A = working.exposed
    spread = np.sqrt((X[A == 1].var(axis=0) + X[A == 0].var(axis=0)) / 2)
    spread = np.where(spread > 0, spread, 1.0)
    return BalanceTable(
        names=recipe.names,
        before=_difference(X, A, 1 - A) / spread,
        after=_difference(X, tilt.w1, tilt.w0) / spread,
        error=error,
        effective=effective,
    )


def _difference(X: Array, w1: Array, w0: Array) -> Array:
    return np.asarray(w1 @ X / w1.sum() - w0 @ X / w0.sum())
