r"""Standardisation: means of an outcome regression with the exposure set.

.. math:: \hat\psi_a = \frac{\sum_i t_i\, m(a, L_i; \hat\beta)}{\sum_i t_i}

The covariance stacks the estimating equations of the regression under those of the means
(Stefanski LA, Boos DD 2002. Am Stat 56:29-38), with Jacobians by hand:

.. math:: \phi_{a,i} = \frac{t_i \{m(a, L_i) - \psi_a\}}{\bar t}
          + \Big\{\frac{1}{n \bar t} \sum_j t_j\, \dot m(a, L_j)\Big\}^\top I^{-1} U_i
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from causalmed.estimation.models import ArmRegressions
from causalmed.estimation.targets import Working

__all__ = ["influence", "values"]

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
    t = _tilt(working)
    total = t.sum()
    sums = np.array([t @ working.regression(1), t @ working.regression(0), t @ working.outcome])
    return np.asarray(sums / total)


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
    t = _tilt(working)
    share = t.mean()
    answer = np.empty((len(t), 3))
    on_coefficients = coefficients or outcome.each(lambda model, _: model.coefficient_influence())
    for column, arm in enumerate((1, 0)):
        m, model, X = working.regression(arm), outcome.models[column], outcome.matrices[column]
        gradient = (t * model.slope(m)) @ X / len(t)
        answer[:, column] = (t * (m - psi[column]) + on_coefficients[column] @ gradient) / share
    answer[:, 2] = t * (working.outcome - psi[2]) / share
    return answer


def _tilt(working: Working) -> Array:
    if working.population == "exposed":
        return working.exposed
    return 1 - working.exposed if working.population == "unexposed" else np.ones_like(working.exposed)
