"""Whether acting on the risks does more good than harm: net benefit and its curve."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from causalmed.errors import InvalidArgument
from causalmed.prediction.influence import normal_interval, robust_covariance
from causalmed.results import Interval

__all__ = ["BenefitCurve", "net_benefit", "net_benefit_curve"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class BenefitCurve:
    """Net benefit per patient over a range of thresholds.

    Parameters
    ----------
    thresholds, model, low, high : ndarray, shape (m,)
        Net benefit of acting on the model, with limits that hold at each threshold alone.
    band_low, band_high : ndarray, shape (m,)
        Limits that hold at all thresholds at once.
    treat_all : ndarray, shape (m,)
        Net benefit of acting on everybody; acting on nobody has 0.
    """

    thresholds: Array
    model: Array
    low: Array
    high: Array
    band_low: Array
    band_high: Array
    treat_all: Array


def net_benefit(
    *,
    outcome: Array,
    risk: Array,
    threshold: float,
    cluster: NDArray[np.intp] | None = None,
    level: float = 0.95,
) -> Interval:
    r"""Return the net benefit per patient of acting where risk >= threshold.

    .. math:: NB(t) = \frac{TP}{n} - \frac{FP}{n}\,\frac{t}{1-t}, \qquad
              \phi_i = 1[\hat p_i \ge t]\,(y_i - (1-y_i)\tfrac{t}{1-t}) - NB(t).

    Vickers and Elkin (2006), Medical Decision Making 26:565-574.

    Parameters
    ----------
    outcome, risk : ndarray, shape (n,)
        0 or 1, and in [0, 1].
    threshold : float
        t, in (0, 1): the risk at which the good of acting equals its harm.
    cluster : ndarray of int, optional
        Codes of the clusters.
    level : float
        Confidence level.

    Returns
    -------
    Interval

    Examples
    --------
    >>> y, p = np.array([1.0, 0.0, 0.0, 1.0]), np.array([0.9, 0.8, 0.1, 0.2])
    >>> net_benefit(outcome=y, risk=p, threshold=0.5).estimate
    0.0
    """
    gain = _gain(outcome, risk, np.array([threshold]))
    value, error = _mean_and_error(gain, cluster)
    return normal_interval(float(value[0]), float(error[0]), cluster=cluster, level=level)


def net_benefit_curve(
    *,
    outcome: Array,
    risk: Array,
    thresholds: Array,
    generator: np.random.Generator,
    cluster: NDArray[np.intp] | None = None,
    level: float = 0.95,
    draws: int = 2000,
) -> BenefitCurve:
    """Return net benefit over a range of thresholds with pointwise limits and a uniform band.

    The band uses the quantile of the largest studentised deviation, drawn from the normal with the
    correlation of the influence values.

    Parameters
    ----------
    outcome, risk : ndarray, shape (n,)
        0 or 1, and in [0, 1].
    thresholds : ndarray, shape (m,)
        In (0, 1), increasing.
    generator : numpy.random.Generator
        For the draws behind the band.
    cluster : ndarray of int, optional
        Codes of the clusters.
    level : float
        Confidence level.
    draws : int
        How many.

    Returns
    -------
    BenefitCurve

    Examples
    --------
    >>> y, p = np.array([1.0, 0.0, 0.0, 1.0]), np.array([0.9, 0.8, 0.1, 0.2])
    >>> curve = net_benefit_curve(outcome=y, risk=p, thresholds=np.array([0.1, 0.5]),
    ...                           generator=np.random.default_rng(1))
    >>> curve.treat_all.round(3).tolist()
    [0.444, 0.0]
    """
    gain = _gain(outcome, risk, thresholds)
    value, error = _mean_and_error(gain, cluster)
    z = normal_interval(0.0, 1.0, cluster=cluster, level=level).high
    heavier = z / normal_interval(0.0, 1.0, level=level).high
    wide = max(z, heavier * _largest_deviation(gain, cluster, generator, draws, level))
    harm = thresholds / (1.0 - thresholds)
    treat_all = outcome.mean() - (1.0 - outcome.mean()) * harm
    parts = {
        "thresholds": thresholds.copy(), "model": value, "low": value - z * error, "high": value + z * error,
        "band_low": value - wide * error, "band_high": value + wide * error, "treat_all": treat_all,
    }  # fmt: skip
    for part in parts.values():
        part.setflags(write=False)
    return BenefitCurve(**parts)


def _gain(outcome: Array, risk: Array, thresholds: Array) -> Array:
    """What each patient adds at each threshold, shape (n, m)."""
    if not np.all((thresholds > 0) & (thresholds < 1)):
        raise InvalidArgument(
            "A threshold of net benefit must lie between 0 and 1: it is the risk at which one would act. "
            f"Given: {thresholds.tolist()}."
        )
    harm = thresholds / (1.0 - thresholds)
    worth = outcome[:, None] - (1.0 - outcome[:, None]) * harm[None, :]
    return np.where(risk[:, None] >= thresholds[None, :], worth, 0.0)


def _mean_and_error(gain: Array, cluster: NDArray[np.intp] | None) -> tuple[Array, Array]:
    value = gain.mean(axis=0)
    return value, np.sqrt(np.diag(robust_covariance(gain - value, cluster)))


def _largest_deviation(
    gain: Array, cluster: NDArray[np.intp] | None, generator: np.random.Generator, draws: int, level: float
) -> float:
    covariance = robust_covariance(gain - gain.mean(axis=0), cluster)
    error = np.sqrt(np.diag(covariance))
    used = error > 0
    if not used.any():
        return 0.0
    correlation = covariance[np.ix_(used, used)] / np.outer(error[used], error[used])
    drawn = generator.multivariate_normal(np.zeros(int(used.sum())), correlation, size=draws, method="eigh")
    return float(np.quantile(np.abs(drawn).max(axis=1), level))
