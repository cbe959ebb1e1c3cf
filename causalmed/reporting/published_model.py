"""How right a model is, as it may leave the hospital: no cell of a few patients among the alerts."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING

import numpy as np

from causalmed.reporting.disclosure import MINIMUM, hidden_cells
from causalmed.reporting.published_screen import published_gate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from causalmed.prediction import ClinicalPerformance, RiskModel
    from causalmed.reporting.dossier import Prediction, Tested

__all__ = ["published_performances"]


def published_performances(
    prediction: Prediction, tested: Tested
) -> tuple[tuple[str, ClinicalPerformance], ...]:
    """Return the performances without what would show, or give away, a cell of 1 to 10 patients.

    Where alerts and infections make such a cell, nothing about the alerts is said of these patients. A
    hospital with so few infected (or so few other) patients is left out whole. With either goes another
    hospital, where the total would give the first away. Net benefit is kept at thresholds where all four
    cells are large enough.

    Parameters
    ----------
    prediction : Prediction
        The patients it was tested on.
    tested : Tested
        The model, and how it did where; the first is everybody, the rest are its parts.

    Returns
    -------
    tuple of (str, ClinicalPerformance)
    """
    (name, everybody), *parts = tested.performances
    everybody = replace(everybody, diagnostics=published_gate(everybody.diagnostics))
    everybody = _without_thin_thresholds(everybody, prediction, tested.model)
    if _hidden([everybody]).any():
        return ((name, replace(everybody, at_threshold=None)),)
    parts = _large_enough(parts)
    hidden = _hidden([found for _, found in parts])
    shown = [
        (who, replace(found, at_threshold=None) if few else found)
        for (who, found), few in zip(parts, hidden, strict=True)
    ]
    return ((name, everybody), *shown)


def _large_enough(parts: list[tuple[str, ClinicalPerformance]]) -> list[tuple[str, ClinicalPerformance]]:
    if not parts:
        return []
    sizes = np.array([(found.events, found.n - found.events) for _, found in parts], dtype=np.int64)
    left_out = np.atleast_1d(hidden_cells(sizes).any(axis=1))
    return [part for part, few in zip(parts, left_out, strict=True) if not few]


def _hidden(found: list[ClinicalPerformance]) -> NDArray[np.bool_]:
    """Return whose alerts may not be shown."""
    if not found:
        return np.zeros(0, dtype=bool)
    cells = np.array([_cells(one) for one in found], dtype=np.int64)
    return np.asarray(hidden_cells(cells[:, :2]).any(axis=1) | hidden_cells(cells[:, 2:]).any(axis=1))


def _cells(found: ClinicalPerformance) -> tuple[int, int, int, int]:
    """Infected with and without an alert, the others with and without."""
    if found.at_threshold is None:
        return (0, 0, 0, 0)
    others = found.n - found.events
    seen = round(found.at_threshold.sensitivity.estimate * found.events)
    silent = round(found.at_threshold.specificity.estimate * others)
    return (seen, found.events - seen, others - silent, silent)


def _without_thin_thresholds(
    found: ClinicalPerformance, prediction: Prediction, model: RiskModel
) -> ClinicalPerformance:
    risk = model.risk(prediction.tested)
    infected = prediction.tested.values(found.outcome) == 1
    alerts = risk[:, None] >= found.benefit.thresholds[None, :]
    cells = [
        (group & side).sum(axis=0)
        for group in (infected[:, None], ~infected[:, None])
        for side in (alerts, ~alerts)
    ]
    kept = np.all([(cell == 0) | (cell >= MINIMUM) for cell in cells], axis=0)
    curve = found.benefit
    trimmed = {field.name: getattr(curve, field.name)[kept] for field in fields(curve)}
    return replace(found, benefit=replace(curve, **trimmed))
