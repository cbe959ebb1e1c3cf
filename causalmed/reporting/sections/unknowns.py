"""What do we not know?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from causalmed.reporting.page import Items, Listing, Section
from causalmed.reporting.sections.causes import why_no_answer
from causalmed.reporting.written import listed

if TYPE_CHECKING:
    from causalmed.reporting.dossier import Dossier

__all__ = ["unknowns"]


def unknowns(dossier: Dossier) -> Section:
    """Everything that stayed open, gathered in one place."""
    lines = (*_open_candidates(dossier), *_refusals(dossier), *_always(dossier))
    return Section(
        key="unknowns",
        question="What do we not know?",
        answer=f"{len(lines)} things stay open. Each is a finding, not an omission.",
        blocks=(
            Listing(lines=lines),
            Items(items=tuple(item for item in dossier.items() if item.section == "unknowns")),
        ),
    )


def _open_candidates(dossier: Dossier) -> tuple[str, ...]:
    screen = dossier.published_screen
    if screen is None:
        return ()
    lines = []
    too_few = [row.name for row in screen.ordered if row.verdict == "cannot tell" and row.risk_difference]
    if too_few:
        lines.append(
            f"Whether these cause {screen.outcome}: {listed(too_few)}. The data are too few to tell."
        )
    lines += [
        f"Whether {row.name} causes {screen.outcome}. "
        f"{why_no_answer(row, dossier.population.graph, screen.outcome)}"
        for row in screen.ordered
        if row.verdict in ("cannot tell", "not identifiable") and row.name not in too_few
    ]
    return tuple(lines)


def _refusals(dossier: Dossier) -> tuple[str, ...]:
    return tuple(f"Not done: {refusal.part}. {refusal.reason}" for refusal in dossier.refusals)


def _always(dossier: Dossier) -> tuple[str, ...]:
    hidden = sorted(dossier.population.graph.latent)
    lines = [
        "Whether the graph is right. A missing cause, or an arrow that points the wrong way, would change "
        "the "
        "answers.",
        "Whether other hospitals are like those in the data.",
    ]
    if hidden:
        named = ", ".join(hidden)
        lines.append(f"How strong the causes are that nobody measured: {named}.")
    return tuple(lines)
