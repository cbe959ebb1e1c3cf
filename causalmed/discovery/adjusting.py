"""Which columns to adjust for, when all that is known is a class of graphs."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from causalmed.discovery.marks import ARROW, TAIL, Edge, MarkedGraph, Marks
from causalmed.discovery.members import adjacency_of, one_member
from causalmed.discovery.pattern import causes
from causalmed.errors import InvalidArgument, UnknownNode
from causalmed.graph import SeparatorQuery, ancestors, minimal_separator, separates

__all__ = ["ClassAdjustment", "adjustment_in_class", "is_visible"]

Kind = Literal["adjustment", "no effect", "not told", "hidden cause", "contradiction"]
_SAYS: Final = {
    "adjustment": "every graph of the class lets {x} and {y} be compared given {given}",
    "no effect": "no graph of the class leads from {x} to {y}",
    "not told": "the class leaves open whether {edge}: in some of its graphs {x} acts on {y} along it",
    "hidden cause": "{edge} may hide a common cause of the two, and no column shows that it does not",
    "contradiction": "no set of columns fits every graph of the class",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassAdjustment:
    """Whether one set of columns identifies an effect in every graph of a class.

    Parameters
    ----------
    exposure, outcome : str
        The question.
    kind : str
        "adjustment": the columns identify it; "no effect": none in any graph; "not told": an edge out of the
        exposure is open; "hidden cause": an edge out of it may hide a common cause; "contradiction": no set
        will do, or the marks contradict each other.
    columns : tuple of str
        What to adjust for, where ``kind`` is "adjustment".
    edge : Edge or None
        The edge that stands in the way.
    """

    exposure: str
    outcome: str
    kind: Kind
    columns: tuple[str, ...] = ()
    edge: Edge | None = None

    @property
    def in_words(self) -> str:
        """The answer as a sentence."""
        given = ", ".join(self.columns) or "nothing else"
        said = _SAYS[self.kind].format(x=self.exposure, y=self.outcome, given=given, edge=self.edge)
        return f"{said[:1].upper()}{said[1:]}."


def adjustment_in_class(
    graph: MarkedGraph,
    exposure: str,
    outcome: str,
    *,
    outside: Collection[str] = (),
    smallest: bool = True,
) -> ClassAdjustment:
    r"""Look for one set of columns that identifies a total effect in every graph of a class.

    Every possibly directed path from X to Y must begin with an arrow that is known (and, where causes may
    be hidden, *visible*). Then, with Forb the nodes that X may move on the way to Y and all that these may
    move, some set will do exactly if :math:`\mathrm{PossAn}(X, Y) \setminus (\{X, Y\} \cup \mathrm{Forb})`
    separates X and Y once those arrows are cut.

    Perković, Textor, Kalisch and Maathuis (2018), JMLR 18(220), 1–62, theorem 5 and corollary 4.

    Parameters
    ----------
    graph : MarkedGraph
        The class: a CPDAG or a PAG.
    exposure, outcome : str
        Two of its nodes.
    outside : collection of str
        Nodes that share no hidden cause with others, such as the hospital.
    smallest : bool
        Leave out of that set what is not needed; otherwise the whole set is returned.

    Returns
    -------
    ClassAdjustment

    Raises
    ------
    UnknownNode, InvalidArgument
        A name is no node, or both are the same.

    Examples
    --------
    >>> marks = np.zeros((3, 3), dtype=np.int8)
    >>> marks[0, 1], marks[1, 0], marks[1, 2], marks[2, 1] = 2, 3, 2, 3
    >>> chain = MarkedGraph(nodes=("hospital", "late", "ssi"), kind="pag", marks=marks)
    >>> print(adjustment_in_class(chain, "late", "ssi").in_words)
    Every graph of the class lets late and ssi be compared given nothing else.
    >>> print(adjustment_in_class(chain, "hospital", "late").in_words)
    Hospital -> late may hide a common cause of the two, and no column shows that it does not.
    """
    x, y = _numbers(graph, exposure, outcome)
    marks = np.array(graph.marks, dtype=np.int8)
    first = [b for b in _onward(marks, x) if y in _possible(marks, {b}, without=x)]
    if not first:
        return ClassAdjustment(exposure=exposure, outcome=outcome, kind="no effect")
    for b in first:
        edge = graph.edge(exposure, graph.nodes[b])
        if not (marks[x, b] == ARROW and marks[b, x] == TAIL):
            return ClassAdjustment(exposure=exposure, outcome=outcome, kind="not told", edge=edge)
        if graph.kind == "pag" and exposure not in outside and not is_visible(marks, x, b):
            return ClassAdjustment(exposure=exposure, outcome=outcome, kind="hidden cause", edge=edge)
    found = _separator(graph, x, y, first, smallest=smallest)
    if found is None:
        return ClassAdjustment(exposure=exposure, outcome=outcome, kind="contradiction")
    columns = tuple(sorted(graph.nodes[v] for v in found))
    return ClassAdjustment(exposure=exposure, outcome=outcome, kind="adjustment", columns=columns)


def is_visible(marks: Marks, a: int, b: int) -> bool:
    """Say whether no hidden cause can stand behind the arrow a → b.

    Some c that is not joined to b points at a, or reaches a along colliders each of which causes b (Zhang
    2008, Journal of Machine Learning Research 9, 1437–1474, definition 8).

    Parameters
    ----------
    marks : ndarray of int8, shape (p, p)
        The graph, circles allowed.
    a, b : int
        The arrow.
    """
    if marks[a, b] != ARROW or marks[b, a] != TAIL:
        return False
    into_b, queue, seen = causes(marks)[:, b], [a], {a, b}
    for v in queue:
        for u in np.flatnonzero(marks[:, v] == ARROW).tolist():
            if u in seen:
                continue
            if not marks[u, b]:
                return True
            if into_b[u] and marks[v, u] == ARROW:
                seen.add(u)
                queue.append(u)
    return False


def _separator(
    graph: MarkedGraph, x: int, y: int, first: list[int], *, smallest: bool
) -> frozenset[int] | None:
    member = one_member(graph)
    if member is None:
        return None
    marks = np.array(graph.marks, dtype=np.int8)
    barred = _possible(marks, set(first), without=x)
    above = _possible(marks, {x, y}, without=-1, upwards=True)
    arrows = adjacency_of(member)
    causal = [b for b in first if y in _below(member, b)]
    cut = arrows.without_arrows({x}, set(causal))
    whole = frozenset(above - barred - {x, y})
    if not separates(cut, frozenset({x}), frozenset({y}), whole):
        return None
    if not smallest:
        return whole
    query = SeparatorQuery(adjacency=cut, x=frozenset({x}), y=frozenset({y}), allowed=whole)
    return minimal_separator(query)


def _below(marks: Marks, start: int) -> set[int]:
    arrows = adjacency_of(marks)
    return {v for v in range(len(marks)) if start in ancestors(arrows, {v})}


def _onward(marks: Marks, v: int) -> list[int]:
    """Return what v may cause directly, as far as the marks say: no arrowhead at v."""
    return np.flatnonzero((marks[v] > 0) & (marks[:, v] != ARROW)).tolist()


def _possible(marks: Marks, start: Collection[int], *, without: int, upwards: bool = False) -> set[int]:
    """Return the nodes and all their possible descendants (ancestors, of the transposed marks)."""
    found, queue = set(start), list(start)
    for v in queue:
        near = np.flatnonzero((marks[v] > 0) & (marks[v] != ARROW)) if upwards else _onward(marks, v)
        for w in near:
            if int(w) not in found and w != without:
                found.add(int(w))
                queue.append(int(w))
    return found


def _numbers(graph: MarkedGraph, exposure: str, outcome: str) -> tuple[int, int]:
    unknown = [name for name in (exposure, outcome) if name not in graph.nodes]
    if unknown:
        raise UnknownNode.among(unknown, graph.nodes)
    if exposure == outcome:
        raise InvalidArgument(f"{exposure!r} is exposure and outcome. Nothing is its own cause.")
    return graph.nodes.index(exposure), graph.nodes.index(outcome)
