"""How numbers are written: one place, so the same number reads the same everywhere."""

from __future__ import annotations

import math

__all__ = ["in_patients", "number", "percent", "plain", "signed"]


def number(value: float, digits: int = 2) -> str:
    """Write a number with ``digits`` significant digits, never in scientific notation below 1e7.

    Parameters
    ----------
    value : float
        Any number; not-a-number is written as a dash, infinity as ∞.
    digits : int
        Significant digits, at least 1.

    Examples
    --------
    >>> [number(value) for value in (0.03421, 12.84, 1841.2, float("inf"), float("nan"))]
    ['0.034', '13', '1841', '∞', '–']
    """
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if value == 0:
        return "0"
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    text = f"{value:.{min(decimals, 12)}f}"
    return text.replace("-", "−")


def signed(value: float, digits: int = 2) -> str:
    """Write a number as :func:`number` does, with its sign.

    Examples
    --------
    >>> signed(3.21), signed(-3.21)
    ('+3.2', '−3.2')
    """
    text = number(value, digits)
    return f"+{text}" if value > 0 else text


def plain(value: float | str) -> str:
    """Write a value of an exposure: a number without trailing zeros, a level as it is called.

    Examples
    --------
    >>> plain(1.0), plain("dirty")
    ('1', 'dirty')
    """
    return value if isinstance(value, str) else f"{value:g}"


def percent(share: float, digits: int = 2) -> str:
    """Write a proportion as a percentage.

    Parameters
    ----------
    share : float
        A proportion, usually between 0 and 1.

    Examples
    --------
    >>> percent(0.9312, 3)
    '93.1 %'
    """
    return f"{number(100 * share, digits)} %"


def in_patients(risk: float, digits: int = 2) -> str:
    """Write a risk as patients in 100, or in 1,000 where it is below 1 in 100.

    Parameters
    ----------
    risk : float
        Proportion of patients, between 0 and 1.

    Examples
    --------
    >>> in_patients(0.0834), in_patients(0.0021)
    ('8.3 in 100', '2.1 in 1,000')
    """
    if 0 < abs(risk) < 0.01:
        return f"{number(1000 * risk, digits)} in 1,000"
    return f"{number(100 * risk, digits)} in 100"
