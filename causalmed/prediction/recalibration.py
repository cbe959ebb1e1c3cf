"""Making risks right on patients the model was not trained on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from causalmed.errors import NotConverged
from causalmed.prediction.calibration import logit
from causalmed.regression import fit_logistic

__all__ = ["Recalibration", "recalibrate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalibration:
    r"""A logistic recalibration: :math:`{\rm logit}\,p' = \alpha + \beta\,{\rm logit}\,p`, :math:`\beta > 0`.

    Being increasing, it changes no order of risks: neither the AUROC nor the guarantee of a threshold.

    Parameters
    ----------
    intercept, slope : float
        :math:`\alpha` and :math:`\beta`; 0 and 1 leave risks as they are.

    Examples
    --------
    >>> Recalibration(intercept=0.0, slope=1.0).apply(np.array([0.25])).round(6).tolist()
    [0.25]
    """

    intercept: float = 0.0
    slope: float = 1.0

    def apply(self, risk: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the recalibrated risks."""
        from scipy.special import expit

        return np.asarray(expit(self.intercept + self.slope * logit(risk)))


def recalibrate(risk: NDArray[np.float64], outcome: NDArray[np.float64]) -> Recalibration | None:
    """Fit a logistic recalibration, or return ``None`` where the risks do not rise with the outcome.

    Parameters
    ----------
    risk, outcome : ndarray, shape (n,)
        Of patients the model was not trained on.

    Returns
    -------
    Recalibration or None

    Examples
    --------
    >>> y = np.array([0.0, 1.0, 0.0, 0.0, 1.0, 1.0])
    >>> recalibrate(np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6]), y).slope > 0
    True
    """
    x = logit(risk)
    if np.ptp(x) < 1e-9:
        return None
    try:
        fit = fit_logistic(np.column_stack([np.ones_like(x), x]), outcome, names=["Intercept", "logit risk"])
    except NotConverged:
        return None
    intercept, slope = (float(value) for value in fit.coefficients)
    return Recalibration(intercept=intercept, slope=slope) if slope > 0 else None
