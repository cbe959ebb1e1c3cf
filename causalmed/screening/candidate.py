"""One candidate and the verdict on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from causalmed.results import Effect, Interval

__all__ = ["VERDICTS", "Candidate"]

VERDICTS: Final = ("cause", "no material effect", "cannot tell", "not identifiable", "assumed none")
"""Everything a screen can say about a candidate."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candidate:
    """One possible cause and what can be said of it.

    Parameters
    ----------
    name : str
        Column of the exposure.
    verdict : str
        One of :data:`VERDICTS`.
    reason : str
        One sentence with the number behind the verdict.
    effect : Effect or None
        The full estimate, where there is one.
    risk_difference, risk_ratio : Interval or None
        With limits that hold for all candidates at once.
    crude : float or None
        Risk difference without adjustment.
    adjustment_set : tuple of str
        What was adjusted for.
    adjusted_p : float or None
        Step-down adjusted p-value behind the verdict; not for display.
    footnote : str
        Where the test and the interval disagree.
    error : str
        Name of the error that kept an estimate from being made.

    Examples
    --------
    >>> Candidate(name="razor", verdict="assumed none", reason="The graph draws no path.").is_cause
    False
    """

    name: str
    verdict: str
    reason: str
    effect: Effect | None = None
    risk_difference: Interval | None = None
    risk_ratio: Interval | None = None
    crude: float | None = None
    adjustment_set: tuple[str, ...] = ()
    adjusted_p: float | None = None
    footnote: str = ""
    error: str = ""

    @property
    def is_cause(self) -> bool:
        """Whether the verdict is that it causes the outcome."""
        return self.verdict == "cause"

    @property
    def prevents(self) -> bool:
        """Whether the verdict is that it causes *fewer* outcomes."""
        return self.is_cause and self.risk_difference is not None and self.risk_difference.estimate < 0

    @property
    def in_words(self) -> str:
        """The verdict for a reader: ``"prevents"`` where a cause lowers the risk, else the verdict."""
        return "prevents" if self.prevents else self.verdict

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON types."""
        return {
            "name": self.name,
            "verdict": self.verdict,
            "reason": self.reason,
            "risk_difference": None if self.risk_difference is None else self.risk_difference.to_dict(),
            "risk_ratio": None if self.risk_ratio is None else self.risk_ratio.to_dict(),
            "crude": self.crude,
            "adjustment_set": list(self.adjustment_set),
            "adjusted_p": self.adjusted_p,
            "footnote": self.footnote,
            "error": self.error,
            "effect": None if self.effect is None else self.effect.to_dict(),
        }
