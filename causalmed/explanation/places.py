"""Where a feature stands in the graph, seen from the outcome.

An attribution says what a model used. Whether the feature is a cause of the outcome, something
between a cause and the outcome, or only a sign of it, is for the graph to say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from causalmed.errors import UnknownNode
from causalmed.graph import Graph

__all__ = ["Place", "place_of"]

CAUSE: Final = "cause"
MEDIATOR: Final = "mediator"
RATING: Final = "rating"
COLLIDER: Final = "collider"
PROXY: Final = "proxy"
AFTER: Final = "after the outcome"
APART: Final = "unconnected"
ABSENT: Final = "not in the graph"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The place of one feature, by the graph alone.

    Parameters
    ----------
    feature : str
        Name of the feature.
    place : str
        ``"cause"``; ``"mediator"`` (a cause that a candidate acts on, and so carries part of its effect);
        ``"rating"`` (shares a hidden cause with the outcome); ``"collider"`` (a common effect of causes of
        the outcome); ``"proxy"`` (shares a measured cause); ``"after the outcome"``; ``"unconnected"``;
        ``"not in the graph"``.
    how : str
        The place in a few words, for a picture: ``"cause (direct)"``.
    reason : str
        One sentence.
    """

    feature: str
    place: str
    how: str
    reason: str


def place_of(graph: Graph, feature: str, *, outcome: str, features: Sequence[str] = ()) -> Place:
    """Say where a feature stands.

    Parameters
    ----------
    graph : Graph
        What is assumed to cause what. In a graph that draws an arrow from every candidate to the outcome,
        every candidate is a cause *by assumption*.
    feature : str
        The feature; one that is no node is ``"not in the graph"``.
    outcome : str
        The outcome, a node of the graph.
    features : sequence of str
        All features of the model. A cause that one of the graph's exposures acts on is a mediator; in a
        graph that marks none, a cause that another feature acts on.

    Raises
    ------
    UnknownNode
        If the outcome is not in the graph.

    Examples
    --------
    >>> text = "dag { skill [latent]; diabetes -> glucose -> ssi; skill -> ssi; skill -> rating }"
    >>> graph = Graph.parse(text)
    >>> place_of(graph, "glucose", outcome="ssi", features=("diabetes", "glucose")).how
    'mediator of diabetes'
    >>> print(place_of(graph, "rating", outcome="ssi").reason)
    rating and ssi share a hidden cause; changing rating changes nothing.
    """
    if outcome not in graph:
        raise UnknownNode.among([outcome], graph.nodes)
    if feature not in graph:
        reason = f"The graph does not mention {feature}: nothing is assumed about it."
        return Place(feature=feature, place=ABSENT, how=ABSENT, reason=reason)
    if feature in graph.descendants([outcome]):
        reason = f"{feature} is an effect of {outcome}: it cannot be known when the risk is needed."
        return Place(feature=feature, place=AFTER, how=AFTER, reason=reason)
    if feature in graph.ancestors([outcome]):
        return _causal(graph, feature, outcome, features)
    return _acausal(graph, feature, outcome)


def _causal(graph: Graph, feature: str, outcome: str, features: Sequence[str]) -> Place:
    acting = graph.exposures or frozenset(features)
    before = sorted(set(graph.parents(feature)) & acting - {feature})
    way = _way(graph, feature, outcome)
    if before:
        how = f"mediator of {_listed(before, most=1)}"
        reason = (
            f"{feature} is a cause of {outcome} ({way}), and carries part of what {_listed(before)} does."
        )
        return Place(feature=feature, place=MEDIATOR, how=how, reason=reason)
    reason = f"{feature} is a cause of {outcome}: {way}."
    carried = _carriers(graph, feature, outcome, features)
    if carried:
        reason += f" All of it passes {_listed(carried)}, so the model may show nothing here."
    return Place(feature=feature, place=CAUSE, how=f"cause ({_short(way)})", reason=reason)


def _short(way: str) -> str:
    if way == "direct":
        return way
    return "direct and indirect" if way.startswith("direct") else "indirect"


def _way(graph: Graph, feature: str, outcome: str) -> str:
    """Write how a cause reaches the outcome: direct, through which children, or both."""
    toward = graph.ancestors([outcome])
    through = sorted(set(graph.children(feature)) & toward - {outcome})
    direct = outcome in graph.children(feature)
    if not through:
        return "direct"
    return f"{'direct and ' if direct else ''}through {_listed(through)}"


def _carriers(graph: Graph, feature: str, outcome: str, features: Sequence[str]) -> list[str]:
    """Return the other features on the paths to the outcome, where they block every one of them."""
    others = set(features) - {feature, outcome}
    reached = graph.without_edges_out_of(sorted(others & set(graph.nodes))).descendants([feature])
    if outcome in reached:
        return []
    return sorted(others & graph.descendants([feature]) & graph.ancestors([outcome]))


def _acausal(graph: Graph, feature: str, outcome: str) -> Place:
    causes = graph.ancestors([outcome])
    parents = sorted(set(graph.parents(feature)) & causes)
    if _share_hidden_cause(graph, feature, outcome):
        place, reason = RATING, f"{feature} and {outcome} share a hidden cause"
    elif len(parents) > 1:
        place, reason = COLLIDER, f"{_listed(parents)} act on {feature} and, apart from that, on {outcome}"
    elif not graph.separated([feature], [outcome]):
        place, reason = PROXY, f"{feature} goes together with {outcome} through a shared cause"
    else:
        reason = f"The graph joins {feature} and {outcome} by no path: what the model used here is chance."
        return Place(feature=feature, place=APART, how=APART, reason=reason)
    how = f"{place} (no path to {outcome})"
    return Place(
        feature=feature, place=place, how=how, reason=f"{reason}; changing {feature} changes nothing."
    )


def _share_hidden_cause(graph: Graph, feature: str, outcome: str) -> bool:
    seen = sorted(graph.observed | {feature, outcome})
    projected = graph.latent_projection(seen)
    return outcome in projected.spouses(feature)


def _listed(names: Sequence[str], *, most: int = 3) -> str:
    shown = list(names[:most])
    if len(names) > most:
        return f"{', '.join(shown)} and {len(names) - most} more"
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
