r"""Proportions of small groups, drawn towards what all groups have in common.

.. math:: y_g \mid \theta_g \sim N(\theta_g, v_g), \qquad \theta_g \sim N(\mu, \tau^2), \qquad
          \tau \sim \text{half-normal}(1), \quad \mu \text{ flat},

on the logit scale, with :math:`y_g = \log\{(k + \tfrac12) / (n - k + \tfrac12)\}` and
:math:`v_g = 1/(k + \tfrac12) + 1/(n - k + \tfrac12)`. Given tau everything is normal; tau is integrated
out on a grid, so that nobody has to believe one value of it. Gelman, Carlin, Stern, Dunson, Vehtari and Rubin
(2013), Bayesian Data Analysis, section 5.4; Röver (2020), Journal of Statistical Software 93(6), on priors.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from causalmed.results import Interval

__all__ = ["pooled_proportions"]

Array = NDArray[np.float64]
GRID: Final = 201
WIDEST: Final = 4.0
"""Largest tau of the grid, in log odds."""


def pooled_proportions(count: Array, total: Array, *, level: float = 0.95) -> tuple[Interval, ...]:
    """Return a proportion for each group that borrows from the others, with its credible interval.

    Parameters
    ----------
    count, total : ndarray, shape (groups,)
        k of n; effective counts may be fractional. ``total`` above 0.
    level : float
        Of the intervals.

    Returns
    -------
    tuple of Interval
        Posterior medians, with equal-tailed limits; the standard error is the posterior one on the scale of
        the proportion (delta method).

    Examples
    --------
    >>> alone, *others = pooled_proportions(np.array([4.0, 30.0, 34.0]), np.array([5.0, 100.0, 100.0]))
    >>> 0.31 < alone.estimate < 0.7
    True
    """
    y = np.log((count + 0.5) / (total - count + 0.5))
    v = 1 / (count + 0.5) + 1 / (total - count + 0.5)
    weights, mean, spread = _mixture(y, v)
    tail = (1 - level) / 2
    low, middle, high = (_quantile(q, weights, mean, spread) for q in (tail, 0.5, 1 - tail))
    centre = weights @ mean
    deviation = np.sqrt(weights @ (spread**2 + mean**2) - centre**2)
    found = _expit(middle)
    return tuple(
        Interval(
            estimate=float(p),
            low=float(a),
            high=float(b),
            std_error=float(p * (1 - p) * s),
            level=level,
        )
        for p, a, b, s in zip(found, _expit(low), _expit(high), deviation, strict=True)
    )


def _mixture(y: Array, v: Array) -> tuple[Array, Array, Array]:
    """Return weights of the grid of tau, and means and deviations of each theta given tau."""
    tau = np.linspace(0.0, WIDEST, GRID)[:, None]
    precision = 1 / (v + tau**2)
    of_mu = 1 / precision.sum(axis=1, keepdims=True)
    mu = of_mu * (precision * y).sum(axis=1, keepdims=True)
    fit = 0.5 * (np.log(precision) - precision * (y - mu) ** 2).sum(axis=1) + 0.5 * np.log(of_mu[:, 0])
    log_weight = fit - 0.5 * tau[:, 0] ** 2
    weights = np.exp(log_weight - log_weight.max())
    kept = tau**2 * precision
    mean = kept * y + (1 - kept) * mu
    spread = np.sqrt(kept * v + (1 - kept) ** 2 * of_mu)
    return weights / weights.sum(), mean, spread


def _quantile(q: float, weights: Array, mean: Array, spread: Array) -> Array:
    """Return the quantile of a mixture of normals for each group, by bisection."""
    from scipy.special import ndtr

    low, high = (mean - 12 * spread).min(axis=0), (mean + 12 * spread).max(axis=0)
    for _ in range(60):
        middle = (low + high) / 2
        below = weights @ ndtr((middle - mean) / spread) < q
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.asarray((low + high) / 2)


def _expit(value: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-value)))
