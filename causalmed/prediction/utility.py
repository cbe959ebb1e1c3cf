"""Whether acting on the risks does more good than harm: net benefit and its curve."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from causalmed.errors import InvalidArgument
from causalmed.prediction.influence import normal_interval
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
    found = _alerted(outcome, risk, np.array([threshold]), cluster)
    error = float(np.sqrt(found.covariance(cluster is not None)[0, 0]))
    return normal_interval(float(found.value[0]), error, cluster=cluster, level=level)


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
    found = _alerted(outcome, risk, thresholds, cluster)
    value, covariance = found.value, found.covariance(cluster is not None)
    error = np.sqrt(np.diag(covariance))
    z = normal_interval(0.0, 1.0, cluster=cluster, level=level).high
    heavier = z / normal_interval(0.0, 1.0, level=level).high
    wide = max(z, heavier * _largest_deviation(covariance, generator=generator, draws=draws, level=level))
    treat_all = outcome.mean() - (1.0 - outcome.mean()) * found.harm
    parts = {
        "thresholds": thresholds.copy(), "model": value, "low": value - z * error, "high": value + z * error,
        "band_low": value - wide * error, "band_high": value + wide * error, "treat_all": treat_all,
    }  # fmt: skip
    for part in parts.values():
        part.setflags(write=False)
    return BenefitCurve(**parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Alerted:
    """Patients with and without the outcome at or above each threshold, a row a cluster (or one row)."""

    thresholds: Array
    events: Array
    others: Array
    sizes: Array

    @property
    def harm(self) -> Array:
        """Odds of the thresholds: what a false alert costs in true ones."""
        return np.asarray(self.thresholds / (1.0 - self.thresholds))

    @property
    def value(self) -> Array:
        """Net benefit per patient at each threshold."""
        worth = self.events.sum(axis=0) - self.harm * self.others.sum(axis=0)
        return np.asarray(worth / self.sizes.sum())

    def covariance(self, clustered: bool) -> Array:
        r"""Covariance of net benefit over the thresholds, from counts alone.

        Alone, :math:`E[g_s g_t] = (N_1(u) + h_s h_t N_0(u)) / n` with :math:`u = \max(s, t)`: whoever
        reaches the higher threshold reaches the lower one. In clusters, from the sums within each.
        """
        n, value = self.sizes.sum(), self.value
        if clustered:
            sums = self.events - self.harm * self.others - self.sizes[:, None] * value
            groups = len(self.sizes)
            return np.asarray(groups / (groups - 1) * (sums.T @ sums) / n**2)
        higher = np.maximum.outer(np.arange(len(value)), np.arange(len(value)))
        moments = self.events[0][higher] + np.outer(self.harm, self.harm) * self.others[0][higher]
        return np.asarray((moments / n - np.outer(value, value)) / n)


def _alerted(outcome: Array, risk: Array, thresholds: Array, cluster: NDArray[np.intp] | None) -> _Alerted:
    """Count by cluster and by the highest threshold reached, then add from the top."""
    inside = np.all((thresholds > 0) & (thresholds < 1)) and np.all(np.diff(thresholds) > 0)
    if not len(thresholds) or not inside:
        raise InvalidArgument(
            "Thresholds of net benefit must lie between 0 and 1 and increase: each is a risk at which one "
            f"would act. Given: {thresholds.tolist()}."
        )
    width = len(thresholds) + 1
    codes = np.zeros(len(risk), dtype=np.intp)
    if cluster is not None:
        codes = np.unique(cluster, return_inverse=True)[1]
    rows = int(codes.max()) + 1
    cell = codes * width + np.searchsorted(thresholds, risk, side="right")

    def above(among: NDArray[np.bool_]) -> Array:
        counts = np.bincount(cell[among], minlength=rows * width).reshape(rows, width)
        return np.asarray(counts[:, ::-1].cumsum(axis=1)[:, ::-1][:, 1:], dtype=np.float64)

    return _Alerted(
        thresholds=thresholds,
        events=above(outcome == 1),
        others=above(outcome != 1),
        sizes=np.bincount(codes).astype(np.float64),
    )


def _largest_deviation(
    covariance: Array, *, generator: np.random.Generator, draws: int, level: float
) -> float:
    error = np.sqrt(np.diag(covariance))
    used = error > 0
    if not used.any():
        return 0.0
    correlation = covariance[np.ix_(used, used)] / np.outer(error[used], error[used])
    drawn = generator.multivariate_normal(np.zeros(int(used.sum())), correlation, size=draws, method="eigh")
    return float(np.quantile(np.abs(drawn).max(axis=1), level))
