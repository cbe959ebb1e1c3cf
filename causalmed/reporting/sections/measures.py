"""Every measure of a risk model, with what it says in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from causalmed.reporting.page import Block, Table
from causalmed.reporting.written import in_brackets

if TYPE_CHECKING:
    from causalmed.prediction import ClinicalPerformance

__all__ = ["measure_tables"]

_SAYS: Final[dict[str, tuple[float, int, str]]] = {
    "area under the ROC curve": (
        1,
        2,
        "how well the infected are told from the others; 0.5 is chance, 1 is perfect",
    ),
    "calibration in the large": (
        1,
        2,
        "whether risks are right on average; 0 is right, above 0 they are too low",
    ),
    "calibration intercept": (1, 2, "the same, once the slope is allowed for"),
    "calibration slope": (1, 2, "whether risks are too extreme; 1 is right, below 1 they are"),
    "ICI": (100, 1, "mean distance between risk and what was seen, in 100 patients"),
    "E50": (100, 1, "this distance for the patient in the middle"),
    "E90": (100, 1, "this distance that 9 in 10 patients stay below"),
    "Brier score": (1, 3, "mean squared error; 0 is perfect"),
    "scaled Brier score": (1, 2, "share of the error that the model takes away"),
    "sensitivity": (100, 1, "infected patients with an alert, in 100"),
    "specificity": (100, 1, "other patients without an alert, in 100"),
    "positive predictive value": (100, 1, "infected among 100 patients with an alert"),
    "alerts per 100": (1, 1, "alerts in 100 patients"),
    "missed per 100": (1, 1, "infected patients without an alert, in 100 patients"),
    "net benefit": (100, 1, "infections found, less the harm of false alarms, in 100 patients"),
}
"""Measure → by what it is multiplied, its decimals, what it says."""
_BY_HOSPITAL: Final = ("area under the ROC curve", "calibration in the large", "calibration slope", "ICI")


def measure_tables(shown: tuple[tuple[str, ClinicalPerformance], ...]) -> tuple[Block, ...]:
    """Return all measures among all patients, and the main ones hospital by hospital."""
    import pandas as pd

    (who, main), *parts = shown
    everybody = pd.DataFrame(
        [
            {"measure": name, "value": _written(name, main), "what it says": _SAYS[name][2]}
            for name in main.measures()
            if name in _SAYS
        ]
    )
    tables: list[Block] = [Table(frame=everybody, caption=f"{who}: {main.n:,} patients; 95 % intervals")]
    if parts:
        rows = [
            {"patients": name, **{measure: _written(measure, found) for measure in _BY_HOSPITAL}}
            for name, found in parts
        ]
        tables.append(Table(frame=pd.DataFrame(rows), caption="Hospital by hospital; 95 % intervals"))
    return tuple(tables)


def _written(name: str, found: ClinicalPerformance) -> str:
    per, places, _ = _SAYS[name]
    return in_brackets(found.measures()[name], per=per, places=places)
