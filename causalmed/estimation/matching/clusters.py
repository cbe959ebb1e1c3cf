r"""Matching among patients of hospitals, who resemble each other.

The theory of Abadie and Imbens is for independent patients. Given exposures and covariates the estimate is
a weighted mean of outcomes, so that it is, but for the bias of inexact matches,

.. math:: \hat\psi_a - \psi_a = \frac1T \sum_i \big[ t_i \{\mu_a(x_i) - \psi_a\}
          + 1\{A_i = a\} (t_i + k_i) \{Y_i - \mu_a(x_i)\} \big] + G I^{-1} \frac1n \sum_i s_i

with s the score equations of the propensity model and G from
:mod:`~causalmed.estimation.matching.estimated_score`. What patients of one hospital add is added up, and
the hospitals are taken as independent. Otsu T, Rai Y (2017. J Am Stat Assoc 112:1720-1732) resample the same
terms. A regression in each arm stands for :math:`\mu_a`; where it is wrong, its error is multiplied by
weights that balance on average, so that the covariance becomes too large, not too small.
"""

from __future__ import annotations

import numpy as np

from causalmed.estimation.matching.abadie_imbens import Matched
from causalmed.estimation.matching.correction import arm_means
from causalmed.estimation.matching.estimated_score import information_root
from causalmed.estimation.matching.found import Array
from causalmed.estimation.models import Regression

__all__ = ["score_design", "terms"]


def terms(
    matched: Matched, psi: Array, design: Array, G: Array | None, propensity: Regression | None
) -> Array:
    """Return what each patient adds to the means, in the order of the cohort.

    Parameters
    ----------
    matched : Matched
        Patients and matches.
    psi : ndarray, shape (3,)
        The means.
    design : ndarray, shape (n, q)
        Regressors of the outcome in each arm, in the order of the search.
    G : ndarray, shape (3, p), or None
        Derivative of the means by the coefficients of the propensity model; None: it is taken as known.
    propensity : Regression or None
        That model.

    Returns
    -------
    ndarray, shape (n, 3)
        Each column with mean zero.
    """
    A, Y, t = matched.exposed, matched.outcome, matched.target.astype(np.float64)
    m1, m0 = arm_means(design, A, Y, np.ones_like(Y))
    weight = matched.weights
    columns = [
        t * (m - psi[k]) + np.where(arm == A, weight * (Y - m), 0.0)
        for k, (arm, m) in enumerate(((1, m1), (0, m0)))
    ]
    columns.append(t * (Y - psi[2]))
    phi = np.column_stack([matched.in_cohort(column) for column in columns]) * (len(Y) / t.sum())
    if G is not None and propensity is not None:
        R = information_root(propensity)
        phi += propensity.scores @ np.linalg.solve(R, np.linalg.solve(R.T, G.T))
    return np.asarray(phi - phi.mean(axis=0))


def score_design(score: Array) -> Array:
    """Return powers 0 to 3 of a standardised score."""
    spread = score.std()
    z = (score - score.mean()) / spread if spread > 0 else np.zeros_like(score)
    return np.column_stack([np.ones_like(z), z, z**2, z**3])
