"""A screen without a graph: what was found of each arrow, then what the other patients say of it."""

from __future__ import annotations

import textwrap
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from causalmed.screening.candidate import Candidate
from causalmed.screening.orientation import FINDINGS, Orientation
from causalmed.screening.screen import RiskScreen

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TierScreen"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TierScreen:
    """Which candidates cause the outcome, where nothing but the order in time was known.

    Parameters
    ----------
    screen : RiskScreen
        The verdicts, from the patients of estimation. A candidate whose arrow could not be told is
        "cannot tell", with the reason.
    orientations : tuple of Orientation
        What the patients of discovery said of each arrow, in the order of the candidates.
    environment : str or None
        The column that was stated to act only through what it does to others.
    periods : tuple of str
        Periods before the outcome, earliest first.
    discovered_in : int
        Patients of discovery.
    """

    screen: RiskScreen
    orientations: tuple[Orientation, ...]
    environment: str | None
    periods: tuple[str, ...]
    discovered_in: int

    @property
    def identified(self) -> tuple[str, ...]:
        """Names of the causes, the largest effect first."""
        return self.screen.identified

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """The candidates in the order asked."""
        return self.screen.candidates

    def candidate(self, name: str) -> Candidate:
        """Return the candidate of that name; ``KeyError`` where there is none."""
        return self.screen.candidate(name)

    def orientation(self, name: str) -> Orientation:
        """Return what was found of the arrow of that candidate; ``KeyError`` where there is none."""
        for row in self.orientations:
            if row.name == name:
                return row
        raise KeyError(name)

    def to_frame(self) -> pd.DataFrame:
        """Return a row a candidate: the frame of the screen, the finding, the drivers and what they say."""
        import pandas as pd

        found = pd.DataFrame(
            {
                "candidate": [row.name for row in self.orientations],
                "finding": [row.finding for row in self.orientations],
                "drivers": [", ".join(row.drivers) for row in self.orientations],
                "alone": [row.alone for row in self.orientations],
                "beside": [row.beside for row in self.orientations],
            }
        )
        return self.screen.to_frame().merge(found, on="candidate", how="left")

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON types."""
        return {
            **self.screen.to_dict(),
            "orientations": [row.to_dict() for row in self.orientations],
            "environment": self.environment,
            "periods": list(self.periods),
            "discovered_in": self.discovered_in,
        }

    def summary(self) -> str:
        """Describe the screen in at most 80 columns, then how the arrows were told."""
        count = Counter(row.finding for row in self.orientations)
        found = ", ".join(f"{name} {count[name]}" for name in FINDINGS if count[name])
        acts = (
            f" {self.environment} is taken to act only through what it does to the other columns."
            if self.environment
            else ""
        )
        note = (
            f"No graph was given, only the order {' < '.join(self.periods)}. Arrows were sought in "
            f"{self.discovered_in:,} other patients ({found}).{acts} Weak arrows are missed, and a column "
            "that says nothing more of the outcome is taken to have no arrow to it."
        )
        return "\n".join([self.screen.summary(), "", *textwrap.wrap(note, 80)])

    def __str__(self) -> str:
        return self.summary()
