r"""What changes where the propensity score was estimated.

Let C be the covariance of the means with the score equations of the propensity model, D the derivative of
the means of the population by its coefficients (only the exposed and the unexposed change with them) and I
the information. Then the derivative of the matching estimator is G = D - C, and its covariance becomes

.. math:: \Sigma + \tfrac1n \big( C I^{-1} G^\top + G I^{-1} C^\top + G I^{-1} G^\top \big)
          = \Sigma + \tfrac1n \big( D I^{-1} D^\top - C I^{-1} C^\top \big),

theorem 2 of Abadie A, Imbens GW (2016). Econometrica 84:781-807, for several means at once. C holds the
covariance of covariates and outcome among patients of one arm with the same score, which is estimated from
neighbours, as there.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from causalmed.estimation.matching.abadie_imbens import Matched
from causalmed.estimation.matching.found import Array, Search
from causalmed.estimation.models import Regression

__all__ = ["added_covariance", "derivative"]


def added_covariance(C: Array, G: Array, propensity: Regression) -> Array:
    """Return what is added to the covariance of the means.

    Parameters
    ----------
    C, G : ndarray, shape (3, p)
        From :func:`derivative`.
    propensity : Regression
        The model of the exposure.

    Returns
    -------
    ndarray, shape (3, 3)
    """
    R = information_root(propensity)
    half_C, half_G = np.linalg.solve(R.T, C.T).T, np.linalg.solve(R.T, G.T).T
    cross = half_C @ half_G.T
    return np.asarray(cross + cross.T + half_G @ half_G.T) / len(propensity.matrix)


def information_root(propensity: Regression) -> Array:
    """Return R with R'R the information of one patient; the product X'X would square the condition number."""
    p = propensity.fit.mean
    weight = np.sqrt(p * (1 - p) / len(p))
    return np.asarray(np.linalg.qr(propensity.matrix * weight[:, None], mode="r"))


def derivative(
    matched: Matched, psi: Array, search: Search, propensity: Regression, population: str
) -> tuple[Array, Array]:
    """Return C and G of the module's equation for exposed, unexposed, natural.

    Parameters
    ----------
    matched : Matched
        Patients and matches.
    psi : ndarray, shape (3,)
        The means.
    search : Search
        Where the neighbours were found.
    propensity : Regression
        The model of the exposure.
    population : str
        About whom.

    Returns
    -------
    C, G : ndarray, shape (3, p)
    """
    X, p = propensity.matrix, propensity.fit.mean[matched.order]
    A, Y, t = matched.exposed, matched.outcome, matched.target.astype(np.float64)

    def times_design(weights: Array) -> Array:
        return np.asarray(matched.in_cohort(weights) @ X / t.sum())

    def local(arm: int) -> Array:
        weights = np.where(arm == A, matched.weights * (arm - p), 0.0)
        return times_design(_within_score(matched, search, weights))

    if population == "all":
        arms = np.array([local(1), local(0)])
        natural = times_design(t * (Y - psi[2]) * (A - p))
        nothing = np.zeros(X.shape[1])
        return np.vstack([arms, natural]), np.vstack([-arms, nothing])
    own = 1 if population == "exposed" else 0
    other = 1 - own
    at_own, at_other = (0, 1) if own else (1, 0)
    C, G = np.zeros((3, X.shape[1])), np.zeros((3, X.shape[1]))
    C[at_own] = C[2] = times_design(t * (Y - psi[at_own]) * (own - p))
    C[at_other] = times_design(t * (matched.imputed - psi[at_other]) * (own - p)) + local(other)
    comparable: NDArray[np.bool_] = (other == A) & (matched.found.matches > 0)
    G[at_other] = times_design(np.where(comparable, (Y - psi[at_other]) * (p - other), 0.0)) - C[at_other]
    return C, G


def _within_score(matched: Matched, search: Search, weights: Array) -> Array:
    r"""Return h with :math:`X^\top h = \sum_i w_i \frac{m_i}{m_i + 1} (X_i - \bar X_i)(Y_i - \bar Y_i)`.

    The bars are means over the m peers of i; a patient without peers adds nothing.
    """
    peers = matched.found.peers
    given = weights * (peers / (peers + 1.0)) * (matched.outcome - matched.found.peer_mean)
    return given - search.hand_out(given)
