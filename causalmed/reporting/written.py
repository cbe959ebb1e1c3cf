"""Numbers as the report writes them: one decimal in 100 patients, limits that never break over a line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from causalmed.results import Interval

__all__ = ["decimal", "in_brackets", "listed", "per_100", "plain_list"]


def decimal(value: float, places: int = 1) -> str:
    """Write a number with a fixed number of decimals and a true minus sign.

    Examples
    --------
    >>> [decimal(value) for value in (10.26, -0.4, -0.01, 1234.5)]
    ['10.3', '−0.4', '0.0', '1,234.5']
    """
    return f"{round(value, places) + 0.0:,.{places}f}".replace("-", "−")


def per_100(interval: Interval | None, *, empty: str = "–") -> str:
    r"""Write a share, or a difference of shares, per 100 patients with its limits.

    Examples
    --------
    >>> from causalmed.results import Interval
    >>> per_100(Interval(estimate=0.0774, low=0.0519, high=0.103, std_error=0.01)).replace("\xa0", " ")
    '7.7 (5.2 to 10.3)'
    """
    return empty if interval is None else in_brackets(interval, per=100)


def in_brackets(interval: Interval, *, per: float = 1.0, places: int = 1) -> str:
    """Write an estimate with its limits in brackets, on one line."""
    first, low, high = (
        decimal(per * value, places) for value in (interval.estimate, interval.low, interval.high)
    )
    return f"{first} ({low} to {high})".replace(" ", "\xa0")


def listed(names: Sequence[str]) -> str:
    """Join names as a sentence does.

    Examples
    --------
    >>> listed(["a"]), listed(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def plain_list(names: Sequence[str]) -> str:
    """Join names with commas; a dash where there is none."""
    return ", ".join(names) or "–"
