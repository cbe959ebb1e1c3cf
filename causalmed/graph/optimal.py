r"""The adjustment set that makes the estimate most precise, where there is one.

O(X, Y) = parents of the causal nodes, without the causal nodes' descendants and X. Among all
adjustment sets of a DAG it gives the smallest asymptotic variance, for linear models and for every
regular non-parametric estimator.

With hidden causes there need not be a best set. The argument for O needs only that a path into a
causal node, unless it comes from X, runs through an observed parent of it, or through a descendant
of a causal node, where it is blocked. So O is taken in the graph projected onto the usable nodes,
and returned only if no causal node shares a hidden cause with anything but descendants of causal
nodes.

References
----------
Henckel L, Perković E, Maathuis MH (2022). JRSS B 84(2), 579–599, definition 3.12 and theorem 3.13.
Rotnitzky A, Smucler E (2020). JMLR 21(188), 1–86, theorem 1.
Smucler E, Sapienza F, Rotnitzky A (2022). Biometrika 109(1), 49–65 (hidden variables: none may be best).
"""

from __future__ import annotations

from causalmed.graph.adjacency import Adjacency
from causalmed.graph.adjustment import AdjustmentProblem, causal_nodes
from causalmed.graph.projection import project

__all__ = ["optimal_set", "outcome_side_set"]

Nodes = frozenset[int]


def outcome_side_set(
    adjacency: Adjacency, problem: AdjustmentProblem, *, include: Nodes, allowed: Nodes
) -> tuple[Nodes, bool] | None:
    """Return the O-set among the ``allowed`` nodes, and whether it is known to be optimal.

    Parameters
    ----------
    adjacency : Adjacency
        The graph.
    problem : AdjustmentProblem
        The effect; O is defined only if some causal path exists.
    include, allowed : frozenset of int
        Nodes that must be adjusted for (O must contain them), nodes that may be.

    Returns
    -------
    (frozenset of int, bool) or None
        ``None`` if the set is no adjustment set, or some node of ``include`` is not in it.
    """
    if not problem.causal:
        return None
    projected = project(adjacency, allowed | include | problem.x | problem.y)
    causal = causal_nodes(projected, problem.x, problem.y)
    parents = frozenset(u for v in causal for u in projected.parents[v])
    best = parents - problem.forbidden - problem.x - problem.y
    if not include <= best or not problem.accepts(best):
        return None
    spouses = {u for v in causal for u in projected.spouses[v]}
    return best, spouses <= problem.forbidden - problem.x


def optimal_set(
    adjacency: Adjacency, problem: AdjustmentProblem, *, include: Nodes, allowed: Nodes
) -> Nodes | None:
    """Return the set of :func:`outcome_side_set` if it is known to be optimal, else ``None``."""
    found = outcome_side_set(adjacency, problem, include=include, allowed=allowed)
    return found[0] if found is not None and found[1] else None
