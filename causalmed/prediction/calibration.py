"""Whether risks are right: in the large, in their spread, and along the whole range."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from causalmed.prediction.influence import normal_interval, robust_covariance
from causalmed.prediction.spline import restricted_cubic
from causalmed.regression import fit_logistic
from causalmed.results import Interval

__all__ = ["CalibrationCurve", "WeakCalibration", "calibration_curve", "logit", "weak_calibration"]

CLIP = 1e-6
"""Risks nearer to 0 or 1 are moved here before their logarithm is taken; how many is always said."""

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class WeakCalibration:
    r"""The two questions a logistic recalibration answers; they are two models, and two intercepts.

    Parameters
    ----------
    in_the_large : Interval
        :math:`a` in :math:`{\rm logit} P(Y=1) = a + {\rm logit}\,\hat p` (slope fixed at 1); 0 where the
        risks are right on average.
    intercept, slope : Interval
        :math:`\alpha, \beta` in :math:`{\rm logit} P(Y=1) = \alpha + \beta\,{\rm logit}\,\hat p`; slope 1
        where the spread is right, below 1 where risks are too extreme.
    """

    in_the_large: Interval
    intercept: Interval
    slope: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationCurve:
    r"""The smoothed observed risk o(p), and how far it is from p.

    Parameters
    ----------
    predicted, observed, low, high : ndarray, shape (m,)
        The curve with its pointwise limits, at predicted risks from the 1st to the 99th percentile.
    ici, e50, e90 : Interval
        Mean, median and 90th percentile of :math:`|\hat p - o(\hat p)|` over the patients.
    ici_if_perfect : float
        The mean ICI that right risks would show with as many patients and clusters: noise alone.
    """

    predicted: Array
    observed: Array
    low: Array
    high: Array
    ici: Interval
    e50: Interval
    e90: Interval
    ici_if_perfect: float


def logit(risk: Array) -> Array:
    """Return log(p / (1 - p)), with p kept ``CLIP`` away from 0 and 1.

    Parameters
    ----------
    risk : ndarray, shape (n,)
        In [0, 1].

    Returns
    -------
    ndarray, shape (n,)

    Examples
    --------
    >>> logit(np.array([0.5, 0.0])).round(2).tolist()
    [0.0, -13.82]
    """
    p = np.clip(risk, CLIP, 1.0 - CLIP)
    return np.asarray(np.log(p) - np.log1p(-p))


def weak_calibration(
    *, outcome: Array, risk: Array, cluster: NDArray[np.intp] | None = None, level: float = 0.95
) -> WeakCalibration:
    """Estimate calibration in the large, calibration intercept and slope.

    Cox (1958), Biometrika 45:562-565; the names as in Van Calster et al. (2019), BMC Medicine 17:230.
    Intervals from influence values, so that they hold where the logistic recalibration is itself wrong,
    and summed within clusters.

    Parameters
    ----------
    outcome : ndarray, shape (n,)
        0 or 1, both present.
    risk : ndarray, shape (n,)
        In [0, 1].
    cluster : ndarray of int, optional
        Codes of the clusters.
    level : float
        Confidence level.

    Returns
    -------
    WeakCalibration

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> p = rng.uniform(0.02, 0.4, 2000)
    >>> y = (rng.random(2000) < p).astype(float)
    >>> abs(weak_calibration(outcome=y, risk=p).slope.estimate - 1) < 0.2
    True
    """
    x = logit(risk)
    ones = np.ones((len(x), 1))
    large, influence_large = _fit(ones, outcome, offset=x)
    if np.ptp(x) < 1e-12:
        return _of_a_constant(large, influence_large, cluster, level)
    both, influence_both = _fit(np.column_stack([ones, x]), outcome)
    intervals = [
        normal_interval(float(value), float(error), cluster=cluster, level=level)
        for coefficients, influence in ((large, influence_large), (both, influence_both))
        for value, error in zip(
            coefficients, np.sqrt(np.diag(robust_covariance(influence, cluster))), strict=True
        )
    ]
    return WeakCalibration(in_the_large=intervals[0], intercept=intervals[1], slope=intervals[2])


def calibration_curve(
    *,
    outcome: Array,
    risk: Array,
    cluster: NDArray[np.intp] | None = None,
    level: float = 0.95,
    generator: np.random.Generator,
    draws: int = 500,
) -> CalibrationCurve:
    r"""Smooth the observed risk by a logistic regression on a restricted cubic spline of logit p.

    Four knots at the 5th, 35th, 65th and 95th percentile (Harrell 2015, Regression Modeling Strategies,
    2nd ed., section 2.4); fewer where the risks have fewer values. ICI, E50 and E90 as in Austin and
    Steyerberg (2019), Statistics in Medicine 38:4051-4065, who smooth by loess or by splines. Their
    intervals come from draws of the spline's coefficients from the normal with their sandwich covariance.
    An absolute distance is biased upwards: so 0 is inside unless the estimate lies above what right risks
    would show, otherwise the lower limit reflects the draws, and the upper limit is conservative.

    Parameters
    ----------
    outcome, risk : ndarray, shape (n,)
        0 or 1, and in [0, 1].
    cluster : ndarray of int, optional
        Codes of the clusters.
    level : float
        Confidence level.
    generator : numpy.random.Generator
        For the draws.
    draws : int
        How many.

    Returns
    -------
    CalibrationCurve

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> p = rng.uniform(0.02, 0.4, 2000)
    >>> y = (rng.random(2000) < p).astype(float)
    >>> curve = calibration_curve(outcome=y, risk=p, generator=rng)
    >>> curve.ici.estimate < 0.03, 0.0 in curve.ici
    (True, True)
    """
    x = logit(risk)
    spline = restricted_cubic(x)
    beta, influence = _fit(spline.basis(x), outcome)
    covariance = robust_covariance(influence, cluster)
    grid = np.linspace(float(np.quantile(x, 0.01)), float(np.quantile(x, 0.99)), 60)
    middle, low, high = _band(spline.basis(grid), beta, covariance, cluster, level)
    rows = np.sort(x)[_evenly(len(x), 4096)]
    basis, p = spline.basis(rows), _expit(rows)
    spread, effect = _spread(influence, cluster, level)
    beta_b = generator.multivariate_normal(beta, spread, size=draws, method="eigh")
    found, drawn = _distances(basis, p, beta[None, :])[0], _distances(basis, p, beta_b)
    null = _distances(basis, p, _null_draws(basis, p, len(x) / effect, generator, draws))
    ici, e50, e90 = (_distance_interval(found[k], drawn[:, k], null[:, k], level) for k in range(3))
    return CalibrationCurve(
        predicted=_frozen(_expit(grid)), observed=_frozen(middle), low=_frozen(low), high=_frozen(high),
        ici=ici, e50=e50, e90=e90, ici_if_perfect=float(null[:, 0].mean()),
    )  # fmt: skip


def _of_a_constant(
    large: Array, influence: Array, cluster: NDArray[np.intp] | None, level: float
) -> WeakCalibration:
    """Calibration of one risk for everybody: it has no spread, so slope and intercept do not exist."""
    error = float(np.sqrt(robust_covariance(influence, cluster)[0, 0]))
    none = normal_interval(np.nan, np.nan, level=level)
    in_the_large = normal_interval(float(large[0]), error, cluster=cluster, level=level)
    return WeakCalibration(in_the_large=in_the_large, intercept=none, slope=none)


def _fit(matrix: Array, outcome: Array, offset: Array | None = None) -> tuple[Array, Array]:
    """Coefficients of a logistic regression and the influence of each patient on them, (n, p)."""
    fit = fit_logistic(matrix, outcome, offset=offset)
    weight = fit.mean * (1.0 - fit.mean)
    information = matrix.T @ (matrix * weight[:, None]) / len(outcome)
    scores = matrix * (outcome - fit.mean)[:, None]
    return fit.coefficients, np.asarray(np.linalg.solve(information, scores.T).T, dtype=np.float64)


def _band(
    basis: Array, beta: Array, covariance: Array, cluster: NDArray[np.intp] | None, level: float
) -> tuple[Array, Array, Array]:
    unit = normal_interval(0.0, 1.0, cluster=cluster, level=level)
    eta = basis @ beta
    error = np.sqrt(np.einsum("ij,jk,ik->i", basis, covariance, basis))
    return _expit(eta), _expit(eta - unit.high * error), _expit(eta + unit.high * error)


def _distances(basis: Array, p: Array, coefficients: Array) -> Array:
    """ICI, E50, E90 for each row of coefficients, shape (draws, 3)."""
    distance = np.abs(_expit(coefficients @ basis.T) - p[None, :])
    return np.column_stack([distance.mean(axis=1), *np.quantile(distance, [0.5, 0.9], axis=1)])


def _spread(influence: Array, cluster: NDArray[np.intp] | None, level: float) -> tuple[Array, float]:
    """Covariance to draw from, of full rank, and the mean factor by which clusters widen it.

    Sums of G clusters span at most G - 1 directions, so the patients' own covariance is widened by the mean
    design effect instead.
    """
    alone = robust_covariance(influence)
    if cluster is None:
        return alone, 1.0
    ratio = np.diag(robust_covariance(influence, cluster)) / np.diag(alone)
    heavier = normal_interval(0.0, 1.0, cluster=cluster, level=level).high
    heavier /= normal_interval(0.0, 1.0, level=level).high
    effect = max(1.0, float(ratio.mean())) * heavier**2
    return alone * effect, effect


def _null_draws(basis: Array, p: Array, n: float, generator: np.random.Generator, draws: int) -> Array:
    """Draw spline coefficients as estimated from n patients whose risks are exactly p."""
    perfect = np.linalg.lstsq(basis, logit(p), rcond=None)[0]
    information = basis.T @ (basis * (p * (1 - p))[:, None]) * (n / len(p))
    return np.asarray(
        generator.multivariate_normal(perfect, np.linalg.pinv(information), size=draws, method="eigh")
    )


def _distance_interval(estimate: float, drawn: Array, null: Array, level: float) -> Interval:
    """Limits of a mean absolute distance, which noise alone makes positive.

    0 is inside unless the estimate lies above what right risks would show; else the lower limit reflects the
    draws, which takes their upward bias out. The upper limit keeps it, and is conservative.
    """
    above = float(np.quantile(drawn, 0.5 + level / 2))
    right = estimate <= np.quantile(null, 0.5 + level / 2)
    return Interval(
        estimate=float(estimate),
        low=0.0 if right else max(0.0, float(2 * estimate - above)),
        high=max(float(estimate), above),
        std_error=float(drawn.std(ddof=1)),
        level=level,
    )


def _evenly(n: int, most: int) -> NDArray[np.intp]:
    return np.unique(np.linspace(0, n - 1, min(n, most)).round().astype(np.intp))


def _expit(x: Array) -> Array:
    from scipy.special import expit

    return np.asarray(expit(x))


def _frozen(values: Array) -> Array:
    values.setflags(write=False)
    return values
