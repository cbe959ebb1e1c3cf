"""Pictures made of rows: effects, balance, groups."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from causalmed.plotting.drawing import render, size
from causalmed.plotting.style import (
    BLUE,
    BODY,
    GREY,
    INK,
    LINE,
    PAGE,
    QUIET,
    SMALL,
    VERMILION,
    WIDTH,
    ZERO,
    head,
    quiet_axes,
    unit,
    width_of,
    wrap,
    write,
)
from causalmed.results.picture import plain
from causalmed.results.pictures import Balance, BalanceRow, Forest, ForestRow, GroupDots, GroupRow
from causalmed.results.words import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from causalmed.results.interval import Interval

ROW = 0.36  # inches
LABELS = 150.0  # points
NOTES = 270.0


def prepare(ax: Axes, labels: Sequence[str]) -> None:
    """Lay out one row a label, the first on top, its label on the left."""
    ax.set_ylim(len(labels) - 0.4, -0.6)
    ax.set_yticks([])
    quiet_axes(ax)
    for row, label in enumerate(labels):
        words = wrap(label, LABELS, lines=2)
        letters = SMALL - 0.5 if "\n" in words else BODY
        write(ax, words, (0, row), frame="row", shift=(-8, 0), ha="right", size=letters)


def column(ax: Axes, texts: Sequence[str], *, after: float, colour: str = INK) -> float:
    """Write a column of texts at the right edge, ``after`` points from it; return where the next starts."""
    for row, text in enumerate(texts):
        write(ax, text, (1, row), frame="row", shift=(after, 0), size=SMALL, colour=colour)
    widest = max((width_of(text, SMALL) for text in texts), default=0.0)
    return after + widest + (14.0 if widest else 0.0)


def verdicts(ax: Axes, texts: Sequence[str], found: Sequence[bool], *, after: float) -> None:
    """Write the verdicts at the right edge: bold where something was found, quiet where not."""
    for row, (text, bold) in enumerate(zip(texts, found, strict=True)):
        colour = INK if bold else QUIET
        write(ax, text, (1, row), frame="row", shift=(after, 0), size=SMALL, colour=colour, bold=bold)


def interval_mark(ax: Axes, row: float, interval: Interval, *, per: float, null: float | None) -> None:
    """Draw an estimate with its limits: a blue square, or a grey disc where ``null`` lies within."""
    inside = null is not None and interval.low <= null <= interval.high
    colour, marker = (GREY, "o") if inside else (BLUE, "s")
    ax.plot([per * interval.low, per * interval.high], [row, row], color=colour, lw=1.8, zorder=3)
    ax.plot(
        [per * interval.estimate], [row], marker=marker, ms=6.5, color=colour, mec=PAGE, mew=0.6, zorder=4
    )


@size.register(Forest)
def _size_forest(picture: Forest) -> tuple[float, float]:
    return (WIDTH + 0.6, 1.35 + ROW * len(picture.rows))


@render.register(Forest)
def _render_forest(picture: Forest, ax: Axes, *, own: bool) -> None:
    rows = picture.ordered
    prepare(ax, [row.label for row in rows])
    if picture.log_scale:
        _ratio_axis(ax, picture)
    ax.axvline(picture.per * picture.null, color=ZERO, lw=1.2, zorder=1)
    for place, row in enumerate(rows):
        _effect(ax, place, row, picture)
    written = [picture.written(row) for row in rows]
    edge = column(ax, written, after=8.0)
    verdicts(ax, [row.verdict for row in rows], [_found(row, picture.null) for row in rows], after=edge)
    unit(ax, picture.axis_label)
    crude = any(row.crude is not None for row in rows)
    head(ax, picture.title, _key(rows) + ("  ·  ○ crude, before adjustment" if crude else ""), own=own)


def _key(rows: Sequence[ForestRow]) -> str:
    level = next((row.interval.level for row in rows if row.interval is not None), 0.95)
    return f"■ causal estimate with {plain(100 * level)} % interval (● where it includes no effect)"


def _found(row: ForestRow, null: float) -> bool:
    return row.interval is not None and not row.interval.low <= null <= row.interval.high


def _effect(ax: Axes, place: int, row: ForestRow, picture: Forest) -> None:
    per = picture.per
    if row.interval is None:
        crude = "" if row.crude is None else f"Crude {number(per * row.crude)}. "
        note = wrap(f"{crude}{row.note or 'No estimate.'}", NOTES, size=SMALL - 1, lines=2)
        write(ax, note, (0.01, place), frame="row", size=SMALL - 1, colour=QUIET, halo=True)
        return
    if row.crude is not None:
        ends = [per * row.crude, per * row.interval.estimate]
        ax.plot(ends, [place, place], color=LINE, lw=0.9, ls=":", zorder=2)
        ax.plot([per * row.crude], [place], marker="o", ms=7, mfc="none", mec=INK, mew=1.2, ls="", zorder=5)
    interval_mark(ax, place, row.interval, per=per, null=picture.null)


def _ratio_axis(ax: Axes, picture: Forest) -> None:
    ax.set_xscale("log")
    values = [picture.per * picture.null]
    for row in picture.rows:
        if row.interval is not None:
            values += [picture.per * row.interval.low, picture.per * row.interval.high]
        values += [] if row.crude is None else [picture.per * row.crude]
    inside = [value for value in values if value > 0 and math.isfinite(value)]
    low, high = min(inside) / 1.15, max(inside) * 1.15
    steps: tuple[float, ...] = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0)
    if high / low < 12:
        steps = (0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 10.0)
    ticks = [step for step in steps if low <= step <= high]
    ax.set_xlim(low, high)
    ax.set_xticks(ticks, [plain(tick) for tick in ticks])
    ax.minorticks_off()


@size.register(Balance)
def _size_balance(picture: Balance) -> tuple[float, float]:
    return (WIDTH, 1.35 + (0.8 if len(picture.rows) <= 25 else 0.6) * ROW * len(picture.rows))


@render.register(Balance)
def _render_balance(picture: Balance, ax: Axes, *, own: bool) -> None:
    rows = picture.ordered
    prepare(ax, [row.label for row in rows])
    for place, row in enumerate(rows):
        _difference(ax, place, row, picture.threshold)
    ax.axvline(picture.threshold, color=LINE, lw=1.1, ls="--", zorder=1)
    reach = max(abs(value) for row in rows for value in (row.before, row.after or 0.0))
    ax.set_xlim(0, 1.08 * max(reach, 1.3 * picture.threshold))
    ax.spines["left"].set_visible(True)
    unit(ax, "standardised mean difference between the groups")
    line = plain(picture.threshold)
    key = f"○ before weighting  ·  ● after it  ·  ◆ still above {line} after it"
    if all(row.after is None for row in rows):
        key = f"absolute values; dashed line: {line}"
    head(ax, picture.title, key, own=own)


def _difference(ax: Axes, place: int, row: BalanceRow, threshold: float) -> None:
    before = abs(row.before)
    ax.plot([before], [place], marker="o", ms=7, mfc=PAGE, mec=INK, mew=1.2, ls="", zorder=3, clip_on=False)
    if row.after is None:
        return
    after = abs(row.after)
    ax.plot([before, after], [place, place], color=LINE, lw=0.9, ls=":", zorder=2)
    colour, marker = (VERMILION, "D") if after > threshold else (BLUE, "o")
    ax.plot(
        [after],
        [place],
        marker=marker,
        ms=6.5,
        color=colour,
        mec=PAGE,
        mew=0.6,
        ls="",
        zorder=4,
        clip_on=False,
    )


@size.register(GroupDots)
def _size_groupdots(picture: GroupDots) -> tuple[float, float]:
    return (WIDTH + 0.6, 1.35 + ROW * len(picture.rows))


@render.register(GroupDots)
def _render_groupdots(picture: GroupDots, ax: Axes, *, own: bool) -> None:
    rows = picture.rows
    prepare(ax, [_group_label(row) for row in rows])
    if picture.reference is not None:
        ax.axvline(picture.per * picture.reference, color=ZERO, lw=1.2, zorder=1)
    for place, row in enumerate(rows):
        if place and row.attribute != rows[place - 1].attribute:
            ax.axhline(place - 0.5, color=ZERO, lw=0.6)
        if row.interval is None:
            write(ax, "not shown", (0.01, place), frame="row", size=SMALL, colour=QUIET, halo=True)
        else:
            interval_mark(ax, place, row.interval, per=picture.per, null=None)
    edge = column(ax, [picture.written(row) for row in rows], after=8.0)
    edge = column(ax, [_counted(row) for row in rows], after=edge, colour=QUIET)
    found = [row.interval is not None and row.state.startswith(("difference", "cannot")) for row in rows]
    verdicts(ax, [row.state for row in rows], found, after=edge)
    unit(ax, picture.axis_label)
    head(
        ax,
        picture.title,
        "At the right: the value with its interval, events of patients, what the evidence allows to say",
        own=own,
    )


def _group_label(row: GroupRow) -> str:
    return f"{row.attribute}: {row.label}" if row.attribute else row.label


def _counted(row: GroupRow) -> str:
    if row.n is None or row.events is None:
        return ""
    return f"{row.events:,} of {row.n:,}"
