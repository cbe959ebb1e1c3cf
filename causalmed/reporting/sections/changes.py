"""What changed since last time?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from causalmed.reporting.page import Block, Listing, Paragraph, Section, Table
from causalmed.results.words import number

if TYPE_CHECKING:
    import pandas as pd

    from causalmed.monitoring import Change, ReportChanges
    from causalmed.reporting.dossier import Dossier
    from causalmed.results import Interval

__all__ = ["changes"]

_QUESTION = "What changed since last time?"


def changes(dossier: Dossier) -> Section:
    """The report against the one before it, number by number."""
    found = dossier.changes
    if found is None:
        refusal = dossier.refused("the comparison with the report before")
        return Section(
            key="changes",
            question=_QUESTION,
            answer="This is the first report, or no earlier one was named.",
            blocks=(Paragraph(text=refusal.reason, label="not done"),) if refusal else (),
        )
    blocks: tuple[Block, ...] = (
        Paragraph(text=f"The report before has the hash {found.before_sha256}."),
        *((Listing(lead="What is not the same:", lines=found.lines),) if found.lines else ()),
        Table(
            frame=_table(found),
            caption="Before and now, with 95 % intervals; effects and gaps are shares of patients",
        ),
    )
    return Section(key="changes", question=_QUESTION, answer=found.answer, blocks=blocks)


def _table(found: ReportChanges) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame([_row(change) for change in found.changes])


def _row(change: Change) -> dict[str, str]:
    return {
        "what": change.name,
        "before": _written(change.before),
        "now": _written(change.now),
        "difference": _written(change.difference),
        "reading": change.reading,
    }


def _written(interval: Interval | None) -> str:
    if interval is None:
        return "–"
    return f"{number(interval.estimate)} ({number(interval.low)} to {number(interval.high)})".replace(
        " ", "\xa0"
    )
