"""Which trial are we imitating?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from causalmed.reporting.page import Items, Paragraph, Section, Table
from causalmed.reporting.written import plain_list

if TYPE_CHECKING:
    import pandas as pd

    from causalmed.reporting.dossier import Dossier

__all__ = ["trial"]


def trial(dossier: Dossier) -> Section:
    """The trial that would answer the question, beside what stands in for it here."""
    question = "Which trial are we imitating?"
    items = Items(items=tuple(item for item in dossier.items() if item.section == "trial"))
    if dossier.screen is None:
        return Section(
            key="trial",
            question=question,
            answer="No effect is claimed, so no trial is imitated.",
            blocks=(items,),
        )
    return Section(
        key="trial",
        question=question,
        answer="None was done. The data stand in for one, and only as well as the right column below.",
        blocks=(
            Table(frame=_beside(dossier), caption="The trial we would want, and what we have"),
            Paragraph(
                text="In a trial chance decides who is exposed. Here care did. Each answer therefore rests "
                "on the patients being alike once the listed columns are taken into account."
            ),
            items,
        ),
    )


def _beside(dossier: Dossier) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(_rows(dossier), columns=["part", "the trial we would want", "what we have"])


def _rows(dossier: Dossier) -> list[tuple[str, str, str]]:
    plan, question, screen = dossier.protocol.population, dossier.protocol.question, dossier.screen
    assert screen is not None
    rules = [rule.reason for rule in plan.eligibility]
    who = plain_list(rules) if rules else "everybody in the table"
    start = plan.time_zero or "not stated"
    end = f"{plan.follow_up_days:g} days" if plan.follow_up_days else "not stated"
    adjusted = sorted({name for row in screen.candidates for name in row.adjustment_set})
    taken = f"as care went; alike after adjusting for {len(adjusted)} columns, factor by factor"
    return [
        ("who can enter", who, f"{who}; {dossier.population.cohort.n:,} patients"),
        ("what is compared", "the factor in all against the factor in none", "the same, computed"),
        ("who gets what", "chance decides", taken if adjusted else "as care went; nothing to adjust for"),
        ("start", start, f"{start}, as recorded"),
        ("end of follow-up", end, f"{end}, as recorded"),
        ("outcome", question.outcome, f"{question.outcome}, as recorded"),
        ("contrast", "difference and ratio of risks", "difference and ratio of risks"),
        ("analysis", "compare the two arms", f"{question.estimator}, intervals for all factors at once"),
    ]
