"""Pictures of the checks behind an estimate: overlap and balance."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from causalmed.errors import InvalidArgument
from causalmed.results.histogram import merged
from causalmed.results.picture import (
    Picture,
    frame,
    listed,
    plain,
    require_equal_lengths,
    require_rows,
    require_words,
    stop,
)
from causalmed.results.words import number

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Balance", "BalanceRow", "Overlap"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceRow:
    """One covariate of a balance plot.

    Parameters
    ----------
    label : str
        The covariate, in words.
    before, after : float
        Standardised mean difference between the exposed and the unexposed, before and after
        weighting; drawn by its absolute value. ``after`` may be ``None``.
    """

    label: str
    before: float
    after: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance(Picture):
    """How alike the exposed and the unexposed are, before and after weighting.

    Parameters
    ----------
    title : str
        The finding.
    rows : tuple of BalanceRow
        In any order: drawn with the largest difference before weighting first.
    threshold : float
        The line beyond which a difference deserves attention.

    Examples
    --------
    >>> picture = Balance(title="Weighting made the groups alike",
    ...                   rows=(BalanceRow(label="Age", before=0.42, after=0.031),))
    >>> print(picture.alt)
    Weighting made the groups alike. Standardised differences between the groups, before and after \
weighting; 0 of 1 stay above 0.1. Age: 0.42 before, 0.031 after.
    """

    rows: tuple[BalanceRow, ...]
    threshold: float = 0.1

    def __post_init__(self) -> None:
        require_words(self, "title", why="A picture without its finding makes the reader guess.")
        require_rows(self, "rows")

    @property
    def ordered(self) -> tuple[BalanceRow, ...]:
        """The rows as drawn: the largest difference before weighting first."""
        return tuple(sorted(self.rows, key=lambda row: -abs(row.before)))

    @property
    def alt(self) -> str:
        """The differences in words."""
        last = [row.before if row.after is None else row.after for row in self.rows]
        above = sum(abs(value) > self.threshold for value in last)
        weighted = any(row.after is not None for row in self.rows)
        which = ", before and after weighting" if weighted else ""
        verb = "stay" if weighted else "lie"
        parts = [self._spoken(row) for row in self.ordered]
        return (
            f"{stop(self.title)} Standardised differences between the groups{which}; {above} of "
            f"{len(self.rows)} {verb} above {plain(self.threshold)}. {listed(parts)}"
        )

    def _spoken(self, row: BalanceRow) -> str:
        before = f"{row.label}: {number(abs(row.before))}"
        return f"{before}." if row.after is None else f"{before} before, {number(abs(row.after))} after."

    def table(self) -> pd.DataFrame:
        """Return a row a covariate: label, before, after."""
        rows = ({"label": row.label, "before": row.before, "after": row.after} for row in self.ordered)
        return frame(rows, ("label", "before", "after"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap(Picture):
    """The propensity scores of the exposed and the unexposed, back to back.

    Parameters
    ----------
    title : str
        The finding.
    edges : tuple of float
        Borders of the bars on [0, 1], one more than there are bars.
    exposed, unexposed : tuple of float
        Patients in each bar.
    exposed_label, unexposed_label : str
        What the groups are called.
    axis_label : str
        What the score is a probability of.

    Examples
    --------
    >>> picture = Overlap(title="Every kind of patient was treated either way", edges=(0.0, 0.5, 1.0),
    ...                   exposed=(40, 160), unexposed=(220, 80))
    >>> print(picture.alt)
    Every kind of patient was treated either way. Mirrored histograms of the probability of being exposed: \
200 exposed between 0 and 1, 300 unexposed between 0 and 1.
    """

    edges: tuple[float, ...]
    exposed: tuple[float, ...]
    unexposed: tuple[float, ...]
    exposed_label: str = "exposed"
    unexposed_label: str = "unexposed"
    axis_label: str = "probability of being exposed, given the adjustment set"

    def __post_init__(self) -> None:
        require_words(self, "title", why="A picture without its finding makes the reader guess.")
        require_rows(self, "exposed")
        require_equal_lengths(self, "exposed", "unexposed")
        if len(self.edges) != len(self.exposed) + 1:
            raise InvalidArgument(
                f"Overlap has {len(self.exposed)} bars and {len(self.edges)} edges. Bars would be drawn in "
                "the wrong place. Give one edge more than there are bars."
            )

    @property
    def alt(self) -> str:
        """The two histograms in words."""
        sides = (
            self._spoken(self.exposed_label, self.exposed),
            self._spoken(self.unexposed_label, self.unexposed),
        )
        what = f"Mirrored histograms of the {self.axis_label.split(',')[0]}"
        return f"{stop(self.title)} {what}: {', '.join(sides)}."

    def _spoken(self, label: str, counts: tuple[float, ...]) -> str:
        held = [index for index, count in enumerate(counts) if count > 0]
        if not held:
            return f"0 {label}"
        low, high = self.edges[held[0]], self.edges[held[-1] + 1]
        return f"{sum(counts):,.0f} {label} between {plain(low)} and {plain(high)}"

    def published(self, *, least: int = 11) -> Overlap:
        """Return the picture without bars of 1 to ``least - 1`` patients: neighbours are joined."""
        edges, exposed, unexposed = merged(self.edges, self.exposed, self.unexposed, least=least)
        return replace(self, edges=edges, exposed=exposed, unexposed=unexposed)

    def table(self) -> pd.DataFrame:
        """Return a row a bar: low, high, exposed, unexposed."""
        columns = ("low", "high", "exposed", "unexposed")
        bars = zip(self.edges[:-1], self.edges[1:], self.exposed, self.unexposed, strict=True)
        return frame((dict(zip(columns, bar, strict=True)) for bar in bars), columns)
