r"""Inverse probability weighting: means of the outcome in a weighted cohort.

.. math:: \hat\psi_a = \frac{\sum_i w_{a,i} Y_i}{\sum_i w_{a,i}}

The weights depend on the propensity model; its estimating equations are stacked below
(Lunceford JK, Davidian M 2004. Stat Med 23:2937-2960, section 3.2):

.. math:: \phi_{a,i} = \frac{w_{a,i} (Y_i - \psi_a)}{\bar w_a}
          + \Big\{\frac{1}{n \bar w_a}\sum_j \dot w_{a,j} (Y_j - \psi_a) x_j\Big\}^\top I^{-1} x_i (A_i - e_i)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from causalmed.engine import block_total
from causalmed.estimation.models import Regression
from causalmed.estimation.targets import Tilt, Working, tilt_of

__all__ = ["gradient_sums", "influence", "influence_of", "masses_of", "slopes", "sums", "values"]

Array = NDArray[np.float64]


def values(working: Working, *, stabilised: bool = True) -> Array:
    """Return the weighted means under a, under b, and as observed.

    Parameters
    ----------
    working : Working
        With a propensity score.
    stabilised : bool
        Divide by the sum of the weights, or by the size of the population.

    Returns
    -------
    ndarray, shape (3,)
    """
    total, n = working.total(sums), len(working.outcome)
    return np.asarray(total[:3] / (n * masses_of(total, n, stabilised=stabilised)))


def sums(rows: Working) -> Array:
    """Return what a block adds: weighted outcomes, weights, the size of the population; shape (7,)."""
    tilt, weights = _weights(rows)
    return np.array([*(w @ rows.outcome for w in weights), *(w.sum() for w in weights), tilt.t.sum()])


def masses_of(total: Array, n: int, *, stabilised: bool) -> Array:
    """Return the mean weights by which the weighted means are divided, shape (3,)."""
    return total[3:6] / n if stabilised else np.repeat(total[6] / n, 3)


def influence(
    working: Working,
    psi: Array,
    propensity: Regression | None,
    *,
    truncated: NDArray[np.bool_] | None = None,
    stabilised: bool = True,
) -> Array:
    """Return the influence of each patient.

    Parameters
    ----------
    working : Working
        What :func:`values` saw.
    psi : ndarray, shape (3,)
        What it returned.
    propensity : Regression or None
        The model behind the weights; None takes the weights as known.
    truncated : ndarray of bool, shape (n,), optional
        Patients whose score was moved to the bound, where it does not depend on the model any more.
    stabilised : bool
        As for :func:`values`.

    Returns
    -------
    ndarray, shape (n, 3)
    """
    n = len(working.outcome)
    masses = masses_of(working.total(sums), n, stabilised=stabilised)
    answer = influence_of(working, psi, masses, stabilised=stabilised)
    if propensity is None:
        return answer
    matrix, moved = propensity.matrix, np.zeros(n, dtype=bool) if truncated is None else truncated
    gradient = block_total(
        lambda block: gradient_sums(
            working.take(block), matrix[block], psi, moved[block], stabilised=stabilised
        ),
        n,
    )
    along = propensity.along((gradient / (n * masses[:, None])).T)
    return answer + propensity.score_along(along)


def influence_of(rows: Working, psi: Array, masses: Array, *, stabilised: bool) -> Array:
    """Return the influence of some rows with the weights taken as known, shape (rows, 3)."""
    tilt, weights = _weights(rows)
    Y = rows.outcome
    columns = []
    for w, mass, value in zip(weights, masses, psi, strict=True):
        columns.append(w * (Y - value) / mass if stabilised else (w * Y - tilt.t * value) / mass)
    return np.column_stack(columns)


def gradient_sums(
    rows: Working, matrix: Array, psi: Array, truncated: NDArray[np.bool_], *, stabilised: bool
) -> Array:
    """Return what a block adds to the derivative of the weighted means by the propensity model, (3, p)."""
    parts = []
    for column, slope in enumerate(slopes(rows)):
        centred = rows.outcome - psi[column] if stabilised else rows.outcome
        parts.append((np.where(truncated, 0.0, slope) * centred) @ matrix)
    return np.array(parts)


def _weights(rows: Working) -> tuple[Tilt, tuple[Array, Array, Array]]:
    tilt = tilt_of(rows)
    e = rows.score
    observed = e * (1 - e) if rows.population == "overlap" else tilt.t
    return tilt, (tilt.w1, tilt.w0, observed)


def slopes(working: Working) -> tuple[Array, Array, Array]:
    """Return the derivatives of the three weights by the linear predictor of the propensity."""
    A, e = working.exposed, working.score
    none, v = np.zeros_like(A), e * (1 - e)
    w1, w0 = -A * (1 - e) / e, (1 - A) * e / (1 - e)
    match working.population:
        case "all":
            return w1, w0, none
        case "exposed":
            return none, w0, none
        case "unexposed":
            return w1, none, none
        case _:
            return -A * v, (1 - A) * v, v * (1 - 2 * e)
