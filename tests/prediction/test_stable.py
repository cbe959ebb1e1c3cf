"""Stable columns on small graphs whose answer is known, and against separation in a graph with hospitals."""

from __future__ import annotations

import pytest

from causalmed.errors import InvalidArgument, UnknownNode
from causalmed.graph import Graph
from causalmed.prediction import stable_columns

GRAPH = Graph.parse(
    """dag {
    frailty [latent]
    infection [outcome]
    staffing [unstable]
    age -> frailty
    frailty -> rating
    frailty -> infection
    age -> smoking -> infection
    age -> staffing
    infection -> stay -> readmission
    rating -> antibiotic -> infection
    }"""
)


def test_each_column_is_left_out_for_its_own_reason():
    found = stable_columns(
        GRAPH,
        "infection",
        ["age", "rating", "smoking", "stay", "readmission", "staffing", "shoe_size", "infection"],
    )
    kinds = {one.name: one.kind for one in found.left_out}
    assert found.kept == ("age", "smoking")
    assert kinds == {
        "rating": "shares a hidden cause",
        "stay": "after the outcome",
        "readmission": "after the outcome",
        "staffing": "unstable",
        "shoe_size": "not in the graph",
        "infection": "outcome",
    }


def test_a_cause_that_is_not_at_hand_is_a_hidden_cause():
    graph = Graph.parse("dag { a -> y; u -> y; u -> b; y [outcome] }")
    assert stable_columns(graph, "y", ["a", "b", "u"]).kept == ("a", "b", "u")
    assert stable_columns(graph, "y", ["a", "b"]).kept == ("a",)


def test_a_hospital_that_is_recorded_is_no_hidden_cause():
    graph = Graph.parse(
        "dag { u [latent]; y [outcome]; hospital -> swab; hospital -> timing; swab <- u -> y; timing -> y }"
    )
    assert stable_columns(graph, "y", ["swab", "timing"], recorded=["hospital"]).kept == ("timing",)
    assert stable_columns(graph, "y", ["swab", "timing"]).kept == ()


def test_a_chain_of_hidden_causes_is_followed():
    graph = Graph.of(edges=[("a", "y"), ("b", "y")], bidirected=[("b", "c"), ("c", "y")])
    found = stable_columns(graph, "y", ["a", "b", "c"])
    assert found.kept == ("a",)
    assert "b <-> c <-> y" in {one.name: one.reason for one in found.left_out}["b"]


def test_a_descendant_of_an_unstable_rating_opens_a_path_and_goes():
    graph = Graph.parse(
        "dag { u [latent]; rating [unstable]; y [outcome]; u -> rating; u -> y; rating -> drain; a -> y }"
    )
    found = stable_columns(graph, "y", ["a", "rating", "drain"])
    assert found.kept == ("a",)
    assert {one.name: one.kind for one in found.left_out}["drain"] == "opens a path"
    assert found.separating


def test_an_unstable_cause_of_the_outcome_stays_open_and_is_said():
    graph = Graph.parse("dag { unstable_cause [unstable]; y [outcome]; unstable_cause -> y; a -> y }")
    found = stable_columns(graph, "y", ["a", "unstable_cause"])
    assert found.kept == ("a",)
    assert not found.separating
    assert found.open_path[-2:] == ("->", "y")


def test_what_is_kept_separates_the_outcome_from_a_change_of_hospital():
    graph = GRAPH
    with_hospital = Graph.of(
        edges=[*graph.directed, ("hospital", "staffing")], latent=graph.latent, outcome="infection"
    )
    kept = stable_columns(graph, "infection", [name for name in graph.nodes if name not in graph.latent]).kept
    assert with_hospital.separated("hospital", "infection", kept)
    assert not with_hospital.separated("hospital", "infection", ["staffing", "smoking"])


def test_every_reason_is_in_summary_frame_and_dict():
    found = stable_columns(GRAPH, "infection", ["age", "stay"])
    assert "left out: stay comes after infection" in found.summary()
    assert found.to_frame()["used"].tolist() == [True, False]
    assert found.to_dict()["left_out"][0]["name"] == "stay"


def test_outcomes_that_cannot_be_are_refused():
    with pytest.raises(UnknownNode, match="infections"):
        stable_columns(GRAPH, "infections", ["age"])
    with pytest.raises(InvalidArgument, match="latent"):
        stable_columns(GRAPH, "frailty", ["age"])
