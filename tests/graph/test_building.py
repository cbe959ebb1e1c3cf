"""Meaning: roles, groups, chains, places, time."""

from __future__ import annotations

import pytest

from causalmed.errors import CyclicGraph, GraphError, GraphSyntax, InvalidArgument
from causalmed.graph import Graph


def test_a_text_as_dagitty_exports_it():
    graph = Graph.parse(
        """dag {
        bb="-3.5,-4,3.5,4"
        "Wound class" [adjusted,pos="-1.200,0.5"]
        A [exposure,pos="-2.2,-1.597"]
        U [latent,pos="0,1e-3"]
        Y [outcome,pos="1.4,-1.6"]
        A -> Y [beta="-0.2"]
        U -> {A Y}
        "Wound class" <-> A
        }"""
    )
    assert graph.nodes == ("Wound class", "A", "U", "Y")
    assert graph.exposures == {"A"}
    assert graph.outcomes == {"Y"}
    assert graph.latent == {"U"}
    assert graph.adjusted == {"Wound class"}
    assert graph.observed == {"A", "Y", "Wound class"}
    assert graph.directed == {("A", "Y"), ("U", "A"), ("U", "Y")}
    assert graph.bidirected == {frozenset({"A", "Wound class"})}
    assert graph.positions["U"] == (0.0, 0.001)
    assert graph.edge_options["A", "->", "Y"] == {"beta": "-0.2"}
    assert graph.attributes == {"bb": "-3.5,-4,3.5,4"}


@pytest.mark.parametrize("short", ["latent", "l", "u", "unobserved"])
def test_every_spelling_of_a_role(short):
    assert Graph.parse(f"dag {{ a [{short}] }}").latent == {"a"}


def test_roles_of_ours_and_options_of_nobodys():
    graph = Graph.parse(
        'dag { a [unstable, tier=before, color="#fff", bold]; {b c} [exposure]; b [tier="after"] }'
    )
    assert graph.unstable == {"a"}
    assert graph.exposures == {"b", "c"}
    assert graph.tier_of == {"a": "before", "b": "after"}
    assert graph.tiers == ("before", "after")
    assert graph.node_options == {"a": {"color": "#fff", "bold": None}}


def test_settings_of_the_whole_graph():
    graph = Graph.parse('dag { graph [bb="0,0,1,1", size=3]; label="late antibiotics"; a -> b }')
    assert graph.attributes == {"bb": "0,0,1,1", "size": "3", "label": "late antibiotics"}
    assert graph.nodes == ("a", "b")


def test_chains_and_groups():
    graph = Graph.parse("dag { a -> b <- c <-> d; {a b} -> {e {f g}}; {x -> y} -> z }")
    assert graph.parents("b") == ("a", "c")
    assert graph.spouses("d") == ("c",)
    assert {graph.parents(node) for node in "efg"} == {("a", "b")}
    assert graph.parents("z") == ("x", "y")
    assert graph.parents("y") == ("x",)


def test_repetition_changes_nothing():
    assert Graph.parse("dag { a -> b; b <- a; a -> b; a; b }") == Graph.parse("dag { a -> b }")
    assert Graph.parse("dag { a <-> b; b <-> a }").bidirected == {frozenset("ab")}


def test_an_arrow_and_a_hidden_common_cause_are_two_edges():
    graph = Graph.parse("dag { a -> b; a <-> b }")
    assert graph.parents("b") == graph.spouses("b") == ("a",)


@pytest.mark.parametrize("header", ["dag", "digraph", "graph", "pdag", "strict digraph"])
def test_kinds_that_are_read(header):
    assert Graph.parse(f"{header} {{ a -> b }}").directed == {("a", "b")}


def test_open_directions_are_kept_but_answer_nothing():
    graph = Graph.parse("pdag { a -- b -> c }")
    assert graph.undirected == {frozenset("ab")}
    assert Graph.parse(graph.to_dagitty()) == graph
    for question in (
        lambda: graph.separated("a", "c", "b"),
        lambda: graph.adjustment_sets("b", "c"),
        lambda: graph.ancestors("c"),
        graph.topological_order,
        graph.implications,
        graph.latent_projection,
    ):
        with pytest.raises(GraphError, match="leaves open which of a -- b causes the other"):
            question()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("mag { a -> b }", "maximal ancestral graph an arrow does not rule out a hidden common cause"),
        ("pag { a -> b }", "stands for many graphs"),
        ("dag { a -- b }", "one causes the other but not which"),
        ("graph { a -- b }", "only a text that starts with pdag"),
        ("dag { a [selected] }", "Effects under selection are not identified here"),
        ("dag { a [latent=false] }", "latent is a role and takes no value"),
        ("dag { a [pos=left] }", "is not two numbers"),
        ('dag { a [pos="1,2,3"] }', "is not two numbers"),
        ('dag { a [pos="nan,1"] }', "is not two numbers"),
        ("dag { a [tier] }", "tier needs a value"),
        ("dag { a -> a }", "would be its own cause"),
        ("dag { {a b} <-> {b c} }", "would be its own cause"),
    ],
)
def test_what_would_be_misread_is_refused(text, said):
    with pytest.raises(GraphSyntax, match=said) as caught:
        Graph.parse(text)
    assert caught.value.line == 1


@pytest.mark.parametrize(
    ("text", "circle"),
    [
        ("dag { a -> b -> c -> a }", "a -> b -> c -> a"),
        ("dag { b -> a; a -> b; c -> b -> d }", "b -> a -> b"),
        ("dag { x -> y -> z; q -> r -> s -> q }", "q -> r -> s -> q"),
    ],
)
def test_a_circle_is_named(text, circle):
    with pytest.raises(CyclicGraph, match=f"in a circle: {circle}[.]"):
        Graph.parse(text)


@pytest.mark.parametrize("text", [None, 3, b"dag { a }", ["dag { a }"]])
def test_only_text_is_read(text):
    with pytest.raises(InvalidArgument, match="a graph is read from text, not from"):
        Graph.parse(text)


def test_names_that_look_like_code_are_names():
    for name in (
        "<script>alert(1)</script>",
        "a -> b",
        "inf",
        "O'Neil; DROP",
        "größe/µm²",
        "{x}",
        "  two  ",
        "\\",
    ):
        graph = Graph.of([(name, "y")])
        assert Graph.parse(graph.to_dagitty()) == graph
        assert graph.children(name) == ("y",)
