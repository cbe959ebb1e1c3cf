"""Propensity scores of the exposed and the unexposed, back to back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from causalmed.plotting.drawing import render, size
from causalmed.plotting.style import BLUE, GREY, INK, LINE, QUIET, SMALL, WIDTH, head, quiet_axes, unit, write
from causalmed.results.pictures import Overlap
from causalmed.results.words import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@size.register(Overlap)
def _size_of_overlap(picture: Overlap) -> tuple[float, float]:
    return (WIDTH, 3.9)


@render.register(Overlap)
def _render_overlap(picture: Overlap, ax: Axes, *, own: bool) -> None:
    quiet_axes(ax, keep=("bottom", "left"))
    edges = np.asarray(picture.edges)
    widths = np.diff(edges)
    narrowest = float(widths.min())
    up, down = (np.asarray(side) * narrowest / widths for side in (picture.exposed, picture.unexposed))
    ax.bar(edges[:-1], up, 0.92 * widths, align="edge", color=BLUE, zorder=2)
    ax.bar(
        edges[:-1],
        -down,
        0.92 * widths,
        align="edge",
        color="#FFFFFF",
        ec=GREY,
        hatch="////",
        lw=0.8,
        zorder=2,
    )
    ax.axhline(0.0, color=LINE, lw=1.0, zorder=3)
    _counts(ax, float(up.max()), float(down.max()))
    ax.set_xlim(float(edges[0]), float(edges[-1]))
    for words, total, at, colour in (
        (picture.exposed_label, sum(picture.exposed), 0.97, BLUE),
        (picture.unexposed_label, sum(picture.unexposed), 0.06, INK),
    ):
        text = f"{total:,.0f} {words}"
        write(ax, text, (0.985, at), frame="axes", ha="right", colour=colour, bold=True, halo=True)
    unequal = widths.max() > 1.001 * narrowest
    unit(ax, picture.axis_label, f"patients per {number(narrowest)}" if unequal else "patients")
    head(ax, picture.title, own=own)


def _counts(ax: Axes, up: float, down: float) -> None:
    """Label counts on both sides of zero without a sign."""
    from matplotlib.ticker import MaxNLocator

    ax.set_ylim(-1.18 * max(down, 1.0), 1.18 * max(up, 1.0))
    ticks = MaxNLocator(6, integer=True).tick_values(-down, up)
    inside = [float(tick) for tick in ticks if -1.1 * down <= tick <= 1.1 * up]
    ax.set_yticks(inside, [f"{abs(tick):,.0f}" for tick in inside])
    ax.tick_params(axis="y", labelsize=SMALL, colors=QUIET)
