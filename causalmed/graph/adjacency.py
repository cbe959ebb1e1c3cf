"""Nodes as integers, arrows as tuples: the form in which graphs are searched."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

__all__ = ["Adjacency", "ancestors", "descendants", "find_cycle", "indexed", "topological_order"]

Lists = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Adjacency:
    """Who is next to whom, node by node.

    Parameters
    ----------
    parents, children : tuple of tuple of int
        ``parents[v]`` holds every u with an arrow u → v, ``children[u]`` every v.
    spouses : tuple of tuple of int
        ``spouses[v]`` holds every u with u ↔ v.
    """

    parents: Lists
    children: Lists
    spouses: Lists
    _rows: list[array[int]] = field(default_factory=list, init=False, compare=False, repr=False)

    @property
    def rows(self) -> array[int]:
        """The three lists in one array, as the kernel ``separation`` reads them; made once."""
        if not self._rows:
            self._rows.append(_flat(self.parents, self.children, self.spouses))
        return self._rows[0]

    def __len__(self) -> int:
        return len(self.parents)

    @classmethod
    def of(
        cls, size: int, arrows: Iterable[tuple[int, int]], bidirected: Iterable[tuple[int, int]] = ()
    ) -> Adjacency:
        """Index the arrows u → v and the edges u ↔ v among the nodes 0 … size - 1."""
        parents: list[list[int]] = [[] for _ in range(size)]
        children: list[list[int]] = [[] for _ in range(size)]
        spouses: list[list[int]] = [[] for _ in range(size)]
        for u, v in sorted(arrows):
            children[u].append(v)
            parents[v].append(u)
        for u, v in sorted(bidirected):
            spouses[u].append(v)
            spouses[v].append(u)
        return cls(_frozen(parents), _frozen(children), _frozen(spouses))

    def without_arrows(self, sources: Collection[int], targets: Collection[int] | None = None) -> Adjacency:
        """Return the graph without the arrows from ``sources`` into ``targets`` (``None``: into anything)."""
        parents, children = list(self.parents), list(self.children)
        for u in sources:
            gone = [v for v in children[u] if targets is None or v in targets]
            children[u] = tuple(v for v in children[u] if v not in gone)
            for v in gone:
                parents[v] = tuple(w for w in parents[v] if w != u)
        return Adjacency(tuple(parents), tuple(children), self.spouses)


def indexed(
    number: Mapping[str, int],
    directed: Iterable[tuple[str, str]],
    bidirected: Iterable[frozenset[str]],
) -> Adjacency:
    """Index edges between names; those that lead to an unknown name are left for the checks to refuse."""
    arrows = [(number[u], number[v]) for u, v in directed if u in number and v in number]
    pairs = [sorted(number[name] for name in pair if name in number) for pair in bidirected]
    return Adjacency.of(len(number), arrows, [(pair[0], pair[1]) for pair in pairs if len(pair) == 2])


def ancestors(adjacency: Adjacency, nodes: Iterable[int]) -> set[int]:
    """Return the nodes and everything with a directed path to one of them."""
    from causalmed._kernels import separation

    return separation.closed(adjacency.rows, len(adjacency), nodes, True)


def descendants(adjacency: Adjacency, nodes: Iterable[int]) -> set[int]:
    """Return the nodes and everything that a directed path from one of them reaches."""
    from causalmed._kernels import separation

    return separation.closed(adjacency.rows, len(adjacency), nodes, False)


def topological_order(adjacency: Adjacency) -> tuple[int, ...]:
    """Return the nodes, causes before effects, ties by number; shorter than the graph if it has a cycle.

    Kahn (1962), Communications of the ACM 5(11), 558–562.
    """
    waiting = [len(parents) for parents in adjacency.parents]
    order = [v for v, count in enumerate(waiting) if count == 0]
    for u in order:
        for v in adjacency.children[u]:
            waiting[v] -= 1
            if waiting[v] == 0:
                order.append(v)
    return tuple(order)


def find_cycle(adjacency: Adjacency) -> tuple[int, ...]:
    """Return the nodes of one directed cycle in order, its first node repeated at the end, or ``()``."""
    acyclic = set(topological_order(adjacency))
    left = [v for v in range(len(adjacency)) if v not in acyclic]
    if not left:
        return ()
    # Every node left over has a parent left over, so walking upwards must come round.
    trail: list[int] = []
    seen: dict[int, int] = {}
    v = left[0]
    while v not in seen:
        seen[v] = len(trail)
        trail.append(v)
        v = next(u for u in adjacency.parents[v] if u not in acyclic)
    cycle = trail[seen[v] :][::-1]
    start = cycle.index(min(cycle))
    return (*cycle[start:], *cycle[:start], cycle[start])


def _flat(*sides: Lists) -> array[int]:
    """Write starts of each node's neighbours, side by side, then the neighbours."""
    starts, neighbours = array("i"), array("i")
    first = len(sides) * (len(sides[0]) + 1)
    for lists in sides:
        for some in lists:
            starts.append(first + len(neighbours))
            neighbours.extend(some)
        starts.append(first + len(neighbours))
    return starts + neighbours


def _frozen(lists: list[list[int]]) -> Lists:
    return tuple(tuple(items) for items in lists)
