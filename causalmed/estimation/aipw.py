r"""The efficient score: an outcome regression plus weighted residuals.

.. math:: \hat\psi_a = \frac{\sum_i t_i m_a(L_i) + w_{a,i}\{Y_i - m_a(L_i)\}}{\sum_i t_i}, \qquad
          \phi_{a,i} = \frac{t_i \{m_a(L_i) - \psi_a\} + w_{a,i}\{Y_i - m_a(L_i)\}}{\bar t}

with tilt and weights of :mod:`causalmed.estimation.targets`. For all patients this is Robins,
Rotnitzky and Zhao (1994, J Am Stat Assoc 89:846-866); for the exposed, Hahn (1998, Econometrica
66:315-331, theorem 1, unknown propensity score); for the overlap population, the score of Crump,
Hotz, Imbens and Mitnik (2006, NBER T0330, theorem 5.1) with tilt e (1 - e).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from causalmed.estimation.targets import Tilt, Working, tilt_of

__all__ = ["influence", "model_covariance", "values"]

Array = NDArray[np.float64]


def values(working: Working) -> Array:
    """Return the augmented means under a, under b, and as observed.

    Parameters
    ----------
    working : Working
        With both outcome regressions and the propensity score.

    Returns
    -------
    ndarray, shape (3,)
    """
    tilt = tilt_of(working)
    total = tilt.t.sum()
    arms = [
        (tilt.t @ m + tilt.weights(arm) @ (working.outcome - m)) / total
        for arm in (1, 0)
        for m in (working.regression(arm),)
    ]
    return np.array([*arms, _natural_part(working, tilt).sum() / total])


def influence(working: Working, psi: Array) -> Array:
    """Return the influence of each patient on the three means.

    Parameters
    ----------
    working : Working
        What :func:`values` saw.
    psi : ndarray, shape (3,)
        What it returned.

    Returns
    -------
    ndarray, shape (n, 3)
    """
    tilt = tilt_of(working)
    columns = []
    for column, arm in enumerate((1, 0)):
        m = working.regression(arm)
        columns.append(tilt.t * (m - psi[column]) + tilt.weights(arm) * (working.outcome - m))
    columns.append(_natural_part(working, tilt) - tilt.t * psi[2])
    return np.column_stack(columns) / tilt.mass


def model_covariance(working: Working, psi: Array) -> Array:
    r"""Return the covariance of one patient's influence as the models imply it, all patients.

    .. math:: \operatorname{var}\phi_a = E\Big[\frac{m_a (1 - m_a)}{g_a}\Big] + \operatorname{var} m_a

    It counts on the fitted risks instead of the few observed events, and does not shrink when an arm
    happens to hold none of them.

    Parameters
    ----------
    working : Working
        Binary outcome, population ``"all"``.
    psi : ndarray, shape (3,)
        The three means.

    Returns
    -------
    ndarray, shape (3, 3)
        Of one patient; divide by n.

    References
    ----------
    Tran L, Petersen M, Schwab J, van der Laan MJ (2023). Robust variance estimation and inference for
    causal effect estimation. J Causal Inference 11:20210067 (the idea; here for one time point).
    """
    e = working.score
    m = (working.regression(1), working.regression(0))
    g = (e, 1 - e)
    mixed = g[0] * m[0] + g[1] * m[1]
    centred = np.column_stack([m[0] - psi[0], m[1] - psi[1], mixed - psi[2]])
    answer = centred.T @ centred / len(e)
    for arm in (0, 1):
        binomial = m[arm] * (1 - m[arm])
        answer[arm, arm] += np.mean(binomial / g[arm])
        answer[arm, 2] += np.mean(binomial)
        answer[2, arm] += np.mean(binomial)
    answer[2, 2] += np.mean(mixed * (1 - mixed))
    return np.asarray(answer)


def _natural_part(working: Working, tilt: Tilt) -> Array:
    if working.population != "overlap":
        return tilt.t * working.outcome
    A, e = working.exposed, working.score
    mixed = e * working.regression(1) + (1 - e) * working.regression(0)
    return e * (1 - e) * working.outcome + (1 - 2 * e) * (A - e) * mixed
