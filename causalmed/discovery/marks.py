"""Graphs whose edges may stay open: a mark at each end of each edge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from causalmed.errors import InvalidArgument, UnknownNode

__all__ = ["ARROW", "CIRCLE", "NONE", "TAIL", "Edge", "MarkedGraph", "Marks"]

Marks = NDArray[np.int8]
"""Shape (p, p): entry (i, j) is the mark at j of the edge between i and j."""

NONE, CIRCLE, ARROW, TAIL = 0, 1, 2, 3
_LEFT: Final = {CIRCLE: "o", ARROW: "<", TAIL: "-"}
_RIGHT: Final = {CIRCLE: "o", ARROW: ">", TAIL: "-"}
_MEANING: Final = {
    "->": "{0} causes {1}",
    "<-": "{1} causes {0}",
    "<->": "{0} and {1} share a hidden cause, and neither causes the other",
    "o->": "{1} does not cause {0}; whether {0} causes {1} or a hidden cause joins them stays open",
    "<-o": "{0} does not cause {1}; whether {1} causes {0} or a hidden cause joins them stays open",
    "o-o": "{0} and {1} are joined; everything else about them stays open",
    "---": "{0} and {1} are joined; which causes which stays open",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """One edge and its two marks.

    Parameters
    ----------
    first, second : str
        The two nodes.
    at_first, at_second : int
        Mark at either end: 1 a circle (open), 2 an arrowhead (no cause of the other), 3 a tail (a cause).

    Examples
    --------
    >>> edge = Edge(first="age", second="ssi", at_first=1, at_second=2)
    >>> print(edge)
    age o-> ssi
    """

    first: str
    second: str
    at_first: int
    at_second: int

    @property
    def symbol(self) -> str:
        """The edge as it is drawn: ``->``, ``<->``, ``o->``, ``o-o``, ``---`` …"""
        drawn = f"{_LEFT[self.at_first]}-{_RIGHT[self.at_second]}"
        return {"-->": "->", "<--": "<-"}.get(drawn, drawn)

    @property
    def is_open(self) -> bool:
        """Whether a mark of it could not be told from these data."""
        return CIRCLE in (self.at_first, self.at_second) or self.symbol == "---"

    @property
    def in_words(self) -> str:
        """What the edge says."""
        other = "{0} and {1} are joined; part of what joins them stays open"
        return _MEANING.get(self.symbol, other).format(self.first, self.second)

    def __str__(self) -> str:
        return f"{self.first} {self.symbol} {self.second}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class MarkedGraph:
    """Every graph that agrees with the same independences, drawn as one.

    Parameters
    ----------
    nodes : tuple of str
        Names.
    kind : {"pag", "cpdag"}
        A partial ancestral graph (hidden causes allowed), or the pattern of a Markov equivalence class
        (nothing hidden).
    marks : ndarray of int8, shape (p, p)
        Entry (i, j): the mark at j of the edge between i and j; 0 no edge, 1 circle, 2 arrowhead, 3 tail.

    Examples
    --------
    >>> graph = MarkedGraph(nodes=("a", "b"), kind="pag", marks=np.array([[0, 2], [1, 0]], dtype=np.int8))
    >>> print(graph)
    a o-> b
    """

    nodes: tuple[str, ...]
    kind: Literal["pag", "cpdag"]
    marks: Marks

    def __post_init__(self) -> None:
        marks = np.array(self.marks, dtype=np.int8)
        p = len(self.nodes)
        if marks.shape != (p, p) or marks.diagonal().any() or ((marks > 0) != (marks.T > 0)).any():
            raise InvalidArgument(
                f"marks must be a {p} x {p} table with a mark at both ends of each edge and none from a node "
                "to itself."
            )
        marks.setflags(write=False)
        object.__setattr__(self, "marks", marks)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MarkedGraph) and (self.kind, self.nodes, self.marks.tobytes()) == (
            other.kind,
            other.nodes,
            other.marks.tobytes(),
        )

    def __hash__(self) -> int:
        return hash((self.kind, self.nodes, self.marks.tobytes()))

    def __repr__(self) -> str:
        return f"MarkedGraph({self.kind}, {len(self.nodes)} nodes, {len(self.edges)} edges)"

    def __str__(self) -> str:
        return "\n".join(str(edge) for edge in self.edges)

    @property
    def edges(self) -> tuple[Edge, ...]:
        """Every edge once, causes on the left where that is known."""
        pairs = zip(*np.nonzero(np.triu(self.marks)), strict=True)
        return tuple(self._edge(int(i), int(j)) for i, j in pairs)

    @property
    def directed(self) -> tuple[tuple[str, str], ...]:
        """Every arrow (cause, effect) that all graphs of the class share."""
        return tuple((edge.first, edge.second) for edge in self.edges if edge.symbol == "->")

    @property
    def open_edges(self) -> tuple[Edge, ...]:
        """The edges of which these data leave a mark open."""
        return tuple(edge for edge in self.edges if edge.is_open)

    def edge(self, first: str, second: str) -> Edge | None:
        """Return the edge between two nodes, the first on the left; None where there is none."""
        unknown = [name for name in (first, second) if name not in self.nodes]
        if unknown:
            raise UnknownNode.among(unknown, self.nodes)
        i, j = self.nodes.index(first), self.nodes.index(second)
        if not self.marks[i, j]:
            return None
        at_first, at_second = int(self.marks[j, i]), int(self.marks[i, j])
        return Edge(first=first, second=second, at_first=at_first, at_second=at_second)

    def distance(self, other: MarkedGraph) -> int:
        """Return the structural Hamming distance: pairs of nodes whose edge differs in any way.

        Tsamardinos, Brown and Aliferis (2006), Machine Learning 65, 31–78, figure 4, for graphs of one kind.
        """
        if set(self.nodes) != set(other.nodes):
            raise InvalidArgument("Two graphs can be compared where they have the same nodes.")
        order = [other.nodes.index(name) for name in self.nodes]
        theirs = other.marks[np.ix_(order, order)]
        differs = (self.marks != theirs) | (self.marks.T != theirs.T)
        return int(np.triu(differs).sum())

    def _edge(self, i: int, j: int) -> Edge:
        if self.marks[i, j] != ARROW and self.marks[j, i] == ARROW:
            i, j = j, i
        return Edge(
            first=self.nodes[i],
            second=self.nodes[j],
            at_first=int(self.marks[j, i]),
            at_second=int(self.marks[i, j]),
        )
