"""How right a risk is: the numbers a clinical reader needs, each with its interval."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from causalmed.errors import InvalidArgument
from causalmed.prediction.calibration import CalibrationCurve
from causalmed.prediction.performance_pictures import calibration_picture, decision_picture
from causalmed.prediction.utility import BenefitCurve
from causalmed.results import Gate, Interval, Provenance, html_table
from causalmed.results.pictures import Calibration, DecisionCurve
from causalmed.results.words import number

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["AlertPerformance", "ClinicalPerformance", "Histogram"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertPerformance:
    """What the alerts at one threshold do.

    Parameters
    ----------
    threshold : float
        Alert where risk >= threshold.
    sensitivity, specificity : Interval
        Share of patients with the outcome who are alerted; without it, who are not.
    predictive_value : Interval or None
        Share of alerted patients who have the outcome; ``None`` without alerts.
    alerts, missed : Interval
        Alerts, and patients with the outcome who are not alerted, per patient.
    net_benefit : Interval or None
        At this threshold; ``None`` where the threshold is not inside (0, 1).
    """

    threshold: float
    sensitivity: Interval
    specificity: Interval
    predictive_value: Interval | None
    alerts: Interval
    missed: Interval
    net_benefit: Interval | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """How the risks are distributed, by outcome.

    Parameters
    ----------
    edges : tuple of float
        Borders of the bars.
    events, nonevents : tuple of float
        Patients with and without the outcome in each bar.
    """

    edges: tuple[float, ...]
    events: tuple[float, ...]
    nonevents: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ClinicalPerformance:
    """Discrimination, calibration, utility and alerts of a risk, in one cohort.

    The panel follows Van Calster et al. (2025), Lancet Digital Health 7:100916: area under the ROC curve,
    calibration, net benefit, distribution of the risks. Accuracy and F1 are not offered.

    Parameters
    ----------
    outcome : str
        Name of the outcome.
    n, events : int
        Patients and patients with the outcome.
    clusters : int or None
        Clusters the intervals allow for.
    auroc : Interval
        Probability that a patient with the outcome has the higher risk.
    calibration_in_the_large : Interval
        Log odds by which the outcome is more frequent than predicted; 0 is right.
    calibration_intercept, calibration_slope : Interval
        Of the logistic recalibration; see :class:`~causalmed.prediction.WeakCalibration`.
    curve : CalibrationCurve
        The flexible calibration curve with ICI, E50 and E90.
    brier, scaled_brier : Interval
        Mean squared error, and 1 minus its ratio to that of the mean risk.
    benefit : BenefitCurve
        Net benefit over a range of thresholds.
    histogram : Histogram
        Distribution of the risks by outcome.
    at_threshold : AlertPerformance or None
        What the alerts do; ``None`` where no threshold was stated.
    diagnostics : Gate
        Events, clusters, risks of exactly 0 or 1.
    provenance : Provenance or None
        How to make it again.
    level : float
        Confidence level.

    Examples
    --------
    >>> import numpy as np
    >>> from causalmed.prediction import clinical_performance
    >>> rng = np.random.default_rng(1)
    >>> p = rng.uniform(0.02, 0.4, 2000)
    >>> y = (rng.random(2000) < p).astype(float)
    >>> found = clinical_performance(outcome=y, risk=p, threshold=0.2)
    >>> print(found.auroc)
    0.69 (95 % CI 0.66 to 0.71)
    """

    outcome: str
    n: int
    events: int
    clusters: int | None
    auroc: Interval
    calibration_in_the_large: Interval
    calibration_intercept: Interval
    calibration_slope: Interval
    curve: CalibrationCurve
    brier: Interval
    scaled_brier: Interval
    benefit: BenefitCurve
    histogram: Histogram
    at_threshold: AlertPerformance | None
    diagnostics: Gate
    provenance: Provenance | None = None
    level: float = 0.95

    @property
    def sensitivity(self) -> Interval | None:
        """Share of patients with the outcome who are alerted; ``None`` without a threshold."""
        return None if self.at_threshold is None else self.at_threshold.sensitivity

    @property
    def specificity(self) -> Interval | None:
        """Share of patients without the outcome who are not alerted; ``None`` without a threshold."""
        return None if self.at_threshold is None else self.at_threshold.specificity

    @property
    def net_benefit(self) -> Interval | None:
        """Net benefit per patient at the threshold; ``None`` without one."""
        return None if self.at_threshold is None else self.at_threshold.net_benefit

    @property
    def alerts_per_100(self) -> Interval | None:
        """Alerts among 100 patients; ``None`` without a threshold."""
        return None if self.at_threshold is None else _times(self.at_threshold.alerts, 100)

    @property
    def missed_per_100(self) -> Interval | None:
        """Patients with the outcome but no alert, among 100 patients; ``None`` without a threshold."""
        return None if self.at_threshold is None else _times(self.at_threshold.missed, 100)

    def measures(self) -> dict[str, Interval]:
        """Return every measure by its name, in the order to be read."""
        alerts = self.at_threshold
        named = {
            "area under the ROC curve": self.auroc,
            "calibration in the large": self.calibration_in_the_large,
            "calibration intercept": self.calibration_intercept,
            "calibration slope": self.calibration_slope,
            "ICI": self.curve.ici,
            "E50": self.curve.e50,
            "E90": self.curve.e90,
            "Brier score": self.brier,
            "scaled Brier score": self.scaled_brier,
            "sensitivity": self.sensitivity,
            "specificity": self.specificity,
            "positive predictive value": None if alerts is None else alerts.predictive_value,
            "alerts per 100": self.alerts_per_100,
            "missed per 100": self.missed_per_100,
            "net benefit": self.net_benefit,
        }
        return {name: interval for name, interval in named.items() if interval is not None}

    def to_frame(self) -> pd.DataFrame:
        """Return a row a measure: measure, estimate, low, high, std_error."""
        import pandas as pd

        rows = [
            (name, value.estimate, value.low, value.high, value.std_error)
            for name, value in self.measures().items()
        ]
        return pd.DataFrame(rows, columns=["measure", "estimate", "low", "high", "std_error"])

    def summary(self) -> str:
        """Return the measures in at most 80 columns, specificity never without sensitivity."""
        clusters = f", {self.clusters} clusters" if self.clusters else ""
        lines = [f"{self.n:,} patients, {self.events:,} with {self.outcome}{clusters}"]
        lines += [f"  {name:<27}{_written(value)}" for name, value in self.measures().items()]
        lines.append(f"  {'ICI if risks were right':<27}{number(self.curve.ici_if_perfect)}")
        if self.at_threshold is not None:
            lines.append(f"Alert from a risk of {number(self.at_threshold.threshold, 3)}.")
        lines += [str(check) for check in self.diagnostics.not_passed()]
        return "\n".join(
            textwrap.fill(line, 80, subsequent_indent="  ") if len(line) > 80 else line for line in lines
        )

    def picture(self, kind: str = "calibration") -> Calibration | DecisionCurve:
        """Return the picture of the calibration curve, or of net benefit.

        Parameters
        ----------
        kind : {"calibration", "decision_curve"}
            Which one.

        Raises
        ------
        InvalidArgument
            If it is neither.
        """
        if kind == "calibration":
            return calibration_picture(self)
        if kind == "decision_curve":
            return decision_picture(self)
        raise InvalidArgument.option("kind", kind, ("calibration", "decision_curve"))

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the calibration curve."""
        return self.picture().plot(ax)

    def to_dict(self) -> dict[str, Any]:
        """Return the measures, curves and checks as plain JSON types."""
        return {
            "outcome": self.outcome,
            "n": self.n,
            "events": self.events,
            "clusters": self.clusters,
            "level": self.level,
            "measures": {name: value.to_dict() for name, value in self.measures().items()},
            "threshold": self.at_threshold and self.at_threshold.threshold,
            "ici_if_perfect": self.curve.ici_if_perfect,
            "calibration_curve": _listed(self.curve, ("predicted", "observed", "low", "high")),
            "benefit_curve": _listed(self.benefit, tuple(field.name for field in fields(self.benefit))),
            "diagnostics": self.diagnostics.to_dict(),
            "provenance": self.provenance and self.provenance.to_dict(),
        }

    def _repr_html_(self) -> str:
        caption = f"How right the risk of {self.outcome} is: {self.n:,} patients, {self.events:,} events"
        return html_table(self.to_frame(), caption=caption)


def _written(value: Interval) -> str:
    low, high = number(value.low, 3), number(value.high, 3)
    return f"{number(value.estimate, 3)} ({100 * value.level:g} % CI {low} to {high})"


def _times(value: Interval, factor: float) -> Interval:
    return Interval(
        estimate=factor * value.estimate,
        low=factor * value.low,
        high=factor * value.high,
        std_error=factor * value.std_error,
        level=value.level,
    )


def _listed(part: object, names: tuple[str, ...]) -> dict[str, list[float]]:
    return {name: [float(value) for value in getattr(part, name)] for name in names}
