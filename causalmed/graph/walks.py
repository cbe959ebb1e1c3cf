r"""Walking along open paths: the one search on which separation, adjustment and separators stand.

A path is *open* given Z when every collider on it (→ v ←, → v ↔, ↔ v ↔) is an ancestor of Z and
no other node of it is in Z. Whether one may pass through a node depends only on how one arrived,
so a breadth-first search over the pairs (node, arrived at an arrowhead or at a tail) finds every
node that an open path reaches, in time linear in the arrows.

References
----------
Shachter RD (1998). Bayes-ball. UAI 14, 480–487.
van der Zander B, Liśkiewicz M, Textor J (2019). Artificial Intelligence 270, 1–40, section 3.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from causalmed.graph.adjacency import Adjacency, ancestors

__all__ = ["open_walk", "reach", "touched"]

TAIL, HEAD = 0, 1


def reach(
    adjacency: Adjacency,
    sources: Iterable[int],
    *,
    blocked: Collection[int],
    opens: Collection[int],
    until: Collection[int] = (),
) -> dict[int, int]:
    """Search along open paths.

    Parameters
    ----------
    adjacency : Adjacency
        The graph.
    sources : iterable of int
        Where to start; none of them blocked.
    blocked : collection of int
        Z: nodes that stop every path on which they are no collider.
    opens : collection of int
        Nodes that let a path pass as colliders: the ancestors of Z. With the ancestors of
        everything in question instead, the search walks the moral graph of that ancestral set
        without ever building it.
    until : collection of int
        Stop at the first of these nodes.

    Returns
    -------
    dict of int to int
        State reached → state before it (-1 at a source), a state being ``2 * node + HEAD`` or
        ``2 * node + TAIL`` by the mark at which the path arrived.
    """
    came_from = dict.fromkeys((2 * source + TAIL for source in sources), -1)
    queue = list(came_from)
    parents, children, spouses = adjacency.parents, adjacency.children, adjacency.spouses
    for state in queue:
        v = state >> 1
        if v in until:
            break
        passes = v not in blocked
        onward: list[int] = []
        if (v in opens) if state & 1 else passes:
            onward += [2 * u + TAIL for u in parents[v]]
            onward += [2 * u + HEAD for u in spouses[v]]
        if passes:
            onward += [2 * u + HEAD for u in children[v]]
        for step in onward:
            if step not in came_from:
                came_from[step] = state
                queue.append(step)
    return came_from


def touched(
    adjacency: Adjacency, sources: Iterable[int], *, blocked: Collection[int], opens: Collection[int]
) -> set[int]:
    """Return the nodes that :func:`reach` arrives at, those that stop it included."""
    from causalmed._kernels import separation

    return separation.touched(adjacency.rows, len(adjacency), sources, blocked, opens)


def open_walk(
    adjacency: Adjacency, x: Collection[int], y: Collection[int], z: Collection[int]
) -> tuple[tuple[int, int], ...]:
    """Return a shortest open path from ``x`` to ``y`` given ``z`` as (node, mark of arrival), or ``()``.

    A shortest walk of the search repeats no node: where it did, leaving out the loop would leave
    an open walk that is shorter.
    """
    found = reach(adjacency, x, blocked=frozenset(z), opens=ancestors(adjacency, z), until=y)
    end = next((state for state in found if state >> 1 in y), -1)
    path: list[tuple[int, int]] = []
    while end != -1:
        path.append((end >> 1, end & 1))
        end = found[end]
    return tuple(reversed(path))
