"""For whom is it less right?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from causalmed.reporting.disclosure import HIDDEN
from causalmed.reporting.graph_picture import in_words
from causalmed.reporting.page import Block, Checks, Details, Figure, Items, Listing, Paragraph, Section, Table
from causalmed.reporting.publishing import publishable
from causalmed.results import Interval
from causalmed.results.words import number

if TYPE_CHECKING:
    import pandas as pd

    from causalmed.fairness import Audit
    from causalmed.reporting.dossier import Dossier

__all__ = ["groups"]

_QUESTION = "For whom is it less right?"


def groups(dossier: Dossier) -> Section:
    """Every group, every comparison in one of four states, nobody left out in silence."""
    if dossier.audit is None:
        refusal = dossier.refused("the audit")
        reason = (
            refusal.reason
            if refusal
            else "There is no risk model, or the protocol names no protected column."
        )
        return Section(
            key="groups",
            question=_QUESTION,
            answer="No group was compared.",
            blocks=(Paragraph(text=reason, label="not done" if refusal else "does not apply"),),
        )
    audit = publishable(dossier.audit)
    blocks: tuple[Block, ...] = (
        Figure(picture=audit.picture("missed")),
        Figure(picture=audit.picture("false_alarms")),
        Table(frame=_groups(audit), caption="Per 100 patients; intervals of 95 %; the reference group first"),
        Listing(lead="Every comparison that was named beforehand:", lines=_comparisons(audit)),
        *((Listing(lead="What the graph says:", lines=_paths(audit)),) if audit.paths else ()),
        *_tolerance(audit),
        Details(
            title="How this was computed",
            blocks=(
                Paragraph(
                    text="Wilson intervals for shares, Newcombe intervals for differences, Holm's correction "
                    "over all "
                    "comparisons named beforehand. The reference is the largest group; no group is the norm. "
                    "Groups "
                    "with fewer than 11 patients in a cell are named and their numbers not shown."
                ),
                Checks(gate=audit.diagnostics),
            ),
        ),
        Items(items=tuple(item for item in dossier.items() if item.section == "audit")),
    )
    return Section(
        key="groups", question=_QUESTION, answer=audit.headline.split(" No tolerance")[0], blocks=blocks
    )


def _groups(audit: Audit) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for group in sorted(audit.groups, key=lambda one: (one.attribute, not one.reference)):
        rows.append(
            {
                "group": f"{in_words(group.attribute)}: {group.group}"
                + (" (reference)" if group.reference else ""),
                "patients": HIDDEN if group.suppressed else f"{group.n:,}",
                "infected": HIDDEN if group.suppressed else f"{group.events:,}",
                "missed, of 100 infected": _per_100(group.missed),
                "false alarms, of 100 not infected": _per_100(group.false_alarms),
                "infections above prediction": _per_100(group.calibration),
            }
        )
    return pd.DataFrame(rows)


def _per_100(interval: Interval | None) -> str:
    if interval is None:
        return HIDDEN
    return (
        f"{number(100 * interval.estimate)} ({number(100 * interval.low)} to {number(100 * interval.high)})"
    )


def _comparisons(audit: Audit) -> tuple[str, ...]:
    return tuple(one.sentence for one in audit.confirmatory)


def _paths(audit: Audit) -> tuple[str, ...]:
    return tuple(note.sentence for note in audit.paths)


def _tolerance(audit: Audit) -> tuple[Block, ...]:
    if audit.tolerance is None:
        return (
            Paragraph(
                text="No person has stated which difference would be immaterial, so no difference is called "
                "that.",
                label="missing: a person must state this",
            ),
        )
    return (Paragraph(text=f"{audit.tolerance}", label="stated"),)
