"""What could be changed for a patient?"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from causalmed.reporting.page import Block, Figure, Listing, Paragraph, Section, Table
from causalmed.reporting.written import decimal

if TYPE_CHECKING:
    import pandas as pd

    from causalmed.explanation import Recourse
    from causalmed.reporting.dossier import Dossier
    from causalmed.results.pictures import IconArray

__all__ = ["patient"]

_QUESTION = "What could be changed for a patient?"


def patient(dossier: Dossier) -> Section:
    """One worked patient; only where no row is a real person."""
    found = dossier.recourse
    if found is None:
        return Section(
            key="patient",
            question=_QUESTION,
            answer="No worked patient is shown.",
            blocks=(Paragraph(text=_why_not(dossier), label=_label(dossier)),),
        )
    return Section(
        key="patient",
        question=_QUESTION,
        answer=found.answer,
        blocks=(
            Paragraph(text="This patient is synthetic: no real person is shown.", label="synthetic"),
            Figure(picture=_picture(found)),
            Table(
                frame=_plans(found), caption="What could be considered, and the risk that is then expected"
            ),
            *_rules(found),
            Paragraph(
                text="The risk is that of infection itself, worked out through the causal model. It is not "
                "the "
                "risk model's number. These changes could be considered. Whether they suit the patient is "
                "for a "
                "clinician to say."
            ),
        ),
    )


def _picture(found: Recourse) -> IconArray:
    picture = found.picture()
    if found.best is None or picture.after_per_100 is None:
        return picture
    fewer = decimal(picture.before_per_100 - picture.after_per_100, 0)
    changes = "both changes" if len(found.best.changes) == 2 else "the change"
    return replace(
        picture,
        title=f"{fewer} fewer of 100 patients like this one would be infected. Change: {found.best.words}",
        before_label="as it is",
        after_label=f"with {changes}",
    )


def _plans(found: Recourse) -> pd.DataFrame:
    import pandas as pd

    plans = [("as it is", found.now), *((plan.words, plan.outlook) for plan in found.plans)]
    rows = [
        {
            "what could be considered": words,
            "infected, of 100": decimal(100 * outlook.risk),
            "fewer, of 100": decimal(100 * (found.now.risk - outlook.risk)),
            "risk model says": decimal(100 * outlook.model_risk),
            "chance of no alert, %": "–"
            if outlook.below_threshold is None
            else decimal(100 * outlook.below_threshold, 0),
        }
        for words, outlook in plans
    ]
    return pd.DataFrame(rows)


def _rules(found: Recourse) -> tuple[Block, ...]:
    if not found.rules:
        text = "Nobody stated what must never be changed for whom. So no plan was ruled out."
        return (Paragraph(text=text, label="no contraindication stated"),)
    lines = tuple(f"Where {rule.when}, {rule.never} is not changed." for rule in found.rules)
    return (Listing(lead="What a plan may not break:", lines=lines),)


def _why_not(dossier: Dossier) -> str:
    refusal = dossier.refused("the worked patient")
    if refusal is not None:
        return refusal.reason
    if not dossier.population.synthetic:
        return (
            "The patients are real, and a sheet about one of them would identify a person. In a notebook, "
            "causalmed.recourse answers for the patient in front of you."
        )
    return "The protocol names nothing that could be changed, or asks for no risk model."


def _label(dossier: Dossier) -> str:
    return "not done" if dossier.refused("the worked patient") else "does not apply"
