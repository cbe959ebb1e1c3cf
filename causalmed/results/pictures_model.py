"""Pictures of a risk model: why it says so, whether it is right, whether it helps, for whom."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from causalmed.errors import InvalidArgument
from causalmed.results.histogram import merged
from causalmed.results.interval import Interval
from causalmed.results.picture import (
    Picture,
    frame,
    listed,
    plain,
    require_equal_lengths,
    require_rows,
    require_words,
    stop,
    within,
    written,
)
from causalmed.results.words import number, signed

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["BarRow", "Bars", "Calibration", "DecisionCurve", "GroupDots", "GroupRow"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BarRow:
    """One bar.

    Parameters
    ----------
    label : str
        The feature, in words, with the patient's value where there is one.
    value, low, high : float
        The attribution and its limits; the limits may be ``None``.
    group : str
        The feature's place in the graph, for example ``"mediator"``.
    note : str
        One sentence why, for the table.
    """

    label: str
    value: float
    low: float | None = None
    high: float | None = None
    group: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars(Picture):
    """Attributions, each with its interval and its place in the graph, under their question.

    Parameters
    ----------
    title : str
        The finding.
    question : str
        The question the bars answer; a picture without it is refused, because an attribution of the
        model is easily read as a cause.
    rows : tuple of BarRow
        In any order: drawn by absolute value.
    axis_label : str
        The unit, for example ``"percentage points of risk"``.
    start, end : float or None
        Where the bars start from and where they lead to, in the unit of the axis.
    ends : tuple of str
        What these two are.

    Examples
    --------
    >>> picture = Bars(title="Glucose moved the risk most", question="What did the model use?",
    ...                rows=(BarRow(label="Glucose", value=4.2, low=4.0, high=4.4, group="mediator"),),
    ...                axis_label="percentage points of risk", start=8.0, end=12.2)
    >>> print(picture.alt)
    What did the model use? Glucose moved the risk most. From 8.0 to 12 in percentage points of risk. \
Glucose: +4.2, mediator.
    """

    question: str
    rows: tuple[BarRow, ...]
    axis_label: str
    start: float | None = None
    end: float | None = None
    ends: tuple[str, str] = ("the mean of the background", "this patient")

    def __post_init__(self) -> None:
        require_words(self, "title", why="A picture without its finding makes the reader guess.")
        require_words(
            self, "question", why="Without the question, what the model used reads as what caused the risk."
        )
        require_words(self, "axis_label", why="A number without its unit cannot be read.")
        require_rows(self, "rows")

    @property
    def ordered(self) -> tuple[BarRow, ...]:
        """The rows as drawn: the largest absolute value first."""
        return tuple(sorted(self.rows, key=lambda row: -abs(row.value)))

    @property
    def alt(self) -> str:
        """The bars in words."""
        parts = [
            f"{row.label}: {signed(row.value)}{', ' + row.group if row.group else ''}."
            for row in self.ordered
        ]
        span = ""
        if self.start is not None and self.end is not None:
            span = f"From {number(self.start)} to {number(self.end)} in {self.axis_label}. "
        return f"{self.question} {stop(self.title)} {span}{listed(parts)}"

    def table(self) -> pd.DataFrame:
        """Return a row a bar: label, value, low, high, place, why."""
        columns = ("label", "value", "low", "high", "place", "why")
        rows = ((row.label, row.value, row.low, row.high, row.group, row.note) for row in self.ordered)
        return frame((dict(zip(columns, row, strict=True)) for row in rows), columns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration(Picture):
    """Predicted against observed risk, with the risks of both outcomes beneath.

    Parameters
    ----------
    title : str
        The finding.
    curve_x, curve_y : tuple of float
        Predicted risk and the smoothed observed risk, in [0, 1].
    band_low, band_high : tuple of float
        Limits of the curve, one a point.
    edges : tuple of float
        Borders of the bars beneath, one more than there are bars.
    risks_events, risks_nonevents : tuple of float
        Patients with and without the outcome in each bar.
    n, events : int
        Patients and events behind the curve.
    outcome : str
        The outcome, in words.

    Examples
    --------
    >>> picture = Calibration(title="Risks are right on average", curve_x=(0.01, 0.2), curve_y=(0.012, 0.21),
    ...                       band_low=(0.007, 0.15), band_high=(0.018, 0.27), edges=(0.0, 0.1, 0.2),
    ...                       risks_events=(10, 20), risks_nonevents=(200, 70), n=300, events=30)
    >>> print(picture.alt)
    Risks are right on average. Where the model says 1 in 100, 1.2 (0.7 to 1.8) in 100 were seen; \
where it says 20 in 100, 21 (15 to 27) in 100 were seen. 30 with infection among 300 patients.
    """

    curve_x: tuple[float, ...]
    curve_y: tuple[float, ...]
    band_low: tuple[float, ...]
    band_high: tuple[float, ...]
    edges: tuple[float, ...] = ()
    risks_events: tuple[float, ...] = ()
    risks_nonevents: tuple[float, ...] = ()
    n: int
    events: int
    outcome: str = "infection"

    def __post_init__(self) -> None:
        require_words(self, "title", why="A picture without its finding makes the reader guess.")
        require_rows(self, "curve_x")
        require_equal_lengths(self, "curve_x", "curve_y", "band_low", "band_high")
        require_equal_lengths(self, "risks_events", "risks_nonevents")
        if self.edges and len(self.edges) != len(self.risks_events) + 1:
            raise InvalidArgument(
                f"Calibration has {len(self.risks_events)} bars and {len(self.edges)} edges. Bars would be "
                "drawn in the wrong place. Give one edge more than there are bars."
            )

    @property
    def alt(self) -> str:
        """Both ends of the curve in words."""
        return (
            f"{stop(self.title)} Where the model says {self._spoken(0)}; where it says {self._spoken(-1)}. "
            f"{self.events:,} with {self.outcome} among {self.n:,} patients."
        )

    def _spoken(self, at: int) -> str:
        seen = within(self.curve_y[at], self.band_low[at], self.band_high[at], per=100)
        return f"{plain(round(100 * self.curve_x[at], 1))} in 100, {seen} in 100 were seen"

    def published(self, *, least: int = 11) -> Calibration:
        """Return the picture without bars of 1 to ``least - 1`` patients: neighbours are joined."""
        if not self.edges:
            return self
        edges, events, nonevents = merged(self.edges, self.risks_events, self.risks_nonevents, least=least)
        return replace(self, edges=edges, risks_events=events, risks_nonevents=nonevents)

    def table(self) -> pd.DataFrame:
        """Return a row a point of the curve: predicted, observed, low, high."""
        columns = ("predicted", "observed", "low", "high")
        points = zip(self.curve_x, self.curve_y, self.band_low, self.band_high, strict=True)
        return frame((dict(zip(columns, point, strict=True)) for point in points), columns)


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionCurve(Picture):
    """Net benefit of acting on the model against acting on everybody or nobody.

    Parameters
    ----------
    title : str
        The finding.
    thresholds : tuple of float
        Risks at which one would act, in (0, 1).
    model, low, high, treat_all : tuple of float
        Net benefit per patient at each threshold; drawn per 100 patients.
    shaded : tuple of two floats or None
        The range of thresholds that clinicians said they would use.

    Examples
    --------
    >>> picture = DecisionCurve(title="Acting on the model helps between 5 and 20 %", thresholds=(0.05, 0.2),
    ...                         model=(0.061, 0.023), low=(0.052, 0.011), high=(0.07, 0.035),
    ...                         treat_all=(0.055, -0.1), shaded=(0.05, 0.2))
    >>> print(picture.alt)
    Acting on the model helps between 5 and 20 %. Net benefit per 100 patients at a threshold of 5 %: \
model 6.1 (5.2 to 7.0), everybody 5.5, nobody 0; at 20 %: model 2.3 (1.1 to 3.5), everybody −10, nobody 0.
    """

    thresholds: tuple[float, ...]
    model: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    treat_all: tuple[float, ...]
    shaded: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        require_words(self, "title", why="A picture without its finding makes the reader guess.")
        require_rows(self, "thresholds")
        require_equal_lengths(self, "thresholds", "model", "low", "high", "treat_all")

    @property
    def alt(self) -> str:
        """The curve in words, at both ends of the shaded range or of the thresholds."""
        low, high = self.shaded or (self.thresholds[0], self.thresholds[-1])
        places = sorted({self._nearest(low), self._nearest(high)})
        parts = (
            f"{plain(round(100 * self.thresholds[k], 1))} %: model "
            f"{within(self.model[k], self.low[k], self.high[k], per=100)}, "
            f"everybody {number(100 * self.treat_all[k])}, nobody 0"
            for k in places
        )
        return f"{stop(self.title)} Net benefit per 100 patients at a threshold of {'; at '.join(parts)}."

    def _nearest(self, threshold: float) -> int:
        return min(range(len(self.thresholds)), key=lambda k: abs(self.thresholds[k] - threshold))

    def table(self) -> pd.DataFrame:
        """Return a row a threshold: net benefits per 100 patients."""
        columns = ("threshold", "model", "low", "high", "treat_all")
        points = zip(
            self.thresholds,
            *([100 * value for value in line] for line in (self.model, self.low, self.high, self.treat_all)),
            strict=True,
        )
        return frame((dict(zip(columns, point, strict=True)) for point in points), columns)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRow:
    """One group of an audit.

    Parameters
    ----------
    label : str
        The group, in words.
    interval : Interval or None
        The measure in this group; ``None`` where it is not shown, and ``state`` says why.
    n, events : int or None
        Patients and events; ``None`` where they are not shown.
    state : str
        In words: ``"difference shown"``, ``"no material difference shown"``, ``"cannot tell"``,
        ``"not measured"``, ``"reference"``.
    attribute : str
        What divides the groups, for example ``"sex"``.
    """

    label: str
    interval: Interval | None = None
    n: int | None = None
    events: int | None = None
    state: str = ""
    attribute: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupDots(Picture):
    """One measure in every group, with the state of the evidence as a word.

    Parameters
    ----------
    title : str
        The finding.
    rows : tuple of GroupRow
        In the order to be read, the reference first within each attribute.
    axis_label : str
        The unit.
    per : float
        Values are multiplied by this before they are written or drawn.
    reference : float or None
        Where a light line is drawn, before multiplication.

    Examples
    --------
    >>> women = Interval(estimate=0.71, low=0.62, high=0.79, std_error=0.04)
    >>> picture = GroupDots(title="We cannot tell whether women are missed more often",
    ...                     rows=(GroupRow(label="women", interval=women, n=800, events=96,
    ...                                    state="cannot tell"),),
    ...                     axis_label="found among 100 infections", per=100)
    >>> print(picture.alt)
    We cannot tell whether women are missed more often. Values in found among 100 infections. \
women: 71 (62 to 79), 96 events among 800, cannot tell.
    """

    rows: tuple[GroupRow, ...]
    axis_label: str
    per: float = 1.0
    reference: float | None = None

    def __post_init__(self) -> None:
        require_words(self, "title", why="A picture without its finding makes the reader guess.")
        require_words(self, "axis_label", why="A number without its unit cannot be read.")
        require_rows(self, "rows")

    @property
    def alt(self) -> str:
        """The groups in words."""
        parts = [self._spoken(row) for row in self.rows]
        return f"{stop(self.title)} Values in {self.axis_label}. {listed(parts)}"

    def written(self, row: GroupRow) -> str:
        """Return the value of a row with its limits, all rows to the same decimal place."""
        return written(row.interval, [each.interval for each in self.rows], per=self.per)

    def _spoken(self, row: GroupRow) -> str:
        value = self.written(row) or "not shown"
        counted = "" if row.n is None or row.events is None else f", {row.events:,} events among {row.n:,}"
        return f"{row.label}: {value}{counted}{', ' + row.state if row.state else ''}."

    def table(self) -> pd.DataFrame:
        """Return a row a group: attribute, group, estimate, low, high, n, events, state."""
        rows = (
            {
                "attribute": row.attribute,
                "group": row.label,
                "estimate": row.interval and self.per * row.interval.estimate,
                "low": row.interval and self.per * row.interval.low,
                "high": row.interval and self.per * row.interval.high,
                "n": row.n,
                "events": row.events,
                "state": row.state,
            }
            for row in self.rows
        )
        return frame(rows, ("attribute", "group", "estimate", "low", "high", "n", "events", "state"))
