"""Curves along a dose or along time, each with its limits and its band."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from causalmed.errors import InvalidArgument
from causalmed.results.curve import Curve
from causalmed.results.picture import Picture, frame, plain, require_rows, stop, within

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Curves"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Curves(Picture):
    """One curve, or a few of one kind.

    Parameters
    ----------
    title : str
        The finding.
    curves : tuple of Curve
        At most four, with the same axes.

    Examples
    --------
    >>> import numpy as np
    >>> line = np.array([0.05, 0.08])
    >>> curve = Curve(label="late", x=np.array([10.0, 30.0]), estimate=line, low=line - 0.01,
    ...               high=line + 0.01, uniform_low=line - 0.02, uniform_high=line + 0.02, x_label="day",
    ...               y_label="infected, per 100 patients", question="Risk by day.", n=900, per=100)
    >>> print(Curves(title="The risk grows with time", curves=(curve,)).alt)
    The risk grows with time. late: 5.0 (4.0 to 6.0) at day 10, 8.0 (7.0 to 9.0) at day 30; infected, \
per 100 patients.
    """

    curves: tuple[Curve, ...]

    def __post_init__(self) -> None:
        Picture.__post_init__(self)
        require_rows(self, "curves")
        if len(self.curves) > 4:
            raise InvalidArgument(
                f"{len(self.curves)} curves in one picture cannot be told apart; draw at most 4."
            )

    @property
    def alt(self) -> str:
        """The picture in words: each curve at its ends."""
        parts = []
        for curve in self.curves:
            ends = ", ".join(
                f"{within(curve.estimate[i], curve.low[i], curve.high[i], per=curve.per)} at {curve.x_label} "
                f"{plain(float(curve.x[i]))}"
                for i in (0, len(curve) - 1)
            )
            parts.append(f"{curve.label}: {ends}; {curve.y_label}.")
        return f"{stop(self.title)} {' '.join(parts)}"

    def table(self) -> pd.DataFrame:
        """Return a row a point."""
        rows = [
            {"curve": curve.label, **{str(name): value for name, value in row.items()}}
            for curve in self.curves
            for row in curve.to_frame().to_dict(orient="records")
        ]
        columns = ["curve", "x", "estimate", "conf_low", "conf_high", "uniform_low", "uniform_high"]
        return frame(rows, columns)
