"""The slow twin of the kernel ``separation``: the rules of the walk, written as sets."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Sequence

__all__ = ["closed", "flat", "separates", "touched"]

Lists = Sequence[Sequence[int]]


def flat(parents: Lists, children: Lists, spouses: Lists) -> array[int]:
    """Put three lists of neighbours into one array: starts of each, then the neighbours.

    Parameters
    ----------
    parents, children, spouses : sequence of sequence of int
        Neighbours of each node.

    Examples
    --------
    >>> flat([[], [0]], [[1], []], [[], []]).tolist()
    [9, 9, 10, 10, 11, 11, 11, 11, 11, 0, 1]
    """
    starts, neighbours = array("i"), array("i")
    first = 3 * (len(parents) + 1)
    for lists in (parents, children, spouses):
        for some in lists:
            starts.append(first + len(neighbours))
            neighbours.extend(some)
        starts.append(first + len(neighbours))
    return starts + neighbours


def closed(rows: Sequence[int], n: int, nodes: Iterable[int], upwards: bool) -> set[int]:
    """Return the nodes and what their parents (``upwards``), or children, lead to.

    Examples
    --------
    >>> closed(flat([[], [0]], [[1], []], [[], []]), 2, [1], True)
    {0, 1}
    """
    found = set(nodes)
    while more := {u for v in found for u in _next(rows, n, v, 0 if upwards else 1)} - found:
        found |= more
    return found


def touched(
    rows: Sequence[int], n: int, sources: Iterable[int], blocked: Collection[int], opens: Collection[int]
) -> set[int]:
    """Return the nodes that open paths from the sources arrive at.

    Examples
    --------
    >>> chain = flat([[], [0], [1]], [[1], [2], []], [[], [], []])
    >>> touched(chain, 3, [0], [1], [])
    {0, 1}
    """
    found = {(source, False) for source in sources}
    while True:
        more = {step for state in found for step in _steps(rows, n, state, blocked, opens)} - found
        if not more:
            return {v for v, _ in found}
        found |= more


def separates(rows: Sequence[int], n: int, x: Iterable[int], y: Collection[int], z: Collection[int]) -> bool:
    """Say whether no path from x to y is open given z.

    Examples
    --------
    >>> chain = flat([[], [0], [1]], [[1], [2], []], [[], [], []])
    >>> separates(chain, 3, [0], [2], [1]), separates(chain, 3, [0], [2], [])
    (True, False)
    """
    return not touched(rows, n, x, z, closed(rows, n, z, True)) & set(y)


def _next(rows: Sequence[int], n: int, v: int, side: int) -> Sequence[int]:
    at = side * (n + 1) + v
    return rows[rows[at] : rows[at + 1]]


def _steps(
    rows: Sequence[int], n: int, state: tuple[int, bool], blocked: Collection[int], opens: Collection[int]
) -> set[tuple[int, bool]]:
    v, head = state
    steps: set[tuple[int, bool]] = set()
    if (v in opens) if head else (v not in blocked):
        steps |= {(u, False) for u in _next(rows, n, v, 0)} | {(u, True) for u in _next(rows, n, v, 2)}
    if v not in blocked:
        steps |= {(u, True) for u in _next(rows, n, v, 1)}
    return steps
