"""Where does the gap come from?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from causalmed.reporting.page import Block, Details, Figure, Items, Listing, Paragraph, Section, Table
from causalmed.reporting.publishing import level_words
from causalmed.reporting.written import listed, per_100

if TYPE_CHECKING:
    import pandas as pd

    from causalmed.fairness import Audit, DisparityDecomposition
    from causalmed.reporting.dossier import Dossier

__all__ = ["gap"]

_QUESTION: Final = "Where does the gap come from?"
_OF: Final = {
    "outcome": "who was infected",
    "prediction": "the predicted risk",
    "residual": "what is left over",
}
_PARTS: Final = {
    "total": "whole gap",
    "direct": "directly",
    "indirect": "through care and illness",
    "spurious": "through background",
    "indirect and spurious": "through care, illness and background",
    "direct and indirect": "directly, and through care and illness",
}


def gap(dossier: Dossier) -> Section:
    """Each gap between groups taken apart as far as the graph allows."""
    items = Items(items=tuple(item for item in dossier.items() if item.section == "gap"))
    found = () if dossier.audit is None else _shown(dossier.audit)
    if not found:
        return Section(
            key="gap",
            question=_QUESTION,
            answer="No gap was taken apart.",
            blocks=(
                Paragraph(
                    text="There is no audit by group, or every group is too small to be shown.",
                    label="does not apply",
                ),
                items,
            ),
        )
    blocks: list[Block] = []
    for disparity, groups in found:
        blocks += _blocks(disparity, groups)
    named = listed([disparity.attribute for disparity, _ in found])
    return Section(
        key="gap",
        question=_QUESTION,
        answer=f"The gaps by {named} are split below, as far as the graph allows.",
        blocks=(*blocks, *_reading(), items),
    )


def _shown(audit: Audit) -> list[tuple[DisparityDecomposition, tuple[str, ...]]]:
    """The disparities with the groups that may be shown; none where the reference is small."""
    found = []
    for disparity in audit.disparities:
        mine = [one for one in audit.groups if one.attribute == disparity.attribute]
        small = {one.group for one in mine if one.suppressed}
        groups = tuple(name for name in disparity.groups if name not in small)
        if groups and not any(one.reference and one.suppressed for one in mine):
            found.append((disparity, groups))
    return found


def _blocks(disparity: DisparityDecomposition, groups: tuple[str, ...]) -> list[Block]:
    blocks: list[Block] = []
    for group in groups:
        drawn = [
            of
            for of in ("outcome", "prediction")
            if any(one.of == of and one.group == group and one.interval for one in disparity.parts)
        ]
        blocks += [Figure(picture=disparity.picture(group=group, of=of)) for of in drawn]
    rows = _rows(disparity, groups)
    return [
        *blocks,
        Table(frame=rows, caption=f"The gap by {disparity.attribute}, in 100 patients, with 95 % intervals"),
        Details(
            title=f"What must hold for {disparity.attribute}",
            blocks=(Listing(lead="This holds only if:", lines=tuple(disparity.assumptions)),),
        ),
    ]


def _rows(disparity: DisparityDecomposition, groups: tuple[str, ...]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(
        [
            {
                "who": " against ".join(
                    level_words(disparity.attribute, name) for name in (one.group, one.reference)
                ),
                "gap in": _OF.get(one.of, one.of),
                "part": _PARTS.get(one.part, one.part),
                "in 100 patients": per_100(one.interval),
                "why not": one.why or "–",
            }
            for one in disparity.parts
            if one.group in groups
        ]
    )


def _reading() -> tuple[Block, ...]:
    return (
        Paragraph(
            text="The whole gap is what anybody can count. The direct part is what would remain if both "
            "groups had the same illness and care. The part through care and illness runs along arrows from "
            "the group. The part through background was there before. Which part is acceptable, a person "
            "must say."
        ),
    )
