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

from causalmed.estimation.models import Regression
from causalmed.estimation.targets import Working, tilt_of

__all__ = ["influence", "slopes", "values"]

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
    weights, masses = _weights(working, stabilised=stabilised)
    return np.array([w @ working.outcome / (len(w) * mass) for w, mass in zip(weights, masses, strict=True)])


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
    weights, masses = _weights(working, stabilised=stabilised)
    Y = working.outcome
    size = _size(working)
    columns = []
    for w, mass, value in zip(weights, masses, psi, strict=True):
        columns.append(w * (Y - value) / mass if stabilised else (w * Y - size * value) / mass)
    answer = np.column_stack(columns)
    if propensity is None:
        return answer
    on_coefficients = propensity.coefficient_influence()
    for column, slope in enumerate(slopes(working)):
        slope = slope if truncated is None else np.where(truncated, 0.0, slope)
        centred = Y - psi[column] if stabilised else Y
        gradient = (slope * centred) @ propensity.matrix / (len(Y) * masses[column])
        answer[:, column] += on_coefficients @ gradient
    return answer


def _weights(working: Working, *, stabilised: bool) -> tuple[tuple[Array, Array, Array], tuple[float, ...]]:
    tilt = tilt_of(working)
    e = working.score
    observed = e * (1 - e) if working.population == "overlap" else tilt.t
    weights = (tilt.w1, tilt.w0, observed)
    if stabilised:
        return weights, tuple(float(w.mean()) for w in weights)
    return weights, (tilt.mass,) * 3


def _size(working: Working) -> Array:
    return tilt_of(working).t


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
