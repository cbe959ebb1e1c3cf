"""The picture of a decomposition: from the reference to the group, step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from causalmed.results.pictures import Step, Waterfall
from causalmed.results.words import number

if TYPE_CHECKING:
    from causalmed.fairness.decomposition import DisparityPart

__all__ = ["waterfall_of"]


def waterfall_of(
    parts: Sequence[DisparityPart], *, attribute: str, what: str, per: float, words: Mapping[str, str]
) -> Waterfall:
    """Return the waterfall of one group's parts.

    Parameters
    ----------
    parts : sequence of DisparityPart
        Of one group and one target, the total among them.
    attribute, what : str
        What divides the groups, what differs.
    per : float
        Values are multiplied by this.
    words : mapping of str to str
        Each part in words.

    Returns
    -------
    Waterfall
    """
    total = next(one for one in parts if one.part == "total")
    others = [one for one in parts if one.part != "total"]
    known = [one for one in others if one.interval is not None]
    steps = tuple(Step(label=words[one.part], interval=one.interval, note=one.why) for one in others)
    gap = total.interval
    assert gap is not None
    side = "higher" if gap.estimate > 0 else "lower"
    unit = " per 100 patients" if per == 100 else ""
    title = (
        f"{what} is {number(abs(per * gap.estimate))}{unit} {side} for {total.group} than {total.reference}"
    )
    if known:
        largest = max(known, key=lambda one: abs(one.interval.estimate) if one.interval else 0.0)
        title += f"; most of it comes {words[largest.part]}" if _carries(largest, gap.estimate) else ""
    return Waterfall(
        title=title,
        question=f"Where does the gap between groups of {attribute} come from?",
        steps=steps,
        total=Step(label=f"{total.group} minus {total.reference}", interval=gap, note=""),
        axis_label=f"difference in {what}{unit}",
        per=per,
    )


def _carries(part: DisparityPart, total: float) -> bool:
    """Say whether a part whose interval excludes 0 is more than half of the total, in its direction."""
    if part.interval is None or part.interval.low <= 0 <= part.interval.high:
        return False
    return part.interval.estimate * total > 0 and abs(part.interval.estimate) > abs(total) / 2
