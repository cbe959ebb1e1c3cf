"""One effect asked of one graph: the nodes by number, and which of them can be used."""

from __future__ import annotations

from dataclasses import dataclass

from causalmed.errors import InvalidArgument, NotIdentified
from causalmed.graph import (
    Adjacency,
    AdjustmentProblem,
    Graph,
    adjustment_problem,
    disjoint_sides,
    open_walk,
    usable,
)

__all__ = ["Question", "ask"]

Nodes = frozenset[int]
Walk = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """The effect of one exposure on one outcome, with everything the strategies need.

    Parameters
    ----------
    graph : Graph
        The assumptions.
    adjacency : Adjacency
        Its arrows by number.
    problem : AdjustmentProblem
        Causal nodes, forbidden nodes, the proper back-door graph.
    include : frozenset of int
        Nodes that must be adjusted for, because they are marked ``adjusted``.
    allowed : frozenset of int
        Nodes that are measured and do not come after the outcome.
    """

    graph: Graph
    adjacency: Adjacency
    problem: AdjustmentProblem
    include: Nodes
    allowed: Nodes

    @property
    def x(self) -> Nodes:
        """The exposure."""
        return self.problem.x

    @property
    def y(self) -> Nodes:
        """The outcome."""
        return self.problem.y

    def open_walk(self) -> tuple[Walk, Nodes]:
        """Return a path that the best set there is leaves open, and that set.

        If any set separates, all usable ancestors together do; so a path open given these is open
        whatever is adjusted for. ``()`` if an adjustment set exists.
        """
        query = self.problem.query(include=self.include, allowed=self.allowed)
        if query is None:
            return (), frozenset()
        z = query.candidates(query.ancestral())
        return open_walk(query.adjacency, query.x, query.y, z), z

    def sorted_names(self, numbers: Nodes) -> tuple[str, ...]:
        """Return nodes by name, in alphabetical order."""
        return tuple(sorted(self.graph.names(numbers)))


def ask(graph: Graph, exposure: str, outcome: str, observed: frozenset[str] | None) -> Question:
    """Put the question, or say why it cannot be put.

    Raises
    ------
    InvalidArgument, UnknownNode
        If exposure and outcome are not two different nodes.
    NotIdentified
        If one of the two, or a node marked ``adjusted``, was not measured.
    """
    for role, name in (("exposure", exposure), ("outcome", outcome)):
        if not isinstance(name, str):
            raise InvalidArgument(
                f"{role}={name!r} is not the name of one node. Identify one effect at a time; for joint "
                "exposures ask graph.adjustment_sets."
            )
    x, y = disjoint_sides(graph, exposure, outcome)
    measured = graph.observed if observed is None else graph.observed & observed
    adjusted = [("a node marked adjusted", name) for name in sorted(graph.adjusted)]
    for role, name in (("the exposure", exposure), ("the outcome", outcome), *adjusted):
        if name not in measured:
            raise NotIdentified(
                f"{name!r}, {role}, was not measured: it is {_why_absent(graph, name)}. Without its values "
                "nothing can be computed. Measure it, or ask about a node that was measured.",
                witness=(name,),
                suggestions=(f"Measure {name!r}.",),
            )
    return Question(
        graph=graph,
        adjacency=graph.oriented,
        problem=adjustment_problem(graph.oriented, x, y),
        include=graph.numbers(graph.adjusted),
        allowed=usable(graph, y, observed),
    )


def _why_absent(graph: Graph, name: str) -> str:
    return "marked latent in the graph" if name in graph.latent else "not among the observed columns"
