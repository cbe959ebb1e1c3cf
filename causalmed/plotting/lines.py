"""Curves along a dose or along time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from causalmed.plotting.drawing import render, size
from causalmed.plotting.style import (
    BLUE,
    GREY,
    INK,
    PALE_BLUE,
    PALE_GREY,
    QUIET,
    SMALL,
    VERMILION,
    VERMILION_INK,
    WIDTH,
    head,
    quiet_axes,
    unit,
    write,
)
from causalmed.results.pictures import Curves

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_STYLES = ((BLUE, BLUE, "-"), (VERMILION, VERMILION_INK, "--"), (GREY, QUIET, "-."), (INK, INK, ":"))


@size.register(Curves)
def _size_of_curves(picture: Curves) -> tuple[float, float]:
    return (WIDTH, 4.4)


@render.register(Curves)
def _render_curves(picture: Curves, ax: Axes, *, own: bool) -> None:
    quiet_axes(ax, keep=("bottom", "left"))
    alone = len(picture.curves) == 1
    for curve, (colour, ink, dash) in zip(picture.curves, _STYLES, strict=False):
        x, y, low, high, wide_low, wide_high = (
            np.asarray(line)
            for line in (
                curve.x,
                curve.per * curve.estimate,
                curve.per * curve.low,
                curve.per * curve.high,
                curve.per * curve.uniform_low,
                curve.per * curve.uniform_high,
            )
        )
        if alone:
            ax.fill_between(x, wide_low, wide_high, color=PALE_GREY, lw=0, zorder=1)
            ax.fill_between(x, low, high, color=PALE_BLUE, lw=0, zorder=2)
        else:
            ax.fill_between(x, wide_low, wide_high, color=colour, alpha=0.14, lw=0, zorder=1)
        ax.plot(x, y, color=colour, lw=2.2, ls=dash, zorder=4)
        if not alone:
            write(ax, curve.label, (float(x[-1]), float(y[-1])), shift=(6, 0), size=SMALL + 0.5, colour=ink)
    first = picture.curves[0]
    ax.set_xlim(float(first.x[0]), float(first.x[-1]))
    if min(float(curve.uniform_low.min()) for curve in picture.curves) >= 0:
        ax.set_ylim(bottom=0)
    unit(ax, first.x_label, first.y_label)
    level = f"{100 * first.level:g} %"
    words = (
        f"line: estimate  ·  blue: {level} interval of each point  ·  grey: {level} band for the whole curve"
        if alone
        else f"lines: estimates  ·  bands: {level}, for each whole curve"
    )
    head(ax, picture.title, words, own=own)
