r"""Standardisation: means of an outcome regression with the exposure set.

.. math:: \hat\psi_a = \frac{\sum_i t_i\, m(a, L_i; \hat\beta)}{\sum_i t_i}

The covariance stacks the estimating equations of the regression under those of the means
(Stefanski LA, Boos DD 2002. Am Stat 56:29-38), with Jacobians by hand:

.. math:: \phi_{a,i} = \frac{t_i \{m(a, L_i) - \psi_a\}}{\bar t}
          + \Big\{\frac{1}{n \bar t} \sum_j t_j\, \dot m(a, L_j)\Big\}^\top I^{-1} U_i
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from causalmed.engine import block_total
from causalmed.estimation.models import ArmRegressions
from causalmed.estimation.targets import Working

__all__ = ["along", "gradient_sums", "influence", "influence_of", "sums", "tilt", "values"]

Array = NDArray[np.float64]


def values(working: Working) -> Array:
    """Return the means under a, under b, and as observed.

    Parameters
    ----------
    working : Working
        With both outcome regressions.

    Returns
    -------
    ndarray, shape (3,)
    """
    total = working.total(sums)
    return np.asarray(total[:3] / total[3])


def sums(rows: Working) -> Array:
    """Return what a block adds to the three numerators and to their denominator, shape (4,)."""
    t = tilt(rows)
    return np.array([t @ rows.regression(1), t @ rows.regression(0), t @ rows.outcome, t.sum()])


def influence(
    working: Working,
    psi: Array,
    outcome: ArmRegressions,
    *,
    coefficients: tuple[Array, Array] | None = None,
) -> Array:
    """Return the influence of each patient, the estimation of the regression included.

    Parameters
    ----------
    working : Working
        What :func:`values` saw.
    psi : ndarray, shape (3,)
        What it returned.
    outcome : ArmRegressions
        The regressions behind it.
    coefficients : tuple of ndarray, shape (n, p), optional
        Influence on the coefficients of each arm's regression; None: that of the regression alone.

    Returns
    -------
    ndarray, shape (n, 3)
    """
    n = len(working.outcome)
    share = float(working.total(sums)[3] / n)
    slope = outcome.models[0].slope
    gradients = block_total(lambda block: gradient_sums(working.take(block), outcome.block(block), slope), n)
    if coefficients is not None:
        first, second = (part @ gradient / n for part, gradient in zip(coefficients, gradients, strict=True))
        return influence_of(working, psi, share, (first, second))
    first, second = (
        model.score_along(direction)
        for model, direction in zip(outcome.models, along(outcome, gradients / n), strict=True)
    )
    return influence_of(working, psi, share, (first, second))


def along(outcome: ArmRegressions, gradients: Array) -> tuple[Array, Array]:
    """Return what the scores of each arm's regression are multiplied by, from the gradients of the arms."""
    if not outcome.separate:
        both = outcome.models[0].along(gradients.T)
        return both[:, 0], both[:, 1]
    first, second = (model.along(row) for model, row in zip(outcome.models, gradients, strict=True))
    return first, second


def gradient_sums(rows: Working, matrices: tuple[Array, Array], slope: Callable[[Array], Array]) -> Array:
    """Return what a block adds to the derivatives of the arms' totals by the coefficients, shape (2, p)."""
    t = tilt(rows)
    return np.array([(t * slope(rows.regression(arm))) @ X for arm, X in zip((1, 0), matrices, strict=True)])


def influence_of(rows: Working, psi: Array, share: float, fitted: tuple[Array, Array]) -> Array:
    """Return the influence of some rows, given what the estimation of the regression adds to each arm."""
    t = tilt(rows)
    columns = [
        (t * (rows.regression(arm) - psi[column]) + fitted[column]) / share
        for column, arm in enumerate((1, 0))
    ]
    return np.column_stack([*columns, t * (rows.outcome - psi[2]) / share])


def tilt(rows: Working) -> Array:
    """Return which patients the means are about: everybody, the exposed or the unexposed."""
    if rows.population == "exposed":
        return rows.exposed
    return 1 - rows.exposed if rows.population == "unexposed" else np.ones_like(rows.exposed)
