r"""Correcting what is left of the distance between matches.

.. math:: \hat Y_i(a) = \frac1{|J_i|} \sum_{j \in J_i} \{ Y_j + \hat\mu_a(x_i) - \hat\mu_a(x_j) \}

where :math:`\hat\mu_a` is a linear regression among the patients of arm a who are matches, each weighted by
how often it is one (Abadie A, Imbens GW 2011. J Bus Econ Stat 29:1-11, section 2.3).
"""

from __future__ import annotations

import numpy as np

from causalmed.estimation.matching.found import Array, Found, Search

__all__ = ["arm_means", "corrected"]


def corrected(found: Found, search: Search, exposed: Array, outcome: Array, design: Array) -> Array:
    """Return the corrected other outcome of each patient.

    Parameters
    ----------
    found : Found
        Matches.
    search : Search
        Where they were found.
    exposed, outcome : ndarray, shape (n,)
        A and Y in the order of the search.
    design : ndarray, shape (n, q)
        x with a column of ones, in the order of the search.

    Returns
    -------
    ndarray, shape (n,)
    """
    m1, m0 = arm_means(design, exposed, outcome, found.credit)
    of_other, of_own = np.where(exposed == 1, m0, m1), np.where(exposed == 1, m1, m0)
    moved = found.mean + of_other - search.mean(of_own)
    return np.where(found.matches > 0, moved, 0.0)


def arm_means(design: Array, exposed: Array, outcome: Array, weights: Array) -> tuple[Array, Array]:
    """Return the fitted means of all patients from a weighted linear regression in each arm.

    Collinear columns are shared by the smallest coefficients, which leaves the fit as it is.
    """
    fitted = []
    for arm in (1, 0):
        rows = (exposed == arm) & (weights > 0)
        root = np.sqrt(weights[rows])
        scale = np.abs(design).max(axis=0)
        x = design / np.where(scale > 0, scale, 1.0)
        coefficients = np.linalg.lstsq(x[rows] * root[:, None], outcome[rows] * root, rcond=None)[0]
        fitted.append(np.asarray(x @ coefficients))
    return fitted[0], fitted[1]
