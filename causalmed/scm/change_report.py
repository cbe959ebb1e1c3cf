"""Why an average changed, as a result."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import stdtrit

from causalmed.errors import InvalidArgument
from causalmed.results import Gate, Interval, Provenance, html_table
from causalmed.results.words import number, signed
from causalmed.scm.terms import FloatArray

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from causalmed.results.pictures import Bars

__all__ = ["ChangeAttribution"]

UNEXPLAINED = "not carried by the graph"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ChangeAttribution:
    r"""How much of the change of a mean each mechanism accounts for.

    The parts and the part that the graph does not carry sum to the observed difference.

    Parameters
    ----------
    outcome : str
        Name of the node.
    binary : bool
        Whether its mean is a risk.
    before, after : float
        Mean outcome as observed in each group.
    patients : tuple of two int
        Numbers of patients before and after.
    mechanisms : tuple of str
        What changed or not; nodes that share a hidden cause are one mechanism, joined by " + ".
    values : ndarray, shape (k + 1,)
        The part of each mechanism, and last what the graph does not carry.
    covariance : ndarray, shape (k + 1, k + 1)
        Of the values.
    monte_carlo : ndarray, shape (k + 1,)
        Standard error from the draws (and the permutations) alone.
    degrees_of_freedom : float
        Of the t distribution; infinite for the normal.
    source : str
        Where the covariance comes from.
    method : str
        How the Shapley values were computed.
    level : float
        Confidence level.
    gate : Gate
        Checks.
    provenance : Provenance
        Data of both groups, specification, seed, versions.
    """

    outcome: str
    binary: bool
    before: float
    after: float
    patients: tuple[int, int]
    mechanisms: tuple[str, ...]
    values: FloatArray
    covariance: FloatArray
    monte_carlo: FloatArray
    degrees_of_freedom: float
    source: str
    method: str
    level: float
    gate: Gate
    provenance: Provenance

    def __post_init__(self) -> None:
        for name in ("values", "covariance", "monte_carlo"):
            array = np.array(getattr(self, name), dtype=np.float64)
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    def __len__(self) -> int:
        return len(self.mechanisms)

    def __getitem__(self, mechanism: str) -> Interval:
        """Return the part of one mechanism."""
        for at, name in enumerate(self.mechanisms):
            if mechanism == name or mechanism in name.split(" + "):
                return self._interval(at)
        raise InvalidArgument.option("mechanism", mechanism, self.mechanisms)

    @property
    def difference(self) -> Interval:
        """The observed change, after minus before."""
        ones = np.ones(len(self.values))
        return self._of(self.after - self.before, float(ones @ self.covariance @ ones))

    @property
    def unexplained(self) -> Interval:
        """What the graph does not carry: observed change minus that of the two models."""
        return self._interval(len(self.mechanisms))

    @property
    def question(self) -> str:
        """The question as one sentence."""
        return f"Which mechanisms account for the change of {self.outcome}?"

    def to_frame(self) -> pd.DataFrame:
        """Return a row a mechanism, the last what the graph does not carry: part, limits, errors."""
        import pandas as pd

        found = [self._interval(at) for at in range(len(self.values))]
        return pd.DataFrame(
            {
                "mechanism": [*self.mechanisms, UNEXPLAINED],
                "part": self.values,
                "low": [each.low for each in found],
                "high": [each.high for each in found],
                "std_error": [each.std_error for each in found],
                "monte_carlo": self.monte_carlo,
            }
        )

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON types."""
        names = (*self.mechanisms, UNEXPLAINED)
        return {
            "question": self.question,
            "outcome": self.outcome,
            "before": self.before,
            "after": self.after,
            "patients": list(self.patients),
            "difference": self.difference.to_dict(),
            "parts": {name: self._interval(at).to_dict() for at, name in enumerate(names)},
            "monte_carlo": dict(zip(names, self.monte_carlo.tolist(), strict=True)),
            "method": self.method,
            "source": self.source,
            "gate": self.gate.to_dict(),
            "provenance": self.provenance.to_dict(),
        }

    def summary(self) -> str:
        """Describe the answer in at most 80 columns."""
        unit = " per 100 patients" if self.binary else ""
        by = signed(self._per * (self.after - self.before))
        head = (
            f"{self.outcome}: {number(self._per * self.before)} before ({self.patients[0]:,} patients), "
            f"{number(self._per * self.after)} after ({self.patients[1]:,} patients), {by}{unit}."
        )
        order = np.argsort(-np.abs(self.values[:-1]), kind="stable")
        lines = [self._line(name, at) for at, name in ((int(at), self.mechanisms[at]) for at in order)]
        lines.append(self._line(UNEXPLAINED, len(self.mechanisms)))
        notes = [str(check) for check in self.gate.not_passed()]
        how = f"How: {self.method}; {self.source}; {100 * self.level:g} % limits, each by itself."
        return "\n".join(
            [*textwrap.wrap(head, 80), "", *lines, "", *textwrap.wrap(how, 80)]
            + [line for note in notes for line in textwrap.wrap(note, 80, subsequent_indent="  ")]
        )

    def picture(self) -> Bars:
        """Return the figure as data: a bar a mechanism, from before to after."""
        from causalmed.results.pictures import BarRow, Bars

        names, per = (*self.mechanisms, UNEXPLAINED), self._per
        found = [self._interval(at) for at in range(len(names))]
        rows = tuple(
            BarRow(
                label=name,
                value=per * each.estimate,
                low=per * each.low,
                high=per * each.high,
                group="remainder" if name == UNEXPLAINED else "mechanism",
                note="the rest of the observed change" if name == UNEXPLAINED else "Shapley value",
            )
            for name, each in zip(names, found, strict=True)
        )
        return Bars(
            title=self._finding(names, found),
            question=self.question,
            rows=rows,
            axis_label=f"{self.outcome} per 100 patients" if self.binary else self.outcome,
            start=per * self.before,
            end=per * self.after,
            ends=("before", "after"),
        )

    def _finding(self, names: tuple[str, ...], found: list[Interval]) -> str:
        """Name the largest part that is clear of chance; none is, where every interval holds zero."""
        clear = [(abs(one.estimate), name) for name, one in zip(names, found, strict=True) if 0 not in one]
        if not clear:
            return "No part of the change is clear of chance"
        return f"{max(clear)[1]} accounts for the largest part of the change that is clear of chance"

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw :meth:`picture` and return its axes."""
        from causalmed.plotting import draw

        return draw(self.picture(), ax=ax)

    def __str__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        return html_table(self.to_frame(), caption=self.question)

    @property
    def _per(self) -> float:
        return 100.0 if self.binary else 1.0

    def _interval(self, at: int) -> Interval:
        return self._of(float(self.values[at]), float(self.covariance[at, at]))

    def _of(self, estimate: float, variance: float) -> Interval:
        error = float(np.sqrt(max(variance, 0.0)))
        width = error * float(stdtrit(self.degrees_of_freedom, 0.5 + self.level / 2))
        return Interval(
            estimate=estimate, low=estimate - width, high=estimate + width, std_error=error, level=self.level
        )

    def _line(self, name: str, at: int) -> str:
        each, per = self._interval(at), self._per
        limits = f"({signed(per * each.low)} to {signed(per * each.high)})"
        return f"{name[:45]:<46}{signed(per * each.estimate):>8}  {limits}"
