"""A test that knows the truth: what could be learned from unlimited data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from causalmed.graph import Graph

__all__ = ["Oracle"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Oracle:
    """Answers by m-separation in a graph that is known.

    Parameters
    ----------
    graph : Graph
        The truth; latent nodes and two-headed arrows are allowed.
    names : tuple of str
        The observed nodes, in the order of their numbers.

    Examples
    --------
    >>> oracle = Oracle(graph=Graph.parse("dag { a -> b -> c }"), names=("a", "b", "c"))
    >>> oracle.p_value(0, 2, ()), oracle.p_value(0, 2, (1,))
    (0.0, 1.0)
    """

    graph: Graph
    names: tuple[str, ...]

    def p_value(self, x: int, y: int, given: Sequence[int]) -> float:
        """Return 1 where the graph separates two nodes given others, 0 elsewhere."""
        names = self.names
        return float(self.graph.separated(names[x], names[y], [names[s] for s in given]))
