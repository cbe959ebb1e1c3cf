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
                text="Signing says: I have read this report with the hash quoted on its first page, I know "
                "which items "
                f"are missing ({missing}), and I give my opinion below. It does not say that the model is "
                "without "
                "fault."
            ),
            SignatureLines(lines=("Name", "Role", "Date", "Signature", "Dissent, if any")),
            SignatureLines(lines=("Name", "Role", "Date", "Signature", "Dissent, if any")),
        ),
    )
