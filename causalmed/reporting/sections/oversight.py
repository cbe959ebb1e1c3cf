"""Who watches it, and who can stop it?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from causalmed.reporting.items import ItemState
from causalmed.reporting.page import Items, Section

if TYPE_CHECKING:
    from causalmed.reporting.dossier import Dossier

__all__ = ["oversight"]


def oversight(dossier: Dossier) -> Section:
    """What only the hospital can say about use, watching and stopping."""
    items = tuple(item for item in dossier.items() if item.section == "oversight")
    open_ones = sum(item.state is ItemState.MISSING for item in items)
    named = next(item for item in items if item.key == "oversight")
    who = (
        "Nobody has been named yet."
        if named.state is ItemState.MISSING
        else "The names stand below, with who stated them."
    )
    return Section(
        key="oversight",
        question="Who watches it, and who can stop it?",
        answer=f"{who} {open_ones} of {len(items)} questions have no answer yet.",
        blocks=(Items(items=items),),
    )
