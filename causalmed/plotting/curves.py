"""Curves of a risk model: calibration with its risks beneath, net benefit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from causalmed.plotting.drawing import render, size
from causalmed.plotting.style import (
    BLUE,
    GREY,
    INK,
    LINE,
    PALE_BLUE,
    PALE_GREY,
    QUIET,
    SMALL,
    VERMILION,
    VERMILION_INK,
    WIDTH,
    ZERO,
    head,
    quiet_axes,
    unit,
    write,
)
from causalmed.results.picture import plain
from causalmed.results.pictures import Calibration, DecisionCurve

if TYPE_CHECKING:
    from matplotlib.axes import Axes


Line = NDArray[np.float64]


@size.register(Calibration)
def _size_of_calibration(picture: Calibration) -> tuple[float, float]:
    return (0.86 * WIDTH, 6.0)


@render.register(Calibration)
def _render_calibration(picture: Calibration, ax: Axes, *, own: bool) -> None:
    quiet_axes(ax, keep=())
    x, y, low, high = (
        100 * np.asarray(line)
        for line in (picture.curve_x, picture.curve_y, picture.band_low, picture.band_high)
    )
    reach = 1.04 * float(max(x.max(), high.max(), y.max()))
    ax.plot([0, reach], [0, reach], color=LINE, lw=1.1, ls="--", zorder=2)
    ax.fill_between(x, low, high, color=PALE_BLUE, lw=0, zorder=1)
    ax.plot(x, y, color=BLUE, lw=2.2, zorder=3)
    write(
        ax,
        "perfectly right",
        (reach, reach),
        shift=(-2, 4),
        ha="right",
        va="bottom",
        size=SMALL,
        colour=QUIET,
    )
    _name_curve(ax, x, y, band=(low, high))
    depth = _risks(ax, picture, reach)
    ax.set_xlim(0, reach)
    ax.set_ylim(-depth, reach)
    ax.set_yticks([tick for tick in ax.get_yticks() if 0 <= tick <= reach])
    unit(
        ax,
        "risk that the model gives, per 100 patients",
        f"seen with {picture.outcome}, per 100 patients",
    )
    counted = f"{picture.events:,} with {picture.outcome} among {picture.n:,} patients"
    head(ax, picture.title, counted, own=own)


def _name_curve(ax: Axes, x: Line, y: Line, *, band: tuple[Line, Line]) -> None:
    """Name the curve beside its band, on the side away from the diagonal."""
    low, high = band
    at = int(np.argmin(np.abs(x - 0.75 * x.max())))
    above = y[at] >= x[at]
    write(
        ax,
        "this model, with its 95 % band",
        (float(x[at]), float(high[at] if above else low[at])),
        shift=(-6, 5) if above else (6, -5),
        ha="right" if above else "left",
        va="bottom" if above else "top",
        size=SMALL,
        colour=BLUE,
    )


def _risks(ax: Axes, picture: Calibration, reach: float) -> float:
    """Draw the risks of both outcomes beneath the curve; return how deep they reach."""
    if not picture.edges:
        return 0.02 * reach
    depth, middle, tall = 0.42 * reach, -0.24 * reach, 0.14 * reach
    edges = 100 * np.asarray(picture.edges)
    sides: tuple[tuple[Sequence[float], int, str, str, str], ...] = (
        (picture.risks_events, 1, VERMILION, VERMILION_INK, f"with {picture.outcome}"),
        (picture.risks_nonevents, -1, GREY, QUIET, f"without {picture.outcome}"),
    )
    for counts, direction, colour, ink, name in sides:
        density = np.asarray(counts) / np.diff(edges)
        share = density / max(1e-12, float(density.max()))
        ax.bar(
            edges[:-1],
            direction * tall * share,
            np.diff(edges) * 0.9,
            bottom=middle,
            align="edge",
            color=colour,
            zorder=2,
        )
        words = f"{sum(counts):,.0f} {name}"
        write(
            ax, words, (reach, middle + direction * 0.6 * tall), ha="right", size=SMALL, colour=ink, halo=True
        )
    ax.plot([0, reach], [middle, middle], color=LINE, lw=0.8)
    ax.plot([0, reach], [0, 0], color=ZERO, lw=1.0)
    return depth


@size.register(DecisionCurve)
def _size_of_decision_curve(picture: DecisionCurve) -> tuple[float, float]:
    return (WIDTH, 4.4)


@render.register(DecisionCurve)
def _render_decision_curve(picture: DecisionCurve, ax: Axes, *, own: bool) -> None:
    quiet_axes(ax, keep=("bottom", "left"))
    x = 100 * np.asarray(picture.thresholds)
    model, low, high, everybody = (
        100 * np.asarray(line) for line in (picture.model, picture.low, picture.high, picture.treat_all)
    )
    top = 1.12 * float(max(high.max(), everybody.max()))
    bottom = float(max(min(low.min(), -0.17 * top), -0.4 * top))
    if picture.shaded is not None:
        _range(ax, picture.shaded, top)
    ax.axhline(0.0, color=ZERO, lw=1.4, zorder=1)
    ax.fill_between(x, low, high, color=PALE_BLUE, lw=0, zorder=2)
    ax.plot(x, model, color=BLUE, lw=2.2, zorder=4)
    ax.plot(x, everybody, color=GREY, lw=1.6, ls="--", zorder=3)
    ax.set_xlim(float(x[0]), float(x[-1]))
    ax.set_ylim(bottom, top)
    write(
        ax, "act on the model", (float(x[-1]), float(model[-1])), shift=(6, 3), size=SMALL + 0.5, colour=BLUE
    )
    write(ax, "act on nobody", (float(x[-1]), 0.0), shift=(6, -9), size=SMALL + 0.5, colour=QUIET)
    level = 0.62 * bottom
    at = float(np.interp(-level, -everybody, x))  # the line falls
    write(ax, "act on everybody", (at, level), shift=(7, 0), size=SMALL + 0.5, colour=INK)
    unit(ax, "risk at which one would act, in %", "net benefit, per 100 patients")
    head(ax, picture.title, "line: estimate  ·  band: its interval", own=own)


def _range(ax: Axes, shaded: tuple[float, float], top: float) -> None:
    low, high = 100 * shaded[0], 100 * shaded[1]
    ax.axvspan(low, high, color=PALE_GREY, lw=0, zorder=0)
    words = f"clinicians would act between\n{plain(low)} and {plain(high)} %"
    write(ax, words, ((low + high) / 2, top), shift=(0, -3), ha="center", va="top", size=SMALL, colour=QUIET)
