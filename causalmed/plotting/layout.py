"""Where the boxes of a graph stand: columns in time, few crossings, arrows that pass no box.

The steps are those of Sugiyama, Tagawa and Toda (1981, IEEE Trans. Syst. Man Cybern. 11:109) with
barycentres and adjacent exchanges for the order, and isotonic regression for the heights. Arrows
into one node join on the way, so that twenty causes of one outcome make one trunk; arrows never
join unless they lead to the same node.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from causalmed.results.pictures import GraphArrow, GraphNode

MOST_COLUMNS: Final = 7
MOST_ROWS: Final = 12
SWEEPS: Final = 12
STIFF: Final = 8  # how many arrows a straight one counts for

Point = Hashable  # a node's name, or a (column, key) pair where an arrow passes


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Columns and heights.

    Parameters
    ----------
    column : mapping
        The column of every point, 0 the leftmost.
    order : tuple of tuple
        The points of each column from top to bottom.
    route : mapping
        For every arrow ``(source, target, kind)``, the points it passes, ends included.
    """

    column: Mapping[Point, int]
    order: tuple[tuple[Point, ...], ...]
    route: Mapping[tuple[str, str, str], tuple[Point, ...]]


def lay_out(nodes: Sequence[GraphNode], arrows: Sequence[GraphArrow]) -> Layout:
    """Give every node a column and a place in it, and every arrow a way between the boxes.

    Examples
    --------
    >>> from causalmed.results.pictures import GraphArrow, GraphNode
    >>> nodes = [GraphNode(name="a"), GraphNode(name="b", tier=1), GraphNode(name="c", tier=2)]
    >>> layout = lay_out(nodes, [GraphArrow(source="a", target="b"), GraphArrow(source="a", target="c")])
    >>> layout.column["c"], layout.route["a", "c", "->"]
    (2, ('a', (1, 'c'), 'c'))
    """
    column: dict[Point, int] = {}
    column.update(columns(nodes, arrows))
    route: dict[tuple[str, str, str], tuple[Point, ...]] = {
        (a.source, a.target, a.kind): _way(a, column) for a in arrows
    }
    for points in route.values():
        for point in points:
            if isinstance(point, tuple):
                column[point] = point[0]
    links = sorted(
        {(p, q) for points in route.values() for p, q in _steps(points, column)}, key=lambda link: repr(link)
    )
    order = _untangle(_start(column), links, column)
    return Layout(column=column, order=tuple(tuple(points) for points in order), route=route)


def columns(nodes: Sequence[GraphNode], arrows: Sequence[GraphArrow]) -> dict[str, int]:
    """Return the column of every node: its tier, divided by what causes what within the tier."""
    depth = _depths(nodes, arrows)
    tiers = {
        tier: [node.name for node in nodes if node.tier == tier] for tier in sorted({n.tier for n in nodes})
    }
    room = {tier: len({depth[name] for name in names}) for tier, names in tiers.items()}
    while sum(room.values()) > MOST_COLUMNS and max(room.values()) > 1:
        room[max(room, key=room.__getitem__)] -= 1
    found: dict[str, int] = {}
    start = 0
    for tier, names in tiers.items():
        groups = _split(names, depth, most=room[tier], arrows=arrows)
        for offset, group in enumerate(groups):
            found.update((name, start + offset) for name in group)
        start += len(groups)
    return found


def _depths(nodes: Sequence[GraphNode], arrows: Sequence[GraphArrow]) -> dict[str, int]:
    """Return how many arrows of the longest path inside the node's own tier lead to it."""
    tier = {node.name: node.tier for node in nodes}
    inside = [a for a in arrows if a.kind == "->" and tier[a.source] == tier[a.target]]
    depth = dict.fromkeys(tier, 0)
    for _ in range(len(nodes)):
        before = dict(depth)
        for arrow in inside:
            depth[arrow.target] = min(len(nodes), max(depth[arrow.target], depth[arrow.source] + 1))
        if depth == before:
            break
    return depth


def _split(
    names: Sequence[str], depth: Mapping[str, int], *, most: int, arrows: Sequence[GraphArrow]
) -> list[list[str]]:
    levels = sorted({depth[name] for name in names})
    share = min(1.0, most / len(levels))
    groups: defaultdict[int, list[str]] = defaultdict(list)
    for name in names:
        groups[int(levels.index(depth[name]) * share)].append(name)
    made: list[list[str]] = []
    leaving = {name: sum(arrow.source == name for arrow in arrows) for name in names}
    for level in sorted(groups):
        group = sorted(groups[level], key=lambda name: (depth[name], leaving[name]))
        parts = -(-len(group) // MOST_ROWS)
        size = -(-len(group) // parts)
        made += [group[start : start + size] for start in range(0, len(group), size)]
    return made


def _way(arrow: GraphArrow, column: Mapping[Point, int]) -> tuple[Point, ...]:
    first, last = column[arrow.source], column[arrow.target]
    if arrow.kind == "->":
        between: list[Point] = [(c, arrow.target) for c in range(first + 1, last)]
        return (arrow.source, *between, arrow.target)
    ends = (arrow.source, arrow.target) if first <= last else (arrow.target, arrow.source)
    passed = range(min(first, last) + 1, max(first, last))
    return (ends[0], *((c, ends) for c in passed), ends[1])


def _steps(points: Sequence[Point], column: Mapping[Point, int]) -> list[tuple[Point, Point]]:
    return [(p, q) for p, q in itertools.pairwise(points) if column[q] == column[p] + 1]


def _start(column: Mapping[Point, int]) -> list[list[Point]]:
    order: list[list[Point]] = [[] for _ in range(1 + max(column.values()))]
    for point, place in column.items():
        order[place].append(point)
    return order


def _untangle(
    order: list[list[Point]], links: Sequence[tuple[Point, Point]], column: Mapping[Point, int]
) -> list[list[Point]]:
    """Reorder every column to the barycentres of its neighbours, keeping the fewest crossings seen."""
    best, fewest = [list(points) for points in order], crossings(order, links, column)
    left, right = _neighbours(links)
    for sweep in range(SWEEPS):
        beside, places = (
            (left, range(1, len(order))) if sweep % 2 == 0 else (right, range(len(order) - 2, -1, -1))
        )
        for place in places:
            at = {point: index / len(points) for points in order for index, point in enumerate(points)}
            order[place].sort(key=lambda point: _mean([at[other] for other in beside[point]], at[point]))
        _exchange(order, links, column)
        count = crossings(order, links, column)
        if count < fewest:
            best, fewest = [list(points) for points in order], count
    return best


def _neighbours(
    links: Sequence[tuple[Point, Point]],
) -> tuple[defaultdict[Point, list[Point]], defaultdict[Point, list[Point]]]:
    left: defaultdict[Point, list[Point]] = defaultdict(list)
    right: defaultdict[Point, list[Point]] = defaultdict(list)
    for p, q in links:
        left[q].append(p)
        right[p].append(q)
    return left, right


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _exchange(
    order: list[list[Point]], links: Sequence[tuple[Point, Point]], column: Mapping[Point, int]
) -> None:
    """Exchange neighbours in a column as long as that takes crossings away."""
    left, right = _neighbours(links)
    for points in order:
        at = {point: index for line in order for index, point in enumerate(line)}
        for index in range(len(points) - 1):
            p, q = points[index], points[index + 1]
            gain = 0
            for beside in (left, right):
                ps, qs = [at[o] for o in beside[p]], [at[o] for o in beside[q]]
                gain += sum((a > b) - (a < b) for a in ps for b in qs)
            if gain > 0:
                points[index], points[index + 1] = q, p


def crossings(
    order: Sequence[Sequence[Point]], links: Sequence[tuple[Point, Point]], column: Mapping[Point, int]
) -> int:
    """Count the pairs of links between neighbouring columns that cross.

    Examples
    --------
    >>> crossings([["a", "b"], ["c", "d"]], [("a", "d"), ("b", "c")], {"a": 0, "b": 0, "c": 1, "d": 1})
    1
    """
    at = {point: index for points in order for index, point in enumerate(points)}
    count = 0
    for place in range(len(order) - 1):
        pairs = sorted((at[p], at[q]) for p, q in links if column[p] == place)
        count += sum(
            pairs[i][0] < pairs[j][0] and pairs[i][1] > pairs[j][1]
            for i in range(len(pairs))
            for j in range(i + 1, len(pairs))
        )
    return count


def heights(
    layout: Layout,
    *,
    tall: Mapping[Point, float],
    gap: float,
    straight: Collection[tuple[str, str, str]] = (),
) -> dict[Point, float]:
    """Return the height of every point's middle, downwards from 0, no two boxes of a column touching.

    Parameters
    ----------
    tall : mapping
        The height of every point's box; where an arrow passes there is none, and a lane is left.
    gap : float
        The least distance between boxes.
    straight : collection of (source, target, kind)
        Arrows that should bend least.
    """
    sizes = {point: tall.get(point, 0.12) for points in layout.order for point in points}
    y: dict[Point, float] = {}
    for points in layout.order:
        _stack(points, [0.0] * len(points), sizes, gap, y)
    links = [
        pair
        for key, route in layout.route.items()
        for pair in _steps(route, layout.column) * (STIFF if key in straight else 1)
    ]
    left, right = _neighbours(links)
    for sweep in range(2 * SWEEPS):
        lines = layout.order if sweep % 2 == 0 else layout.order[::-1]
        for points in lines:
            wished = [_mean([y[o] for o in (*left[p], *right[p])], y[p]) for p in points]
            _stack(points, wished, sizes, gap, y)
    top = min(y[point] - sizes[point] / 2 for point in y)
    return {point: value - top for point, value in y.items()}


def _stack(
    points: Sequence[Point],
    wished: Sequence[float],
    sizes: Mapping[Point, float],
    gap: float,
    y: dict[Point, float],
) -> None:
    """Put points as near to the wished heights as their order allows (isotonic regression)."""
    offset, offsets = 0.0, []
    for index, point in enumerate(points):
        if index:
            before = points[index - 1]
            lanes = isinstance(before, tuple) or isinstance(point, tuple)
            offset += (sizes[before] + sizes[point]) / 2 + (0.4 * gap if lanes else gap)
        offsets.append(offset)
    blocks: list[tuple[float, int]] = []
    for wish, shift in zip(wished, offsets, strict=True):
        blocks.append((wish - shift, 1))
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (a, m), (b, n) = blocks.pop(-2), blocks.pop()
            blocks.append(((a * m + b * n) / (m + n), m + n))
    level = [value for value, count in blocks for _ in range(count)]
    y.update((point, base + shift) for point, base, shift in zip(points, level, offsets, strict=True))
