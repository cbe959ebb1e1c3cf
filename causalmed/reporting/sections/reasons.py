"""Why does the model say what it says?"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from causalmed.reporting.page import Block, Details, Figure, Listing, Paragraph, Section, Table
from causalmed.reporting.written import decimal, listed

if TYPE_CHECKING:
    import pandas as pd

    from causalmed.explanation import Explanation
    from causalmed.reporting.dossier import Dossier
    from causalmed.results.pictures import Bars

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
            *_panels(dossier.questions),
            Figure(picture=_picture(found)),
            Paragraph(
                text="This says what the model used. It does not say what causes infection: the model may "
                "use a factor only because it goes together with a cause. Beside each bar stands the "
                f"factor's place in the assumed graph.{_rest(found)}"
            ),
            Details(
                title="How this was computed",
                blocks=(
                    Paragraph(
                        text=f"{len(found):,} patients the model never saw were compared with "
                        f"{found.background_n:,} it learned from (interventional Shapley values, as the shap "
                        f"package computes them; {found.method})."
                    ),
                ),
            ),
            Details(
                title="Where each factor stands in the graph",
                blocks=(Table(frame=_places(found), caption="Each factor's place in the assumed graph"),),
                printed=False,
            ),
        ),
    )


def _panels(found: Explanation | None) -> tuple[Block, ...]:
    """The questions side by side, what each asks, and what could not be scored."""
    if found is None or not found.beside:
        return ()
    lines = tuple(answer.question for answer in found.answers.values())
    open_ones = sorted(
        {f"{one.feature}: {one.reason}" for answer in found.answers.values() for one in answer.unscored}
    )
    missing = (Listing(lead="Not scored, because hidden causes reach it:", lines=tuple(open_ones)),)
    return (
        Figure(picture=found.panels()),
        Listing(lead="The questions are not the same, and need not agree:", lines=lines),
        *(missing if open_ones else ()),
    )


def _picture(found: Explanation) -> Bars:
    """The largest bars alone; a sum over the others is no bar beside them."""
    picture = found.picture()
    known = [row for row in picture.rows if not row.label.endswith(" others together")]
    title = f"Over {len(found):,} patients, these moved the risk most"
    return replace(
        picture, rows=tuple(known), title=title, axis_label="mean change of the risk, in 100 patients"
    )


def _rest(found: Explanation) -> str:
    sizes = found.overall()["mean_absolute"].tolist()
    shown = len(_picture(found).rows)
    rest = sizes[shown:]
    if not rest:
        return ""
    return (
        f" Each of the {len(rest)} others moved the risk by {decimal(max(rest))} in 100 at most, on average."
    )


def _answer(found: Explanation) -> str:
    top = list(found.overall()["feature"].head(3))
    return f"Over these patients the model used most: {listed(top)}."


def _places(found: Explanation) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for name in found.features:
        place = found.place(name)
        rows.append(
            {
                "factor": name,
                "place": place.how if place else "not in the graph",
                "why": place.reason if place else "–",
            }
        )
    return pd.DataFrame(rows)
