"""How patients would have fared, as a result."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from causalmed.results import Provenance, html_table
from causalmed.scm.terms import FloatArray

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from causalmed.results.pictures import Forest

__all__ = ["Counterfactuals"]

_ARRAYS: Final = ("factual", "low", "high", "conf_low", "conf_high", "risk", "risk_do")
_IN_WORDS: Final = {
    "bounds": "nothing is assumed about how the two worlds hang together; the truth may lie anywhere between",
    "monotone": "assuming the same noise in both worlds (monotone coupling)",
    "independent": "assuming fresh noise wherever something changes (independent coupling)",
    "gumbel": "assuming the same Gumbel noise of each level (Gumbel coupling)",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Counterfactuals:
    r"""The outcome of each patient had something been different, given everything observed of the patient.

    For a binary outcome this is :math:`P(Y_{do(x)} = 1 \mid v)`, an interval unless a coupling was named; for
    a numeric outcome it is its mean.

    Parameters
    ----------
    outcome : str
        Name of the node.
    do : tuple of (str, str)
        What is set, to what.
    coupling : str
        ``"bounds"``, or the name of the assumption that makes it a point.
    units : tuple of str
        Ids of the patients.
    factual : ndarray, shape (n,)
        The outcome as observed.
    low, high : ndarray, shape (n,)
        Lower and upper bound; equal under a named coupling.
    conf_low, conf_high : ndarray, shape (n,)
        The bounds widened by the uncertainty of the mechanisms; not a number where the model has no patients
        or nothing can change.
    risk, risk_do : ndarray, shape (n,)
        Mean outcome of patients like this one as they were, and under ``do``, without using the patient's own
        outcome.
    binary : bool
        Whether the outcome is binary.
    downstream : tuple of str
        Nodes that may change.
    level : float
        Confidence level.
    provenance : Provenance
        Data, specification, seed, versions.
    discrete : tuple of str
        Those of ``downstream`` that have levels. With more than one the bounds hold, but need not be the
        narrowest that do.
    held : tuple of str
        Those of ``downstream`` whose mechanisms are not refitted for the limits.
    """

    outcome: str
    do: tuple[tuple[str, str], ...]
    coupling: str
    units: tuple[str, ...]
    factual: FloatArray
    low: FloatArray
    high: FloatArray
    conf_low: FloatArray
    conf_high: FloatArray
    risk: FloatArray
    risk_do: FloatArray
    binary: bool
    downstream: tuple[str, ...]
    level: float
    provenance: Provenance
    discrete: tuple[str, ...] = ()
    held: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in _ARRAYS:
            array = np.array(getattr(self, name), dtype=np.float64)
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    def __len__(self) -> int:
        return len(self.units)

    @property
    def outcome_risk(self) -> tuple[tuple[float, float], ...]:
        """Lower and upper bound of each patient's outcome under ``do``."""
        return tuple(zip(self.low.tolist(), self.high.tolist(), strict=True))

    @property
    def question(self) -> str:
        """The question as one sentence."""
        set_to = ", ".join(f"{name} = {value}" for name, value in self.do) or "nothing changed"
        return f"What would {self.outcome} have been with {set_to}, given everything observed?"

    def summary(self) -> str:
        """Describe the answer in at most 80 columns, the first ten patients one by one."""
        lines = [*textwrap.wrap(self.question, 80), ""]
        for row in range(min(10, len(self))):
            lines += textwrap.wrap(self._sentence(row), 80, subsequent_indent="  ")
        if len(self) > 10:
            lines.append(f"… and {len(self) - 10:,} more; see to_frame().")
        lines += ["", *textwrap.wrap(self._footer(), 80)]
        return "\n".join(lines)

    def to_frame(self) -> pd.DataFrame:
        """Return a row a patient: unit, factual, low, high, conf_low, conf_high, risk, risk_do."""
        import pandas as pd

        return pd.DataFrame({"unit": list(self.units)} | {name: getattr(self, name) for name in _ARRAYS})

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON types. It holds single patients: treat it as identifiable."""
        return {
            "question": self.question,
            "outcome": self.outcome,
            "do": dict(self.do),
            "coupling": self.coupling,
            "downstream": list(self.downstream),
            "level": self.level,
            "sharp": self.coupling != "bounds" or len(self.discrete) < 2,
            "held_fixed": list(self.held),
            "patients": [
                {"unit": unit, **{name: _plain(getattr(self, name)[row]) for name in _ARRAYS}}
                for row, unit in enumerate(self.units)
            ],
            "provenance": self.provenance.to_dict(),
        }

    def picture(self) -> Forest:
        """Return the figure as data: the interval of each of the first 30 patients."""
        from causalmed.results import Interval
        from causalmed.results.pictures import Forest, ForestRow

        rows = tuple(
            ForestRow(
                label=f"patient {self.units[row]}",
                interval=Interval(
                    estimate=float(self.low[row] + self.high[row]) / 2,
                    low=float(self.low[row]),
                    high=float(self.high[row]),
                    std_error=float("nan"),
                ),
                crude=float(self.factual[row]),
                verdict="",
                note="bounds, not a confidence interval" if self.coupling == "bounds" else self.coupling,
            )
            for row in range(min(30, len(self)))
        )
        per = 100.0 if self.binary else 1.0
        axis = f"{self.outcome} per 100 patients like this one" if self.binary else self.outcome
        return Forest(rows=rows, axis_label=axis, title=self.question, per=per)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw :meth:`picture` and return its axes."""
        from causalmed.plotting import draw

        return draw(self.picture(), ax=ax)

    def __str__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        return html_table(self.to_frame(), caption=self.question)

    def _sentence(self, row: int) -> str:
        fact, low, high = self.factual[row], self.low[row], self.high[row]
        if not self.binary:
            span = f"{low:.4g}" if low == high else f"between {low:.4g} and {high:.4g}"
            return f"Patient {self.units[row]} had {self.outcome} = {fact:.4g}. It would have been {span}."
        had = "had" if fact == 1 else "did not have"
        if low == high == fact:
            return (
                f"Patient {self.units[row]} {had} {self.outcome}, and nothing that bears on it would change."
            )
        span = _percent(low) if low == high else f"between {_percent(low)} and {_percent(high)}"
        limits = ""
        if np.isfinite(self.conf_low[row]):
            limits = (
                f" ({100 * self.level:g} % limits {_percent(self.conf_low[row])} to "
                f"{_percent(self.conf_high[row])})"
            )
        return (
            f"Patient {self.units[row]} {had} {self.outcome}. Among patients with this record it would have "
            f"happened to {span} in 100{limits}."
        )

    def _footer(self) -> str:
        moved = ", ".join(self.downstream) or "nothing"
        sure = "" if np.isfinite(self.conf_low).any() else " The uncertainty of the mechanisms is not shown."
        if self.held and not sure:
            sure = f" The limits do not hold the uncertainty of {', '.join(self.held)}."
        return f"How: {_IN_WORDS[self.coupling]}{self._joint()}. What may change: {moved}.{sure}"

    def _joint(self) -> str:
        """Say what several nodes with levels between mean for the answer."""
        if len(self.discrete) < 2:
            return ""
        nodes = ", ".join(self.discrete)
        if self.coupling == "bounds":
            return f"; with several nodes with levels ({nodes}) the bounds are valid, not sharp"
        return f"; the noise of each of {nodes} is coupled by itself, independently of the others"


def _percent(share: float) -> str:
    return f"{100 * share:.0f}"


def _plain(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
