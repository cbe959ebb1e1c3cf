"""The pictures of a performance: their titles state what was found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from causalmed.results.pictures import Calibration, DecisionCurve
from causalmed.results.words import number

if TYPE_CHECKING:
    from causalmed.prediction.performance import ClinicalPerformance

__all__ = ["calibration_picture", "decision_picture"]


def calibration_picture(found: ClinicalPerformance) -> Calibration:
    """Return the calibration curve with the distribution of the risks beneath.

    Parameters
    ----------
    found : ClinicalPerformance
        What is drawn.

    Returns
    -------
    Calibration
    """
    curve, histogram = found.curve, found.histogram
    return Calibration(
        title=_calibration_title(found),
        curve_x=tuple(curve.predicted.tolist()),
        curve_y=tuple(curve.observed.tolist()),
        band_low=tuple(curve.low.tolist()),
        band_high=tuple(curve.high.tolist()),
        edges=histogram.edges,
        risks_events=histogram.events,
        risks_nonevents=histogram.nonevents,
        n=found.n,
        events=found.events,
        outcome=found.outcome,
    )


def decision_picture(found: ClinicalPerformance) -> DecisionCurve:
    """Return net benefit over the thresholds, with the limits that hold at all of them at once.

    Parameters
    ----------
    found : ClinicalPerformance
        What is drawn.

    Returns
    -------
    DecisionCurve
    """
    benefit = found.benefit
    return DecisionCurve(
        title=_decision_title(found),
        thresholds=tuple(benefit.thresholds.tolist()),
        model=tuple(benefit.model.tolist()),
        low=tuple(benefit.band_low.tolist()),
        high=tuple(benefit.band_high.tolist()),
        treat_all=tuple(benefit.treat_all.tolist()),
    )


def _calibration_title(found: ClinicalPerformance) -> str:
    large, distance = found.calibration_in_the_large, number(100 * found.curve.ici.estimate)
    away = f"predicted and seen differ by {distance} in 100 on average"
    if 0.0 in large:
        return f"No difference shown between mean predicted and observed risk; {away}"
    return f"Risks are too {'low' if large.estimate > 0 else 'high'} on average; {away}"


def _decision_title(found: ClinicalPerformance) -> str:
    benefit = found.benefit
    better = (benefit.band_low > 0) & (benefit.model > benefit.treat_all)
    if not better.any():
        return "No threshold at which acting on the model is shown to be better than acting on nobody"
    low, high = benefit.thresholds[better][0], benefit.thresholds[better][-1]
    return (
        "Acting on the model is shown to be better than acting on nobody at thresholds between "
        f"{number(100 * low)} and {number(100 * high)} %"
    )
