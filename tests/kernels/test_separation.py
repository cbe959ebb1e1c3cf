"""The kernel walks as its twin does, and separates as networkx does on graphs of hundreds of nodes."""

from __future__ import annotations

from array import array

import networkx
import numpy as np
import pytest

from causalmed._kernels import reference_separation as reference
from causalmed._kernels import separation
from causalmed.graph import Adjacency


def drawn(rng, size, degree, hidden):
    order = rng.permutation(size).tolist()
    arrows = {
        (order[int(cause)], order[place])
        for place in range(1, size)
        for cause in rng.integers(max(0, place - 40), place, size=min(place, degree))
    }
    pairs = {tuple(sorted(rng.choice(size, 2, replace=False).tolist())) for _ in range(hidden)}
    return Adjacency.of(size, arrows, pairs)


def sides(rng, size, given):
    nodes = rng.permutation(size).tolist()
    cut = int(rng.integers(1, 3))
    return nodes[:cut], nodes[cut : cut + 2], nodes[cut + 2 : cut + 2 + given]


@pytest.mark.parametrize("seed", range(20))
def test_every_search_is_that_of_the_twin(seed):
    rng = np.random.default_rng(seed)
    size = int(rng.integers(4, 40))
    graph = drawn(rng, size, 2, size // 4)
    assert graph.rows == reference.flat(graph.parents, graph.children, graph.spouses)
    for _ in range(20):
        x, y, z = sides(rng, size, int(rng.integers(0, size - 4 + 1)))
        opens = rng.permutation(size)[: size // 2].tolist()
        for upwards in (True, False):
            assert separation.closed(graph.rows, size, z, upwards) == reference.closed(
                graph.rows, size, z, upwards
            )
        assert separation.touched(graph.rows, size, x, z, opens) == reference.touched(
            graph.rows, size, x, z, opens
        )
        assert separation.separates(graph.rows, size, x, y, z) == reference.separates(
            graph.rows, size, x, y, z
        )


def test_hundreds_of_nodes_with_hidden_causes_are_separated_as_by_networkx():
    rng = np.random.default_rng(7)
    size, answers = 300, []
    for _ in range(3):
        graph = drawn(rng, size, 2, 30)
        network = networkx.DiGraph()
        network.add_nodes_from(range(size))
        network.add_edges_from((u, v) for u in range(size) for v in graph.children[u])
        pairs = [(u, v) for u in range(size) for v in graph.spouses[u] if u < v]
        network.add_edges_from((size + k, end) for k, pair in enumerate(pairs) for end in pair)
        for given in (0, 5, 30, 150, "its causes", "its causes"):
            x, y, z = sides(rng, size, 0 if isinstance(given, str) else given)
            if isinstance(given, str):
                y, z = y[:1], sorted({*graph.parents[y[0]], *graph.spouses[y[0]]} - {*x, y[0]})
            found = separation.separates(graph.rows, size, x, y, z)
            assert found == networkx.is_d_separator(network, set(x), set(y), set(z))
            answers.append(found)
    assert len(set(answers)) == 2


@pytest.mark.parametrize(
    ("rows", "n", "says"),
    [
        ([9, 9, 9, 9, 9, 9, 9, 9, 9], 3, "starts of 3 nodes"),
        ([9, 9, 10, 10, 11, 11, 11, 11, 12, 0, 1], 2, "end of rows"),
        ([9, 9, 10, 10, 9, 11, 11, 11, 11, 0, 1], 2, "rise"),
        ([9, 9, 10, 10, 11, 11, 11, 11, 11, 0, 7], 2, "numbered from 0 to 1"),
        ([9, 9, 10, 10, 11, 11, 11, 11, 11, 0, -1], 2, "numbered from 0 to 1"),
    ],
)
def test_rows_that_hold_no_graph_are_refused(rows, n, says):
    with pytest.raises(ValueError, match=says):
        separation.closed(array("i", rows), n, [0], True)


def test_nodes_that_are_none_are_refused():
    rows = reference.flat([[], [0]], [[1], []], [[], []])
    with pytest.raises(ValueError, match="node 2 is none of 2"):
        separation.separates(rows, 2, [0], [2], [])
    with pytest.raises(ValueError, match="node -1"):
        separation.touched(rows, 2, [-1], [], [])
