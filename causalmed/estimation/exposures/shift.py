"""A small change of everybody's value."""

from __future__ import annotations

import math
from dataclasses import dataclass

from causalmed.errors import InvalidArgument

__all__ = ["Shift"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """Move everybody's value of a continuous exposure by the same amount.

    Give it as ``contrast=`` to :func:`causalmed.estimate`: the risk if every patient's value were moved,
    against the values as they are. Unlike "everybody at 120", it never asks for a value far from a patient's
    own. Who would be moved beyond a bound stays.

    Parameters
    ----------
    by : float
        How far, in the unit of the exposure; not 0.
    low, high : float or None
        Values that nobody is moved beyond.

    Examples
    --------
    >>> str(Shift(by=-10, low=80))
    'lowered by 10, never below 80'
    """

    by: float
    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        for name in ("by", "low", "high"):
            value = getattr(self, name)
            if value is None and name != "by":
                continue
            if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
                raise InvalidArgument(f"Shift({name}={value!r}) must be a finite number.")
        if self.by == 0:
            raise InvalidArgument("Shift(by=0) changes nothing. Name how far the exposure is moved.")
        if self.low is not None and self.high is not None and not self.low < self.high:
            raise InvalidArgument(f"Shift(low={self.low:g}, high={self.high:g}): low must be below high.")

    def __str__(self) -> str:
        words = f"{'raised' if self.by > 0 else 'lowered'} by {abs(self.by):g}"
        if self.low is not None and self.by < 0:
            words += f", never below {self.low:g}"
        if self.high is not None and self.by > 0:
            words += f", never above {self.high:g}"
        return words
