"""An estimate with its limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from causalmed.results.words import number

__all__ = ["Interval"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A point estimate with a confidence interval.

    Parameters
    ----------
    estimate : float
        The point estimate, in the units of its scale.
    low, high : float
        Confidence limits. Where ``through_infinity`` is set, the interval is everything *outside*
        ``(low, high)``: from ``low`` through infinity to ``high``.
    std_error : float
        Standard error on the scale of ``estimate`` (delta method for ratios, whose limits are made
        on the logarithm); not a number where none exists.
    level : float
        Confidence level, in (0, 1).
    through_infinity : bool
        True for a number needed to treat whose risk difference may be zero.

    Examples
    --------
    >>> print(Interval(estimate=0.0342, low=0.0211, high=0.0473, std_error=0.0067))
    0.034 (95 % CI 0.021 to 0.047)
    >>> print(Interval(estimate=40.0, low=-90.0, high=16.0, std_error=float("nan"), through_infinity=True))
    40 (95 % CI: 90 to benefit … ∞ … 16 to harm)
    """

    estimate: float
    low: float
    high: float
    std_error: float
    level: float = 0.95
    through_infinity: bool = False

    def __str__(self) -> str:
        level = f"{100 * self.level:g} % CI"
        if self.through_infinity:
            limits = f"{number(abs(self.low))} to benefit … ∞ … {number(abs(self.high))} to harm"
            return f"{number(self.estimate)} ({level}: {limits})"
        return f"{number(self.estimate)} ({level} {number(self.low)} to {number(self.high)})"

    def __contains__(self, value: float) -> bool:
        if self.through_infinity:
            return value <= self.low or value >= self.high
        return self.low <= value <= self.high

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers as plain JSON types; what does not exist is ``None``."""
        return {
            "estimate": _finite(self.estimate),
            "low": _finite(self.low),
            "high": _finite(self.high),
            "std_error": _finite(self.std_error),
            "level": self.level,
            "through_infinity": self.through_infinity,
        }


def _finite(value: float) -> float | None:
    return float(value) if abs(value) < float("inf") else None
