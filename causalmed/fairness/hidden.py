r"""How strong a hidden cause must be to make a part of a disparity vanish."""

from __future__ import annotations

import math

__all__ = ["robustness"]


def robustness(distance: float, scale: float) -> float:
    r"""Return the share that a hidden cause must explain to move a part by a distance.

    .. math:: |\mathrm{bias}| \le S \sqrt{C_Y \frac{C_D}{1 - C_D}}, \qquad
              S^2 = E[1\{X = x_1\}(Y - \mu)^2]\; E[\alpha^2], \qquad
              \alpha = \frac{1\{X = x_1\}}{P(x_0)} \frac{1 - \pi}{\pi}

    (Chernozhukov, Cinelli, Newey, Sharma and Syrgkanis 2022, NBER 30302, theorem 2, for the mean of one group
    carried over to another). With :math:`C_Y = C_D = \rho` the bias reaches a distance d where
    :math:`\rho^2 / (1 - \rho) = (d/S)^2`.

    Parameters
    ----------
    distance : float
        How far the part lies from 0, at least 0.
    scale : float
        S, at least 0; with 0 nothing hidden can move the part.

    Returns
    -------
    float
        In [0, 1].

    Examples
    --------
    >>> round(robustness(0.05, 1.0), 4)
    0.0488
    """
    if distance <= 0:
        return 0.0
    if scale <= 0:
        return 1.0
    q = (distance / scale) ** 2
    return (math.sqrt(q * q + 4 * q) - q) / 2
