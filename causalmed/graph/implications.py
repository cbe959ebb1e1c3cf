"""What the graph forbids the data to show: independences that can be tested."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from causalmed.graph.separators import SeparatorQuery, minimal_separator

if TYPE_CHECKING:
    from causalmed.graph.graph import Graph

__all__ = ["Independence", "implications"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Independence:
    """Two observed nodes that a graph declares independent given others.

    Parameters
    ----------
    x, y : str
        The two nodes.
    given : tuple of str
        The separating set, sorted; none of it can be spared.

    Examples
    --------
    >>> print(Independence(x="age", y="ssi", given=("bmi", "glucose")))
    age ⫫ ssi | bmi, glucose
    """

    x: str
    y: str
    given: tuple[str, ...] = ()

    def __str__(self) -> str:
        condition = f" | {', '.join(self.given)}" if self.given else ""
        return f"{self.x} ⫫ {self.y}{condition}"


def implications(graph: Graph) -> Iterator[Independence]:
    """Yield one independence for each pair that can be separated, in order of declaration.

    Together they imply every other independence of a DAG whose nodes are all observed (Pearl and
    Meshkat 1999, for minimal sets). A pair is separable exactly if the ancestors of the two that
    are observed separate it, so each pair costs three searches.
    """
    adjacency = graph.oriented
    observed = graph.numbers(graph.observed)
    ordered = sorted(observed)
    for place, u in enumerate(ordered):
        near = {*adjacency.parents[u], *adjacency.children[u], *adjacency.spouses[u]}
        for v in ordered[place + 1 :]:
            if v in near:
                continue
            query = SeparatorQuery(adjacency=adjacency, x=frozenset({u}), y=frozenset({v}), allowed=observed)
            z = minimal_separator(query)
            if z is not None:
                yield Independence(x=graph.nodes[u], y=graph.nodes[v], given=tuple(sorted(graph.names(z))))
