"""From one group to another, step by step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from causalmed.results.interval import Interval
from causalmed.results.picture import Picture, frame, listed, require_rows, require_words, stop, within

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Step", "Waterfall"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a waterfall.

    Parameters
    ----------
    label : str
        Where the step comes from, in words.
    interval : Interval or None
        How large it is; ``None`` where it is not known, and ``note`` says why.
    note : str
        Why it is not known.
    """

    label: str
    interval: Interval | None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waterfall(Picture):
    """Steps that add up to a difference, each with its interval.

    Parameters
    ----------
    title : str
        The finding.
    question : str
        What the steps answer.
    steps : tuple of Step
        In the order in which they are added.
    total : Step
        What they add up to, where all are known.
    axis_label : str
        The unit.
    per : float
        Values are multiplied by this before they are written or drawn.

    Examples
    --------
    >>> def step(label, value):
    ...     return Step(label=label, interval=Interval(estimate=value, low=value - 0.01, high=value + 0.01,
    ...                                                std_error=0.005))
    >>> picture = Waterfall(title="Infections are 4 per 100 higher for women", per=100,
    ...                     question="Where does the gap come from?",
    ...                     steps=(step("directly", 0.01), step("through care", 0.03)),
    ...                     total=step("women minus men", 0.04), axis_label="infections per 100")
    >>> print(picture.alt)
    Where does the gap come from? Infections are 4 per 100 higher for women. directly: +1.0 (0.0 to 2.0); \
through care: +3.0 (2.0 to 4.0). women minus men: +4.0 (3.0 to 5.0), in infections per 100.
    """

    question: str
    steps: tuple[Step, ...]
    total: Step
    axis_label: str
    per: float = 1.0

    def __post_init__(self) -> None:
        require_words(self, "title", why="A picture without its finding makes the reader guess.")
        require_words(self, "question", why="Parts without their question are read as causes of anything.")
        require_words(self, "axis_label", why="A number without its unit cannot be read.")
        require_rows(self, "steps")

    @property
    def alt(self) -> str:
        """The steps in words."""
        steps = "; ".join(self._spoken(step) for step in self.steps)
        return listed(
            [
                self.question,
                stop(self.title),
                f"{steps}.",
                f"{self._spoken(self.total)}, in {self.axis_label}.",
            ]
        )

    def written(self, step: Step) -> str:
        """Return a step's value and limits in the unit of the axis, or a dash."""
        if step.interval is None:
            return "not known"
        one = step.interval
        sign = "+" if one.estimate > 0 else ""
        return f"{sign}{within(one.estimate, one.low, one.high, per=self.per)}"

    def _spoken(self, step: Step) -> str:
        note = f", {step.note}" if step.note else ""
        return f"{step.label}: {self.written(step)}{note}"

    def table(self) -> pd.DataFrame:
        """Return a row a step, the total last: step, value, low, high, note."""
        columns = ("step", "value", "low", "high", "note")
        rows = []
        for step in (*self.steps, self.total):
            one = step.interval
            limits = (
                (None,) * 3 if one is None else tuple(self.per * v for v in (one.estimate, one.low, one.high))
            )
            rows.append(dict(zip(columns, (step.label, *limits, step.note), strict=True)))
        return frame(iter(rows), columns)
