"""Between which values an effect must lie, where the data do not fix it."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import Any

from causalmed.results.words import number

__all__ = ["Bounds"]

Pair = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Sharp bounds of an effect and their confidence limits.

    Parameters
    ----------
    question : str
        What is asked.
    risk_difference, exposed, unexposed : tuple of float
        Lowest and highest value of E[Y(a)] - E[Y(b)], E[Y(a)] and E[Y(b)] that the estimated frequencies
        allow.
    limits : tuple of float
        Lower confidence limit of the lowest difference, upper of the highest.
    level : float
        Probability with which the limits hold the whole range, at least.
    n : int
        Patients.
    assumptions : tuple of str
        What must hold.

    Examples
    --------
    >>> bounds = Bounds(question="What does late do?", risk_difference=(-0.1, 0.3), exposed=(0.2, 0.5),
    ...                 unexposed=(0.2, 0.3), limits=(-0.15, 0.34), level=0.95, n=900, assumptions=())
    >>> print(bounds)
    What does late do? The risk difference lies between −0.10 and 0.30 (95 % CI of
    the range −0.15 to 0.34); 900 patients.
    """

    question: str
    risk_difference: Pair
    exposed: Pair
    unexposed: Pair
    limits: Pair
    level: float
    n: int
    assumptions: tuple[str, ...]

    def __str__(self) -> str:
        low, high = (number(value) for value in self.risk_difference)
        first, last = (number(value) for value in self.limits)
        return textwrap.fill(
            f"{self.question} The risk difference lies between {low} and {high} ({100 * self.level:g} % CI "
            f"of the range {first} to {last}); {self.n:,} patients.",
            80,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON types."""
        return {
            "question": self.question,
            "risk_difference": list(self.risk_difference),
            "exposed": list(self.exposed),
            "unexposed": list(self.unexposed),
            "limits": list(self.limits),
            "level": self.level,
            "n": self.n,
            "assumptions": list(self.assumptions),
        }
