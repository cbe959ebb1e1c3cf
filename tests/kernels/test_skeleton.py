"""The kernel of skeletons against its NumPy twin, and the tests behind it against statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import chdtri

from causalmed._kernels import reference_skeleton as reference
from causalmed._kernels import skeleton as kernel
from causalmed.discovery import FisherZ, GSquared, background
from causalmed.discovery.compiled import packed
from causalmed.discovery.independence import partial_correlation
from causalmed.discovery.skeleton import find_skeleton


def everybody(p, rank):
    pairs = np.array([(i, j) for i in range(p) for j in range(i + 1, p)], dtype=np.intc)
    near = [[v for v in range(p) if v != u and (u + v) % 5] for u in range(p)]
    starts = np.cumsum([0, *map(len, near)]).astype(np.intc)
    flat = np.array([v for some in near for v in some], dtype=np.intc)
    return pairs, near, (pairs, starts, flat, np.array(rank, dtype=np.intc))


def discrete(p, levels, seed, n=700):
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, levels, (n, p))
    for j in range(1, p):
        codes[:, j] = np.where(rng.random(n) < 0.6, codes[:, j - 1], codes[:, j]) % levels
    return codes


def compare(found, expected):
    sets, hit = found
    ours = [tuple(row) if one else None for row, one in zip(sets.tolist(), hit, strict=True)]
    assert ours == expected


RANKS = ([-1] * 9, [0, 0, 0, 1, 1, 1, 2, 2, 2], [0, -1, 2, 1, -1, 0, 2, 1, 0])


@pytest.mark.parametrize("rank", RANKS)
@pytest.mark.parametrize("depth", range(5))
def test_partial_correlations(depth, rank):
    rng = np.random.default_rng(depth)
    rows = rng.normal(size=(300, 9)) @ (np.eye(9) + 0.3 * rng.normal(size=(9, 9)))
    correlation = np.corrcoef(rows, rowvar=False)
    pairs, near, where = everybody(9, rank)
    expected = reference.separators(
        reference.correlation_below(correlation, 0.12), pairs.tolist(), near, rank, depth
    )
    compare(kernel.separators(*where, depth, correlation=correlation, cut=0.12), expected)
    assert None in expected
    assert len(set(expected)) > 1


@pytest.mark.parametrize("portable", [False, True])
@pytest.mark.parametrize("rank", RANKS[:2])
@pytest.mark.parametrize("depth", range(4))
def test_counts_of_bits(depth, rank, portable):
    codes = discrete(9, 2, depth)
    pairs, near, where = everybody(9, rank)
    table, cuts = tables(len(codes))
    expected = reference.separators(reference.cells_below(codes, cuts), pairs.tolist(), near, rank, depth)
    found = kernel.separators(*where, depth, bits=packed(codes), table=table, cuts=cuts, portable=portable)
    compare(found, expected)
    assert None in expected
    assert len(set(expected)) > 1


@pytest.mark.parametrize("depth", range(3))
def test_counts_of_cells(depth):
    codes = discrete(7, 3, depth)
    codes[:, 2] = np.minimum(codes[:, 2], 1)
    pairs, near, where = everybody(7, [-1] * 7)
    table, cuts = tables(len(codes))
    levels = (codes.max(axis=0) + 1).astype(np.intc)
    cells = np.ascontiguousarray(codes.T, dtype=np.uint8)
    expected = reference.separators(reference.cells_below(codes, cuts), pairs.tolist(), near, [-1] * 7, depth)
    compare(kernel.separators(*where, depth, codes=cells, levels=levels, table=table, cuts=cuts), expected)
    assert len(set(expected)) > 1


@pytest.mark.parametrize("depth", [4, 5])
def test_cells_and_bits_tell_the_same_of_flags(depth):
    codes = discrete(8, 2, depth)
    pairs, near, where = everybody(8, [-1] * 8)
    table, cuts = tables(len(codes))
    cells, levels = np.ascontiguousarray(codes.T, dtype=np.uint8), np.full(8, 2, dtype=np.intc)
    by_cells = kernel.separators(*where, depth, codes=cells, levels=levels, table=table, cuts=cuts)
    by_bits = kernel.separators(*where, depth, bits=packed(codes), table=table, cuts=cuts)
    np.testing.assert_array_equal(by_cells[0], by_bits[0])
    expected = reference.separators(reference.cells_below(codes, cuts), pairs.tolist(), near, [-1] * 8, depth)
    compare(by_cells, expected)
    assert len(set(expected)) > 1


def tables(n):
    whole = np.arange(n + 1.0)
    return whole * np.log(np.maximum(whole, 1)), np.concatenate([[0.0], chdtri(np.arange(1.0, 500), 0.05)])


@pytest.mark.parametrize("kind", ["numbers", "flags"])
def test_the_compiled_search_is_the_one_that_asks_in_turn(kind, monkeypatch):
    codes = discrete(8, 2, 3)
    test = (
        FisherZ(correlation=np.corrcoef(codes, rowvar=False), n=len(codes))
        if kind == "numbers"
        else GSquared(codes=codes, levels=np.full(8, 2))
    )
    names = tuple("abcdefgh")
    known = background(names, tiers={"first": names[:3], "then": names[3:]}, required=[("a", "h")])
    options = {"alpha": 0.05, "max_given": None, "sufficient": True}
    fast = find_skeleton(test, known, **options)
    monkeypatch.setattr("causalmed.discovery.skeleton.compiled", lambda test, alpha: None)
    slow = find_skeleton(test, known, **options)
    assert (fast.adjacent == slow.adjacent).all()
    assert fast.separators == slow.separators


def test_partial_correlations_are_those_of_residuals():
    rows = np.random.default_rng(1).normal(size=(200, 5)) @ np.random.default_rng(2).normal(size=(5, 5))
    design = np.column_stack([np.ones(200), rows[:, 2:]])
    left = rows[:, :2] - design @ np.linalg.lstsq(design, rows[:, :2], rcond=None)[0]
    found = partial_correlation(np.corrcoef(rows, rowvar=False), 0, 1, (2, 3, 4))
    assert found == pytest.approx(np.corrcoef(left, rowvar=False)[0, 1], rel=1e-10)


def test_a_column_that_is_the_sum_of_others_is_no_crash():
    rows = np.random.default_rng(1).normal(size=(200, 4))
    rows[:, 3] = rows[:, 0] + rows[:, 1]
    test = FisherZ(correlation=np.corrcoef(rows, rowvar=False), n=200)
    found = find_skeleton(test, background("abcd"), alpha=0.01, max_given=None, sufficient=True)
    assert found.adjacent.shape == (4, 4)


def test_wrong_arguments_are_refused():
    _, _, (pairs, starts, flat, rank) = everybody(5, [-1] * 5)
    with pytest.raises(ValueError, match="depth must be"):
        kernel.separators(pairs, starts, flat, rank, 99, correlation=np.eye(5), cut=0.1)
