"""The screen: a verdict on every candidate."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from causalmed.results import Provenance
from causalmed.results.words import number
from causalmed.screening.candidate import VERDICTS, Candidate
from causalmed.screening.wording import found_in_words

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from causalmed.results.pictures import Forest

__all__ = ["RiskScreen"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RiskScreen:
    """Which candidates cause the outcome, which matter little, and where the data cannot tell.

    Parameters
    ----------
    outcome : str
        The outcome.
    candidates : tuple of Candidate
        In the order in which they were asked about.
    alpha : float
        Probability of calling any candidate a cause that is none.
    margin : float
        Risk difference, either way, that is regarded as immaterial.
    critical_value : float
        Standard errors to either side of the estimates; not a number where nothing was estimated.
    estimator : str
        The specification, as it prints.
    n, events : int
        Patients, and patients with the outcome.
    clusters : int or None
        Hospitals allowed for.
    provenance : Provenance
        Data, specification, seed, versions.
    """

    outcome: str
    candidates: tuple[Candidate, ...]
    alpha: float
    margin: float
    critical_value: float
    estimator: str
    n: int
    events: int
    clusters: int | None
    provenance: Provenance

    @property
    def identified(self) -> tuple[str, ...]:
        """Names of the causes, the largest effect first."""
        return tuple(row.name for row in self.ordered if row.is_cause)

    @property
    def ordered(self) -> tuple[Candidate, ...]:
        """The candidates by verdict, within a verdict by size of the effect."""
        return tuple(
            sorted(self.candidates, key=lambda row: (VERDICTS.index(row.verdict), -_size(row), row.name))
        )

    @property
    def footnotes(self) -> tuple[str, ...]:
        """Where the test and the interval of a candidate disagree."""
        return tuple(f"{row.name}: {row.footnote}" for row in self.candidates if row.footnote)

    def candidate(self, name: str) -> Candidate:
        """Return the candidate of that name; ``KeyError`` where there is none."""
        for row in self.candidates:
            if row.name == name:
                return row
        raise KeyError(name)

    def summary(self) -> str:
        """Describe the screen in at most 80 columns."""
        lines = textwrap.wrap(self._headline(), 80)
        for verdict in VERDICTS:
            rows = [row for row in self.ordered if row.verdict == verdict]
            if rows:
                lines += ["", f"{verdict} ({len(rows)})"]
            for row in rows:
                lines += textwrap.wrap(
                    f"{row.name}: {row.reason}", 80, initial_indent="  ", subsequent_indent="    "
                )
        for note in self.footnotes:
            lines += ["", *textwrap.wrap(f"Note. {note}", 80)]
        return "\n".join([*lines, "", *textwrap.wrap(self._small_print(), 80)])

    def to_frame(self) -> pd.DataFrame:
        """Return a row a candidate: verdict, reason, both scales with simultaneous limits, the set."""
        import pandas as pd

        rows = [
            {
                "candidate": row.name,
                "verdict": row.verdict,
                "reason": row.reason,
                **_limits("risk_difference", row.risk_difference),
                **_limits("risk_ratio", row.risk_ratio),
                "crude_risk_difference": row.crude,
                "adjustment_set": ", ".join(row.adjustment_set),
            }
            for row in self.ordered
        ]
        return pd.DataFrame(rows)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON types."""
        finite = self.critical_value == self.critical_value
        return {
            "outcome": self.outcome,
            "alpha": self.alpha,
            "margin": self.margin,
            "critical_value": self.critical_value if finite else None,
            "estimator": self.estimator,
            "n": self.n,
            "events": self.events,
            "clusters": self.clusters,
            "identified": list(self.identified),
            "candidates": [row.to_dict() for row in self.candidates],
            "footnotes": list(self.footnotes),
            "provenance": self.provenance.to_dict(),
        }

    def picture(self) -> Forest:
        """Return the effects side by side, the crude estimate beside the causal one."""
        from causalmed.results.pictures import Forest, ForestRow

        rows = tuple(
            ForestRow(
                label=row.name,
                interval=row.risk_difference,
                crude=row.crude,
                verdict=row.in_words,
                note="" if row.risk_difference is not None else row.reason,
            )
            for row in self.candidates
        )
        return Forest(
            title=self._headline(), rows=rows, axis_label=f"more {self.outcome} per 100 patients", per=100
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw :meth:`picture` and return its axes."""
        from causalmed.plotting import draw

        return draw(self.picture(), ax=ax)

    def __str__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        from causalmed.results.tables import html_table

        frame = self.to_frame()[["candidate", "verdict", "reason"]]
        return html_table(frame, caption=self._headline())

    def _headline(self) -> str:
        return found_in_words(self.candidates, outcome=self.outcome)

    def _small_print(self) -> str:
        groups = f" in {self.clusters} clusters" if self.clusters else ""
        return (
            f"{self.n:,} patients{groups}, {self.events:,} with {self.outcome}. Each candidate has its own "
            f"adjustment set. Intervals hold for all candidates at once "
            f"({100 * (1 - self.alpha):g} %); a difference within ±{number(100 * self.margin)} in 100 is "
            f"regarded as immaterial. {self.estimator}."
        )


def _size(row: Candidate) -> float:
    return abs(row.risk_difference.estimate) if row.risk_difference is not None else 0.0


def _limits(name: str, interval: Any) -> dict[str, float | None]:
    if interval is None:
        return {name: None, f"{name}_low": None, f"{name}_high": None}
    return {name: interval.estimate, f"{name}_low": interval.low, f"{name}_high": interval.high}
