"""Neighbours found by sorting and by trees are those that comparing everybody with everybody finds."""

from __future__ import annotations

import numpy as np
import pytest

from causalmed.estimation.matching.found import strata_of
from causalmed.estimation.matching.points import PointSearch, metric_root
from causalmed.estimation.matching.scores import ScoreSearch

FIELDS = ("matches", "distance", "mean", "credit", "square", "peers", "peer_mean")


def by_hand(place, exposed, strata, values, target, *, neighbours, peers, caliper):
    """Compare everybody with everybody; distances closer than a billionth are equal."""
    n = len(place)
    far = np.linalg.norm(place[:, None] - place, axis=2)
    mate = (strata[:, None] == strata) & ~np.eye(n, dtype=bool)

    def neighbours_of(able, wanted, limit):
        chosen = np.zeros((n, n), dtype=bool)
        for i in range(n):
            inside = np.sort(far[i, able[i] & (far[i] <= limit)])
            if len(inside) and wanted:
                edge = inside[min(wanted, len(inside)) - 1]
                chosen[i] = able[i] & (far[i] <= min(edge * (1 + 1e-9), limit))
        return chosen

    across = neighbours_of(mate & (exposed[:, None] != exposed), neighbours, caliper)
    within = neighbours_of(mate & (exposed[:, None] == exposed), peers, np.inf)
    share = across * target[:, None] / np.maximum(across.sum(axis=1), 1)[:, None]
    return {
        "matches": across.sum(axis=1),
        "distance": (far * across).max(axis=1),
        "mean": across @ values / np.maximum(across.sum(axis=1), 1),
        "credit": share.sum(axis=0),
        "square": (share**2).sum(axis=0),
        "peers": within.sum(axis=1),
        "peer_mean": within @ values / np.maximum(within.sum(axis=1), 1),
    }, within


def patients(n, seed, *, lattice):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 3))
    X[:, 0] = X[:, 0] > 0
    if lattice:
        X = np.round(X)
    exposed = (rng.random(n) < 0.4).astype(float)
    strata = rng.integers(0, 3, n)
    return X, exposed, strata, rng.normal(size=n), rng.random(n) < 0.8, rng.random(n)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("lattice", [False, True])
@pytest.mark.parametrize(("neighbours", "peers"), [(1, 1), (3, 2), (2, 20)])
@pytest.mark.parametrize("caliper", [None, 0.5])
@pytest.mark.parametrize("strata", [False, True])
def test_trees_find_what_comparing_all_finds(strata, caliper, neighbours, peers, lattice, seed):
    X, exposed, groups, values, target, given = patients(150, seed, lattice=lattice)
    root = metric_root(X, "mahalanobis")
    search = PointSearch(
        X, exposed, groups if strata else None, root, neighbours=neighbours, peers=peers, caliper=caliper
    )
    expected, within = by_hand(
        X @ root, exposed, groups if strata else np.zeros(150), values, target,
        neighbours=neighbours, peers=peers, caliper=np.inf if caliper is None else caliper,
    )  # fmt: skip
    found = search.match(values, target)
    for name in FIELDS:
        assert np.allclose(getattr(found, name), expected[name], rtol=1e-9, atol=1e-12), name
    assert np.allclose(search.mean(values), expected["mean"], atol=1e-12)
    share = given / np.maximum(within.sum(axis=1), 1)
    assert np.allclose(search.hand_out(given), share @ within, atol=1e-12)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("lattice", [False, True])
@pytest.mark.parametrize(("neighbours", "peers", "caliper"), [(1, 2, None), (3, 1, 0.1)])
def test_sorting_finds_what_comparing_all_finds(neighbours, peers, caliper, lattice, seed):
    X, exposed, groups, values, target, given = patients(150, seed, lattice=lattice)
    score = X.sum(axis=1)
    search = ScoreSearch(score, exposed, groups, neighbours=neighbours, peers=peers, caliper=caliper)
    expected, within = by_hand(
        score[:, None] / score.std(), exposed, groups, values, target,
        neighbours=neighbours, peers=peers, caliper=np.inf if caliper is None else caliper,
    )  # fmt: skip
    found = search.match(values[search.order], target[search.order])
    for name in FIELDS:
        assert np.allclose(getattr(found, name), expected[name][search.order], rtol=1e-7, atol=1e-8), name
    share = given / np.maximum(within.sum(axis=1), 1)
    assert np.allclose(search.hand_out(given[search.order]), (share @ within)[search.order], atol=1e-12)


def test_a_score_that_differs_by_rounding_alone_is_a_tie():
    score = np.array([0.1 + 0.2, 0.3, 0.6, 0.0])
    search = ScoreSearch(score, np.array([0.0, 0.0, 1.0, 1.0]), None)
    found = search.match(np.array([1.0, 3, 5, 5])[search.order], np.ones(4, dtype=bool))
    back = np.argsort(search.order)
    assert found.matches[back].tolist() == [2, 2, 2, 2]
    assert found.mean[back].tolist() == [5.0, 5.0, 2.0, 2.0]


def test_distances_are_those_of_the_metric():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(200, 3)) @ rng.normal(size=(3, 3)) * [1, 1000, 1e-4] + [5, 1e5, 0]
    root = metric_root(X, "mahalanobis")
    inverse = np.linalg.inv(np.cov(X, rowvar=False))
    away = X[0] - X[1]
    assert np.linalg.norm(away @ root) == pytest.approx(np.sqrt(away @ inverse @ away), rel=1e-9)
    plain = metric_root(X, "inverse_variance")
    assert np.linalg.norm(away @ plain) == pytest.approx(np.sqrt((away**2 / X.var(axis=0, ddof=1)).sum()))


def test_columns_that_repeat_or_never_vary_do_not_count_twice():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(100, 2))
    padded = np.column_stack([x, x[:, 0] * 7 - 2, np.full(100, 3.0)])
    assert np.allclose(
        np.linalg.norm((padded[0] - padded[1:]) @ metric_root(padded, "mahalanobis"), axis=1),
        np.linalg.norm((x[0] - x[1:]) @ metric_root(x, "mahalanobis"), axis=1),
    )
    assert not (np.ones((5, 2)) @ metric_root(np.ones((5, 2)), "mahalanobis")).any()


def test_strata_are_numbered_by_what_occurs():
    strata = strata_of([np.array([1e9, 2, 1e9]), np.array([0.5, 0.5, 0.5])], 3)
    assert strata.tolist() == [1, 0, 1]
    assert strata_of([], 2).tolist() == [0, 0]
