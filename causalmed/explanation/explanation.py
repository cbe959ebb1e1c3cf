"""An explanation: attributions that never leave their question behind."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from causalmed.errors import DataError
from causalmed.explanation.places import Place
from causalmed.results import Provenance, html_table, text_table
from causalmed.results.pictures import BarRow, Bars
from causalmed.results.words import in_patients

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["QUESTIONS", "Explanation"]

QUESTIONS = {"used": "What did the model use?"}
"""The questions that can be asked, by name."""

MOST_BARS = 12
UNIT = "percentage points of risk"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Explanation:
    """Attributions of a model's risks, in percentage points, with their question.

    Parameters
    ----------
    question : str
        What the numbers answer, as a sentence. They are not the answer to "what caused it?".
    features : tuple of str
        The players, one a clinical variable.
    unit_ids : tuple of str
        The patients.
    given : tuple of tuple of str
        Each patient's values, as written.
    values : ndarray, shape (patients, features)
        Attributions in percentage points; they lead from ``start`` to ``risks``.
    background_error, monte_carlo_error : ndarray, shape (patients, features)
        Standard errors in percentage points: from the background being a sample, and from sampling orders
        of the players (0 if exact).
    start : float
        Mean risk of the background, in percent.
    risks : ndarray, shape (patients,)
        The model's risks, in percent.
    places : tuple of Place
        Each feature's place in the graph; empty if no graph was given.
    background_fingerprint, background_n
        Which patients the risks are compared with.
    method : str
        How the numbers were computed.
    provenance : Provenance
        Data, specification, seed, versions.
    """

    question: str
    features: tuple[str, ...]
    unit_ids: tuple[str, ...]
    given: tuple[tuple[str, ...], ...]
    values: NDArray[np.float64]
    background_error: NDArray[np.float64]
    monte_carlo_error: NDArray[np.float64]
    start: float
    risks: NDArray[np.float64]
    places: tuple[Place, ...]
    background_fingerprint: str
    background_n: int
    method: str
    provenance: Provenance

    def __post_init__(self) -> None:
        for name in ("values", "background_error", "monte_carlo_error", "risks"):
            array = np.array(getattr(self, name), dtype=np.float64)
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    def __len__(self) -> int:
        return len(self.unit_ids)

    @property
    def std_error(self) -> NDArray[np.float64]:
        """Both standard errors together, shape (patients, features)."""
        return np.asarray(np.hypot(self.background_error, self.monte_carlo_error))

    def patient(self, unit: object) -> Explanation:
        """Return the explanation of one patient, by the id of the unit."""
        if str(unit) not in self.unit_ids:
            raise DataError(
                f"Patient {unit!r} is not explained here. The explanation holds {len(self):,} patients, the "
                f"first {', '.join(self.unit_ids[:3])}. Explain that patient too."
            )
        row = self.unit_ids.index(str(unit))
        one = slice(row, row + 1)
        return replace(
            self,
            unit_ids=self.unit_ids[one],
            given=self.given[one],
            values=self.values[one],
            background_error=self.background_error[one],
            monte_carlo_error=self.monte_carlo_error[one],
            risks=self.risks[one],
        )

    def place(self, feature: str) -> Place | None:
        """Return the place of a feature in the graph, where a graph was given."""
        return next((place for place in self.places if place.feature == feature), None)

    def to_frame(self) -> pd.DataFrame:
        """Return a row a patient and feature, with question, numbers and place."""
        import pandas as pd

        rows = [
            {
                "unit": self.unit_ids[i],
                "question": self.question,
                "feature": feature,
                "given": self.given[i][j],
                "attribution": float(self.values[i, j]),
                "std_error": float(self.std_error[i, j]),
                "place": _how(self.place(feature)),
                "reason": _why(self.place(feature)),
            }
            for i in range(len(self))
            for j, feature in enumerate(self.features)
        ]
        return pd.DataFrame(rows)

    def overall(self) -> pd.DataFrame:
        """Return a row a feature: the mean absolute attribution over the patients, and its place."""
        import pandas as pd

        mean = np.abs(self.values).mean(axis=0)
        order = np.argsort(-mean, kind="stable")
        rows = [
            {
                "feature": self.features[j],
                "mean_absolute": float(mean[j]),
                "place": _how(self.place(self.features[j])),
            }
            for j in order
        ]
        return pd.DataFrame(rows)

    def picture(self) -> Bars:
        """Return the bars: of the patient, or of all patients together, under the question."""
        return _one(self) if len(self) == 1 else _many(self)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the bars under their question."""
        return self.picture().plot(ax)

    def summary(self) -> str:
        """Return the question, what the numbers are, and the numbers, within 80 columns."""
        import textwrap

        picture = self.picture()
        table = text_table(
            picture.table()[["label", "value", "place"]].rename(columns={"value": "points"}), digits=2
        )
        lines = [self.question, picture.title, self._caveat(), f"Background: {self.background_n:,} patients."]
        return "\n".join([*(line for text in lines for line in textwrap.wrap(text, 78)), "", _narrow(table)])

    def _caveat(self) -> str:
        return "This says what the model used. It does not say what causes the outcome."

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON types; what does not exist is ``None``."""
        return {
            "question": self.question,
            "unit": UNIT,
            "features": list(self.features),
            "patients": list(self.unit_ids),
            "given": [list(row) for row in self.given],
            "attributions": self.values.tolist(),
            "background_error": _plain(self.background_error),
            "monte_carlo_error": _plain(self.monte_carlo_error),
            "start": self.start,
            "risks": self.risks.tolist(),
            "places": [
                {"feature": p.feature, "place": p.place, "how": p.how, "reason": p.reason}
                for p in self.places
            ],
            "background_fingerprint": self.background_fingerprint,
            "background_n": self.background_n,
            "method": self.method,
            "provenance": self.provenance.to_dict(),
        }

    def _repr_html_(self) -> str:
        picture = self.picture()
        heading = f"<p><strong>{escape(self.question)}</strong> {escape(self._caveat())}</p>"
        return heading + html_table(picture.table(), caption=picture.title)


def _one(explanation: Explanation) -> Bars:
    given, values = explanation.given[0], explanation.values[0]
    error = 1.959964 * explanation.std_error[0]
    labels = [f"{_spoken(feature)}: {given[j]}" for j, feature in enumerate(explanation.features)]
    risk = in_patients(float(explanation.risks[0]) / 100)
    return Bars(
        title=f"The model says {risk} for this patient, and used {_largest(explanation, values)} most",
        question=explanation.question,
        rows=_rows(explanation, labels, values, error),
        axis_label=UNIT,
        start=explanation.start,
        end=float(explanation.risks[0]),
    )


def _many(explanation: Explanation) -> Bars:
    mean = np.abs(explanation.values).mean(axis=0)
    labels = [_spoken(feature) for feature in explanation.features]
    return Bars(
        title=f"Over {len(explanation):,} patients, the model used {_largest(explanation, mean)} most",
        question=explanation.question,
        rows=_rows(explanation, labels, mean, np.full_like(mean, np.nan)),
        axis_label=f"mean size of the attribution, {UNIT}",
    )


def _largest(explanation: Explanation, values: NDArray[np.float64]) -> str:
    order = np.argsort(-np.abs(values), kind="stable")[:2]
    return " and ".join(_spoken(explanation.features[j]) for j in order)


def _rows(
    explanation: Explanation, labels: list[str], values: NDArray[np.float64], error: NDArray[np.float64]
) -> tuple[BarRow, ...]:
    """Return the largest bars, and one for all that are left, so that the sum stays what it is."""
    order = np.argsort(-np.abs(values), kind="stable")
    shown = order if len(order) <= MOST_BARS else order[: MOST_BARS - 1]
    rows = [
        _bar(explanation, explanation.features[j], labels[j], float(values[j]), float(error[j]))
        for j in shown
    ]
    left = order[len(shown) :]
    if len(left):
        rows.append(BarRow(label=f"{len(left)} others together", value=float(values[left].sum())))
    return tuple(rows)


def _bar(explanation: Explanation, feature: str, label: str, value: float, error: float) -> BarRow:
    place = explanation.place(feature)
    known = math.isfinite(error)
    return BarRow(
        label=label,
        value=value,
        low=value - error if known else None,
        high=value + error if known else None,
        group=_how(place),
        note=_why(place),
    )


def _spoken(feature: str) -> str:
    return feature.replace("_", " ")


def _how(place: Place | None) -> str:
    return "" if place is None else _spoken(place.how)


def _why(place: Place | None) -> str:
    return "" if place is None else place.reason


def _narrow(table: str) -> str:
    return "\n".join(line if len(line) <= 80 else line[:79] + "…" for line in table.split("\n"))


def _plain(array: NDArray[np.float64]) -> list[list[float | None]]:
    return [[float(value) if math.isfinite(value) else None for value in row] for row in array]
