"""The compiled causal forest against its NumPy twin, against brute force, and at its edges."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from causalmed._kernels import forest_grow, forest_moments, reference_forest


def arguments(
    n: int, p: int, *, bins: int = 64, clusters: int = 0, seed: int = 0, **changes: Any
) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    x = rng.integers(0, bins, size=(n, p), dtype=np.uint8)
    x[:, p // 2 :] %= 2
    x[:, -1] = 0
    w = (rng.random(n) < 0.4) - 0.4
    y = 0.5 * w * (x[:, 0] > bins / 2) + rng.normal(size=n)
    cluster = rng.integers(0, clusters, n) if clusters else np.arange(n)
    if clusters:
        cluster[:clusters] = np.arange(clusters)
    count = clusters or n
    return {
        "bins": np.hstack([x, np.zeros((n, -p % 8), dtype=np.uint8)]),
        "levels": (x.max(axis=0) + 1).astype(np.uint8),
        "w": w,
        "y": y,
        "cluster": cluster.astype(np.int32),
        "drawn": forest_grow.draw(count, count // 2, 5),
        "key": 2**64 - 7,
        "trees": 2,
        "mtry": p,
        "min_leaf": 3,
        "min_side": 1,
        "alpha": 0.05,
    } | changes


def forest(given: dict[str, Any], bags: int, kernel: Any = forest_grow) -> dict[str, Any]:
    count = len(given["drawn"])
    drawn = [kernel.draw(count, count // 2, 100 + g) for g in range(bags)]
    grown = [kernel.grow(**given | {"drawn": drawn[g], "key": 900 + g}) for g in range(bags)]
    counts = np.concatenate([counts for *_, counts in grown])
    starts = np.vstack([np.zeros((1, 2), dtype=np.intp), counts.cumsum(axis=0)])
    return {
        "nodes": np.concatenate([nodes for nodes, *_ in grown]),
        "node_starts": starts[:, 0].copy(),
        "leaves": np.concatenate([leaves for _, leaves, _ in grown]),
        "leaf_starts": starts[:, 1].copy(),
        "drawn": np.packbits(np.array(drawn), axis=1, bitorder="little"),
        "cluster": given["cluster"],
    }


@pytest.mark.parametrize(
    "given",
    [
        arguments(40, 3),
        arguments(300, 6, mtry=2),
        arguments(300, 12, mtry=9, seed=1),
        arguments(900, 5, seed=2),  # the top nodes fill the histograms of all columns at once
        arguments(500, 6, bins=255, seed=3),
        arguments(2300, 3, bins=255, seed=4),
        arguments(300, 4, clusters=23, seed=5),
        arguments(400, 4, min_side=4, alpha=0.2, min_leaf=8, seed=6),
    ],
    ids=["small", "few columns", "most columns", "dense", "wide", "wide and dense", "clusters", "strict"],
)
def test_grows_the_same_trees_as_the_twin(given: dict[str, Any]) -> None:
    compiled, slow = forest_grow.grow(**given), reference_forest.grow(**given)
    assert np.array_equal(compiled[0], slow[0])
    assert np.array_equal(compiled[2], slow[2])
    np.testing.assert_allclose(compiled[1], slow[1], rtol=1e-12, atol=1e-14)
    assert len(compiled[0]) > 2


@pytest.mark.parametrize("count", [1, 2, 17, 1000])
def test_draws_the_same_half_as_the_twin(count: int) -> None:
    for key in (0, 2**63, 2**64 - 1):
        half = forest_grow.draw(count, count // 2, key)
        assert np.array_equal(half, reference_forest.draw(count, count // 2, key))
        assert half.sum() == count // 2


def test_every_patient_is_drawn_as_often_as_any_other() -> None:
    hits = sum(forest_grow.draw(20, 10, key).astype(int) for key in range(4000))
    assert np.abs(hits - 2000).max() < 5 * np.sqrt(1000)  # five standard errors of a binomial count


@pytest.mark.parametrize("out_of_bag", [False, True])
@pytest.mark.parametrize("clusters", [0, 15])
def test_sums_the_same_moments_as_the_twin(out_of_bag: bool, clusters: int) -> None:
    given = arguments(150, 4, clusters=clusters)
    found = forest(given, bags=6)
    if not out_of_bag:
        found |= {"drawn": None, "cluster": None}
    compiled = forest_moments.moments(bins=given["bins"], **found)
    slow = reference_forest.moments(bins=given["bins"], **found)
    np.testing.assert_allclose(compiled, slow, rtol=1e-12, atol=1e-13)
    assert 0 < compiled[:, 0].mean() <= 6


def test_leaves_hold_enough_honest_rows_and_their_means() -> None:
    given = arguments(400, 4, min_leaf=7)
    found = forest(given, bags=1)
    chosen = np.flatnonzero(found_rows(found, given))
    everybody = forest_moments.moments(bins=given["bins"], **found | {"drawn": None, "cluster": None})
    assert len(np.unique(everybody[:, 1:5].round(12), axis=0)) > 3
    leaves = np.diff(found["leaf_starts"])
    assert np.all(leaves * 7 <= len(chosen) / 2)
    inside = found["leaves"]
    assert np.allclose(inside[:, 2], 0.24 + 0.2 * inside[:, 0])  # w is 0.6 or -0.4


def found_rows(found: dict[str, Any], given: dict[str, Any]) -> NDArray[np.bool_]:
    bits = np.unpackbits(found["drawn"][0], bitorder="little")
    return np.asarray(bits[given["cluster"]] == 1)


def test_the_first_cut_is_the_best_of_all_cuts() -> None:
    given = arguments(500, 5, min_side=0, alpha=0.0, min_leaf=1, seed=8, trees=1)
    (nodes, _, _) = forest_grow.grow(**given)
    column, last = divmod(int(nodes[0, 1]), 256)
    chosen = np.flatnonzero(given["drawn"])
    mixed = reference_forest._shuffled(chosen, (len(chosen) + 1) // 2, reference_forest._mix(given["key"], 1))
    split = np.sort(mixed[: (len(chosen) + 1) // 2])
    w, y = given["w"][split], given["y"][split]

    def gain(c: int, b: int) -> float:
        low = given["bins"][split, c] <= b
        if not 0 < low.sum() < len(low):
            return 0.0
        a = w - w.mean()
        rho = a * (y - y.mean() - (a @ (y - y.mean())) / (a @ a) * a)
        return float(rho[low].sum() ** 2 / low.sum() + rho[~low].sum() ** 2 / (~low).sum())

    best = max(gain(c, b) for c in range(5) for b in range(63))
    assert gain(column, last) == pytest.approx(best, rel=1e-8)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"w": np.zeros(3)}, "agree in shape"),
        ({"mtry": 0}, "agree in shape"),
        ({"min_leaf": 0}, "out of range"),
        ({"alpha": 0.5}, "out of range"),
        ({"drawn": np.zeros(60, dtype=np.uint8)}, "two clusters"),
    ],
)
def test_refuses_what_it_cannot_grow(change: dict[str, Any], what: str) -> None:
    with pytest.raises(ValueError, match=what):
        forest_grow.grow(**arguments(60, 3) | change)


@pytest.mark.parametrize("w", [np.zeros(60), np.full(60, 0.3)])
def test_a_constant_exposure_gives_one_leaf(w: NDArray[np.float64]) -> None:
    nodes, leaves, counts = forest_grow.grow(**arguments(60, 3) | {"w": w})
    assert counts.tolist() == [[1, 1], [1, 1]]
    assert np.all(nodes == (-1, 255))
    assert leaves.shape == (2, 4)
