"""Whether effects differ between patients, in a sentence and in numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from causalmed.results.interval import Interval
from causalmed.results.words import number

__all__ = ["Heterogeneity"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heterogeneity:
    r"""Held-out evidence that the predicted effects order patients rightly.

    Parameters
    ----------
    slope : Interval
        By how much effects differ for each 1 that predictions differ (best linear predictor): 1 is
        perfect, 0 means that predictions have nothing to do with effects. Not a number where all
        predictions are the same.
    area : Interval
        AUTOC: how much larger the effect is among patients ranked first than on average, averaged over
        all shares of patients that could be taken; 0 where the order says nothing. In units of the outcome.
    fifths : tuple of Interval
        Mean effect in each fifth of the patients, from the smallest predictions to the largest.
    stretch : float
        Factor by which the effects that are shown were stretched about their mean; 1 for none.
    outcome_kind : str
        ``"binary"`` (numbers are written per 100 patients) or ``"continuous"``.

    References
    ----------
    Chernozhukov V, Demirer M, Duflo E, Fernández-Val I (2025). Econometrica 93:1121-1164. Yadlowsky S,
    Fleming S, Shah N, Brunskill E, Wager S (2025). J Am Stat Assoc 120:38-51.

    Examples
    --------
    >>> def interval(estimate, error):
    ...     return Interval(estimate=estimate, low=estimate - 2 * error, high=estimate + 2 * error,
    ...                     std_error=error)
    >>> found = Heterogeneity(slope=interval(1.1, 0.2), area=interval(0.03, 0.01), stretch=1.0,
    ...                       fifths=tuple(interval(0.01 * k, 0.01) for k in range(5)))
    >>> found.shown
    True
    """

    slope: Interval
    area: Interval
    fifths: tuple[Interval, ...]
    stretch: float = 1.0
    outcome_kind: str = "continuous"

    @property
    def shown(self) -> bool:
        """Whether the interval of the area lies above zero: the order holds in patients not learned from."""
        return self.area.low > 0

    @property
    def sentence(self) -> str:
        """What may be said, in plain words."""
        per = 100 if self.outcome_kind == "binary" else 1
        value, low, high = (
            number(per * each) for each in (self.area.estimate, self.area.low, self.area.high)
        )
        size = f"{value}{' per 100 patients' if per == 100 else ''} ({low} to {high})"
        if self.shown:
            return (
                "The effect differs between patients: among patients whom the forest had not seen, those it "
                f"ranks first respond more than the average, by {size} over all possible cuts; 0 would mean "
                "that the ranking says nothing."
            )
        return (
            "It is not shown that the effect differs between patients: those whom the forest ranks first do "
            f"not respond more than the average beyond chance ({size}; fine would be an interval above 0). "
            "Report the average effect, and choose nobody by these numbers."
        )

    @property
    def slope_sentence(self) -> str:
        """How predicted differences compare with real ones, in plain words."""
        if math.isnan(self.slope.estimate):
            return "The forest predicts the same effect for everybody."
        low, high = self.slope.low, self.slope.high
        told = (
            "Where two predictions of unseen patients differ by 10, their effects differ by "
            f"{number(10 * self.slope.estimate)} ({number(10 * low)} to {number(10 * high)})"
        )
        done = "" if self.stretch == 1.0 else f" They are shown stretched by {number(self.stretch, 3)}."
        if low <= 0:
            return f"{told}: that may be nothing at all.{done}"
        if high < 1:
            return f"{told}: the forest exaggerates."
        if low > 1:
            return f"{told}: the forest says too little.{done}"
        return f"{told}: fine, as 10 is among the values that agree with the data.{done}"

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON types."""
        nothing = math.isnan(self.slope.estimate)
        return {
            "shown": self.shown,
            "sentence": self.sentence,
            "slope": None if nothing else self.slope.to_dict(),
            "area": self.area.to_dict(),
            "fifths": [interval.to_dict() for interval in self.fifths],
            "stretch": self.stretch,
        }
