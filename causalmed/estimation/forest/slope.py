r"""Do predicted differences between patients stand for real ones?

The best linear predictor of the effect from what the forest says of patients it had left out:

.. math:: \tilde Y_i = \alpha\, \bar\tau \tilde A_i + \beta (\hat\tau_i - \bar\tau) \tilde A_i + \epsilon_i

:math:`\alpha = 1`: the average is right. :math:`\beta = 1`: a difference between two predictions is as large
as the difference between the effects; :math:`\beta > 1`: the forest says too little, as forests do;
:math:`\beta = 0`: what it says has nothing to do with the effects. The covariance allows for unequal
variances (HC3), or for clusters.

Chernozhukov V, Demirer M, Duflo E, Fernández-Val I (2025). Econometrica 93:1121-1164, theorem 2.1 (best
linear predictor). Athey S, Wager S (2019). Observational Studies 5:37-51, section 3 (out of bag).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from causalmed.estimation.covariance import cluster_sums

__all__ = ["Slope", "fit_slope", "stretched"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Slope:
    """The best linear predictor.

    Attributes
    ----------
    centre : float
        Mean of the predicted effects.
    level, level_error : float
        alpha times the centre: the average effect, and its standard error.
    slope, slope_error : float
        beta and its standard error.
    factor : float
        By how much effects are to be stretched about the centre; at least 1.
    """

    centre: float
    level: float
    level_error: float
    slope: float
    slope_error: float

    @property
    def factor(self) -> float:
        """The slope where it is above 1, drawn toward 1 by as much as chance explains of the distance."""
        above = self.slope - 1.0
        if not above > self.slope_error:
            return 1.0
        return 1.0 + above * (1.0 - (self.slope_error / above) ** 2)


def fit_slope(
    *, exposure: Array, outcome: Array, effects: Array, clusters: NDArray[np.intp] | None, count: int
) -> Slope | None:
    """Fit the best linear predictor; None where all predictions are the same.

    Parameters
    ----------
    exposure, outcome : ndarray, shape (n,)
        Residuals.
    effects : ndarray, shape (n,)
        Predictions for patients that the trees did not see.
    clusters : ndarray of int, shape (n,), or None
        Cluster of each patient, 0 … count - 1.
    count : int
        Number of clusters.
    """
    centre = float(effects.mean())
    X = np.column_stack([exposure, exposure * (effects - centre)])
    gram = X.T @ X
    if not np.linalg.det(gram) > 1e-12 * gram[0, 0] * gram[1, 1] or not np.ptp(effects) > 0:
        return None
    bread = np.linalg.inv(gram)
    beta = bread @ (X.T @ outcome)
    residual = outcome - X @ beta
    if clusters is None:
        scores = X * (residual / (1.0 - np.einsum("ij,jk,ik->i", X, bread, X)))[:, None]
        meat = scores.T @ scores
    else:
        sums = cluster_sums(X * residual[:, None], clusters, count)
        meat = sums.T @ sums * count / (count - 1)
    errors = np.sqrt(np.diag(bread @ meat @ bread))
    return Slope(
        centre=centre,
        level=float(beta[0]),
        level_error=float(errors[0]),
        slope=float(beta[1]),
        slope_error=float(errors[1]),
    )


def stretched(effects: Array, errors: Array, slope: Slope | None) -> tuple[Array, Array]:
    r"""Stretch effects about their mean, and their standard errors.

    .. math:: \bar\tau + f (\hat\tau - \bar\tau), \qquad
              f^2 s^2 + (\hat\tau - \bar\tau)^2 \operatorname{var} \hat\beta
    """
    if slope is None or slope.factor == 1.0:
        return effects, errors
    away = effects - slope.centre
    spread = np.sqrt((slope.factor * errors) ** 2 + (away * slope.slope_error) ** 2)
    return slope.centre + slope.factor * away, spread
