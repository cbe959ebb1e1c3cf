"""Which standards ask for what, and where is it answered?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from causalmed.reporting.items import ItemState
from causalmed.reporting.page import Block, Details, Items, Paragraph, Section, Table
from causalmed.reporting.standards import Answered, Standard, answer_standards

if TYPE_CHECKING:
    import pandas as pd

    from causalmed.reporting.dossier import Dossier

__all__ = ["standards"]


def standards(dossier: Dossier, questions: Mapping[str, str]) -> Section:
    """Every item of every standard with its state; none is said to be met."""
    answers = answer_standards(dossier)
    applying = [(standard, rows) for standard, rows in answers if rows]
    rows = [row for _, found in applying for row in found]
    open_ones = sum(row.state is ItemState.MISSING for row in rows)
    blocks: tuple[Block, ...] = (
        Table(frame=_overview(answers), caption="Standards and laws, and how far each is answered"),
        Paragraph(
            text="The items are told in our own words. Whether a law applies, and whether an answer is good "
            "enough, a person decides with the original at hand."
        ),
        *(_of(standard, found, questions) for standard, found in applying),
        Items(items=tuple(item for item in dossier.items() if item.section == "standards")),
    )
    return Section(
        key="standards",
        question="Which standards ask for what, and where is it answered?",
        answer=f"{len(applying)} standards ask {len(rows)} things; {open_ones} of them still need a person.",
        blocks=blocks,
    )


def _overview(answers: tuple[tuple[Standard, tuple[Answered, ...]], ...]) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for standard, found in answers:
        counts = [sum(row.state is state for row in found) for state in ItemState]
        cells = [str(count) for count in counts] if found else ["–"] * len(counts)
        rows.append([standard.name, *cells, standard.known_on])
    return pd.DataFrame(
        rows, columns=["standard", "computed", "stated", "missing", "does not apply", "as known on"]
    )


def _of(standard: Standard, found: tuple[Answered, ...], questions: Mapping[str, str]) -> Details:
    import pandas as pd

    frame = pd.DataFrame(
        [(row.item.id, row.item.asks, questions.get(row.item.section, "here"), row.label) for row in found],
        columns=["item", "asks for", "answered under", "state"],
    )
    caption = f"{standard.title}. {standard.source}."
    return Details(
        title=f"{standard.name}: {len(found)} items",
        blocks=(Table(frame=frame, caption=caption),),
        printed=False,
    )
