"""The numbers of a picture as a reader can take them: units in the header, no empty column, few rows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from causalmed.reporting.written import decimal
from causalmed.results.pictures import Calibration, DecisionCurve

if TYPE_CHECKING:
    import pandas as pd

    from causalmed.results.pictures import Picture

__all__ = ["drawn_numbers"]

_HEADERS: Final = {
    "label": "factor", "low": "from", "high": "to", "on_the_path": "main path", "per_100": "of 100",
    "treat_all": "act on everybody", "model": "act on the model", "threshold": "act from a risk of, %",
    "predicted": "the model says, in 100", "observed": "seen, in 100", "n": "patients", "events": "infected",
    "attribute": "by", "state": "finding",
}  # fmt: skip
_LEFT_OUT: Final = frozenset({"note", "why"})
"""Sentences that the text beside the picture says."""
_MOST_POINTS: Final = 25
_POINTS: Final = 12


def drawn_numbers(picture: Picture) -> tuple[pd.DataFrame, str]:
    """Return the table of a picture and its caption.

    Curves are told at every few points; the JSON file beside the page has them all.

    Parameters
    ----------
    picture : Picture
        As published.

    Returns
    -------
    tuple of (DataFrame, str)
    """
    import pandas as pd

    frame = picture.table()
    axis = getattr(picture, "axis_label", "")
    caption = f"The numbers drawn: {axis}" if axis else "The numbers drawn"
    if isinstance(picture, Calibration):
        frame = frame * 100
    if isinstance(picture, DecisionCurve):
        frame = frame.assign(threshold=frame["threshold"] * 100)
        caption = "The numbers drawn: net benefit in 100 patients"
    if len(frame) > _MOST_POINTS and isinstance(picture, Calibration | DecisionCurve):
        step = -(-len(frame) // _POINTS)
        frame = frame.iloc[::step]
        caption += f"; every {step}th point, the JSON file has all"
    kept = [name for name in frame.columns if name not in _LEFT_OUT and _says_something(frame[name])]
    shown = {_HEADERS.get(name, name): _column(frame[name]) for name in kept}
    return pd.DataFrame(shown), caption


def _says_something(column: pd.Series) -> bool:
    return any(not (_is_none(value) or value == "" or value is False) for value in column)


def _is_none(value: object) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _column(column: pd.Series) -> list[object]:
    """Write the numbers of a column to one number of decimals."""
    if column.dtype.kind != "f":
        return list(column)
    largest = max((abs(value) for value in column if not _is_none(value)), default=0.0)
    places = 0 if largest >= 1000 else 1 if largest >= 1 else 2
    return ["–" if _is_none(value) else decimal(value, places) for value in column]
