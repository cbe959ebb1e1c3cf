r"""Adjustment sets for total effects: which columns make exposed and unexposed comparable.

Z is an adjustment set for the effect of X on Y exactly when

(a) Z holds no descendant of a node on a proper causal path from X to Y (a directed path that
    meets X only at its start), and
(b) Z separates X from Y in the *proper back-door graph*, which lacks the first arrow of every
    such path.

Then :math:`P(y \mid do(x)) = \sum_z P(y \mid x, z) P(z)`. The criterion is complete: if a set
fails it, there is a model on the graph for which that formula is wrong.

References
----------
Shpitser I, VanderWeele T, Robins JM (2010). UAI 26, 527–536, theorems 3 and 4.
van der Zander B, Liśkiewicz M, Textor J (2019). Artificial Intelligence 270, 1–40, theorem 3.
"""

from __future__ import annotations

from dataclasses import dataclass

from causalmed.graph.adjacency import Adjacency, ancestors, descendants
from causalmed.graph.separators import SeparatorQuery, separates

__all__ = ["AdjustmentProblem", "adjustment_problem", "causal_nodes"]

Nodes = frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustmentProblem:
    """The effect of X on Y as a question of separation.

    Parameters
    ----------
    x, y : frozenset of int
        Exposures and outcomes.
    causal : frozenset of int
        Nodes on proper causal paths, without X.
    forbidden : frozenset of int
        Descendants of those: never to be adjusted for.
    back_door : Adjacency
        The proper back-door graph.
    """

    x: Nodes
    y: Nodes
    causal: Nodes
    forbidden: Nodes
    back_door: Adjacency

    def query(self, *, include: Nodes, allowed: Nodes) -> SeparatorQuery | None:
        """Return the separators that are adjustment sets, or ``None`` where ``include`` is forbidden."""
        if include & (self.forbidden | self.x | self.y):
            return None
        free = allowed - self.forbidden - self.x - self.y
        return SeparatorQuery(adjacency=self.back_door, x=self.x, y=self.y, include=include, allowed=free)

    def accepts(self, z: Nodes) -> bool:
        """Say whether ``z`` is an adjustment set."""
        if z & (self.forbidden | self.x | self.y):
            return False
        return separates(self.back_door, self.x, self.y, z)


def causal_nodes(adjacency: Adjacency, x: Nodes, y: Nodes) -> Nodes:
    """Return the nodes on directed paths from X to Y that meet X only at their start, without X."""
    into = {u for v in x for u in adjacency.parents[v]}
    forwards = descendants(adjacency.without_arrows(into, x), x)
    backwards = ancestors(adjacency.without_arrows(x), y)
    return frozenset(forwards & backwards) - x


def adjustment_problem(adjacency: Adjacency, x: Nodes, y: Nodes) -> AdjustmentProblem:
    """Return the proper back-door graph of the effect of X on Y with what is forbidden in it."""
    causal = causal_nodes(adjacency, x, y)
    return AdjustmentProblem(
        x=x,
        y=y,
        causal=causal,
        forbidden=frozenset(descendants(adjacency, causal)),
        back_door=adjacency.without_arrows(x, causal),
    )
