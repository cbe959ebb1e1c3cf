r"""Sets that separate: one in linear time, every minimal one with polynomial delay.

Among the sets Z with I ⊆ Z ⊆ R, some set separates X from Y if and only if
R ∩ An(X ∪ Y ∪ I) does, and every minimal one lies inside that ancestral set; there, separation in
the graph is separation in its moral graph, which :func:`~causalmed.graph.walks.reach` walks
without building it.

References
----------
van der Zander B, Liśkiewicz M, Textor J (2019). Constructing separators and adjustment sets in
ancestral graphs. Artificial Intelligence 270, 1–40, sections 3 and 4.
Takata K (2010). Space-optimal, backtracking algorithms to list the minimal vertex separators of a
graph. Discrete Applied Mathematics 158, 1660–1667.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from causalmed.graph.adjacency import Adjacency, ancestors
from causalmed.graph.walks import touched

__all__ = ["SeparatorQuery", "all_minimal_separators", "all_separators", "minimal_separator", "separates"]

Nodes = frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeparatorQuery:
    """What is to be separated, and by what.

    Parameters
    ----------
    adjacency : Adjacency
        The graph.
    x, y : frozenset of int
        The two sides, disjoint.
    include : frozenset of int
        I: nodes that every answer contains.
    allowed : frozenset of int
        R: nodes that an answer may contain, beside those of I.
    """

    adjacency: Adjacency
    x: Nodes
    y: Nodes
    include: Nodes = frozenset()
    allowed: Nodes = frozenset()

    def ancestral(self) -> set[int]:
        """Return An(X ∪ Y ∪ I)."""
        return ancestors(self.adjacency, self.x | self.y | self.include)

    def candidates(self, ancestral: set[int]) -> Nodes:
        """Return the largest set worth trying, (R ∩ An) ∪ I without the two sides."""
        return ((self.allowed & ancestral) | self.include) - self.x - self.y


def separates(adjacency: Adjacency, x: Nodes, y: Nodes, z: Nodes) -> bool:
    """Say whether no path from ``x`` to ``y`` is open given ``z`` (disjoint from both)."""
    from causalmed._kernels import separation

    return separation.separates(adjacency.rows, len(adjacency), x, y, z)


def minimal_separator(query: SeparatorQuery) -> Nodes | None:
    """Return a separator no node of which (beyond I) can be spared, near Y, or ``None``.

    Of all candidates those that Y touches separate too; of these, those that X touches. Three
    searches in all.
    """
    if query.x & query.y or query.include & (query.x | query.y):
        return None
    opens = query.ancestral()
    z = query.candidates(opens)
    reached = touched(query.adjacency, query.y, blocked=z, opens=opens)
    if reached & query.x:
        return None
    z = (z & reached) | query.include
    reached = touched(query.adjacency, query.x, blocked=z, opens=opens)
    return (z & reached) | query.include


def all_minimal_separators(query: SeparatorQuery) -> Iterator[Nodes]:
    """Yield every minimal separator, each once, with polynomial delay.

    A minimal separator is told by the side of X that it leaves. The separator closest around a
    ``side`` is the one with the smallest such side; every other with a larger one has
    some node v of the closest separator on X's side, and the first such v (in order, those before
    it ``barred`` from the side) tells the branch it is in. A branch is empty exactly if its
    closest separator has a barred node on X's side, so each branch entered yields or ends.
    """
    if query.x & query.y or query.include & (query.x | query.y):
        return
    opens = query.ancestral()
    candidates = query.candidates(opens)
    stack: list[tuple[Nodes, Nodes]] = [(frozenset(), frozenset())]
    while stack:
        side, barred = stack.pop()
        closest = _closest(query, opens, candidates, side)
        if closest is None or closest[1] & barred:
            continue
        separator, side = closest
        yield separator
        for v in sorted(separator - query.include - barred):
            stack.append((side | {v}, barred))
            barred |= {v}


def all_separators(query: SeparatorQuery) -> Iterator[Nodes]:
    """Yield every separator between I and I ∪ R, each once, with polynomial delay.

    Node by node a candidate is put in or left out, and a branch is entered only if
    some separator lies in it.
    """
    stack = [(query.include, tuple(sorted(query.allowed - query.x - query.y - query.include)))]
    while stack:
        include, open_choices = stack.pop()
        branch = SeparatorQuery(
            adjacency=query.adjacency, x=query.x, y=query.y, include=include, allowed=frozenset(open_choices)
        )
        if minimal_separator(branch) is None:
            continue
        if not open_choices:
            yield include
            continue
        v, *rest = open_choices
        stack += [(include | {v}, tuple(rest)), (include, tuple(rest))]


def _closest(
    query: SeparatorQuery, opens: set[int], candidates: Nodes, side: Nodes
) -> tuple[Nodes, Nodes] | None:
    """Return the minimal separator closest around X ∪ side and the candidates on X's side of it."""
    start = query.x | side
    reached = touched(query.adjacency, start, blocked=candidates - side, opens=opens)
    if reached & query.y:
        return None
    border = (reached & (candidates - side)) | query.include
    reached = touched(query.adjacency, query.y, blocked=border, opens=opens)
    separator = frozenset((border & reached) | query.include)
    reached = touched(query.adjacency, start, blocked=separator, opens=opens)
    return separator, (candidates & reached) - separator
