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

from causalmed.estimation.targets import Tilt, Working, mass_of, tilt_of

__all__ = ["influence", "influence_of", "model_covariance", "model_sums", "sums", "values"]

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
    total = working.total(sums)
    return np.asarray(total[:3] / total[3])


def sums(rows: Working) -> Array:
    """Return what a block adds to the three numerators and to their denominator, shape (4,)."""
    tilt = tilt_of(rows)
    arms = [
        tilt.t @ m + tilt.weights(arm) @ (rows.outcome - m) for arm in (1, 0) for m in (rows.regression(arm),)
    ]
    return np.array([*arms, _natural_part(rows, tilt).sum(), tilt.t.sum()])


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
    return influence_of(working, psi, mass_of(working))


def influence_of(rows: Working, psi: Array, mass: float) -> Array:
    """Return the influence of some rows, given the mean tilt of all."""
    tilt = tilt_of(rows)
    columns = []
    for column, arm in enumerate((1, 0)):
        m = rows.regression(arm)
        columns.append(tilt.t * (m - psi[column]) + tilt.weights(arm) * (rows.outcome - m))
    columns.append(_natural_part(rows, tilt) - tilt.t * psi[2])
    return np.column_stack(columns) / mass


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
    return working.total(lambda rows: model_sums(rows, psi)) / len(working.outcome)


def model_sums(rows: Working, psi: Array) -> Array:
    """Return what a block adds to n times the covariance of the models, shape (3, 3)."""
    e = rows.score
    m = (rows.regression(1), rows.regression(0))
    g = (e, 1 - e)
    mixed = g[0] * m[0] + g[1] * m[1]
    centred = np.column_stack([m[0] - psi[0], m[1] - psi[1], mixed - psi[2]])
    answer = centred.T @ centred
    for arm in (0, 1):
        binomial = m[arm] * (1 - m[arm])
        answer[arm, arm] += np.sum(binomial / g[arm])
        answer[arm, 2] += np.sum(binomial)
        answer[2, arm] += np.sum(binomial)
    answer[2, 2] += np.sum(mixed * (1 - mixed))
    return np.asarray(answer)


def _natural_part(working: Working, tilt: Tilt) -> Array:
    if working.population != "overlap":
        return tilt.t * working.outcome
    A, e = working.exposed, working.score
    mixed = e * working.regression(1) + (1 - e) * working.regression(0)
    return e * (1 - e) * working.outcome + (1 - 2 * e) * (A - e) * mixed
