r"""Are the weighted groups alike?

.. math:: d_j = \frac{\bar x_{j,1} - \bar x_{j,0}}{\sqrt{(s_{j,1}^2 + s_{j,0}^2)/2}}

with weighted means above and the unweighted standard deviations of the two groups below (Austin PC,
Stuart EA 2015. Stat Med 34:3661-3679); the denominator is the same before and after weighting.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from causalmed.engine import block_total
from causalmed.estimation.coded import CodedRows, block_of, kept
from causalmed.estimation.problem import Problem
from causalmed.estimation.targets import Working, tilt_of
from causalmed.regression import DesignRecipe

__all__ = [
    "BalanceTable",
    "arm_means",
    "balance",
    "balance_sums",
    "effective_size",
    "spread_sums",
    "table_of",
]

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
    design: Array | CodedRows = np.empty((problem.n, 0))
    names: tuple[str, ...] = ()
    if problem.covariates:
        recipe = DesignRecipe.learn(problem.covariates, intercept=False)
        design = kept(CodedRows(recipe=recipe, columns=problem.covariates, rows=problem.n))
        names = recipe.names

    def rows(block: slice) -> tuple[Working, Array]:
        return working.take(block), block_of(design, block)

    total = block_total(lambda block: balance_sums(*rows(block)), problem.n)
    means = arm_means(total)
    squares = block_total(
        lambda block: spread_sums(working.exposed[block], block_of(design, block), means), problem.n
    )
    return table_of(names, total, squares)


def balance_sums(rows: Working, X: Array) -> Array:
    """Return what a block adds: for A, 1 - A, w1, w0 the sum, that of squares and that of each column."""
    tilt = tilt_of(rows)
    weights = (rows.exposed, 1 - rows.exposed, tilt.w1, tilt.w0)
    return np.array([[w.sum(), np.square(w).sum(), *(w @ X)] for w in weights])


def arm_means(total: Array) -> Array:
    """Return the means of each column among the exposed and among the unexposed, shape (2, k)."""
    return np.asarray(total[:2, 2:] / total[:2, :1])


def spread_sums(exposed: Array, X: Array, means: Array) -> Array:
    """Return what a block adds to the squared distances from the mean of each arm, shape (2, k)."""
    away = X - np.where(exposed[:, None] == 1, means[0], means[1])
    return np.asarray(np.vstack([exposed, 1 - exposed]) @ np.square(away, out=away))


def table_of(names: tuple[str, ...], total: Array, squares: Array) -> BalanceTable:
    """Put the table together from the sums of :func:`balance_sums` and :func:`spread_sums`."""
    sums = total[:, 0]
    first, second = (float(sums[row] ** 2 / total[row, 1]) if total[row, 1] > 0 else 0.0 for row in (2, 3))
    spread = np.sqrt((squares / total[:2, :1]).sum(axis=0) / 2)
    spread = np.where(spread > 0, spread, 1.0)
    means = total[:, 2:] / sums[:, None]
    return BalanceTable(
        names=names,
        before=(means[0] - means[1]) / spread,
        after=(means[2] - means[3]) / spread,
        error=float(np.sqrt(sum(1 / size if size > 0 else np.inf for size in (first, second)))),
        effective=(first, second),
    )
