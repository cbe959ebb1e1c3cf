"""Steps that add up to a difference."""

from __future__ import annotations

from typing import TYPE_CHECKING

from causalmed.plotting.drawing import render, size
from causalmed.plotting.rows import column, prepare
from causalmed.plotting.style import (
    BLUE,
    GREY,
    INK,
    LINE,
    QUIET,
    SMALL,
    VERMILION,
    WIDTH,
    ZERO,
    head,
    unit,
    write,
)
from causalmed.results.pictures import Waterfall

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROW = 0.46  # inches


@size.register(Waterfall)
def _size_of_waterfall(picture: Waterfall) -> tuple[float, float]:
    return (WIDTH + 0.4, 1.75 + ROW * (len(picture.steps) + 1))


@render.register(Waterfall)
def _render_waterfall(picture: Waterfall, ax: Axes, *, own: bool) -> None:
    rows = (*picture.steps, picture.total)
    prepare(ax, [row.label for row in rows])
    ax.axvline(0.0, color=ZERO, lw=1.2, zorder=1)
    reached = 0.0
    for place, row in enumerate(rows):
        last = place == len(picture.steps)
        if row.interval is None:
            words = "not identified" if row.note.startswith("not identified") else "not reported"
            write(ax, words, (0.01, place), frame="row", size=SMALL, colour=QUIET, halo=True)
            continue
        start = 0.0 if last else reached
        value = picture.per * row.interval.estimate
        _bar(ax, place, start, value, colour=GREY if last else VERMILION if value > 0 else BLUE)
        limits = [start + picture.per * limit for limit in (row.interval.low, row.interval.high)]
        ax.plot(limits, [place, place], color=INK, lw=1.1, zorder=4)
        reached = start + value
        if not last:
            ax.plot([reached, reached], [place + 0.28, place + 0.72], color=LINE, lw=1.0, zorder=1)
    column(ax, [picture.written(row) for row in rows], after=8.0)
    unit(ax, picture.axis_label)
    head(ax, picture.question, f"{picture.title}. Lines are intervals of each step alone.", own=own)


def _bar(ax: Axes, place: float, start: float, value: float, *, colour: str) -> None:
    ax.barh(place, value, left=start, height=0.56, color=colour, zorder=2)
