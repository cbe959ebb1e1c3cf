"""Who signs?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from causalmed.reporting.page import Paragraph, Section, SignatureLines

if TYPE_CHECKING:
    from causalmed.reporting.dossier import Dossier

__all__ = ["signatures"]


def signatures(dossier: Dossier) -> Section:
    """The statement that is signed, lines for names, and a place for dissent."""
    missing = len(dossier.missing_items())
    return Section(
        key="signatures",
        question="Who signs?",
        answer="",
        blocks=(
            Paragraph(
                text="By signing I say: I have read the report with the hash on its first page. I know that "
                f"{missing} items are missing. My opinion stands below. I do not say that the model is "
                "without "
                "fault."
            ),
            SignatureLines(lines=("Name", "Role", "Date", "Signature", "Dissent, if any")),
            SignatureLines(lines=("Name", "Role", "Date", "Signature", "Dissent, if any")),
        ),
    )
