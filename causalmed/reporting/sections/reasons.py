"""Why does the model say what it says?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from causalmed.reporting.page import Details, Figure, Paragraph, Section, Table

if TYPE_CHECKING:
    import pandas as pd

    from causalmed.explanation import Explanation
    from causalmed.reporting.dossier import Dossier

__all__ = ["reasons"]

_QUESTION = "Why does the model say what it says?"


def reasons(dossier: Dossier) -> Section:
    """What the model used, each feature with its place in the graph."""
    found = dossier.explanation
    if found is None:
        refusal = dossier.refused("the explanation")
        reason = refusal.reason if refusal else "There is no risk model to explain."
        return Section(
            key="reasons",
            question=_QUESTION,
            answer="There is nothing to explain.",
            blocks=(Paragraph(text=reason, label="not done" if refusal else "does not apply"),),
        )
    return Section(
        key="reasons",
        question=_QUESTION,
        answer=_answer(found),
        blocks=(
            Figure(picture=found.picture()),
            Paragraph(
                text="This says what the model used, not what causes infection: a feature can matter to the "
                "model "
                "because it goes together with a cause. Its place in the assumed graph is written beside it."
            ),
            Details(
                title="How this was computed",
                blocks=(
                    Paragraph(
                        text=f"{found.method} {len(found):,} patients the model never saw were compared with "
                        f"{found.background_n:,} it learned from."
                    ),
                    Table(frame=_places(found), caption="Each feature's place in the assumed graph"),
                ),
            ),
        ),
    )


def _answer(found: Explanation) -> str:
    from causalmed.reporting.graph_picture import in_words

    top = [in_words(name) for name in found.overall()["feature"].head(3)]
    return f"Over these patients the model used most: {', '.join(top)}."


def _places(found: Explanation) -> pd.DataFrame:
    import pandas as pd

    from causalmed.reporting.graph_picture import in_words

    rows = []
    for name in found.features:
        place = found.place(name)
        rows.append(
            {
                "feature": in_words(name),
                "place": place.how if place else "not in the graph",
                "why": place.reason if place else "–",
            }
        )
    return pd.DataFrame(rows)
