"""Intervals for proportions, and for the difference of two, that hold in small groups."""

from __future__ import annotations

import math

from causalmed.errors import InvalidArgument
from causalmed.results import Interval

__all__ = [
    "difference_limits",
    "difference_p_value",
    "exact_limits",
    "newcombe",
    "proportion",
    "wilson_limits",
]

EXACT_BELOW = 10
"""With fewer events (or non-events) than this the exact limits replace Wilson's."""


def wilson_limits(*, count: float, total: float, z: float) -> tuple[float, float]:
    r"""Score limits of a proportion: the roots in p of :math:`|\hat p - p| = z\sqrt{p(1-p)/n}`.

    Wilson (1927), JASA 22:209-212.

    Parameters
    ----------
    count, total : float
        k of n; an effective sample size may be fractional.
    z : float
        Normal quantile of the level, for example 1.96.

    Returns
    -------
    tuple of float
        Lower and upper limit, in [0, 1].

    Examples
    --------
    >>> [round(limit, 4) for limit in wilson_limits(count=81, total=263, z=1.959964)]
    [0.2553, 0.3662]
    """
    p = count / total
    shrink = 1.0 + z * z / total
    centre = (p + z * z / (2.0 * total)) / shrink
    half = z * math.sqrt(p * (1.0 - p) / total + z * z / (4.0 * total * total)) / shrink
    low = 0.0 if count <= 0 else max(0.0, centre - half)
    high = 1.0 if count >= total else min(1.0, centre + half)
    return low, high


def exact_limits(*, count: float, total: float, z: float) -> tuple[float, float]:
    """Clopper-Pearson limits of a proportion: both binomial tails are at most half of 1 - level.

    Clopper and Pearson (1934), Biometrika 26:404-413, through beta quantiles.

    Parameters
    ----------
    count, total : float
        k of n.
    z : float
        Normal quantile of the level.

    Returns
    -------
    tuple of float

    Examples
    --------
    >>> [round(limit, 4) for limit in exact_limits(count=1, total=29, z=1.959964)]
    [0.0009, 0.1776]
    """
    from scipy.special import betaincinv, ndtr

    tail = float(ndtr(-z))
    low = 0.0 if count <= 0 else float(betaincinv(count, total - count + 1.0, tail))
    high = 1.0 if count >= total else float(betaincinv(count + 1.0, total - count, 1.0 - tail))
    return low, high


def proportion(count: float, total: float, *, level: float = 0.95, exact: bool | None = None) -> Interval:
    """Return a proportion with its interval: Wilson's, or exact where counts are small.

    Parameters
    ----------
    count, total : float
        k of n, ``0 <= count <= total`` and ``total > 0``.
    level : float
        Confidence level, in (0, 1).
    exact : bool, optional
        Clopper-Pearson instead of Wilson; by default where fewer than 10 events or non-events are
        behind the proportion.

    Returns
    -------
    Interval
        Its standard error is the binomial one.

    Raises
    ------
    InvalidArgument
        If the counts are not a proportion.

    Examples
    --------
    >>> print(proportion(81, 263))
    0.31 (95 % CI 0.26 to 0.37)
    """
    _require_counts(count, total)
    z = _z(level)
    low, high = _limits(count, total, z, exact)
    p = count / total
    return Interval(estimate=p, low=low, high=high, std_error=math.sqrt(p * (1 - p) / total), level=level)


def newcombe(
    count: float,
    total: float,
    reference_count: float,
    reference_total: float,
    *,
    level: float = 0.95,
    exact: bool | None = None,
    shift: float = 0.0,
) -> Interval:
    r"""Return the difference of two independent proportions by squaring and adding.

    With :math:`d = p_1 - p_2` and the single limits :math:`l_i, u_i` the interval is

    .. math:: d - \sqrt{(p_1-l_1)^2 + (u_2-p_2)^2}\ \text{ to }\ d + \sqrt{(u_1-p_1)^2 + (p_2-l_2)^2},

    Newcombe (1998), Statistics in Medicine 17:873-890, method 10 (Wilson limits). Where counts are
    small the single limits are exact ones, which makes the difference conservative.

    Parameters
    ----------
    count, total : float
        k of n in the group.
    reference_count, reference_total : float
        k of n in the reference group.
    level : float
        Confidence level, in (0, 1).
    exact : bool, optional
        Which single limits; by default each by its own counts (see :func:`proportion`). ``False`` is
        method 10 as published.
    shift : float
        A known constant subtracted from the difference (a difference of expected risks).

    Returns
    -------
    Interval

    Examples
    --------
    >>> print(newcombe(56, 70, 48, 80, exact=False))
    0.20 (95 % CI 0.052 to 0.33)
    """
    _require_counts(count, total)
    _require_counts(reference_count, reference_total)
    p, q = count / total, reference_count / reference_total
    low, high = difference_limits(
        (count, total), (reference_count, reference_total), z=_z(level), exact=exact
    )
    std_error = math.sqrt(p * (1 - p) / total + q * (1 - q) / reference_total)
    return Interval(
        estimate=p - q - shift, low=low - shift, high=high - shift, std_error=std_error, level=level
    )


def difference_limits(
    group: tuple[float, float], reference: tuple[float, float], *, z: float, exact: bool | None = None
) -> tuple[float, float]:
    """Limits of the difference of two proportions at the normal quantile ``z``; see :func:`newcombe`.

    Parameters
    ----------
    group, reference : tuple of float
        (count, total) of each.
    z : float
        Normal quantile of the level.
    exact : bool, optional
        Which single limits.

    Returns
    -------
    tuple of float

    Examples
    --------
    >>> low, high = difference_limits((56, 70), (48, 80), z=1.959964, exact=False)
    >>> round(low, 4), round(high, 4)
    (0.0524, 0.3339)
    """
    p, q = group[0] / group[1], reference[0] / reference[1]
    low_1, high_1 = _limits(*group, z, exact)
    low_2, high_2 = _limits(*reference, z, exact)
    below = math.hypot(p - low_1, high_2 - q)
    above = math.hypot(high_1 - p, q - low_2)
    return p - q - below, p - q + above


def difference_p_value(
    group: tuple[float, float],
    reference: tuple[float, float],
    *,
    shift: float = 0.0,
    exact: bool | None = None,
) -> float:
    """Return the p-value at which the interval of the difference just touches ``shift``.

    So that a test at any level (Holm's among them) and the interval at that level never disagree.

    Parameters
    ----------
    group, reference : tuple of float
        (count, total) of each.
    shift : float
        The difference under the hypothesis.
    exact : bool, optional
        Which single limits; see :func:`newcombe`.

    Returns
    -------
    float
        Two-sided, in [0, 1].

    Examples
    --------
    >>> round(difference_p_value((56, 70), (48, 80), exact=False), 4)
    0.0081
    """
    from scipy.optimize import brentq
    from scipy.special import ndtr

    distance = group[0] / group[1] - reference[0] / reference[1] - shift
    if distance == 0.0:
        return 1.0

    def gap(z: float) -> float:
        low, high = difference_limits(group, reference, z=z, exact=exact)
        return low - shift if distance > 0 else shift - high

    if gap(_Z_MIN) <= 0:
        return 1.0
    if gap(_Z_MAX) > 0:
        return float(2.0 * ndtr(-_Z_MAX))
    return float(2.0 * ndtr(-brentq(gap, _Z_MIN, _Z_MAX, xtol=1e-10)))


_Z_MIN, _Z_MAX = 1e-6, 8.0


def _limits(count: float, total: float, z: float, exact: bool | None) -> tuple[float, float]:
    small = min(count, total - count) < EXACT_BELOW if exact is None else exact
    return (exact_limits if small else wilson_limits)(count=count, total=total, z=z)


def _z(level: float) -> float:
    from scipy.special import ndtri

    if not 0 < level < 1:
        raise InvalidArgument(
            f"level={level!r} is not between 0 and 1. It is the share of intervals that should hold the "
            "truth; give for example 0.95."
        )
    return float(ndtri(0.5 + level / 2))


def _require_counts(count: float, total: float) -> None:
    if not (total > 0 and 0 <= count <= total):
        raise InvalidArgument(
            f"{count!r} of {total!r} is not a proportion. The count must lie between 0 and the total, and "
            "the total must be above 0."
        )
