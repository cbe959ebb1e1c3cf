"""What a person holds immaterial."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from causalmed.errors import InvalidArgument

__all__ = ["Tolerance", "stated_tolerance"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """The largest difference between groups that a named person holds immaterial, and why.

    There is no default and no four-fifths rule: what is immaterial is a judgement somebody must own.

    Parameters
    ----------
    value : float
        A difference of proportions, in (0, 1).
    stated_by : str
        Who says so.
    reason : str
        Why.

    Raises
    ------
    InvalidArgument
        If the value is not in (0, 1), or the person or the reason is blank.

    Examples
    --------
    >>> print(Tolerance(value=0.05, stated_by="B. Member", reason="5 in 100 changes no decision"))
    5 in 100, stated by B. Member: 5 in 100 changes no decision
    """

    value: float
    stated_by: str
    reason: str

    def __post_init__(self) -> None:
        if not isinstance(self.value, int | float) or not 0 < self.value < 1:
            raise InvalidArgument(
                f"tolerance value={self.value!r} is not a difference of proportions between 0 and 1. Five "
                "in 100 patients is 0.05."
            )
        if not str(self.stated_by).strip() or not str(self.reason).strip():
            raise InvalidArgument(
                "A tolerance needs stated_by= and reason=: which difference is immaterial is a judgement "
                "that a person must own, not a default."
            )

    def __str__(self) -> str:
        return f"{100 * self.value:g} in 100, stated by {self.stated_by}: {self.reason}"

    def to_dict(self) -> dict[str, float | str]:
        """Return the tolerance as plain JSON types."""
        return {"value": self.value, "stated_by": self.stated_by, "reason": self.reason}


def stated_tolerance(given: object) -> Tolerance | None:
    """Read ``tolerance=``: a :class:`Tolerance`, a mapping or an object with its three fields, or ``None``.

    Parameters
    ----------
    given : object
        As passed.

    Returns
    -------
    Tolerance or None

    Raises
    ------
    InvalidArgument
        If it is a bare number or lacks a field.

    Examples
    --------
    >>> stated_tolerance({"value": 0.05, "stated_by": "B. Member", "reason": "agreed"}).value
    0.05
    """
    if given is None or isinstance(given, Tolerance):
        return given
    fields = ("value", "stated_by", "reason")
    found: dict[str, Any] = (
        dict(given) if isinstance(given, Mapping) else {name: getattr(given, name, None) for name in fields}
    )
    if set(found) != set(fields) or any(found[name] is None for name in fields):
        raise InvalidArgument(
            f"tolerance={given!r} is not understood. Give Tolerance(value=0.05, stated_by='…', "
            "reason='…'): a number without its author is no judgement."
        )
    return Tolerance(value=found["value"], stated_by=found["stated_by"], reason=found["reason"])
