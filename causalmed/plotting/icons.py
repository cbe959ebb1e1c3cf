"""A hundred figures: how many have the event, now and under a change."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from causalmed.plotting.drawing import render, size
from causalmed.plotting.style import (
    BODY,
    INK,
    LINE,
    PALE_GREY,
    PALE_VERMILION,
    QUIET,
    SMALL,
    VERMILION,
    WIDTH,
    head,
    head_height,
    place,
    wrap,
    write,
)
from causalmed.results.picture import within
from causalmed.results.pictures import IconArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.path import Path

SIDE = 10  # figures a row
KEY = "Of 100 patients like this one"
STRIDE = 12.6  # columns from one array to the next


@size.register(IconArray)
def _size_of_icons(picture: IconArray) -> tuple[float, float]:
    width = WIDTH if len(picture.arrays) > 1 else 0.55 * WIDTH
    return (width, _tall(picture, width) + head_height(picture.title, KEY, width))


def _tall(picture: IconArray, width: float) -> float:
    cells = STRIDE * (len(picture.arrays) - 1) + SIDE + 1.2
    return (SIDE + 3.9) * min(0.36, (width - 0.2) / cells)


@render.register(IconArray)
def _render_icons(picture: IconArray, ax: Axes, *, own: bool) -> None:
    ax.set_axis_off()
    ax.set_aspect("equal", anchor="NW")
    ax.set_xlim(-0.6, STRIDE * (len(picture.arrays) - 1) + SIDE + 0.6)
    ax.set_ylim(SIDE + 1.3, -2.6)
    for index, (name, count, low, high) in enumerate(picture.arrays):
        left = STRIDE * index
        sure, perhaps = bands(count, low, high)
        _figures(ax, left, sure, perhaps)
        write(ax, wrap(name, 200, lines=1), (left - 0.4, -2.0), size=SMALL + 0.5, colour=QUIET)
        written = f"{within(count, low, high)} in 100"
        write(ax, written, (left - 0.4, -1.15), size=BODY + 1, colour=INK, bold=True)
        write(ax, _key(sure, perhaps, picture.event), (left - 0.4, SIDE + 0.35), size=SMALL, colour=QUIET)
    if own:
        figure = ax.get_figure(root=True)
        assert figure is not None
        place(ax, _tall(picture, figure.get_figwidth()))
    head(ax, picture.title, KEY, own=own)


def bands(count: float, low: float | None, high: float | None) -> tuple[int, int]:
    """Return how many figures are filled for certain, and how many more lie within the interval.

    Examples
    --------
    >>> bands(12.2, 9.8, 14.4)
    (10, 4)
    """
    if low is None or high is None:
        return round(count), 0
    return round(low), round(high) - round(low)


def _key(sure: int, perhaps: int, event: str) -> str:
    if not perhaps:
        return f"{sure} filled: {event}"
    return f"{sure} dark: {event}; {perhaps} pale: within the interval"


def _figures(ax: Axes, left: float, sure: int, perhaps: int) -> None:
    places = np.arange(SIDE * SIDE)
    x, y = left + places % SIDE, places // SIDE
    styles = (
        (places < sure, VERMILION, VERMILION, 0.5),
        ((places >= sure) & (places < sure + perhaps), PALE_VERMILION, VERMILION, 1.1),
        (places >= sure + perhaps, PALE_GREY, LINE, 0.7),
    )
    for chosen, fill, edge, line in styles:
        if chosen.any():
            ax.scatter(x[chosen], y[chosen], s=280, marker=person(), fc=fill, ec=edge, lw=line, clip_on=False)


@cache
def person() -> Path:
    """Return the outline of a standing figure, one unit tall."""
    from matplotlib.path import Path

    head_ = Path.circle((0.0, 0.34), 0.15)
    body = Path(
        [
            (-0.22, -0.5),
            (-0.22, -0.02),
            (-0.22, 0.16),
            (0.0, 0.16),
            (0.22, 0.16),
            (0.22, -0.02),
            (0.22, -0.5),
            (-0.22, -0.5),
        ],
        [Path.MOVETO, Path.LINETO, *[Path.CURVE3] * 4, Path.LINETO, Path.CLOSEPOLY],
    )
    return Path.make_compound_path(head_, body)
