"""What a graph forbids the data to show, by the numbers of the columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from causalmed.discovery.independence import IndependenceTest
from causalmed.graph import Graph, descendants

__all__ = ["Remembered", "Triple", "holm", "implied", "violations"]

Triple = tuple[int, int, frozenset[int]]
"""x, y and a set: x ⫫ y | set."""


def implied(graph: Graph, names: Sequence[str]) -> tuple[Triple, ...]:
    """List the independences to test.

    Where every cause is observed, the local Markov property: each node is independent of what it does not
    cause, given its parents. Elsewhere one independence for each pair that can be separated.

    Parameters
    ----------
    graph : Graph
        Without latent nodes; two-headed arrows allowed.
    names : sequence of str
        Columns; their places number the answer.
    """
    number = {name: place for place, name in enumerate(names)}
    if graph.bidirected:
        return tuple(
            (number[one.x], number[one.y], frozenset(number[name] for name in one.given))
            for one in graph.implications()
        )
    adjacency = graph.oriented
    place = [number[name] for name in graph.nodes]
    found: dict[Triple, None] = {}
    for v, parents in enumerate(adjacency.parents):
        given = frozenset(place[u] for u in parents)
        below = descendants(adjacency, {v})
        for w in range(len(place)):
            if w not in below and w not in parents:
                pair = sorted((place[v], place[w]))
                found[pair[0], pair[1], given] = None
    return tuple(sorted(found, key=lambda one: (one[0], one[1], sorted(one[2]))))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Remembered:
    """A test that answers the same question once.

    Parameters
    ----------
    test : IndependenceTest
        Who answers.
    """

    test: IndependenceTest
    memory: dict[Triple, float] = field(default_factory=dict)

    def p(self, triple: Triple) -> float:
        """Return the p-value of an independence."""
        x, y, given = triple
        key = (min(x, y), max(x, y), given)
        if key not in self.memory:
            self.memory[key] = self.test.p_value(key[0], key[1], tuple(sorted(given)))
        return self.memory[key]


def violations(test: Remembered, triples: Iterable[Triple], *, alpha: float) -> int:
    """Count the independences that the data contradict at a level, each by itself."""
    return sum(test.p(triple) <= alpha for triple in triples)


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Adjust p-values so that the chance of any false rejection is kept.

    Holm S (1979). Scandinavian Journal of Statistics 6, 65–70.

    Parameters
    ----------
    p_values : sequence of float
        One a test.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03])
    (0.03, 0.06, 0.06)
    """
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    adjusted = [1.0] * len(p_values)
    top = 0.0
    for rank, i in enumerate(order):
        top = max(top, min(1.0, (len(p_values) - rank) * p_values[i]))
        adjusted[i] = top
    return tuple(adjusted)
