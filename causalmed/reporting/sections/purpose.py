"""Who is it for, and what must it not be used for?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from causalmed.reporting.page import Items, Section

if TYPE_CHECKING:
    from causalmed.reporting.dossier import Dossier

__all__ = ["purpose"]


def purpose(dossier: Dossier) -> Section:
    """What only a person can say about use."""
    stated = dossier.protocol.statement("intended_use")
    answer = (
        f"The intended use is stated below, by {stated.stated_by}."
        if stated
        else "Nobody has stated yet what this will be used for."
    )
    items = tuple(item for item in dossier.items() if item.section == "purpose")
    return Section(
        key="purpose",
        question="Who is it for, and what must it not be used for?",
        answer=answer,
        blocks=(Items(items=items),),
    )
