"""From an explanation to its pictures: one question, or all of them side by side."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from causalmed.explanation.agreement import badge, largest, sizes
from causalmed.explanation.places import Place
from causalmed.explanation.questions import ENDS, FINDINGS, OVERALL
from causalmed.results.pictures import BarRow, Bars, Panels
from causalmed.results.words import in_patients, signed

if TYPE_CHECKING:
    from causalmed.explanation.explanation import Explanation

__all__ = ["UNIT", "bars", "how", "panels", "why"]

MOST_BARS: Final = 12
MOST_ROWS: Final = 10
HARDLY: Final = 0.2  # of what a column causes
NOTICED: Final = 0.1  # of the largest
UNIT: Final = "percentage points of risk"


def bars(explanation: Explanation) -> Bars:
    """Return the bars of one question: of the patient, or of all patients together."""
    single = len(explanation) == 1
    values = sizes(explanation)
    error = _error(explanation)
    labels = _labels(explanation)
    first, last = (explanation.start, float(explanation.risks[0])) if single else (None, None)
    return Bars(
        title=_title(explanation),
        question=explanation.question,
        rows=_rows(explanation, labels, values, error),
        axis_label=UNIT if single else f"mean size of the attribution, {UNIT}",
        start=first,
        end=last,
        ends=ENDS[explanation.name],
    )


def panels(answers: Mapping[str, Explanation]) -> Panels:
    """Return the questions side by side: the same columns in the same order, on one scale."""
    asked = list(answers.values())
    table = np.array([np.nan_to_num(np.abs(sizes(answer))) for answer in asked])
    order = np.argsort(-table.max(axis=0), kind="stable")[:MOST_ROWS]
    single = len(asked[0]) == 1
    return Panels(
        title=_together(answers),
        panels=tuple(_panel(answer, order) for answer in asked),
        axis_label=UNIT if single else f"mean size of the attribution, {UNIT}",
        badge=badge(answers),
    )


def _panel(answer: Explanation, order: NDArray[np.intp]) -> Bars:
    values, error, labels = sizes(answer), _error(answer), _labels(answer)
    rows = tuple(
        _bar(answer, answer.features[j], labels[j], float(values[j]), float(error[j])) for j in order
    )
    single = len(answer) == 1
    return Bars(
        title=_title(answer),
        question=answer.question,
        rows=rows,
        axis_label=UNIT,
        start=answer.start if single else None,
        end=float(answer.risks[0]) if single else None,
        ends=ENDS[answer.name],
    )


def _together(answers: Mapping[str, Explanation]) -> str:
    hidden = _hidden(answers)
    if hidden is not None:
        name, points = hidden
        return f"The model hardly used {_spoken(name)}, which moves the risk itself by {points} in 100"
    named = {question: largest(answer, 1) for question, answer in answers.items()}
    firsts = [names[0] if names else "nothing" for names in named.values()]
    if len(set(firsts)) == 1:
        return f"Asked in {_number(len(firsts))} ways, {_spoken(firsts[0])} comes first each time"
    words = {"used": "the model used {} most", "set": "setting {} would move it most",
             "caused": "{} moves the risk itself most"}  # fmt: skip
    parts = [words[question].format(_spoken(first)) for question, first in zip(named, firsts, strict=True)]
    text = f"{'; '.join(parts[:-1])}; and {parts[-1]}"
    return text[0].upper() + text[1:]


def _hidden(answers: Mapping[str, Explanation]) -> tuple[str, str] | None:
    """Return the column of one patient that causes most of what the model does not show, and how much."""
    if not {"used", "caused"} <= answers.keys() or len(answers["used"]) > 1:
        return None
    used, caused = (np.nan_to_num(answers[name].values[0]) for name in ("used", "caused"))
    large = np.abs(caused) >= NOTICED * np.abs(caused).max()
    behind = np.where(large & (np.abs(used) < HARDLY * np.abs(caused)), np.abs(caused), 0.0)
    first = int(behind.argmax())
    return (answers["used"].features[first], signed(float(caused[first]))) if behind[first] > 0 else None


def _number(count: int) -> str:
    return {2: "two", 3: "three"}.get(count, str(count))


def _title(explanation: Explanation) -> str:
    named = " and ".join(_spoken(name) for name in largest(explanation, 2)) or "nothing"
    if len(explanation) == 1:
        risk = in_patients(float(explanation.risks[0]) / 100)
        return FINDINGS[explanation.name].format(risk=risk, largest=named)
    return OVERALL[explanation.name].format(n=f"{len(explanation):,}", largest=named)


def _labels(explanation: Explanation) -> list[str]:
    if len(explanation) > 1:
        return [_spoken(feature) for feature in explanation.features]
    given = explanation.given[0]
    return [f"{_spoken(feature)}: {given[j]}" for j, feature in enumerate(explanation.features)]


def _error(explanation: Explanation) -> NDArray[np.float64]:
    """Return the distance from a value to its limits; unknown for the mean size of several patients."""
    if len(explanation) > 1:
        return np.full(len(explanation.features), np.nan)
    return np.asarray(explanation.margin[0])


def _rows(
    explanation: Explanation,
    labels: Sequence[str],
    values: NDArray[np.float64],
    error: NDArray[np.float64],
) -> tuple[BarRow, ...]:
    """Return the largest bars, and one for all that are left, so that the sum stays what it is."""
    scored = np.flatnonzero(np.isfinite(values))
    order = scored[np.argsort(-np.abs(values[scored]), kind="stable")]
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
    known = math.isfinite(error) and math.isfinite(value)
    return BarRow(
        label=label,
        value=value,
        low=value - error if known else None,
        high=value + error if known else None,
        group=how(place),
        note=why(place),
    )


def _spoken(feature: str) -> str:
    return feature.replace("_", " ")


def how(place: Place | None) -> str:
    """Return the place in a few words, nothing where there is none."""
    return "" if place is None else _spoken(place.how)


def why(place: Place | None) -> str:
    """Return the reason for the place."""
    return "" if place is None else place.reason
