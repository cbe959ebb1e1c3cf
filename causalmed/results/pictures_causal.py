"""Pictures of causes: effects side by side, one patient now and under a change, the graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from causalmed.errors import InvalidArgument, UnknownNode
from causalmed.results.interval import Interval
from causalmed.results.picture import (
    Picture,
    frame,
    listed,
    require_rows,
    require_words,
    stop,
    within,
    written,
)
from causalmed.results.words import number

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Forest", "ForestRow", "GraphArrow", "GraphNode", "GraphPicture", "IconArray"]

_SAYS: Final = {
    "->": "causes",
    "<->": "shares a hidden cause with",
    "o->": "causes, or shares a hidden cause with,",
    "o-o": "is joined, in a way left open, with",
    "---": "causes, or is caused by,",
}
"""An arrow in the words of the table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForestRow:
    """One effect of a forest plot.

    Parameters
    ----------
    label : str
        What it is the effect of, in words.
    interval : Interval or None
        The causal estimate; ``None`` where there is none, and then ``note`` says why.
    crude : float or None
        The unadjusted estimate on the same scale, drawn as a hollow mark.
    verdict : str
        One or two words, written at the right edge.
    note : str
        Why there is no estimate, or a remark for the table.
    """

    label: str
    interval: Interval | None = None
    crude: float | None = None
    verdict: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forest(Picture):
    """Effects side by side, largest first, the crude estimate beside the causal one.

    Parameters
    ----------
    title : str
        The finding.
    rows : tuple of ForestRow
        In any order: drawn by size, those without an estimate last.
    axis_label : str
        The unit, for example ``"more infections per 100 patients"``.
    per : float
        Values are multiplied by this before they are written or drawn (100 for risks in per 100).
    null : float
        The value of no effect, before multiplication: 0 for differences, 1 for ratios.
    log_scale : bool
        True for ratios.

    Examples
    --------
    >>> late = Interval(estimate=0.034, low=0.021, high=0.047, std_error=0.007)
    >>> picture = Forest(
    ...     title="Late antibiotics cause infection",
    ...     rows=(ForestRow(label="Late antibiotics", interval=late, crude=0.051, verdict="cause"),),
    ...     axis_label="more infections per 100 patients", per=100,
    ... )
    >>> print(picture.alt)
    Late antibiotics cause infection. Estimates in more infections per 100 patients, with their \
intervals. Late antibiotics: 3.4 (2.1 to 4.7), crude 5.1, cause.
    """

    rows: tuple[ForestRow, ...]
    axis_label: str
    per: float = 1.0
    null: float = 0.0
    log_scale: bool = False

    def __post_init__(self) -> None:
        require_words(self, "title", why="A picture without its finding makes the reader guess.")
        require_words(self, "axis_label", why="A number without its unit cannot be read.")
        require_rows(self, "rows")

    @property
    def ordered(self) -> tuple[ForestRow, ...]:
        """The rows as drawn: largest estimate first, those without an estimate last."""
        drawn = [row for row in self.rows if row.interval is not None]
        drawn.sort(key=lambda row: -row.interval.estimate if row.interval else 0.0)
        return (*drawn, *(row for row in self.rows if row.interval is None))

    @property
    def alt(self) -> str:
        """The effects in words."""
        parts = [self._spoken(row) for row in self.ordered]
        return f"{stop(self.title)} Estimates in {self.axis_label}, with their intervals. {listed(parts)}"

    def _spoken(self, row: ForestRow) -> str:
        crude = "" if row.crude is None else f", crude {number(self.per * row.crude)}"
        verdict = f", {row.verdict}" if row.verdict else ""
        if row.interval is None:
            return f"{row.label}: no estimate{verdict}{': ' + row.note if row.note else ''}."
        return f"{row.label}: {self.written(row)}{crude}{verdict}."

    def written(self, row: ForestRow) -> str:
        """Return the estimate of a row with its limits, all rows to the same decimal place."""
        return written(row.interval, [each.interval for each in self.rows], per=self.per)

    def table(self) -> pd.DataFrame:
        """Return a row an effect: label, estimate, low, high, crude, verdict, note."""
        rows = (
            {
                "label": row.label,
                "estimate": row.interval and self.per * row.interval.estimate,
                "low": row.interval and self.per * row.interval.low,
                "high": row.interval and self.per * row.interval.high,
                "crude": None if row.crude is None else self.per * row.crude,
                "verdict": row.verdict,
                "note": row.note,
            }
            for row in self.ordered
        )
        return frame(rows, ("label", "estimate", "low", "high", "crude", "verdict", "note"))


@dataclass(frozen=True, slots=True, kw_only=True)
class IconArray(Picture):
    """A hundred patients like this one, now and under a change.

    Parameters
    ----------
    title : str
        The finding.
    before_per_100, before_low, before_high : float
        How many of 100 have the event now, and between which limits; the limits may be ``None``.
    after_per_100, after_low, after_high : float or None
        The same under the change; ``None`` draws one array only.
    before_label, after_label : str
        What stands above each array.
    event : str
        What the filled figures have, for example ``"infection"``.

    Examples
    --------
    >>> picture = IconArray(title="Antibiotics in time would spare about 4 in 100",
    ...                     before_per_100=12.0, before_low=10.0, before_high=14.0,
    ...                     after_per_100=8.1, after_low=6.2, after_high=9.4)
    >>> print(picture.alt)
    Antibiotics in time would spare about 4 in 100. Of 100 patients like this one: now, 12 (10 to 14) \
with infection; under the change, 8.1 (6.2 to 9.4) with infection.
    """

    before_per_100: float
    before_low: float | None = None
    before_high: float | None = None
    after_per_100: float | None = None
    after_low: float | None = None
    after_high: float | None = None
    before_label: str = "now"
    after_label: str = "under the change"
    event: str = "infection"

    def __post_init__(self) -> None:
        require_words(self, "title", why="A picture without its finding makes the reader guess.")
        for name, *values in self.arrays:
            for value in values:
                if value is not None and not 0 <= value <= 100:
                    raise InvalidArgument(
                        f"IconArray draws a number of 100 patients, and {name!r} has {value!r}. Figures "
                        "beyond the hundred cannot be drawn. Give values between 0 and 100."
                    )

    @property
    def arrays(self) -> tuple[tuple[str, float, float | None, float | None], ...]:
        """Each array as (label, per 100, low, high)."""
        before = (self.before_label, self.before_per_100, self.before_low, self.before_high)
        if self.after_per_100 is None:
            return (before,)
        return (before, (self.after_label, self.after_per_100, self.after_low, self.after_high))

    @property
    def alt(self) -> str:
        """The two arrays in words."""
        parts = (f"{name}, {within(n, low, high)} with {self.event}" for name, n, low, high in self.arrays)
        return f"{stop(self.title)} Of 100 patients like this one: {'; '.join(parts)}."

    def table(self) -> pd.DataFrame:
        """Return a row an array: situation, per_100, low, high."""
        columns = ("situation", "per_100", "low", "high")
        return frame((dict(zip(columns, array, strict=True)) for array in self.arrays), columns)


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphNode:
    """A box of the graph.

    Parameters
    ----------
    name : str
        The node's name in the graph.
    words : str
        What stands in the box; the name by default.
    tier : int
        Its place in time, 0 the earliest; it is drawn from left to right by tier.
    latent : bool
        True for a cause that was not measured (dashed).
    role : str
        ``"exposure"``, ``"outcome"``, ``"adjusted"``, ``"protected"`` or empty.
    """

    name: str
    words: str = ""
    tier: int = 0
    latent: bool = False
    role: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphArrow:
    """An arrow of the graph.

    Parameters
    ----------
    source, target : str
        Names of nodes.
    kind : {"->", "<->", "o->", "o-o", "---"}
        A cause; a hidden common cause (dashed, two heads); with a circle at an end, or no head at all, an
        edge of which the data leave that end open.
    number : int or None
        A small number that leads to the arrow's source.
    heavy : bool
        True on the path from exposure to outcome.
    """

    source: str
    target: str
    kind: Literal["->", "<->", "o->", "o-o", "---"] = "->"
    number: int | None = None
    heavy: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphPicture(Picture):
    """What causes what, from left to right in time.

    Parameters
    ----------
    title : str
        What the graph assumes, as a sentence.
    nodes : tuple of GraphNode
        The boxes.
    arrows : tuple of GraphArrow
        The arrows, between nodes that are among the boxes.
    tiers : tuple of str
        Names of the tiers, written above the columns; may be empty.

    Raises
    ------
    UnknownNode
        If an arrow names a node that is not among the boxes.

    Examples
    --------
    >>> picture = GraphPicture(
    ...     title="Diabetes is assumed to raise glucose, and glucose infection",
    ...     nodes=(GraphNode(name="diabetes", words="Diabetes"),
    ...            GraphNode(name="glucose", words="Glucose", tier=1, role="exposure"),
    ...            GraphNode(name="ssi", words="Infection", tier=2, role="outcome")),
    ...     arrows=(GraphArrow(source="diabetes", target="glucose", number=1),
    ...             GraphArrow(source="glucose", target="ssi", heavy=True)),
    ... )
    >>> print(picture.alt)
    Diabetes is assumed to raise glucose, and glucose infection. A graph of 3 factors and 2 arrows, \
from left to right in time. Glucose is the exposure and Infection the outcome. Arrows into Infection \
come from: Glucose.
    """

    nodes: tuple[GraphNode, ...]
    arrows: tuple[GraphArrow, ...] = ()
    tiers: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        require_words(self, "title", why="A picture without its finding makes the reader guess.")
        require_rows(self, "nodes")
        names = [node.name for node in self.nodes]
        unknown = {end for arrow in self.arrows for end in (arrow.source, arrow.target)} - set(names)
        if unknown:
            raise UnknownNode.among(sorted(unknown), names)

    def words(self, name: str) -> str:
        """Return what stands in the box of that node."""
        return next(node.words or node.name for node in self.nodes if node.name == name)

    @property
    def alt(self) -> str:
        """The graph in words."""
        size = (
            f"A graph of {len(self.nodes)} factors and {len(self.arrows)} arrows, from left to right in time."
        )
        exposures = [node for node in self.nodes if node.role == "exposure"]
        outcome = next((node for node in self.nodes if node.role == "outcome"), None)
        if outcome is None:
            return f"{stop(self.title)} {size}"
        parents = [self.words(arrow.source) for arrow in self.arrows if arrow.target == outcome.name]
        who = self.words(exposures[0].name) + " is the exposure and " if len(exposures) == 1 else ""
        ends = f"{who}{self.words(outcome.name)} {'the outcome' if who else 'is the outcome'}."
        into = f" Arrows into {self.words(outcome.name)} come from: {', '.join(parents)}." if parents else ""
        return f"{stop(self.title)} {size} {ends}{into}"

    def table(self) -> pd.DataFrame:
        """Return a row an arrow: source, arrow, target, number, on the path."""
        rows = (
            {
                "from": self.words(arrow.source),
                "arrow": _SAYS[arrow.kind],
                "to": self.words(arrow.target),
                "evidence": "" if arrow.number is None else str(arrow.number),
                "on_the_path": arrow.heavy,
            }
            for arrow in self.arrows
        )
        return frame(rows, ("from", "arrow", "to", "evidence", "on_the_path"))
