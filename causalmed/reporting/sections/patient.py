"""What could be changed for a patient?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from causalmed.reporting.page import Figure, Listing, Paragraph, Section, Table

if TYPE_CHECKING:
    from causalmed.reporting.dossier import Dossier

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
    rules = tuple(str(rule) for rule in found.rules) or ("No contraindication was stated in the protocol.",)
    return Section(
        key="patient",
        question=_QUESTION,
        answer=found.answer,
        blocks=(
            Paragraph(text="This patient is synthetic: nobody is shown.", label="synthetic"),
            Figure(picture=found.picture()),
            Table(frame=found.to_frame(), caption=found.question),
            Listing(lead="What no plan may break:", lines=rules),
            Paragraph(
                text="The risk is that of infection itself, worked out through the structural causal model, "
                "not the "
                "model's number. These are changes that could be considered; whether they suit the patient "
                "is for a "
                "clinician to say."
            ),
        ),
    )


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
