"""For whom is it less right?"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from causalmed.fairness import Evidence
from causalmed.reporting.disclosure import HIDDEN, MINIMUM
from causalmed.reporting.page import Block, Checks, Details, Figure, Items, Listing, Paragraph, Section, Table
from causalmed.reporting.publishing import publishable
from causalmed.reporting.written import listed, per_100

if TYPE_CHECKING:
    import pandas as pd

    from causalmed.fairness import Audit, Comparison
    from causalmed.reporting.dossier import Dossier

__all__ = ["audit_answer", "groups"]

_QUESTION = "For whom is it less right?"
_STATES: Final = {
    Evidence.CANNOT_TELL: "the data cannot tell",
    Evidence.IMMATERIAL: "the difference lies inside the stated tolerance",
    Evidence.NOT_MEASURED: "nothing was measured",
}
_COMPARED: Final = (
    "Every comparison named beforehand, with 95 % intervals; the last column says how large a difference "
    "must be to be seen in 4 of 5 such audits"
)
_TITLES: Final = {"missed": "Missed infections", "false_alarms": "False alarms"}
_MEASURES: Final = {
    "missed": "missed, of 100 infected",
    "false_alarms": "false alarms, of 100 not infected",
    "calibration": "infections above the predicted, of 100",
}


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
        *_figures(audit),
        Table(frame=_groups(audit), caption="Group by group, with 95 % intervals; the reference group first"),
        Table(frame=_comparisons(audit), caption=_COMPARED),
        *((Listing(lead="What the graph says:", lines=_paths(audit)),) if audit.paths else ()),
        *_tolerance(audit),
        Details(
            title="How this was computed",
            blocks=(
                Paragraph(
                    text="The reference is the largest group; it is no norm. Shares have Wilson intervals, "
                    "differences have Newcombe intervals. The findings allow for the number of comparisons "
                    "(Holm). Groups with fewer than 11 patients in a cell are named, and their numbers are "
                    "not "
                    "shown."
                ),
                Checks(gate=audit.diagnostics),
            ),
        ),
        Items(items=tuple(item for item in dossier.items() if item.section == "audit")),
    )
    return Section(key="groups", question=_QUESTION, answer=audit_answer(audit), blocks=blocks)


def _figures(audit: Audit) -> list[Block]:
    """A picture of each measure of which anything may be shown."""
    blocks: list[Block] = []
    for measure in ("missed", "false_alarms"):
        picture = audit.picture(measure)
        if any(row.interval is not None for row in picture.rows):
            title = f"{_TITLES[measure]}: {picture.title[:1].lower()}{picture.title[1:]}"
            blocks.append(Figure(picture=replace(picture, title=title)))
        else:
            text = f"No picture of {_MEASURES[measure]}: a cell holds fewer than {MINIMUM} patients."
            blocks.append(Paragraph(text=text, label=HIDDEN))
    return blocks


def audit_answer(audit: Audit) -> str:
    """Say for whom the model is less right, or that the data cannot tell."""
    family = audit.confirmatory
    by = listed(list(dict.fromkeys(one.attribute for one in family))) if family else ""
    if not family:
        return "No group was compared."
    shown = [one for one in family if one.state is Evidence.SHOWN]
    rest = []
    for state, words in _STATES.items():
        count = sum(one.state is state for one in family)
        if count:
            rest.append(f"in {count} {words}")
    of = f"of {len(family)} comparisons by {by}"
    if not shown and len(rest) == 1:
        words = rest[0].split(" ", 2)[2]
        return f"No difference between groups was shown. In all {of.removeprefix('of ')} {words}."
    if not shown:
        return f"No difference between groups was shown. Of {of.removeprefix('of ')}, {listed(rest)}."
    who = "; ".join(_found(one) for one in shown)
    others = f" Of the others, {listed(rest)}." if rest else ""
    return f"A difference was shown in {len(shown)} {of}: {who}.{others}"


def _found(one: Comparison) -> str:
    who = f"{one.attribute} {one.group} against {one.reference}, {_MEASURES[one.measure]}"
    if one.difference is None:
        return f"{who} (its size is not shown: a cell holds fewer than {MINIMUM} patients)"
    amount = "more" if one.difference.estimate > 0 else "fewer"
    return f"{who}: {amount} by {per_100(one.difference)} in 100"


def _groups(audit: Audit) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for group in sorted(audit.groups, key=lambda one: (one.attribute, not one.reference)):
        rows.append(
            {
                "group": f"{group.attribute}: {group.group}{' (reference)' if group.reference else ''}",
                "patients": HIDDEN if group.suppressed else f"{group.n:,}",
                "infected": HIDDEN if group.suppressed else f"{group.events:,}",
                "missed, of 100 infected": per_100(group.missed, empty=HIDDEN),
                "false alarms, of 100 not infected": per_100(group.false_alarms, empty=HIDDEN),
                "infections above prediction, in 100": per_100(group.calibration, empty=HIDDEN),
            }
        )
    return pd.DataFrame(rows)


def _comparisons(audit: Audit) -> pd.DataFrame:
    import pandas as pd

    rows = [
        {
            "who": f"{one.attribute}: {one.group} against {one.reference}",
            "what": _MEASURES[one.measure],
            "difference, in 100": per_100(one.difference, empty=HIDDEN),
            "finding": str(one.state),
            "likely seen from": "–" if one.detectable is None else f"{100 * one.detectable:.0f}",
        }
        for one in audit.confirmatory
    ]
    return pd.DataFrame(rows)


def _paths(audit: Audit) -> tuple[str, ...]:
    return tuple(note.sentence for note in audit.paths)


def _tolerance(audit: Audit) -> tuple[Block, ...]:
    if audit.tolerance is None:
        return (
            Paragraph(
                text="Nobody has said which difference would not matter. So none is called that.",
                label="missing: a person must state this",
            ),
        )
    return (Paragraph(text=f"{audit.tolerance}", label="stated"),)
