"""One estimated curve, with limits for each point and a band for all of them at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from causalmed.results.check import Gate
from causalmed.results.provenance import Provenance
from causalmed.results.words import number

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from causalmed.results.pictures import Curves

__all__ = ["Curve"]

_LINES = ("x", "estimate", "low", "high", "uniform_low", "uniform_high")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Curve:
    """A mean or a risk along a dose or along time.

    Parameters
    ----------
    label : str
        What the curve is of, for example an arm.
    x : ndarray, shape (k,)
        Doses or times, increasing.
    estimate, low, high : ndarray, shape (k,)
        Estimates and the limits of each point by itself.
    uniform_low, uniform_high : ndarray, shape (k,)
        Limits between which the whole curve lies with the confidence of ``level``.
    x_label, y_label : str
        What the axes show, with units.
    question : str
        The estimand as a sentence.
    level : float
        Confidence level.
    n : int
        Patients.
    per : float
        Factor for reading: 100 shows risks per 100 patients.
    diagnostics : Gate
        Checks.
    provenance : Provenance or None
        Data, specification, seed, versions.

    Examples
    --------
    >>> line = np.array([0.05, 0.08])
    >>> curve = Curve(label="late", x=np.array([10.0, 30.0]), estimate=line, low=line - 0.01,
    ...               high=line + 0.01, uniform_low=line - 0.02, uniform_high=line + 0.02,
    ...               x_label="days", y_label="infections", question="Risk by day.", n=900)
    >>> curve.at(20.0)
    0.065
    """

    label: str
    x: NDArray[np.float64]
    estimate: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    uniform_low: NDArray[np.float64]
    uniform_high: NDArray[np.float64]
    x_label: str
    y_label: str
    question: str
    n: int
    level: float = 0.95
    per: float = 1.0
    diagnostics: Gate = Gate()  # noqa: RUF009  # an empty gate is a frozen value
    provenance: Provenance | None = None

    def __post_init__(self) -> None:
        for name in _LINES:
            line = np.array(getattr(self, name), dtype=np.float64)
            if line.shape != np.shape(self.x) or line.ndim != 1:
                raise ValueError(
                    f"{name} has shape {line.shape}; every line of a curve needs one number a point"
                )
            line.setflags(write=False)
            object.__setattr__(self, name, line)

    def __len__(self) -> int:
        return len(self.x)

    def at(self, x: float) -> float:
        """Return the estimate at a dose or time, linear between the points."""
        return float(np.interp(x, self.x, self.estimate))

    def to_frame(self) -> pd.DataFrame:
        """Return a row a point: x, estimate, limits, limits of the band."""
        import pandas as pd

        names = {"low": "conf_low", "high": "conf_high"}
        return pd.DataFrame({names.get(name, name): getattr(self, name) for name in _LINES})

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON types."""
        return {
            "label": self.label,
            **{name: [float(value) for value in getattr(self, name)] for name in _LINES},
            "x_label": self.x_label,
            "y_label": self.y_label,
            "question": self.question,
            "n": self.n,
            "level": self.level,
            "diagnostics": self.diagnostics.to_dict(),
            "provenance": None if self.provenance is None else self.provenance.to_dict(),
        }

    def summary(self) -> str:
        """Describe the curve by its ends, in at most 80 columns."""
        import textwrap

        ends = [
            f"{self.x_label} {float(self.x[i]):.4g}: {number(self.per * self.estimate[i])} "
            f"({number(self.per * self.low[i])} to {number(self.per * self.high[i])})"
            for i in (0, len(self) - 1)
        ]
        text = f"{self.question} {ends[0]}; {ends[1]}. {self.y_label}; {self.n:,} patients."
        checks = [str(check) for check in self.diagnostics.not_passed()]
        return "\n".join(line for part in (*checks, text) for line in textwrap.wrap(part, 80))

    def picture(self) -> Curves:
        """Return the figure of this curve as data."""
        from causalmed.results.pictures import Curves

        first, last = (number(self.per * self.estimate[i]) for i in (0, -1))
        low, high = (f"{float(self.x[i]):.4g}" for i in (0, -1))
        title = f"{self.label}: {first} at {self.x_label} {low}, {last} at {high}"
        return Curves(title=title, curves=(self,))

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw :meth:`picture` and return its axes."""
        return self.picture().plot(ax)

    def _repr_html_(self) -> str:
        return self.picture()._repr_html_()
