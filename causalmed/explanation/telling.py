"""An explanation in at most 80 columns."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from causalmed.explanation.questions import CAVEATS
from causalmed.results import text_table

if TYPE_CHECKING:
    import pandas as pd

    from causalmed.explanation.explanation import Explanation

__all__ = ["summary"]


def summary(explanation: Explanation) -> str:
    """Return the questions, what the numbers are, and the numbers."""
    texts = _several(explanation) if explanation.beside else _single(explanation)
    lines = [line for text in texts for line in textwrap.wrap(text, 78)]
    table = _table(explanation) if explanation.beside else _bars(explanation)
    return "\n".join([*lines, "", _narrow(text_table(table, digits=2))])


def _single(explanation: Explanation) -> list[str]:
    background = f"Background: {explanation.background_n:,} patients."
    texts = [explanation.question, explanation.picture().title, CAVEATS[explanation.name]]
    return [*texts, *([background] if explanation.name == "used" else []), *_not_scored(explanation)]


def _several(explanation: Explanation) -> list[str]:
    answers = explanation.answers
    asked = [f"{name}: {answer.question} {CAVEATS[name]}" for name, answer in answers.items()]
    missing = [text for answer in answers.values() for text in _not_scored(answer)]
    badge = [explanation.badge] if explanation.badge else []
    return [f"{explanation.panels().title}.", *asked, *badge, *missing]


def _not_scored(explanation: Explanation) -> list[str]:
    return [f"Not scored, {one.feature}: {one.reason}" for one in explanation.unscored]


def _bars(explanation: Explanation) -> pd.DataFrame:
    table = explanation.picture().table()
    return table[["label", "value", "place"]].rename(columns={"value": "points"})


def _table(explanation: Explanation) -> pd.DataFrame:
    import pandas as pd

    found = explanation.panels()
    columns = {"label": [row.label for row in found.panels[0].rows]}
    values = {
        name: [row.value for row in panel.rows]
        for name, panel in zip(explanation.answers, found.panels, strict=True)
    }
    return pd.DataFrame(columns | values | {"place": [row.group for row in found.panels[0].rows]})


def _narrow(table: str) -> str:
    return "\n".join(line if len(line) <= 80 else line[:79] + "…" for line in table.split("\n"))
