"""The same graph with fewer arrows or other roles."""

from __future__ import annotations

from causalmed.graph import Graph

GRAPH = Graph.parse('dag { u -> a -> y [beta=2]; a <-> y; u -> y; u [latent]; y [pos="0,0"] }')


def test_arrows_out_and_in():
    out = GRAPH.without_edges_out_of("a")
    assert out.directed == {("u", "a"), ("u", "y")}
    assert out.bidirected == GRAPH.bidirected
    assert out.edge_options == {("u", "->", "a"): {"beta": "2"}}
    into = GRAPH.without_edges_into(["a"])
    assert into.directed == {("a", "y"), ("u", "y")}
    assert into.bidirected == frozenset()
    assert GRAPH.directed == {("u", "a"), ("a", "y"), ("u", "y")}


def test_roles_left_out_stay():
    changed = GRAPH.with_roles(exposures="a", outcomes=["y"])
    assert (changed.exposures, changed.outcomes, changed.latent) == ({"a"}, {"y"}, {"u"})
    assert changed.with_roles(latent=()).latent == frozenset()


def test_part_of_a_graph():
    part = GRAPH.subgraph(["a", "y"])
    assert part.nodes == ("a", "y")
    assert part.directed == {("a", "y")}
    assert part.bidirected == {frozenset("ay")}
    assert not part.latent
    assert dict(part.positions) == {"y": (0.0, 0.0)}
