from __future__ import annotations

import itertools

import networkx as nx
import numpy as np
import pytest

from causalmed.errors import UnknownNode
from causalmed.explanation import place_of
from causalmed.graph import Graph

WARD = Graph.parse(
    """dag {
    skill [latent]; frailty [latent]
    age -> diabetes -> glucose -> infection -> stay
    age -> infection
    smoking -> infection
    skill -> infection; skill -> rating
    frailty -> walking; frailty -> albumin -> infection
    smoking -> cough
    glucose -> alarm; smoking -> alarm
    weather
    }"""
)
FEATURES = ("age", "diabetes", "glucose", "smoking", "rating", "walking", "albumin", "stay", "alarm")


@pytest.mark.parametrize(
    ("feature", "place", "how"),
    [
        ("age", "cause", "cause (direct and indirect)"),
        ("diabetes", "mediator", "mediator of age"),
        ("glucose", "mediator", "mediator of diabetes"),
        ("smoking", "cause", "cause (direct)"),
        ("albumin", "cause", "cause (direct)"),
        ("rating", "rating", "rating (no path to infection)"),
        ("walking", "proxy", "proxy (no path to infection)"),
        ("cough", "proxy", "proxy (no path to infection)"),
        ("alarm", "collider", "collider (no path to infection)"),
        ("stay", "after the outcome", "after the outcome"),
        ("weather", "unconnected", "unconnected"),
        ("moon", "not in the graph", "not in the graph"),
    ],
)
def test_places_on_a_ward(feature: str, place: str, how: str) -> None:
    found = place_of(WARD, feature, outcome="infection", features=FEATURES)
    assert (found.place, found.how) == (place, how)
    assert found.reason.endswith(".")


def test_a_cause_hidden_behind_its_mediator_is_announced() -> None:
    graph = Graph.of([("diabetes", "glucose"), ("glucose", "infection")])
    with_mediator = place_of(graph, "diabetes", outcome="infection", features=("diabetes", "glucose"))
    without = place_of(graph, "diabetes", outcome="infection", features=("diabetes",))
    assert "passes glucose, so the model may show nothing" in with_mediator.reason
    assert "passes" not in without.reason


def test_only_candidates_make_mediators_where_the_graph_marks_them() -> None:
    edges = [
        ("age", "smoking"),
        ("age", "diabetes"),
        ("diabetes", "glucose"),
        ("glucose", "y"),
        ("smoking", "y"),
    ]
    graph = Graph.of(edges, exposures=("diabetes", "smoking"))
    features = ("age", "smoking", "diabetes", "glucose")
    found = {name: place_of(graph, name, outcome="y", features=features).place for name in features}
    assert found == {"age": "cause", "smoking": "cause", "diabetes": "cause", "glucose": "mediator"}


def test_outcome_must_be_in_the_graph() -> None:
    with pytest.raises(UnknownNode, match="infektion"):
        place_of(WARD, "age", outcome="infektion")


def _random(seed: int) -> tuple[nx.DiGraph, Graph]:
    rng = np.random.default_rng(seed)
    names = [f"v{i}" for i in range(7)]
    edges = [(a, b) for a, b in itertools.combinations(names, 2) if rng.random() < 0.3]
    network = nx.DiGraph(edges)
    network.add_nodes_from(names)
    return network, Graph.of(edges, nodes=names)


@pytest.mark.parametrize("seed", range(25))
def test_causes_and_effects_agree_with_networkx(seed: int) -> None:
    network, graph = _random(seed)
    for feature in sorted(set(network) - {"v4"}):
        place = place_of(graph, feature, outcome="v4", features=tuple(sorted(network))).place
        assert (place in {"cause", "mediator"}) == (feature in nx.ancestors(network, "v4"))
        assert (place == "after the outcome") == (feature in nx.descendants(network, "v4"))
        assert (place == "mediator") == (
            place in {"cause", "mediator"} and bool(nx.ancestors(network, feature))
        )
        joined = nx.is_d_separator(network, {feature}, {"v4"}, set())
        assert (place == "unconnected") == (
            joined and len(nx.ancestors(network, "v4") & set(network.predecessors(feature))) < 2
        )
