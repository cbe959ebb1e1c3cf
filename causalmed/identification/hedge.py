r"""Whether any formula at all exists: the hedge criterion for one exposure.

Let G be the projection onto what is observed and D the ancestors of Y in G without X. The effect of
X on Y is a function of the observed distribution exactly if each c-component C of G[D] can be
computed from the c-component T of G around it; that fails exactly where C is ancestral to nothing less
than all of T: the pair (T, C) is a hedge.

References
----------
Tian J, Pearl J (2003). On the identification of causal effects. UCLA R-290-L, section 4.
Shpitser I, Pearl J (2006). Identification of joint interventional distributions. AAAI 21, theorem 4.
Huang Y, Valtorta M (2006). Pearl's calculus of intervention is complete. UAI 22, 217–224.
"""

from __future__ import annotations

from causalmed.graph import Graph

__all__ = ["find_hedge"]

Names = frozenset[str]


def find_hedge(graph: Graph, exposure: str, outcome: str, observed: Names) -> tuple[Names, Names] | None:
    """Return the hedge (T, C) that rules out every formula, or ``None`` if a formula exists.

    Parameters
    ----------
    graph : Graph
        The assumptions.
    exposure, outcome : str
        X and Y, both observed.
    observed : frozenset of str
        Everything that was measured.

    Examples
    --------
    >>> bow = Graph.of([("a", "y")], bidirected=[("a", "y")])
    >>> [sorted(part) for part in find_hedge(bow, "a", "y", frozenset({"a", "y"}))]
    [['a', 'y'], ['y']]
    """
    projected = graph.latent_projection(observed)
    everything = frozenset(projected.nodes)
    relevant = _ancestors_within(projected, frozenset({outcome}), everything - {exposure})
    for component in _districts_within(projected, relevant):
        whole = _around(projected, component, everything)
        hedge = _hedge_between(projected, component, whole)
        if hedge is not None:
            return hedge, component
    return None


def _hedge_between(graph: Graph, component: Names, whole: Names) -> Names | None:
    """Return the part of ``whole`` that forms a hedge around ``component``, if one does."""
    while True:
        above = _ancestors_within(graph, component, whole)
        if above == component:
            return None
        if above == whole:
            return whole
        whole = _around(graph, component, above)


def _around(graph: Graph, component: Names, within: Names) -> Names:
    return next(district for district in _districts_within(graph, within) if component <= district)


def _ancestors_within(graph: Graph, nodes: Names, within: Names) -> Names:
    return graph.subgraph(within).ancestors(nodes)


def _districts_within(graph: Graph, within: Names) -> tuple[Names, ...]:
    return graph.subgraph(within).districts()
