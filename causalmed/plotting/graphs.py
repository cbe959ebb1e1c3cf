"""The graph: boxes with words, from left to right in time."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from causalmed.plotting.drawing import render, size
from causalmed.plotting.layout import Layout, Point, heights, lay_out
from causalmed.plotting.style import (
    BLUE,
    INK,
    LINE,
    PAGE,
    PALE_BLUE,
    PALE_GREY,
    PALE_VERMILION,
    QUIET,
    SMALL,
    VERMILION,
    WIDTH,
    head,
    head_height,
    place,
    width_of,
    wrap,
    write,
)
from causalmed.results.pictures import GraphArrow, GraphNode, GraphPicture

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LINE_HEIGHT: Final = 0.145  # inches a line of words
PADDING: Final = 0.075
LETTERS: Final = (8.5, 6.5)  # points, at most and at least
RING: Final = 0.045
MOST_NUMBERS: Final = 40  # more would lie on each other

Place = tuple[float, float]
Curve = tuple[Place, Place, Place, Place]

FRAMES: Final = {
    "exposure": (PALE_BLUE, BLUE, 2.2),
    "outcome": (PALE_VERMILION, VERMILION, 2.2),
    "adjusted": (PALE_GREY, INK, 1.0),
    "protected": (PAGE, INK, 2.2),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything in inches: where boxes stand, how large they are, what they say."""

    layout: Layout
    words: Mapping[str, str]
    x: Mapping[Point, float]
    y: Mapping[Point, float]
    box: float
    letters: float
    tall: Mapping[Point, float]
    width: float
    height: float

    def right(self, point: Point) -> Place:
        """Return where arrows leave."""
        return (self.x[point] + self.box / 2, self.y[point])

    def left(self, point: Point) -> Place:
        """Return where arrows arrive."""
        return (self.x[point] - self.box / 2, self.y[point])


def plan(picture: GraphPicture) -> Plan:
    """Lay a graph out in inches."""
    layout = lay_out(picture.nodes, picture.arrows)
    count = len(layout.order)
    width = min(9.6, max(WIDTH, 1.34 * count)) - 0.2
    pitch = width / count
    box = min(1.45, 0.73 * pitch if count > 1 else pitch)
    room = 72 * (box - 2 * PADDING)
    letters = _letters(picture, room)
    words = {node.name: wrap(node.words or node.name, room, size=letters, lines=3) for node in picture.nodes}
    line = LINE_HEIGHT * letters / LETTERS[0]
    tall: dict[Point, float] = {
        name: (1 + text.count("\n")) * line + 2 * PADDING for name, text in words.items()
    }
    heavy = {(arrow.source, arrow.target, arrow.kind) for arrow in picture.arrows if arrow.heavy}
    y = heights(layout, tall=tall, gap=0.17, straight=heavy)
    x = {point: (layout.column[point] + 0.5) * pitch for point in layout.column}
    height = max(y[point] + tall.get(point, 0.0) / 2 for point in y)
    return Plan(
        layout=layout, words=words, x=x, y=y, box=box, letters=letters, tall=tall, width=width, height=height
    )


def _letters(picture: GraphPicture, room: float) -> float:
    """Return the size at which the longest word fits a box, within limits."""
    longest = max(
        width_of(word, LETTERS[0], bold=node.role == "outcome")
        for node in picture.nodes
        for word in (node.words or node.name).replace("-", "- ").split() or [""]
    )
    return max(LETTERS[1], LETTERS[0] * min(1.0, room / max(longest, 1.0)))


@size.register(GraphPicture)
def _size_of_graph(picture: GraphPicture) -> tuple[float, float]:
    made = plan(picture)
    width = made.width + 0.2
    above = head_height(picture.title, _key(picture), width)
    return (width, _tall(made, picture) + above)


def _tall(made: Plan, picture: GraphPicture) -> float:
    return made.height + 0.08 + (0.42 if picture.tiers else 0.08)


@render.register(GraphPicture)
def _render_graph(picture: GraphPicture, ax: Axes, *, own: bool) -> None:
    made = plan(picture)
    ax.set_axis_off()
    ax.set_aspect("equal", anchor="NW")
    top = -0.42 if picture.tiers else -0.08
    ax.set_xlim(0, made.width)
    ax.set_ylim(made.height + 0.08, top)
    for arrow in sorted(picture.arrows, key=lambda arrow: arrow.heavy):
        _arrow(ax, made, arrow)
    for node in picture.nodes:
        _box(ax, made, node)
    _numbers(ax, made, picture.arrows)
    _tiers(ax, made, picture)
    if own:
        place(ax, _tall(made, picture))
    head(ax, picture.title, _key(picture), own=own)


def _key(picture: GraphPicture) -> str:
    numbered = any(arrow.number is not None for arrow in picture.arrows)
    roles = {node.role for node in picture.nodes}
    parts = [
        ("exposure" in roles, "blue, thick frame: exposure"),
        ("outcome" in roles, "red, thick frame: outcome"),
        ("adjusted" in roles, "grey: adjusted for"),
        ("protected" in roles, "thick frame: protected"),
        (any(node.latent for node in picture.nodes), "dashed box: not measured"),
        (any(arrow.kind == "<->" for arrow in picture.arrows), "dashed arrow: hidden common cause"),
        (any("o" in arrow.kind for arrow in picture.arrows), "circle: the data leave this end open"),
        (any(arrow.kind == "---" for arrow in picture.arrows), "line without a head: direction open"),
        (numbered and len(picture.arrows) <= MOST_NUMBERS, "number: the arrow's source"),
        (numbered and len(picture.arrows) > MOST_NUMBERS, "the table gives each arrow's source"),
    ]
    return "  ·  ".join(words for present, words in parts if present)


def _box(ax: Axes, made: Plan, node: GraphNode) -> None:
    from matplotlib.patches import FancyBboxPatch

    fill, edge, line = FRAMES.get(node.role, (PAGE, QUIET, 1.0))
    tall = made.tall[node.name]
    corner = (made.x[node.name] - made.box / 2, made.y[node.name] - tall / 2)
    shape = "round,pad=0,rounding_size=0.07"
    style = (0, (3.5, 2.0)) if node.latent else "solid"
    patch = FancyBboxPatch(
        corner, made.box, tall, boxstyle=shape, fc=fill, ec=edge, lw=line, ls=style, zorder=5, clip_on=False
    )
    ax.add_patch(patch)
    at = (made.x[node.name], made.y[node.name])
    text = write(ax, made.words[node.name], at, size=made.letters, ha="center", bold=node.role == "outcome")
    text.set_zorder(6)


def curves(made: Plan, arrow: GraphArrow) -> list[Curve]:
    """Return the way of an arrow as cubic curves, from where it leaves to where it arrives."""
    route = made.layout.route[arrow.source, arrow.target, arrow.kind]
    column = made.layout.column
    if column[route[0]] >= column[route[-1]]:
        return [_beside(made, route[0], route[-1])]
    ways: list[Curve] = []
    for here, there in itertools.pairwise(route):
        ways.append(_bend(made.right(here), made.left(there)))
        if isinstance(there, tuple):
            ways.append(_bend(made.left(there), made.right(there)))
    return ways


def _bend(start: Place, end: Place) -> Curve:
    middle = (start[0] + end[0]) / 2
    return (start, (middle, start[1]), (middle, end[1]), end)


def _beside(made: Plan, here: Point, there: Point) -> Curve:
    """Return a curve from the right side of one box to the right side of another in its column."""
    start, end = made.right(here), made.right(there)
    out = max(start[0], end[0]) + min(0.42 * made.box, 0.14 + 0.12 * abs(start[1] - end[1]))
    return (start, (out, start[1]), (out, end[1]), end)


def _arrow(ax: Axes, made: Plan, arrow: GraphArrow) -> None:
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    ways = curves(made, arrow)
    points = [ways[0][0], *(place for way in ways for place in way[1:])]
    codes = [Path.MOVETO, *[Path.CURVE4] * (len(points) - 1)]
    colour, line, level = (INK, 2.6, 4) if arrow.heavy else (LINE, 0.9, 2)
    style = (0, (3.0, 2.0)) if arrow.kind == "<->" else "solid"
    path = Path(points, codes)
    ax.add_patch(PathPatch(path, fc="none", ec=colour, lw=line, ls=style, zorder=level, clip_on=False))
    wide = 0.085 if arrow.heavy else 0.055
    ends = ((arrow.kind[-1], ways[-1][2], ways[-1][3]), (arrow.kind[0], ways[0][1], ways[0][0]))
    for mark, before, tip in ends:
        if mark in "<>":
            _head(ax, before, tip, wide, colour, level)
        elif mark == "o":
            _ring(ax, before, tip, colour)


def _head(ax: Axes, before: Place, tip: Place, wide: float, colour: str, level: int) -> None:
    """Draw the head of an arrow as a triangle with its tip on the box."""
    from matplotlib.patches import Polygon

    way = math.atan2(tip[1] - before[1], tip[0] - before[0])
    back = [
        (tip[0] - 1.7 * wide * math.cos(way + turn), tip[1] - 1.7 * wide * math.sin(way + turn))
        for turn in (-0.42, 0.42)
    ]
    ax.add_patch(Polygon([tip, *back], closed=True, fc=colour, ec="none", zorder=level + 0.5, clip_on=False))


def _ring(ax: Axes, before: Place, tip: Place, colour: str) -> None:
    """Draw an open end as a small circle that touches the box."""
    from matplotlib.patches import Circle

    way = math.atan2(tip[1] - before[1], tip[0] - before[0])
    middle = (tip[0] - RING * math.cos(way), tip[1] - RING * math.sin(way))
    ax.add_patch(Circle(middle, RING, fc=PAGE, ec=colour, lw=1.1, zorder=4.5, clip_on=False))


def _numbers(ax: Axes, made: Plan, arrows: Sequence[GraphArrow]) -> None:
    """Write each arrow's number on the part of its way that is its own, clear of the others."""
    if len(arrows) > MOST_NUMBERS:
        return
    taken: list[Place] = []
    for arrow in arrows:
        if arrow.number is None:
            continue
        way = curves(made, arrow)[0]
        spots = [_along(way, share) for share in (0.5, 0.4, 0.6, 0.3, 0.7, 0.22, 0.78, 0.15, 0.85)]
        spot = max(spots, key=lambda at: min(0.19, _clear(at, taken)))
        taken.append(spot)
        colour = INK if arrow.heavy else QUIET
        write(ax, str(arrow.number), spot, size=7.0, colour=colour, ha="center", halo=True).set_zorder(4.8)


def _along(way: Curve, t: float) -> Place:
    weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3)
    return (
        sum(w * at[0] for w, at in zip(weights, way, strict=True)),
        sum(w * at[1] for w, at in zip(weights, way, strict=True)),
    )


def _clear(at: Place, taken: Sequence[Place]) -> float:
    return min((math.dist(at, other) for other in taken), default=math.inf)


def _tiers(ax: Axes, made: Plan, picture: GraphPicture) -> None:
    """Name the tiers above their columns."""
    for name, tier in zip(picture.tiers, sorted({node.tier for node in picture.nodes}), strict=False):
        inside = [made.x[node.name] for node in picture.nodes if node.tier == tier]
        left, right = min(inside) - made.box / 2, max(inside) + made.box / 2
        ax.plot([left, right], [-0.14, -0.14], color=LINE, lw=0.8, clip_on=False)
        write(ax, name, ((left + right) / 2, -0.18), size=SMALL, colour=QUIET, ha="center", va="bottom")
