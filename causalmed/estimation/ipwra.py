r"""Inverse-probability-weighted regression adjustment: weighted regressions, then standardisation.

The outcome regression is fitted with the weights of :mod:`causalmed.estimation.targets`,

.. math:: \sum_i w_i\, x_i \{Y_i - m(A_i, L_i; \beta)\} = 0,

and its predictions are averaged as in g-computation. With a canonical link the weighted residuals of each
arm sum to zero, so the mean is right if either model is (Wooldridge JM 2007. J Econometrics 141:1281-1301,
section 6). The propensity equations, :math:`\sum_i z_i (A_i - e_i) = 0`, are stacked below:

.. math:: \phi_{\beta,i} = I_w^{-1} \Big\{ w_i x_i (Y_i - m_i)
          + \Big[\frac1n \sum_j \dot w_j\, x_j (Y_j - m_j)\, z_j^\top\Big] \phi_{\alpha,i} \Big\}
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from causalmed.estimation import gcomputation, ipw
from causalmed.estimation.models import ArmRegressions, Regression
from causalmed.estimation.targets import Working, tilt_of

__all__ = ["influence", "weights_of"]

Array = NDArray[np.float64]


def weights_of(working: Working) -> tuple[Array, Array]:
    """Return the weights of the exposed and of the unexposed, each zero in the other arm.

    Parameters
    ----------
    working : Working
        With a propensity score.

    Returns
    -------
    tuple of ndarray, shape (n,)
    """
    tilt = tilt_of(working)
    return tilt.w1, tilt.w0


def influence(
    working: Working,
    psi: Array,
    outcome: ArmRegressions,
    propensity: Regression,
    *,
    truncated: NDArray[np.bool_] | None = None,
) -> Array:
    """Return the influence of each patient, the estimation of both models included.

    Parameters
    ----------
    working : Working
        With propensity score and outcome regressions.
    psi : ndarray, shape (3,)
        From :func:`causalmed.estimation.gcomputation.values`.
    outcome : ArmRegressions
        The weighted regressions.
    propensity : Regression
        The model behind the weights.
    truncated : ndarray of bool, shape (n,), optional
        Patients whose score was moved to the bound, where it does not depend on the model any more.

    Returns
    -------
    ndarray, shape (n, 3)
    """
    on_propensity = propensity.coefficient_influence()
    of_exposed, of_unexposed, _ = ipw.slopes(working)

    def one(model: Regression, arm: int | None) -> Array:
        slope = of_exposed + of_unexposed if arm is None else of_exposed if arm else of_unexposed
        slope = slope if truncated is None else np.where(truncated, 0.0, slope)
        moved = (model.scores * slope[:, None]).T @ propensity.matrix / len(slope)
        return model.coefficient_influence(on_propensity @ moved.T)

    return gcomputation.influence(working, psi, outcome, coefficients=outcome.each(one))
