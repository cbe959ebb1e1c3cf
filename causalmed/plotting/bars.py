"""Attributions as bars, under the question they answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from causalmed.plotting.drawing import render, size
from causalmed.plotting.rows import column, prepare
from causalmed.plotting.style import (
    BLUE,
    INK,
    QUIET,
    SMALL,
    VERMILION,
    WIDTH,
    ZERO,
    head,
    unit,
    wrap,
)
from causalmed.results.pictures import Bars
from causalmed.results.words import number, signed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROW = 0.36  # inches
PLACES = 165.0  # points


@size.register(Bars)
def _size_of_bars(picture: Bars) -> tuple[float, float]:
    return (WIDTH + 0.4, 1.75 + ROW * len(picture.rows))


@render.register(Bars)
def _render_bars(picture: Bars, ax: Axes, *, own: bool) -> None:
    rows = picture.ordered
    prepare(ax, [row.label for row in rows])
    ax.axvline(0.0, color=ZERO, lw=1.2, zorder=1)
    sizes = picture.start is None and all(row.value >= 0 for row in rows)  # mean sizes have no direction
    for place, row in enumerate(rows):
        raises = row.value >= 0 and not sizes
        ax.barh(place, row.value, height=0.56, color=VERMILION if raises else BLUE, zorder=2)
        if row.low is not None and row.high is not None:
            ax.plot([row.low, row.high], [place, place], color=INK, lw=1.1, zorder=3)
    written = [number(row.value) if sizes else signed(row.value) for row in rows]
    edge = column(ax, written, after=8.0)
    places = [wrap(row.group, PLACES, size=SMALL, lines=2) for row in rows]
    column(ax, places, after=edge, colour=QUIET)
    unit(ax, picture.axis_label)
    head(ax, picture.question, _finding(picture), own=own)


def _finding(picture: Bars) -> str:
    finding = picture.title if picture.title.endswith((".", "?", "!")) else f"{picture.title}."
    if picture.start is None or picture.end is None:
        return finding
    first, last = picture.ends
    return (
        f"{finding} The bars lead from {number(picture.start)} ({first}) to {number(picture.end)} ({last})."
    )
