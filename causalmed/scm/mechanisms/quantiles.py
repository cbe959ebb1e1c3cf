r"""A distribution of numbers from a few of its quantiles.

Between the quantiles :math:`q_1 < … < q_K` at the levels :math:`p_1 < … < p_K` the distribution function is a
straight line; beyond them it has exponential tails of mean :math:`a` and :math:`b` times the spread
:math:`s = q_K - q_1`:

.. math:: Q(u) = q_1 + a s \log(u / p_1) \;(u < p_1), \qquad
          Q(u) = q_K - b s \log\{(1 - u) / (1 - p_K)\} \;(u > p_K).

Predicted quantiles may cross; they are sorted (Chernozhukov, Fernández-Val and Galichon 2010), the k-th then
raised by k times a small gap so that they ascend.

References
----------
Chernozhukov V, Fernández-Val I, Galichon A (2010). Quantile and probability curves without crossing.
Econometrica 78(3):1093-1125.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from causalmed.errors import InvalidArgument
from causalmed.scm.terms import FloatArray

__all__ = ["QuantileLaw", "calibrated", "residual_law"]

_LEAST: float = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantileLaw:
    """Levels, tails and gap of distributions that are given by their quantiles.

    Parameters
    ----------
    levels : tuple of float
        Ascending, in (0, 1), at least two.
    low_tail, high_tail : float
        Mean of what lies beyond the outermost quantiles, in units of their distance; positive.
    gap : float
        Least distance of neighbouring quantiles, in the unit of the node; positive.

    Raises
    ------
    InvalidArgument
        Levels that do not ascend, tails or a gap that are not positive.

    Examples
    --------
    >>> law = QuantileLaw(levels=(0.25, 0.5, 0.75), low_tail=0.3, high_tail=0.3, gap=1e-9)
    >>> law.quantile(np.array([-1.0, 0.0, 1.0]), np.array([0.5, 0.625])).round(3).tolist()
    [0.0, 0.5]
    """

    levels: tuple[float, ...]
    low_tail: float
    high_tail: float
    gap: float

    def __post_init__(self) -> None:
        levels = np.asarray(self.levels)
        if len(levels) < 2 or levels[0] <= 0 or levels[-1] >= 1 or np.any(np.diff(levels) <= 0):
            raise InvalidArgument(f"levels={self.levels!r} must ascend within (0, 1), at least two of them.")
        if not (self.low_tail > 0 and self.high_tail > 0 and self.gap > 0):
            raise InvalidArgument("Tails and the gap of a distribution by quantiles must be positive.")

    def arranged(self, grid: FloatArray) -> FloatArray:
        """Return predicted quantiles in ascending order, shape (…, K)."""
        return np.asarray(np.sort(grid, axis=-1) + self.gap * np.arange(len(self.levels)))

    def quantile(self, grid: FloatArray, u: FloatArray) -> FloatArray:
        """Return the value at u given predicted quantiles of shape (…, K)."""
        q, p = self.arranged(grid), np.asarray(self.levels)
        place = np.clip(np.searchsorted(p, u, side="right") - 1, 0, len(p) - 2)
        low, high, wide = q[..., 0], q[..., -1], q[..., -1] - q[..., 0]
        q = np.broadcast_to(q, (*np.broadcast_shapes(q.shape[:-1], u.shape), len(p)))
        place = np.broadcast_to(place, q.shape[:-1])
        left, right = (np.take_along_axis(q, (place + k)[..., np.newaxis], axis=-1)[..., 0] for k in (0, 1))
        inside = left + (u - p[place]) / (p[place + 1] - p[place]) * (right - left)
        tiny = np.clip(u, _LEAST**20, 1.0)
        below = low + self.low_tail * wide * np.log(tiny / p[0])
        above = high - self.high_tail * wide * np.log(np.maximum(1 - u, 1e-17) / (1 - p[-1]))
        return np.asarray(np.where(u < p[0], below, np.where(u > p[-1], above, inside)))

    def cdf(self, grid: FloatArray, values: FloatArray) -> FloatArray:
        """Return the probability of at most each value."""
        q, p, place, left, width = self._found(grid, values)
        inside = p[place] + (values - left) / width * (p[place + 1] - p[place])
        wide = q[..., -1] - q[..., 0]
        below = p[0] * np.exp(np.minimum(0.0, (values - q[..., 0]) / (self.low_tail * wide)))
        above = 1 - (1 - p[-1]) * np.exp(np.minimum(0.0, (q[..., -1] - values) / (self.high_tail * wide)))
        return np.asarray(np.where(values < q[..., 0], below, np.where(values > q[..., -1], above, inside)))

    def log_density(self, grid: FloatArray, values: FloatArray) -> FloatArray:
        """Return the log density of each value."""
        q, p, place, _, width = self._found(grid, values)
        inside = np.log(p[place + 1] - p[place]) - np.log(width)
        wide = q[..., -1] - q[..., 0]
        ends = []
        for mass, tail, beyond in (
            (p[0], self.low_tail * wide, q[..., 0] - values),
            (1 - p[-1], self.high_tail * wide, values - q[..., -1]),
        ):
            ends.append(np.log(mass / tail) - np.maximum(0.0, beyond) / tail)
        outside = np.where(values < q[..., 0], ends[0], ends[1])
        return np.asarray(np.where((values < q[..., 0]) | (values > q[..., -1]), outside, inside))

    def mean(self, grid: FloatArray) -> FloatArray:
        """Return the mean given predicted quantiles of shape (…, K)."""
        q, p = self.arranged(grid), np.asarray(self.levels)
        wide = q[..., -1] - q[..., 0]
        inside = np.sum(np.diff(p) * (q[..., 1:] + q[..., :-1]) / 2, axis=-1)
        below = p[0] * (q[..., 0] - self.low_tail * wide)
        return np.asarray(inside + below + (1 - p[-1]) * (q[..., -1] + self.high_tail * wide))

    def _found(
        self, grid: FloatArray, values: FloatArray
    ) -> tuple[FloatArray, FloatArray, np.ndarray, FloatArray, FloatArray]:
        """Return quantiles, levels, the piece that holds each value, its left end and its width."""
        q, p = self.arranged(grid), np.asarray(self.levels)
        shape = np.broadcast_shapes(q.shape[:-1], values.shape)
        place = np.clip(np.sum(values[..., np.newaxis] >= q, axis=-1) - 1, 0, len(p) - 2)
        q = np.broadcast_to(q, (*shape, len(p)))
        left, right = (np.take_along_axis(q, (place + k)[..., np.newaxis], axis=-1)[..., 0] for k in (0, 1))
        return q, p, place, left, right - left


def calibrated(grid: FloatArray, values: FloatArray, *, gap: float) -> QuantileLaw:
    r"""Return the law whose levels and tails are those that held among patients kept out of the fit.

    The k-th predicted quantile gets the level :math:`(\#\{i : y_i \le q_k(x_i)\} + 1/2) / (m + 1)`, so that a
    new patient lies below it with that probability to within 1/(m + 1): split conformal prediction, level by
    level.

    Parameters
    ----------
    grid : ndarray, shape (m, K)
        Predicted quantiles.
    values : ndarray, shape (m,)
        What was observed.
    gap : float
        See :class:`QuantileLaw`.

    References
    ----------
    Vovk V, Gammerman A, Shafer G (2005). Algorithmic learning in a random world, section 2.2.
    """
    m, k = grid.shape
    q = np.sort(grid, axis=-1) + gap * np.arange(k)
    share = ((values[:, np.newaxis] <= q).sum(axis=0) + 0.5) / (m + 1)
    share = np.maximum.accumulate(share + np.arange(k) * 1e-6 / k)
    levels = share / max(1.0, float(share[-1]) / (1 - 0.25 / (m + 1)))
    wide = q[:, -1] - q[:, 0]
    tails = []
    for beyond in ((q[:, 0] - values) / wide, (values - q[:, -1]) / wide):
        out = beyond[beyond > 0]
        tails.append((float(out.sum()) + 0.15) / (len(out) + 1.0))
    return QuantileLaw(
        levels=tuple(levels.tolist()), low_tail=max(tails[0], 1e-6), high_tail=max(tails[1], 1e-6), gap=gap
    )


def residual_law(residuals: FloatArray, *, pieces: int = 64) -> tuple[tuple[float, ...], QuantileLaw]:
    """Return quantiles and law of residuals of patients kept out of the fit.

    Parameters
    ----------
    residuals : ndarray, shape (m,)
        Observed less predicted.
    pieces : int
        Number of quantiles at most; about m / 8 where patients are few.
    """
    m = len(residuals)
    count = int(np.clip(m // 8, 4, pieces))
    probabilities = (np.arange(count) + 0.5) / count
    grid = np.quantile(residuals, probabilities)
    gap = 1e-3 * (float(np.std(residuals)) or 1.0)
    law = calibrated(np.broadcast_to(grid, (m, count)), residuals, gap=gap)
    return tuple(grid.tolist()), law
