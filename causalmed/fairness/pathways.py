"""Which part of a disparity the graph identifies, and from which columns."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from causalmed.graph import Graph

__all__ = ["PREDICTION", "Pathways", "pathways", "with_prediction"]

PREDICTION = "the predicted risk"
"""Name of the node that stands for a model's risk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pathways:
    """What lies between an attribute and a target, what lies behind it, and what is known from it.

    Parameters
    ----------
    target : str
        The outcome, or the predicted risk.
    mediators : tuple of str
        W: measured columns on a causal path from the attribute to the target.
    background : tuple of str
        Z: measured columns that close the paths behind the attribute.
    direct, indirect, spurious : str
        Why the part is not identified; empty where it is.
    arrow : bool
        Whether the graph draws an arrow from the attribute straight to the target.
    """

    target: str
    mediators: tuple[str, ...] = ()
    background: tuple[str, ...] = ()
    direct: str = ""
    indirect: str = ""
    spurious: str = ""
    arrow: bool = False


def with_prediction(graph: Graph, features: Collection[str]) -> Graph:
    """Add the predicted risk to a graph: an effect of the columns the model reads, and of nothing else.

    Parameters
    ----------
    graph : Graph
        What is assumed.
    features : collection of str
        Columns the model reads; those that the graph lacks are added without causes.

    Returns
    -------
    Graph

    Examples
    --------
    >>> with_prediction(Graph.parse("dag { sex -> glucose }"), ["glucose"]).parents(PREDICTION)
    ('glucose',)
    """
    new = tuple(name for name in features if name not in graph)
    return replace(
        graph,
        nodes=(*graph.nodes, *new, PREDICTION),
        directed=graph.directed | {(name, PREDICTION) for name in features},
    )


def pathways(graph: Graph, attribute: str, target: str, *, observed: Collection[str]) -> Pathways:
    r"""Read from the graph what each part of a disparity in the target needs.

    With W the measured mediators and Z the measured causes of attribute, mediators or target that do not
    follow from the attribute: :math:`E[Y_{x_1, W_{x_0}} \mid x_0]` (hence the direct part) needs
    :math:`Y \perp \{X\} \cup W \mid Z` without the arrows out of X and W, :math:`E[Y_{x_1} \mid x_0]` (hence
    the spurious part) needs :math:`Y \perp X \mid Z` without those out of X; the indirect part needs both.
    Plečko and Bareinboim (2024), Foundations and Trends in Machine Learning 17:304-589, section 4; Shpitser,
    VanderWeele and Robins (2010), UAI, for why no other set need be tried.

    Parameters
    ----------
    graph : Graph
        What is assumed.
    attribute, target : str
        Columns, or :data:`PREDICTION`.
    observed : collection of str
        Columns there are; other nodes are treated as hidden.

    Returns
    -------
    Pathways

    Examples
    --------
    >>> graph = Graph.parse("dag { u [latent]; sex -> care -> ssi; sex -> ssi; u -> care; u -> ssi }")
    >>> found = pathways(graph, "sex", "ssi", observed=["sex", "care", "ssi"])
    >>> print(found.direct)
    not identified: care <- u -> ssi stays open
    >>> found.spurious, found.mediators
    ('', ('care',))
    """
    absent = [name for name in (attribute, target) if name not in graph]
    if absent:
        why = f"not identified: {absent[0]} is not in the graph, so nothing is assumed about it"
        return Pathways(target=target, direct=why, indirect=why, spurious=why)
    after = graph.descendants(attribute)
    seen = frozenset(observed) & graph.observed - {attribute, target}
    mediators = tuple(name for name in graph.nodes if name in seen & after & graph.ancestors(target))
    background = _background(graph, attribute, target, mediators, seen - after)
    direct = _open(graph, (attribute, *mediators), target, background)
    spurious = _open(graph, (attribute,), target, background)
    return Pathways(
        target=target,
        mediators=mediators,
        background=background,
        direct=direct,
        indirect=direct or spurious,
        spurious=spurious,
        arrow=attribute in graph.parents(target),
    )


def _background(
    graph: Graph, attribute: str, target: str, mediators: tuple[str, ...], usable: frozenset[str]
) -> tuple[str, ...]:
    """Return every usable cause, without those that move the attribute alone where they can be spared."""
    causes = usable & graph.ancestors((attribute, target, *mediators))
    kept = tuple(name for name in graph.nodes if name in causes)
    on_their_own = graph.without_edges_out_of(attribute).ancestors(target)
    sources = ((attribute, *mediators), (attribute,))
    known = [not _open(graph, source, target, kept) for source in sources]
    for name in kept:
        if name in on_their_own:
            continue
        fewer = tuple(other for other in kept if other != name)
        if [not _open(graph, source, target, fewer) for source in sources] == known:
            kept = fewer
    return kept


def _open(graph: Graph, sources: tuple[str, ...], target: str, given: tuple[str, ...]) -> str:
    path = graph.without_edges_out_of(sources).open_path(sources, target, given)
    return "" if path is None else f"not identified: {' '.join(path)} stays open"
