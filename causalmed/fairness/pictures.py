"""The picture of an audit: one measure in every group, the evidence as a word."""

from __future__ import annotations

from collections.abc import Sequence

from causalmed.fairness.compare import Comparison, Evidence
from causalmed.fairness.measures import GroupMetrics
from causalmed.results.pictures import GroupDots, GroupRow

__all__ = ["audit_picture"]

_AXES = {
    "missed": "missed among 100 patients with the outcome",
    "false_alarms": "false alarms among 100 patients without the outcome",
    "calibration": "outcomes above prediction among 100 patients",
}
_SHOWN = {
    "missed": "a difference in who is missed is shown",
    "false_alarms": "a difference in false alarms is shown",
    "calibration": "a difference in how right the risk is on average is shown",
}


def audit_picture(
    groups: Sequence[GroupMetrics], comparisons: Sequence[Comparison], measure: str
) -> GroupDots:
    """Return one measure in every group, the reference first within each attribute.

    Parameters
    ----------
    groups : sequence of GroupMetrics
        Every group; suppressed ones are named but not drawn.
    comparisons : sequence of Comparison
        Their states.
    measure : str
        One of the confirmatory measures.

    Returns
    -------
    GroupDots
    """
    states = {(one.attribute, one.group): str(one.state) for one in comparisons if one.measure == measure}
    order = {attribute: at for at, attribute in enumerate(dict.fromkeys(one.attribute for one in groups))}
    listed = sorted(groups, key=lambda one: (order[one.attribute], not one.reference))
    rows = tuple(
        GroupRow(
            label=one.group,
            interval=None if one.suppressed else getattr(one, measure),
            n=None if one.suppressed else one.n,
            events=None if one.suppressed else one.events,
            state="fewer than 11 patients in a cell, not shown"
            if one.suppressed
            else states.get((one.attribute, one.group), "reference"),
            attribute=one.attribute,
        )
        for one in listed
    )
    return GroupDots(
        title=_title(comparisons, measure),
        rows=rows,
        axis_label=_AXES[measure],
        per=100,
        reference=0.0 if measure == "calibration" else None,
    )


def _title(comparisons: Sequence[Comparison], measure: str) -> str:
    mine = [one for one in comparisons if one.measure == measure and one.confirmatory]
    shown = [f"{one.attribute} {one.group}" for one in mine if one.state is Evidence.SHOWN]
    if shown:
        return f"For {', '.join(shown)} {_SHOWN[measure]}"
    doubtful = sum(one.state is Evidence.CANNOT_TELL for one in mine)
    return f"No difference is shown; in {doubtful} of {len(mine)} comparisons the data cannot tell"
