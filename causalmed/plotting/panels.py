"""Several questions side by side: one line a feature, one scale for all."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from matplotlib.ticker import MaxNLocator

from causalmed.plotting.drawing import render, size
from causalmed.plotting.rows import column, prepare
from causalmed.plotting.style import (
    BLUE,
    BODY,
    INK,
    QUIET,
    SMALL,
    VERMILION,
    WIDTH,
    ZERO,
    head,
    unit,
    wrap,
    write,
)
from causalmed.results.picture import plain
from causalmed.results.pictures import BarRow, Panels
from causalmed.results.words import number, signed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROW: Final = 0.38  # inches
PANEL: Final = 2.0  # inches a question
PLACES: Final = 120.0  # points
BETWEEN: Final = 0.42  # of the reach of the bars: where values are written


@size.register(Panels)
def _size_of_panels(picture: Panels) -> tuple[float, float]:
    width = WIDTH - 3.6 + PANEL * len(picture.panels)
    return (max(WIDTH, width), 2.6 + ROW * len(picture.labels))


@render.register(Panels)
def _render_panels(picture: Panels, ax: Axes, *, own: bool) -> None:
    prepare(ax, picture.labels)
    ax.set_ylim(len(picture.labels) - 0.4, -2.9)
    low, high = _reach(picture)
    step = (high - low) * (1 + BETWEEN)
    ax.set_xlim(low - 0.04 * step, low + len(picture.panels) * step)
    sizes = all(row.value >= 0 or math.isnan(row.value) for panel in picture.panels for row in panel.rows)
    sizes = sizes and picture.panels[0].start is None
    for number_, panel in enumerate(picture.panels):
        zero = number_ * step
        ax.plot([zero, zero], [-0.5, len(panel.rows) - 0.5], color=ZERO, lw=1.2, zorder=1)
        room = 72 * PANEL * 0.86
        question = wrap(panel.question, room, size=BODY, bold=True, lines=3)
        write(ax, question, (low + zero, -1.35), size=BODY, bold=True, va="bottom")
        write(ax, _span(panel.start, panel.end), (low + zero, -1.0), size=SMALL - 0.5, colour=QUIET)
        for place, row in enumerate(panel.rows):
            _bar(ax, place, row, zero, sizes=sizes)
    _ticks(ax, picture, low, high, step)
    column(
        ax, [wrap(group, PLACES, size=SMALL, lines=2) for group in picture.groups], after=2.0, colour=QUIET
    )
    unit(ax, picture.axis_label)
    head(ax, picture.title, picture.badge, own=own)


def _span(start: float | None, end: float | None) -> str:
    if start is None or end is None:
        return ""
    return f"from {number(start)} to {number(end)} in 100"


def _bar(ax: Axes, place: int, row: BarRow, zero: float, *, sizes: bool) -> None:
    if math.isnan(row.value):
        write(ax, "not scored", (zero, place), shift=(4, 0), size=SMALL - 0.5, colour=QUIET)
        return
    raises = row.value >= 0 and not sizes
    colour = VERMILION if raises else BLUE
    ax.barh(place, row.value, left=zero, height=0.5, color=colour, zorder=2)
    ends = [0.0, row.value]
    if row.low is not None and row.high is not None:
        ends += [row.low, row.high]
        ax.plot([zero + row.low, zero + row.high], [place, place], color=INK, lw=1.1, zorder=3)
    text = number(row.value) if sizes else signed(_rounded(row.value))
    write(ax, text, (zero + max(ends), place), shift=(4, 0), size=SMALL - 0.5)


def _rounded(value: float) -> float:
    """Return a value below a hundredth of a point as nothing: nobody reads +0.0000012."""
    return 0.0 if abs(value) < 0.005 else value


def _reach(picture: Panels) -> tuple[float, float]:
    ends = [0.0]
    for panel in picture.panels:
        for row in panel.rows:
            ends += [end for end in (row.value, row.low, row.high) if end is not None and math.isfinite(end)]
    low, high = min(ends), max(ends)
    return (low, high) if high > low else (0.0, 1.0)


def _ticks(ax: Axes, picture: Panels, low: float, high: float, step: float) -> None:
    chosen = [t for t in MaxNLocator(nbins=3).tick_values(low, high) if low - 1e-9 <= t <= high + 1e-9]
    places = [number_ * step + tick for number_ in range(len(picture.panels)) for tick in chosen]
    ax.set_xticks(places, [plain(tick) for _ in picture.panels for tick in chosen])
