"""What changed between two reports, as a value that prints."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from causalmed.results import Interval
from causalmed.results.words import number

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Change", "ReportChanges"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One number before and now.

    Parameters
    ----------
    name : str
        What it is.
    before, now : Interval or None
        As in the two reports; None where one does not give it.
    difference : Interval or None
        Now minus before, of different patients; None where one of them is None.
    """

    name: str
    before: Interval | None
    now: Interval | None
    difference: Interval | None

    @property
    def moved(self) -> bool:
        """Whether the interval of the difference leaves out no change."""
        return self.difference is not None and not self.difference.low <= 0 <= self.difference.high

    @property
    def reading(self) -> str:
        """The change in words."""
        if self.difference is None:
            return "only in one of the reports"
        if not self.moved:
            return "no change could be told"
        return "higher now" if self.difference.estimate > 0 else "lower now"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportChanges:
    """Everything that differs between two reports under one protocol.

    Parameters
    ----------
    before_sha256 : str
        Hash of the content of the report before.
    same_protocol : bool
        Whether both declare the same analysis.
    same_data : bool
        Whether both rest on the same table.
    changes : tuple of Change
        Numbers that both could give.
    lines : tuple of str
        What changed that is no number: verdicts, states, versions.
    """

    before_sha256: str
    same_protocol: bool
    same_data: bool
    changes: tuple[Change, ...]
    lines: tuple[str, ...]

    @property
    def answer(self) -> str:
        """The finding in one sentence."""
        moved = [change.name for change in self.changes if change.moved]
        if not moved and not self.lines:
            return "Nothing that was measured has changed beyond chance."
        numbers = f"{len(moved)} of {len(self.changes)} numbers moved beyond chance"
        others = f"{len(self.lines)} other things changed" if self.lines else "nothing else changed"
        return f"{numbers}; {others}."

    def to_frame(self) -> pd.DataFrame:
        """Return a row a number: before, now, difference, each with its limits."""
        import pandas as pd

        return pd.DataFrame(
            [
                {"what": change.name, "reading": change.reading}
                | {
                    f"{when}_{part}": None if interval is None else getattr(interval, part)
                    for when, interval in (
                        ("before", change.before),
                        ("now", change.now),
                        ("difference", change.difference),
                    )
                    for part in ("estimate", "low", "high")
                }
                for change in self.changes
            ]
        )

    def summary(self) -> str:
        """Describe the changes in at most 80 columns."""
        lines = textwrap.wrap(self.answer, 80)
        if not self.same_protocol:
            lines += textwrap.wrap("The protocols differ: the numbers may not mean the same.", 80)
        for change in self.changes:
            if change.moved and change.before and change.now:
                said = f"{change.name}: {number(change.before.estimate)} before, "
                lines += textwrap.wrap(f"{said}{number(change.now.estimate)} now ({change.reading}).", 80)
        for line in self.lines:
            lines += textwrap.wrap(line, 80)
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON types."""
        return {
            "before_sha256": self.before_sha256,
            "same_protocol": self.same_protocol,
            "same_data": self.same_data,
            "lines": list(self.lines),
            "changes": [
                {"name": change.name, "reading": change.reading}
                | {
                    part: interval and interval.to_dict()
                    for part, interval in (
                        ("before", change.before),
                        ("now", change.now),
                        ("difference", change.difference),
                    )
                }
                for change in self.changes
            ],
        }

    def __str__(self) -> str:
        return self.summary()
