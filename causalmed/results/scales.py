"""Every scale of an effect as arithmetic on its functionals.

A scale is a function of the arms' means with a gradient; the delta method does the rest. Ratios
get their limits on the logarithm, the odds ratio on the log odds, the attributable fraction on
``log(1 - PAF)``, because the estimates are closer to normal there.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from causalmed.errors import ScaleNotDefined
from causalmed.results.functionals import Functionals
from causalmed.results.interval import Interval

__all__ = [
    "attributable_fraction",
    "difference",
    "exponential",
    "number_needed",
    "odds_ratio",
    "ratio",
]

_ROUNDING: Final = 1e-12
"""A risk nearer to 0 or 1 than this is 0 or 1 up to the rounding of a mean."""


def difference(arms: Functionals, *, level: float = 0.95) -> Interval:
    r"""Mean difference :math:`E[Y(a)] - E[Y(b)]`.

    Parameters
    ----------
    arms : Functionals
        With labels ``exposed`` and ``unexposed``, or with ``difference`` where only that is identified.
    level : float
        Confidence level, in (0, 1).

    Returns
    -------
    Interval
        In units of the outcome.

    Examples
    --------
    >>> arms = Functionals(labels=("exposed", "unexposed"), values=np.array([0.12, 0.09]),
    ...                    covariance=np.diag([4e-5, 1e-5]), source="influence function")
    >>> print(difference(arms))
    0.030 (95 % CI 0.016 to 0.044)
    """
    if "difference" in arms:
        error = arms.std_error(arms.gradient(difference=1.0))
        return _symmetric(arms["difference"], error, arms, level)
    error = arms.std_error(arms.gradient(exposed=1.0, unexposed=-1.0))
    return _symmetric(arms["exposed"] - arms["unexposed"], error, arms, level)


def ratio(arms: Functionals, *, level: float = 0.95) -> Interval:
    r"""Ratio :math:`E[Y(a)] / E[Y(b)]`, limits made on its logarithm.

    Raises
    ------
    ScaleNotDefined
        A mean is not positive.
    """
    e1, e0 = _positive(arms, "exposed"), _positive(arms, "unexposed")
    error = arms.std_error(arms.gradient(exposed=1 / e1, unexposed=-1 / e0))
    return _from_log(math.log(e1 / e0), error, arms, level)


def odds_ratio(arms: Functionals, *, level: float = 0.95) -> Interval:
    r"""Odds ratio of the two means, limits made on the log odds.

    Raises
    ------
    ScaleNotDefined
        A risk is not strictly between 0 and 1.
    """
    e1, e0 = _risk(arms, "exposed"), _risk(arms, "unexposed")
    log_or = math.log(e1 / (1 - e1)) - math.log(e0 / (1 - e0))
    gradient = arms.gradient(exposed=1 / (e1 * (1 - e1)), unexposed=-1 / (e0 * (1 - e0)))
    return _from_log(log_or, arms.std_error(gradient), arms, level)


def exponential(parts: Functionals, label: str, *, level: float = 0.95) -> Interval:
    """Return a functional on the logarithmic scale, and its limits, as a ratio.

    Examples
    --------
    >>> part = Functionals(labels=("log_odds_ratio",), values=np.array([0.5]),
    ...                    covariance=np.array([[0.01]]), source="influence function")
    >>> print(exponential(part, "log_odds_ratio"))
    1.6 (95 % CI 1.4 to 2.0)
    """
    return _from_log(parts[label], parts.std_error(parts.gradient(**{label: 1.0})), parts, level)


def attributable_fraction(arms: Functionals, *, level: float = 0.95) -> Interval:
    r"""Population attributable fraction :math:`1 - E[Y(b)] / E[Y]`.

    Limits are made on :math:`\log(1 - \mathrm{PAF})`.

    Raises
    ------
    ScaleNotDefined
        A mean is not positive, or the natural course was not estimated.
    """
    e0, ey = _positive(arms, "unexposed"), _positive(arms, "natural")
    gradient = arms.gradient(unexposed=1 / e0, natural=-1 / ey)
    kept = _from_log(math.log(e0 / ey), arms.std_error(gradient), arms, level)
    return Interval(
        estimate=1 - kept.estimate,
        low=1 - kept.high,
        high=1 - kept.low,
        std_error=kept.std_error,
        level=level,
    )


def number_needed(arms: Functionals, *, level: float = 0.95) -> Interval:
    r"""Number needed to treat, :math:`1 / (E[Y(a)] - E[Y(b)])`.

    Positive: patients exposed for one more outcome (harm); negative: for one outcome fewer
    (benefit). Where the difference may be zero the interval runs from benefit through infinity to
    harm and has no standard error (Altman 1998, BMJ 317:1309-1312).
    """
    rd = difference(arms, level=level)
    if rd.estimate == 0:
        raise ScaleNotDefined("The risk difference is exactly 0: no number of patients is needed for it.")
    if rd.low < 0 < rd.high:
        return Interval(
            estimate=1 / rd.estimate,
            low=1 / rd.low,
            high=1 / rd.high,
            std_error=math.nan,
            level=level,
            through_infinity=True,
        )
    return Interval(
        estimate=1 / rd.estimate,
        low=_inverse(rd.high),
        high=_inverse(rd.low),
        std_error=math.nan,
        level=level,
    )


def _inverse(value: float) -> float:
    return 1 / value if value != 0 else math.inf


def _symmetric(estimate: float, error: float, arms: Functionals, level: float) -> Interval:
    half = arms.quantile(level) * error
    return Interval(
        estimate=estimate, low=estimate - half, high=estimate + half, std_error=error, level=level
    )


def _from_log(log_estimate: float, log_error: float, arms: Functionals, level: float) -> Interval:
    half = arms.quantile(level) * log_error
    return Interval(
        estimate=math.exp(log_estimate),
        low=math.exp(log_estimate - half),
        high=_exp(log_estimate + half),
        std_error=math.exp(log_estimate) * log_error,
        level=level,
    )


def _exp(value: float) -> float:
    return float(np.exp(value)) if value < 709 else math.inf


def _positive(arms: Functionals, label: str) -> float:
    value = arms[label]
    if not value > 0:
        raise ScaleNotDefined(f"A ratio needs positive means; {label} is {value:.6g}.")
    return value


def _risk(arms: Functionals, label: str) -> float:
    value = arms[label]
    if not _ROUNDING < value < 1 - _ROUNDING:
        raise ScaleNotDefined(f"Odds need a risk strictly between 0 and 1; {label} is {value:.6g}.")
    return value
