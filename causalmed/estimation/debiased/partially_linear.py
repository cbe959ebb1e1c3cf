r"""The partialling-out score.

.. math:: \psi_i(\theta) = (A_i - m(L_i)) \{Y_i - \ell(L_i) - \theta (A_i - m(L_i))\}

with :math:`\ell(L) = E[Y \mid L]` and :math:`m(L) = E[A \mid L]`. Small errors of either prediction do not
move the root of the mean score, to first order (Chernozhukov V et al. 2018. Econom J 21:C1-C68, equation 4.4;
Robinson PM 1988. Econometrica 56:931-954).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from causalmed.errors import DataError

__all__ = ["Slope", "partial_out"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Slope:
    """An estimate and what it rests on.

    Attributes
    ----------
    estimate : float
        Per unit of the exposure.
    influence : ndarray, shape (n,)
        Of each patient.
    left : float
        Share of the exposure's variance that the adjustment set does not foretell.
    effective : float
        As how many patients the exposures that were not foretold count.
    """

    estimate: float
    influence: Array
    left: float
    effective: float


def partial_out(*, outcome: Array, exposure: Array, outcome_mean: Array, exposure_mean: Array) -> Slope:
    """Regress what is left of the outcome on what is left of the exposure.

    Parameters
    ----------
    outcome, exposure : ndarray, shape (n,)
        Y and A.
    outcome_mean, exposure_mean : ndarray, shape (n,)
        Out-of-fold predictions of each from the adjustment set.

    Returns
    -------
    Slope

    Raises
    ------
    DataError
        The adjustment set foretells the exposure without error.

    Examples
    --------
    >>> A, Y = np.array([0.0, 1, 2, 3]), np.array([1.0, 3, 5, 7])
    >>> means = {"outcome_mean": np.full(4, 4.0), "exposure_mean": np.full(4, 1.5)}
    >>> partial_out(outcome=Y, exposure=A, **means).estimate
    2.0
    """
    v, u = exposure - exposure_mean, outcome - outcome_mean
    squares = v * v
    total = float(squares.sum())
    if not total > 1e-12 * max(float(np.var(exposure)), 1e-300) * len(v):
        raise DataError(
            "The adjustment set foretells the exposure without error, so nothing of it is left to compare. "
            "Leave out the column that decides the exposure."
        )
    estimate = float(v @ u) / total
    influence = v * (u - estimate * v) * len(v) / total
    return Slope(
        estimate=estimate,
        influence=influence,
        left=total / len(v) / float(np.var(exposure)),
        effective=total**2 / float(squares @ squares),
    )
