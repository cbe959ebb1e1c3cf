"""Effects and little-bags variances against their definitions, tree by tree."""

from __future__ import annotations

import numpy as np
import pytest

from causalmed._kernels import reference_forest
from causalmed.engine import Local
from causalmed.errors import NotEnoughEvents
from causalmed.estimation import CausalForest
from causalmed.estimation.forest.growing import Forest, Rows, grow
from causalmed.estimation.forest.neighbourhoods import effects, from_moments


def rows(n: int = 120, seed: int = 0) -> Rows:
    rng = np.random.default_rng(seed)
    bins = np.zeros((n, 8), dtype=np.uint8)
    bins[:, :3] = rng.integers(0, 20, (n, 3))
    w = (rng.random(n) < 0.5) - 0.5
    y = w * (bins[:, 0] > 9) + rng.normal(size=n)
    cluster = np.arange(n, dtype=np.int32)
    return Rows(
        bins=bins, levels=np.full(3, 20, np.uint8), exposure=w, outcome=y, cluster=cluster, clusters=n
    )


def leaf_means(forest: Forest, bins: np.ndarray, tree: int) -> np.ndarray:
    nodes = forest.nodes[forest.node_starts[tree] : forest.node_starts[tree + 1]]
    return np.array(
        [forest.leaves[forest.leaf_starts[tree] + reference_forest._walk(nodes, x)] for x in bins]
    )


def test_effect_and_variance_are_what_the_papers_say() -> None:
    data = rows()
    forest = grow(data, CausalForest(trees=80, min_leaf=3), seed=3, path=("x",), executor=Local())
    tau, error = effects(forest, data.bins[:9], cluster=None, executor=Local())
    means = np.array([leaf_means(forest, data.bins[:9], t) for t in range(80)])
    for i in range(9):
        W, Y, V, C = means[:, i].mean(axis=0)
        slope = (C - W * Y) / (V - W * W)
        assert tau[i] == pytest.approx(slope, rel=1e-10)
        w, y, v, c = means[:, i].T
        residual = c - w * (Y - W * slope) - slope * v  # w (y - mu - tau w), in the mean of each leaf
        centred = residual - W * (y - (Y - W * slope) - slope * w)
        psi = centred / (V - W * W)
        assert psi.mean() == pytest.approx(0, abs=1e-10)
        bags = psi.reshape(40, 2)
        between = np.mean(bags.mean(axis=1) ** 2)
        within = np.mean((bags[:, 0] - bags[:, 1]) ** 2) / 4
        assert error[i] == pytest.approx(debiased(between, within, 40), rel=1e-5)


def debiased(between: float, within: float, bags: int) -> float:
    """Posterior mean by quadrature of N(raw, se^2) cut at zero, plus what finitely many bags add."""
    raw, se = between - within, max(between, within) * np.sqrt(2 / bags)
    grid = np.linspace(0, max(raw, 0) + 12 * se, 200_001)
    weight = np.exp(-0.5 * ((grid - raw) / se) ** 2)
    return float(np.sqrt((grid * weight).sum() / weight.sum() + between / bags))


def test_out_of_bag_leaves_out_exactly_the_bags_that_saw_a_patient() -> None:
    data = rows(seed=2)
    forest = grow(data, CausalForest(trees=80), seed=1, path=("x",), executor=Local())
    seen = np.unpackbits(forest.drawn, axis=1, bitorder="little")[:, : len(data.outcome)]
    tau, _ = effects(forest, data.bins, cluster=data.cluster, executor=Local())
    for i in (0, 50, 119):
        means = np.array([leaf_means(forest, data.bins[[i]], t)[0] for t in range(80) if not seen[t // 2, i]])
        W, Y, V, C = means.mean(axis=0)
        assert tau[i] == pytest.approx((C - W * Y) / (V - W * W), rel=1e-10)


def test_whole_clusters_are_drawn() -> None:
    data = rows(200, seed=4)
    cluster = (np.arange(200) // 10).astype(np.int32)
    clustered = Rows(
        bins=data.bins, levels=data.levels, exposure=data.exposure, outcome=data.outcome, cluster=cluster,
        clusters=20,
    )  # fmt: skip
    forest = grow(clustered, CausalForest(trees=80), seed=1, path=("x",), executor=Local())
    assert np.all(np.unpackbits(forest.drawn, axis=1, bitorder="little").sum(axis=1) == 10)


@pytest.mark.parametrize("jobs", [2, 3])
def test_threads_and_the_number_of_trees_do_not_change_a_bag(jobs: int) -> None:
    data = rows()
    one = grow(data, CausalForest(trees=80), seed=3, path=("x",), executor=Local())
    two = grow(data, CausalForest(trees=120), seed=3, path=("x",), executor=Local(n_jobs=jobs))
    assert np.array_equal(one.nodes, two.nodes[: len(one.nodes)])
    assert np.array_equal(one.leaves, two.leaves[: len(one.leaves)])
    assert np.array_equal(one.drawn, two.drawn[:40])
    other = grow(data, CausalForest(trees=80), seed=4, path=("x",), executor=Local())
    assert not np.array_equal(one.drawn, other.drawn)


def test_says_when_nobody_can_speak() -> None:
    sums = np.zeros((2, 25))
    sums[:, 0] = 1
    with pytest.raises(NotEnoughEvents, match="almost every bag"):
        from_moments(sums)
    sums[:, 0] = 10
    with pytest.raises(NotEnoughEvents, match="does not vary"):
        from_moments(sums)
