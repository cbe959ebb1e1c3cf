"""A threshold set again for another hospital, and what is known about it there."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from causalmed.results import Gate, Interval, Provenance, html_table
from causalmed.results.words import number

if TYPE_CHECKING:
    import pandas as pd

    from causalmed.cohort import Cohort
    from causalmed.prediction.model import RiskModel
    from causalmed.prediction.transport_check import TransportCheck
    from causalmed.prediction.transported import Evidence

__all__ = ["AIMS", "Adaptation", "Expected"]

AIMS: Final = ("patients like these", "these patients")


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a threshold is expected to do in patients whose outcomes are not known.

    Parameters
    ----------
    threshold : float
        Alert where risk >= threshold.
    specificity, sensitivity, alerts : Interval
        Share of patients without the outcome who are not alerted; with it, who are; alerts per patient.
    """

    threshold: float
    specificity: Interval
    sensitivity: Interval
    alerts: Interval


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Adaptation:
    """A risk model whose threshold was set for another hospital, from patients without outcomes.

    Made by :meth:`RiskModel.adapt`.

    Parameters
    ----------
    model : RiskModel
        The same risks with the new threshold.
    specificity, delta : float
        What was asked for, and the probability with which it may be missed.
    aim : str
        ``"patients like these"`` or ``"these patients"``.
    adapted : Expected
        At the new threshold.
    before : Expected or None
        At the threshold the model had; ``None`` where it had none.
    risk : Interval
        Share of the new patients who will have the outcome.
    patients, calibration : int
        New patients, and patients with known outcomes.
    diagnostics : Gate
        What can be seen of the assumption.
    provenance : Provenance
        How to make it again.
    level : float
        Confidence level of the intervals.
    evidence : Evidence or None
        Both samples, kept in memory for :meth:`check`; never written.

    Examples
    --------
    >>> from causalmed.prediction import fit_risk_model
    >>> from causalmed.datasets import load_dataset
    >>> postop = load_dataset("postop")
    >>> model = fit_risk_model(postop.development, graph=postop.graph, specificity=0.93, seed=1)
    >>> found = model.adapt(postop.apart)
    >>> found.diagnostics.state.name, found.adapted.specificity.low < 0.931 < found.adapted.specificity.high
    ('PASS', True)
    """

    model: RiskModel
    specificity: float
    delta: float
    aim: str
    adapted: Expected
    before: Expected | None
    risk: Interval
    patients: int
    calibration: int
    diagnostics: Gate
    provenance: Provenance
    level: float = 0.95
    evidence: Evidence | None = field(default=None, repr=False)

    @property
    def threshold(self) -> float:
        """Alert where risk >= this."""
        return self.adapted.threshold

    def check(self, labelled: Cohort, *, outcome: str | None = None) -> TransportCheck:
        """Hold the assumption against a few patients of the new hospital whose outcomes are known.

        Parameters
        ----------
        labelled : Cohort
            Patients of the new hospital, with outcomes.
        outcome : str, optional
            By default the model's outcome, then the cohort's.

        Returns
        -------
        TransportCheck
            A test, and how large a change so few patients would have missed.
        """
        from causalmed.prediction.transport_check import check_transport

        return check_transport(self, labelled, outcome=outcome)

    def measures(self) -> dict[str, Interval]:
        """Return every number by its name, in the order to be read."""
        found = {
            "specificity": self.adapted.specificity,
            "sensitivity": self.adapted.sensitivity,
            "alerts": self.adapted.alerts,
            "risk": self.risk,
        }
        if self.before is not None:
            found["specificity before"] = self.before.specificity
            found["sensitivity before"] = self.before.sensitivity
            found["alerts before"] = self.before.alerts
        return found

    def to_frame(self) -> pd.DataFrame:
        """Return a row a measure: measure, estimate, low, high, std_error."""
        import pandas as pd

        rows = [
            (name, value.estimate, value.low, value.high, value.std_error)
            for name, value in self.measures().items()
        ]
        return pd.DataFrame(rows, columns=["measure", "estimate", "low", "high", "std_error"])

    def summary(self) -> str:
        """Return the threshold, what it rests on and what it is expected to do, in at most 80 columns."""
        guarantee = str(self.model.guarantee)
        lines = [
            f"Threshold set for {self.patients:,} patients of another hospital, without their outcomes.",
            f"{guarantee[0].upper()}{guarantee[1:]}.",
            "Without outcomes from there this cannot be tested; .check(labelled) tests it with a few.",
        ]
        lines += [_row("specificity, expected", self.adapted.specificity, self.before)]
        lines += [_row("sensitivity, expected", self.adapted.sensitivity, self.before)]
        lines += [_row("alerts per patient", self.adapted.alerts, self.before)]
        lines += [str(check) for check in self.diagnostics.not_passed()]
        return "\n".join(textwrap.fill(line, 80, subsequent_indent="  ") for line in lines)

    def to_dict(self) -> dict[str, Any]:
        """Return the adaptation as plain JSON types; no patient is in it."""
        return {
            "threshold": self.threshold,
            "specificity": self.specificity,
            "delta": self.delta,
            "aim": self.aim,
            "patients": self.patients,
            "calibration": self.calibration,
            "level": self.level,
            "measures": {name: value.to_dict() for name, value in self.measures().items()},
            "diagnostics": self.diagnostics.to_dict(),
            "provenance": self.provenance.to_dict(),
        }

    def _repr_html_(self) -> str:
        where = f"{self.patients:,} patients of another hospital"
        caption = f"A threshold of {number(self.threshold, 3)} for {where}"
        return html_table(self.to_frame(), caption=caption)


def _row(name: str, value: Interval, before: Expected | None) -> str:
    field_name = name.split(",")[0].split(" ")[0]
    earlier = "" if before is None else f"; before {number(getattr(before, field_name).estimate, 3)}"
    low, high = number(value.low, 3), number(value.high, 3)
    return f"  {name}: {number(value.estimate, 3)} ({100 * value.level:g} % CI {low} to {high}){earlier}"
