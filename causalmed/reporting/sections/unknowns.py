"""What do we not know?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from causalmed.reporting.graph_picture import in_words
from causalmed.reporting.page import Items, Listing, Section

if TYPE_CHECKING:
    from causalmed.reporting.dossier import Dossier

__all__ = ["unknowns"]


def unknowns(dossier: Dossier) -> Section:
    """Everything that stayed open, gathered in one place."""
    lines = (*_open_candidates(dossier), *_refusals(dossier), *_always(dossier))
    return Section(
        key="unknowns",
        question="What do we not know?",
        answer=f"{len(lines)} things stay open; each is a finding, not an omission.",
        blocks=(
            Listing(lines=lines),
            Items(items=tuple(item for item in dossier.items() if item.section == "unknowns")),
        ),
    )


def _open_candidates(dossier: Dossier) -> tuple[str, ...]:
    if dossier.screen is None:
        return ()
    return tuple(
        f"{in_words(row.name)}: {row.verdict}. {row.reason}"
        for row in dossier.screen.candidates
        if row.verdict in ("cannot tell", "not identifiable")
    )


def _refusals(dossier: Dossier) -> tuple[str, ...]:
    return tuple(f"Not done: {refusal.part}. {refusal.reason}" for refusal in dossier.refusals)


def _always(dossier: Dossier) -> tuple[str, ...]:
    hidden = sorted(dossier.population.graph.latent)
    lines = [
        "Whether the graph is right. A cause that is missing from it, or an arrow that points the other way, "
        "would "
        "change the answers above.",
        "Whether hospitals beyond those in the data resemble them.",
    ]
    if hidden:
        named = ", ".join(in_words(name) for name in hidden)
        lines.append(f"How large the hidden causes are that the graph admits: {named}.")
    return tuple(lines)
