"""Several questions about one patient, side by side on one scale."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from causalmed.errors import InvalidArgument
from causalmed.results.picture import Picture, frame, require_rows, require_words, stop
from causalmed.results.pictures_model import Bars
from causalmed.results.words import signed

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Panels"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Panels(Picture):
    """Bars of several questions: the same rows in the same order, drawn on one scale.

    Parameters
    ----------
    title : str
        The finding.
    panels : tuple of Bars
        One a question; row k of each is the same feature. A value that is not a number is written as not
        scored.
    axis_label : str
        The unit of all of them.
    badge : str
        One sentence where the questions disagree; may be empty.

    Examples
    --------
    >>> from causalmed.results.pictures import BarRow
    >>> row = BarRow(label="Diabetes", value=0.0)
    >>> used = Bars(title="Nothing", question="What did the model use?", rows=(row,), axis_label="points")
    >>> both = Panels(title="The model does not use diabetes", panels=(used, used), axis_label="points")
    >>> print(both.alt)
    The model does not use diabetes. What did the model use? Diabetes: 0. What did the model use? \
Diabetes: 0.
    """

    panels: tuple[Bars, ...]
    axis_label: str
    badge: str = ""

    def __post_init__(self) -> None:
        require_words(self, "title", why="A picture without its finding makes the reader guess.")
        require_words(self, "axis_label", why="A number without its unit cannot be read.")
        require_rows(self, "panels")
        labels = {tuple(row.label for row in panel.rows) for panel in self.panels}
        if len(labels) > 1:
            raise InvalidArgument(
                "The panels have different rows, or another order. Bars on one line would be read as one "
                "feature. Give every panel the same labels in the same order."
            )

    @property
    def labels(self) -> tuple[str, ...]:
        """The features, from the top."""
        return tuple(row.label for row in self.panels[0].rows)

    @property
    def groups(self) -> tuple[str, ...]:
        """The places of the features in the graph."""
        return tuple(row.group for row in self.panels[0].rows)

    @property
    def alt(self) -> str:
        """The panels in words."""
        told = [
            " ".join([panel.question, *(f"{row.label}: {_written(row.value)}." for row in panel.rows)])
            for panel in self.panels
        ]
        return " ".join([stop(self.title), *([self.badge] if self.badge else []), *told])

    def table(self) -> pd.DataFrame:
        """Return a row a bar: question, label, value, low, high, place, why."""
        columns = ("question", "label", "value", "low", "high", "place", "why")
        rows = (
            (panel.question, row.label, row.value, row.low, row.high, row.group, row.note)
            for panel in self.panels
            for row in panel.rows
        )
        return frame((dict(zip(columns, row, strict=True)) for row in rows), columns)


def _written(value: float) -> str:
    return signed(value) if math.isfinite(value) else "not scored"
