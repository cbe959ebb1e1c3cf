from __future__ import annotations

import itertools

import networkx as nx
import numpy as np
import pytest

from causalmed.plotting.graphs import plan
from causalmed.plotting.layout import MOST_ROWS, crossings, heights, lay_out
from causalmed.results.pictures import GraphArrow, GraphNode, GraphPicture


def random_graph(
    seed: int, nodes: int, tiers: int, density: float
) -> tuple[list[GraphNode], list[GraphArrow]]:
    rng = np.random.default_rng(seed)
    made = [GraphNode(name=f"n{i}", words=f"Factor {i}", tier=i * tiers // nodes) for i in range(nodes)]
    arrows = [
        GraphArrow(source=a.name, target=b.name)
        for a, b in itertools.combinations(made, 2)
        if rng.random() < density
    ]
    return made, arrows


@pytest.mark.parametrize(("nodes", "density"), [(3, 0.9), (8, 0.4), (14, 0.2), (20, 0.15), (45, 0.05)])
def test_arrows_point_right_and_pass_no_box(nodes: int, density: float) -> None:
    boxes, arrows = random_graph(nodes, nodes, 3, density)
    layout = lay_out(boxes, arrows)
    tier = {box.name: box.tier for box in boxes}
    for a, b in itertools.combinations(boxes, 2):
        if tier[a.name] < tier[b.name]:
            assert layout.column[a.name] < layout.column[b.name]
    assert all(sum(isinstance(p, str) for p in points) <= MOST_ROWS for points in layout.order)
    for route in layout.route.values():
        columns = [layout.column[point] for point in route]
        if columns[0] < columns[-1]:
            assert columns == list(range(columns[0], columns[-1] + 1))


@pytest.mark.parametrize("nodes", [8, 14, 45])
def test_boxes_never_touch(nodes: int) -> None:
    boxes, arrows = random_graph(nodes, nodes, 3, 0.15)
    made = plan(GraphPicture(title="t", nodes=tuple(boxes), arrows=tuple(arrows)))
    for points in made.layout.order:
        for upper, lower in itertools.pairwise(points):
            space = (
                made.y[lower] - made.y[upper] - (made.tall.get(lower, 0.0) + made.tall.get(upper, 0.0)) / 2
            )
            assert space > 0.05


def test_fewer_crossings_than_as_declared() -> None:
    boxes, arrows = random_graph(5, 20, 3, 0.15)
    layout = lay_out(boxes, arrows)
    links = sorted(
        {
            pair
            for route in layout.route.values()
            for pair in itertools.pairwise(route)
            if layout.column[pair[1]] == layout.column[pair[0]] + 1
        },
        key=repr,
    )
    declared = [sorted(points, key=repr) for points in layout.order]
    assert crossings(layout.order, links, layout.column) < 0.7 * crossings(declared, links, layout.column)


def test_a_tree_has_no_crossing() -> None:
    tree = nx.bfs_tree(nx.balanced_tree(2, 3), 0)
    tier = nx.single_source_shortest_path_length(tree, 0)
    boxes = [GraphNode(name=str(node), tier=tier[node]) for node in sorted(tree, key=lambda n: (n * 7) % 15)]
    arrows = [GraphArrow(source=str(a), target=str(b)) for a, b in tree.edges]
    layout = lay_out(boxes, arrows)
    links = [(a.source, a.target) for a in arrows]
    assert crossings(layout.order, links, layout.column) == 0


def test_crossings_by_brute_force() -> None:
    rng = np.random.default_rng(2)
    left, right = list("abcde"), list("vwxyz")
    links = [(p, q) for p in left for q in right if rng.random() < 0.4]
    column = dict.fromkeys(left, 0) | dict.fromkeys(right, 1)
    brute = sum(
        (left.index(p) - left.index(r)) * (right.index(q) - right.index(s)) < 0
        for (p, q), (r, s) in itertools.combinations(links, 2)
    )
    assert crossings([left, right], links, column) == brute > 0


def test_heavy_path_is_straighter() -> None:
    boxes, arrows = random_graph(3, 14, 3, 0.25)
    layout = lay_out(boxes, arrows)
    key = max(layout.route, key=lambda k: len(layout.route[k]))
    tall = {box.name: 0.3 for box in boxes}

    def bend(straight: tuple[tuple[str, str, str], ...]) -> float:
        y = heights(layout, tall=tall, gap=0.17, straight=straight)
        return sum(abs(y[a] - y[b]) for a, b in itertools.pairwise(layout.route[key]))

    assert bend((key,)) <= bend(())
