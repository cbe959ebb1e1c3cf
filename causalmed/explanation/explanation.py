"""An explanation: attributions that never leave their question behind."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from html import escape
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from causalmed.errors import DataError
from causalmed.explanation.agreement import agreement, badge
from causalmed.explanation.games.asking import Unscored
from causalmed.explanation.picturing import UNIT, bars, how, panels, why
from causalmed.explanation.places import Place
from causalmed.explanation.questions import CAVEATS, QUESTIONS
from causalmed.explanation.telling import summary
from causalmed.explanation.uncertainty import Uncertainty
from causalmed.results import Provenance, html_table

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from causalmed.results.pictures import Bars, Panels

__all__ = ["QUESTIONS", "Explanation"]

_ARRAYS = ("values", "background_error", "monte_carlo_error", "direct", "asymmetric")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Explanation:
    """Attributions of a risk, in percentage points, with their question.

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
    name : {"used", "set", "caused"}
        The question, by its name.
    direct, asymmetric : ndarray, shape (patients, features), or None
        Of "set" and "caused": the part of each attribution that passes through no other column, and the
        attributions if causes always come before their effects.
    unscored : tuple of Unscored
        Columns without an attribution (not a number in ``values``), and why.
    uncertainty : Uncertainty or None
        Where the doubt comes from, if the fits were made again.
    beside : mapping of str to Explanation
        The other questions about the same patients.
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
    name: str = "used"
    direct: NDArray[np.float64] | None = None
    asymmetric: NDArray[np.float64] | None = None
    unscored: tuple[Unscored, ...] = ()
    uncertainty: Uncertainty | None = None
    beside: Mapping[str, Explanation] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        for name in (*_ARRAYS, "risks"):
            if getattr(self, name) is not None:
                array = np.array(getattr(self, name), dtype=np.float64)
                array.setflags(write=False)
                object.__setattr__(self, name, array)
        object.__setattr__(self, "beside", MappingProxyType(dict(self.beside)))

    def __len__(self) -> int:
        return len(self.unit_ids)

    @property
    def std_error(self) -> NDArray[np.float64]:
        """All standard errors together, shape (patients, features)."""
        if self.uncertainty is not None:
            return np.asarray(np.sqrt(self.uncertainty.total))
        return np.asarray(np.hypot(self.background_error, self.monte_carlo_error))

    @property
    def margin(self) -> NDArray[np.float64]:
        """Distance from each attribution to its 95 % limits, shape (patients, features)."""
        multiplier = 1.959964 if self.uncertainty is None else self.uncertainty.multiplier
        return np.asarray(multiplier * self.std_error)

    @property
    def indirect(self) -> NDArray[np.float64] | None:
        """Of "set" and "caused": the part that passes through other columns."""
        return None if self.direct is None else np.asarray(self.values - self.direct)

    @property
    def answers(self) -> Mapping[str, Explanation]:
        """Every question about these patients, by its name, this one first."""
        return MappingProxyType({self.name: self, **self.beside})

    @property
    def badge(self) -> str:
        """A sentence, where the questions name different columns as the three largest."""
        return badge(self.answers)

    def agreement(self) -> pd.DataFrame:
        """Return a row a pair of questions: top three, signs and ranks that they share."""
        return agreement(self.answers)

    def patient(self, unit: object) -> Explanation:
        """Return the explanation of one patient, by the id of the unit."""
        if str(unit) not in self.unit_ids:
            raise DataError(
                f"Patient {unit!r} is not explained here. The explanation holds {len(self):,} patients, the "
                f"first {', '.join(self.unit_ids[:3])}. Explain that patient too."
            )
        row = self.unit_ids.index(str(unit))
        return self._rows(slice(row, row + 1))

    def _rows(self, which: slice) -> Explanation:
        arrays = {name: getattr(self, name) for name in (*_ARRAYS, "unit_ids", "given", "risks")}
        cut: dict[str, Any] = {n: None if array is None else array[which] for n, array in arrays.items()}
        return replace(
            self,
            **cut,
            uncertainty=None if self.uncertainty is None else self.uncertainty.rows(which),
            beside={name: other._rows(which) for name, other in self.beside.items()},
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
                "question": answer.question,
                "feature": feature,
                "given": self.given[i][j],
                "attribution": float(answer.values[i, j]),
                "std_error": float(answer.std_error[i, j]),
                "place": how(self.place(feature)),
                "reason": why(self.place(feature)),
            }
            for answer in self.answers.values()
            for i in range(len(self))
            for j, feature in enumerate(self.features)
        ]
        return pd.DataFrame(rows)

    def overall(self) -> pd.DataFrame:
        """Return a row a feature: the mean absolute attribution over the patients, and its place."""
        import pandas as pd

        mean = np.abs(self.values).mean(axis=0)
        order = np.argsort(-np.nan_to_num(mean, nan=-1.0), kind="stable")
        rows = [
            {
                "feature": self.features[j],
                "mean_absolute": float(mean[j]),
                "place": how(self.place(self.features[j])),
            }
            for j in order
        ]
        return pd.DataFrame(rows)

    def picture(self) -> Bars:
        """Return the bars of this question alone: of the patient, or of all patients together."""
        return bars(self)

    def panels(self) -> Panels:
        """Return all questions side by side, the same columns in the same order, on one scale."""
        return panels(self.answers)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the bars under their question; several questions side by side."""
        return (self.panels() if self.beside else self.picture()).plot(ax)

    def summary(self) -> str:
        """Return the questions, what the numbers are, and the numbers, within 80 columns."""
        return summary(self)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON types; what does not exist is ``None``."""
        return {
            "name": self.name,
            "question": self.question,
            "unit": UNIT,
            "features": list(self.features),
            "patients": list(self.unit_ids),
            "given": [list(row) for row in self.given],
            "attributions": _plain(self.values),
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
            "direct": None if self.direct is None else _plain(self.direct),
            "asymmetric": None if self.asymmetric is None else _plain(self.asymmetric),
            "unscored": [{"feature": u.feature, "reason": u.reason} for u in self.unscored],
            "uncertainty": None if self.uncertainty is None else self.uncertainty.to_dict(),
            "beside": {name: other.to_dict() for name, other in self.beside.items()},
            "provenance": self.provenance.to_dict(),
        }

    def _repr_html_(self) -> str:
        return "".join(
            f"<p><strong>{escape(answer.question)}</strong> {escape(CAVEATS[name])}</p>"
            + html_table(answer.picture().table(), caption=answer.picture().title)
            for name, answer in self.answers.items()
        )


def _plain(array: NDArray[np.float64]) -> list[list[float | None]]:
    return [[float(value) if math.isfinite(value) else None for value in row] for row in array]
