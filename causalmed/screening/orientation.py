"""What data without a graph say of the arrow from one candidate to the outcome."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

__all__ = ["FINDINGS", "Finding", "Orientation"]

Finding = Literal[
    "arrow",
    "not joined",
    "no driver",
    "drivers too weak",
    "hidden common cause",
    "another way",
    "too few events",
]
FINDINGS: Final = (
    "arrow",
    "not joined",
    "no driver",
    "drivers too weak",
    "hidden common cause",
    "another way",
    "too few events",
)
"""Everything that can be found of an arrow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Orientation:
    """One candidate's arrow to the outcome, as far as it can be told from the patients of discovery.

    Parameters
    ----------
    name : str
        The candidate.
    finding : str
        One of :data:`FINDINGS`; only "arrow" is put to the test in the other patients.
    sentence : str
        Why, with the numbers.
    drivers : tuple of str
        Columns that move the candidate, are not moved by it, and say nothing more of the outcome once it is
        known.
    alone, beside : float or None
        Statistic (in standard errors) of what the drivers say of the outcome: without the candidate, and
        with the candidate in the same regression.
    by_environment : tuple of float or None
        The same two, where the environment is the only driver.
    adjusted_for : tuple of str
        Columns to adjust for in the other patients.

    Examples
    --------
    >>> Orientation(name="asa", finding="no driver", sentence="Nothing moves it.").is_arrow
    False
    """

    name: str
    finding: Finding
    sentence: str
    drivers: tuple[str, ...] = ()
    alone: float | None = None
    beside: float | None = None
    by_environment: tuple[float, float] | None = None
    adjusted_for: tuple[str, ...] = ()

    @property
    def is_arrow(self) -> bool:
        """Whether an arrow to the outcome was found."""
        return self.finding == "arrow"

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON types."""
        return {
            "name": self.name,
            "finding": self.finding,
            "sentence": self.sentence,
            "drivers": list(self.drivers),
            "alone": self.alone,
            "beside": self.beside,
            "by_environment": None if self.by_environment is None else list(self.by_environment),
            "adjusted_for": list(self.adjusted_for),
        }
