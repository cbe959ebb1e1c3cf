"""The value itself: equality, hash, neighbours, and that nothing can be changed."""

from __future__ import annotations

import copy
import dataclasses
import sys

import networkx
import pytest

from causalmed.errors import UnknownNode
from causalmed.graph import Graph


def test_it_is_a_value():
    graph = Graph.parse("dag { a -> b <-> c; a [color=red] }")
    twin = Graph.parse("dag { a [color=red]; a -> b; b <-> c }")
    assert graph == twin
    assert len({graph, twin}) == 1
    assert copy.deepcopy(graph) == graph
    assert repr(graph).startswith("Graph.parse('dag {")
    assert "a" in graph
    assert "d" not in graph
    assert len(graph) == 3
    with pytest.raises(dataclasses.FrozenInstanceError):
        graph.nodes = ()
    with pytest.raises(TypeError):
        graph.positions["a"] = (0, 0)


@pytest.mark.parametrize("seed", range(20))
def test_relatives_agree_with_networkx(seed, brute):
    graph = brute.random_graph(seed)
    network = networkx.DiGraph(list(graph.directed))
    network.add_nodes_from(graph.nodes)
    order = graph.topological_order()
    assert sorted(order) == sorted(graph.nodes)
    assert all(order.index(u) < order.index(v) for u, v in graph.directed)
    for node in graph.nodes:
        assert graph.ancestors(node) == networkx.ancestors(network, node) | {node}
        assert graph.descendants(node) == networkx.descendants(network, node) | {node}
        assert set(graph.parents(node)) == set(network.predecessors(node))
        assert set(graph.children(node)) == set(network.successors(node))


def test_relatives_of_several_and_of_none():
    graph = Graph.parse("dag { a -> b; c -> d }")
    assert graph.ancestors(["b", "d"]) == {"a", "b", "c", "d"}
    assert graph.descendants([]) == frozenset()
    with pytest.raises(UnknownNode):
        graph.ancestors(["a", "z"])
    with pytest.raises(UnknownNode):
        graph.parents("z")


def test_the_empty_graph_is_a_graph():
    empty = Graph.parse("dag {}")
    assert empty.nodes == ()
    assert empty.topological_order() == ()
    assert empty.implications() == ()
    assert empty.districts() == ()
    assert empty.latent_projection() == empty


def test_large_graphs_are_searched_edge_by_edge():
    """Lines of code run grow like the graph: ten times the nodes, about ten times the work."""

    def work(size):
        edges = [(f"n{k}", f"n{k + step}") for k in range(size) for step in (1, 2, 5) if k + step < size]
        graph = Graph.of(edges, latent=[f"n{k}" for k in range(3, size, 7)])
        first, last = f"n{size // 3}", f"n{size - 1}"
        lines = 0

        def count(frame, event, argument):
            nonlocal lines
            lines += event == "line"
            return count

        before = sys.gettrace()
        sys.settrace(count)
        try:
            assert not graph.separated(first, last, "n1")
            graph.adjustment_sets(first, last, "optimal")
        finally:
            sys.settrace(before)
        return lines

    assert work(2000) < 14 * work(200)


def test_importing_the_room_costs_no_heavy_library():
    import subprocess

    code = "import sys, causalmed.graph; print({'networkx', 'pandas', 'numpy', 'scipy'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"
