"""How often each mark comes back when the patients are drawn anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from causalmed.discovery.marks import ARROW, CIRCLE, TAIL, Edge, MarkedGraph
from causalmed.engine import generator

__all__ = ["EdgeStability", "redrawn", "stabilities"]

_ENDS = (("circle", CIRCLE), ("arrow", ARROW), ("tail", TAIL))


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeStability:
    """How often a pair was joined, and with which marks.

    Parameters
    ----------
    first, second : str
        The pair.
    edge : Edge or None
        What all patients together show; None: not joined.
    joined : float
        Share of the replicates that join the pair.
    same : float
        Share of the replicates with exactly this edge (or none, where there is none).
    at_first, at_second : mapping of str to float
        Share of the replicates with a circle, an arrow, a tail at that end.
    """

    first: str
    second: str
    edge: Edge | None
    joined: float
    same: float
    at_first: dict[str, float]
    at_second: dict[str, float]

    def row(self) -> dict[str, object]:
        """Return one line of the table."""
        ends = (("first", self.at_first), ("second", self.at_second))
        return {
            "first": self.first,
            "second": self.second,
            "edge": "" if self.edge is None else self.edge.symbol,
            "joined": self.joined,
            "same_edge": self.same,
            **{f"{mark}_at_{end}": share for end, shares in ends for mark, share in shares.items()},
        }


def redrawn(n: int, clusters: NDArray[np.intp] | None, *, seed: int, replicate: int) -> NDArray[np.intp]:
    """Draw rows with replacement; whole clusters where there are any.

    Parameters
    ----------
    n : int
        Rows.
    clusters : ndarray of int, shape (n,), optional
        Cluster of each row.
    seed, replicate : int
        Address of the random numbers.
    """
    stream = generator(seed, "discovery", "bootstrap", replicate)
    if clusters is None:
        return np.sort(stream.integers(0, n, size=n))
    names, codes = np.unique(clusters, return_inverse=True)
    drawn = np.sort(stream.integers(0, len(names), size=len(names)))
    order = np.argsort(codes, kind="stable")
    starts = np.searchsorted(codes[order], np.arange(len(names) + 1))
    return np.concatenate([order[starts[c] : starts[c + 1]] for c in drawn])


def stabilities(graph: MarkedGraph, replicates: Sequence[MarkedGraph]) -> tuple[EdgeStability, ...]:
    """Count marks over replicates, for every pair that any of them, or the graph, joins."""
    every = [graph, *replicates]
    seen = np.any([np.triu(one.marks) > 0 for one in every], axis=0)
    count = max(len(replicates), 1)
    stack = np.array([one.marks for one in replicates], dtype=np.int8).reshape(-1, *graph.marks.shape)
    rows = []
    for i, j in np.argwhere(seen).tolist():
        edge = graph.edge(graph.nodes[i], graph.nodes[j])
        a, b = (i, j) if edge is None or edge.symbol[0] != "<" or edge.symbol == "<->" else (j, i)
        first, second = graph.nodes[a], graph.nodes[b]
        same = (stack[:, a, b] == graph.marks[a, b]) & (stack[:, b, a] == graph.marks[b, a])
        rows.append(
            EdgeStability(
                first=first,
                second=second,
                edge=graph.edge(first, second),
                joined=float((stack[:, a, b] > 0).sum()) / count,
                same=float(same.sum()) / count,
                at_first={name: float((stack[:, b, a] == mark).sum()) / count for name, mark in _ENDS},
                at_second={name: float((stack[:, a, b] == mark).sum()) / count for name, mark in _ENDS},
            )
        )
    return tuple(sorted(rows, key=lambda row: (row.edge is None, -row.joined, row.first, row.second)))
