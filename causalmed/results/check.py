"""Diagnostics as a gate: a state, one sentence, the number behind it, the next step."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Check", "Gate", "State"]


class State(StrEnum):
    """How a check came out: let through, let through with care, or stopped."""

    PASS = "pass"
    WARN = "warn"
    FAIL = "fail"


_ORDER = {State.PASS: 0, State.WARN: 1, State.FAIL: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One diagnostic.

    Parameters
    ----------
    name : str
        What was checked, for example ``"overlap"``.
    state : State
        PASS, WARN or FAIL.
    sentence : str
        What was found, for a reader without statistics, with the number in it.
    value, threshold : float or None
        The number behind the sentence and the line it is held against.
    advice : str
        The next step where the state is not PASS.

    Examples
    --------
    >>> print(Check(name="events", state=State.PASS, sentence="There are 40 infections a parameter.",
    ...             value=40.0, threshold=10.0))
    PASS  events: There are 40 infections a parameter.
    """

    name: str
    state: State
    sentence: str
    value: float | None = None
    threshold: float | None = None
    advice: str = ""

    def __str__(self) -> str:
        advice = f" {self.advice}" if self.advice and self.state is not State.PASS else ""
        return f"{self.state.name}  {self.name}: {self.sentence}{advice}"

    def to_dict(self) -> dict[str, Any]:
        """Return the check as plain JSON types."""
        return {
            "name": self.name,
            "state": str(self.state),
            "sentence": self.sentence,
            "value": self.value,
            "threshold": self.threshold,
            "advice": self.advice,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """All checks of one answer; it is as good as its worst.

    Parameters
    ----------
    checks : tuple of Check
        In the order in which they should be read.

    Examples
    --------
    >>> gate = Gate(checks=(Check(name="overlap", state=State.WARN, sentence="Thin."),))
    >>> gate.state.name, [check.name for check in gate.failed()]
    ('WARN', [])
    """

    checks: tuple[Check, ...] = ()

    @property
    def state(self) -> State:
        """The worst state of any check; PASS where there is none."""
        return max((check.state for check in self.checks), key=_ORDER.__getitem__, default=State.PASS)

    def failed(self) -> tuple[Check, ...]:
        """Return the checks that failed."""
        return tuple(check for check in self.checks if check.state is State.FAIL)

    def not_passed(self) -> tuple[Check, ...]:
        """Return the checks that failed, then those that warn."""
        worst_first = sorted(self.checks, key=lambda check: -_ORDER[check.state])
        return tuple(check for check in worst_first if check.state is not State.PASS)

    def check(self, name: str) -> Check:
        """Return the check of that name; ``KeyError`` where there is none."""
        for check in self.checks:
            if check.name == name:
                return check
        raise KeyError(name)

    def summary(self) -> str:
        """Return the checks one after the other, in at most 80 columns."""
        return "\n".join(textwrap.fill(str(check), 80, subsequent_indent="      ") for check in self.checks)

    def to_frame(self) -> pd.DataFrame:
        """Return a row a check: name, state, sentence, value, threshold, advice."""
        import pandas as pd

        columns = ["name", "state", "sentence", "value", "threshold", "advice"]
        return pd.DataFrame([check.to_dict() for check in self.checks], columns=columns)

    def to_dict(self) -> list[dict[str, Any]]:
        """Return the checks as plain JSON types."""
        return [check.to_dict() for check in self.checks]

    def _repr_html_(self) -> str:
        from causalmed.results.tables import html_table

        return html_table(self.to_frame(), caption="Diagnostics")
