"""An audit as it may leave the hospital: without anything from which a small cell could be derived."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from causalmed.reporting.disclosure import MINIMUM, hidden_cells
from causalmed.reporting.published_screen import published_gate

if TYPE_CHECKING:
    from causalmed.fairness import Audit, Comparison, GroupMetrics

__all__ = ["level_words", "publishable"]

_NOTE: Final = f"not shown: a cell holds fewer than {MINIMUM} patients"
_MEASURES: Final = {
    "missed": ("missed", "sensitivity", "missed_pooled"),
    "false_alarms": ("false_alarms", "specificity", "false_alarms_pooled"),
    "calibration": ("calibration", "calibration_pooled"),
}
"""Measure → the fields of a group that would give its cell away."""
_ALL: Final = (
    "sensitivity", "specificity", "missed", "false_alarms", "alerts", "calibration", "auroc", "brier",
    "net_benefit", "predictive_value", "missed_pooled", "false_alarms_pooled", "calibration_pooled",
)  # fmt: skip


def publishable(audit: Audit) -> Audit:
    """Return the audit without small cells, and without what would give them away.

    Parameters
    ----------
    audit : Audit
        As computed, for the notebook.

    Returns
    -------
    Audit
        The same with empty fields and a note in place of what may not be shown.
    """
    groups = tuple(_without(group, _ALL) if group.suppressed else group for group in audit.groups)
    hidden: set[tuple[str, str, str]] = {
        (group.attribute, group.group, measure)
        for group in audit.groups
        if group.suppressed
        for measure in _MEASURES
    }
    for attribute in dict.fromkeys(group.attribute for group in audit.groups):
        members = [group for group in audit.groups if group.attribute == attribute and not group.suppressed]
        for measure in ("missed", "false_alarms"):
            hidden |= {(attribute, name, measure) for name in _small(members, measure)}
    groups = tuple(
        _without(
            group, [f for m in _MEASURES if (group.attribute, group.group, m) in hidden for f in _MEASURES[m]]
        )
        for group in groups
    )
    comparisons = tuple(_published(one, hidden) for one in audit.comparisons)
    excluded = tuple(
        replace(one, patients=0, reason=f"{one.reason} (fewer than {MINIMUM} patients)")
        if 0 < one.patients < MINIMUM
        else one
        for one in audit.excluded
    )
    return replace(
        audit,
        groups=tuple(replace(one, group=level_words(one.attribute, one.group)) for one in groups),
        comparisons=tuple(
            replace(
                one,
                group=level_words(one.attribute, one.group),
                reference=level_words(one.attribute, one.reference),
            )
            for one in comparisons
        ),
        excluded=excluded,
        diagnostics=published_gate(audit.diagnostics),
    )


def level_words(attribute: str, level: str) -> str:
    """Write 0 and 1 as no and yes, unless the column's name does not say of what."""
    if attribute.lower() in ("sex", "gender"):
        return level
    return {"0": "no", "1": "yes"}.get(level, level)


def _small(groups: Sequence[GroupMetrics], measure: str) -> list[str]:
    """Names of groups whose cell of a measure is small, or gives another's away."""
    cells = []
    for group in groups:
        share = getattr(group, measure)
        among = group.events if measure == "missed" else group.n - group.events
        cases = 0 if share is None else round(share.estimate * among)
        cells.append((cases, among - cases))
    if not cells:
        return []
    hidden = hidden_cells(np.array(cells, dtype=np.int64))
    return [group.group for group, row in zip(groups, hidden, strict=True) if row.any()]


def _without(group: GroupMetrics, fields: Sequence[str]) -> GroupMetrics:
    if not fields:
        return group
    changes: dict[str, object] = dict.fromkeys(fields)
    if group.suppressed:
        changes |= {"n": 0, "events": 0}
    return replace(group, **changes)  # type: ignore[arg-type]


def _published(one: Comparison, hidden: set[tuple[str, str, str]]) -> Comparison:
    mine = {(one.attribute, one.group, one.measure), (one.attribute, one.reference, one.measure)}
    if not mine & hidden:
        return replace(one, p_adjusted=None)
    return replace(
        one,
        difference=None,
        simultaneous=None,
        p_adjusted=None,
        cases=0,
        patients=0,
        detectable=None,
        note=_NOTE,
    )
