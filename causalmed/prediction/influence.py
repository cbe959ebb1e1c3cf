"""From influence values to standard errors and intervals, patients alone or in clusters."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from causalmed.results import Interval

__all__ = ["design_effect", "normal_interval", "robust_covariance", "std_error_of_mean"]

Scale = Literal["identity", "logit", "log"]


def robust_covariance(
    influence: NDArray[np.float64], cluster: NDArray[np.intp] | None = None
) -> NDArray[np.float64]:
    r"""Covariance of means from influence values: :math:`n^{-2}\sum_g s_g s_g^\top`.

    :math:`s_g` is the sum of the influence values in cluster g, or one patient's value. With G
    clusters the sum is multiplied by G / (G - 1). Liang and Zeger (1986), Biometrika 73:13-22.

    Parameters
    ----------
    influence : ndarray, shape (n, k)
        Influence values, each column with mean 0.
    cluster : ndarray of int, shape (n,), optional
        Codes from 0.

    Returns
    -------
    ndarray, shape (k, k)

    Examples
    --------
    >>> robust_covariance(np.array([[1.0], [-1.0], [1.0], [-1.0]]))
    array([[0.25]])
    """
    n = influence.shape[0]
    if cluster is None:
        return np.asarray(influence.T @ influence / n**2)
    _, codes = np.unique(cluster, return_inverse=True)
    sums = np.stack([np.bincount(codes, weights=column) for column in influence.T], axis=1)
    groups = sums.shape[0]
    correction = groups / (groups - 1) if groups > 1 else math.nan
    return np.asarray(correction * (sums.T @ sums) / n**2)


def std_error_of_mean(influence: NDArray[np.float64], cluster: NDArray[np.intp] | None = None) -> float:
    """Standard error of a mean from its influence values; see :func:`robust_covariance`.

    Parameters
    ----------
    influence : ndarray, shape (n,)
        Mean 0.
    cluster : ndarray of int, shape (n,), optional
        Codes of the clusters.

    Returns
    -------
    float

    Examples
    --------
    >>> std_error_of_mean(np.array([1.0, -1.0, 1.0, -1.0]))
    0.5
    """
    return math.sqrt(float(robust_covariance(influence[:, None], cluster)[0, 0]))


def design_effect(influence: NDArray[np.float64], cluster: NDArray[np.intp] | None) -> float:
    """How many times wider the variance is because patients come in clusters; at least 1.

    Kish (1965), Survey Sampling, section 8.2. A proportion is then given the interval of n divided
    by this (Korn and Graubard 1998, Survey Methodology 24:193-201).

    Parameters
    ----------
    influence : ndarray, shape (n,)
        Influence values of the mean.
    cluster : ndarray of int or None
        Codes of the clusters; ``None`` gives 1.

    Returns
    -------
    float

    Examples
    --------
    >>> design_effect(np.array([1.0, 1.0, -1.0, -1.0]), np.array([0, 0, 1, 1]))
    4.0
    """
    if cluster is None:
        return 1.0
    alone = std_error_of_mean(influence)
    together = std_error_of_mean(influence, cluster)
    return max(1.0, (together / alone) ** 2) if alone > 0 and math.isfinite(together) else 1.0


def normal_interval(
    estimate: float,
    std_error: float,
    *,
    cluster: NDArray[np.intp] | None = None,
    level: float = 0.95,
    scale: Scale = "identity",
) -> Interval:
    """Return a Wald interval, made on the logit or log scale where the estimate is bounded.

    Parameters
    ----------
    estimate, std_error : float
        On the scale of the estimate; the delta method moves the error.
    cluster : ndarray of int, optional
        With G clusters the quantile is Student's with G - 1 degrees of freedom.
    level : float
        Confidence level.
    scale : {"identity", "logit", "log"}
        Where the limits are made. A value at the border of its range gets limits on its own scale.

    Returns
    -------
    Interval

    Examples
    --------
    >>> print(normal_interval(0.8, 0.05, scale="logit"))
    0.80 (95 % CI 0.68 to 0.88)
    """
    z = _quantile(cluster, level)
    if scale == "logit" and 0.0 < estimate < 1.0:
        middle, slope = math.log(estimate / (1 - estimate)), estimate * (1 - estimate)
        low, high = (1 / (1 + math.exp(-_bounded(middle + s * z * std_error / slope))) for s in (-1, 1))
    elif scale == "log" and estimate > 0.0:
        low, high = (estimate * math.exp(_bounded(s * z * std_error / estimate)) for s in (-1, 1))
    else:
        low, high = estimate - z * std_error, estimate + z * std_error
    return Interval(estimate=estimate, low=low, high=high, std_error=std_error, level=level)


def _bounded(value: float) -> float:
    return min(max(value, -700.0), 700.0)


def _quantile(cluster: NDArray[np.intp] | None, level: float) -> float:
    from scipy.special import ndtri, stdtrit

    if cluster is None:
        return float(ndtri(0.5 + level / 2))
    groups = len(np.unique(cluster))
    return float(stdtrit(groups - 1, 0.5 + level / 2)) if groups > 1 else math.nan
