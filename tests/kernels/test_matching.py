"""The kernels of matching against their NumPy twins."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from causalmed._kernels import matching, pairing
from causalmed._kernels import reference_matching as reference

NAMES = ("matches", "reach", "peers", "mean", "credit", "square", "peer mean")


def arguments(n: int, *, levels: int, strata: int = 1, seed: int = 0) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    starts = np.sort(np.concatenate([[0, n], rng.integers(0, n + 1, strata - 1)])).astype(np.intp)
    keys = rng.integers(0, levels, n)
    for low, high in pairwise(starts):
        keys[low:high].sort()
    return {
        "keys": keys.astype(np.int64),
        "exposed": (rng.random(n) < 0.4).astype(np.uint8),
        "starts": starts,
    }


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("levels", [1, 5, 40, 2**33])
@pytest.mark.parametrize(("neighbours", "peers"), [(1, 1), (1, 0), (2, 3), (7, 50)])
@pytest.mark.parametrize(("n", "strata"), [(1, 1), (2, 1), (60, 1), (120, 5)])
def test_matching_agrees_with_the_twin(n, strata, neighbours, peers, levels, seed):
    given = arguments(n, levels=levels, strata=strata, seed=seed)
    rng = np.random.default_rng(seed)
    values, target = rng.normal(size=n), (rng.random(n) < 0.7).astype(np.uint8)
    for caliper in (2**62 - 1, levels // 20, 0):
        found = matching.match(**given, values=values, target=target, neighbours=neighbours, peers=peers,
                               caliper=caliper)  # fmt: skip
        slow = reference.match(**given, values=values, target=target, neighbours=neighbours, peers=peers,
                               caliper=caliper)  # fmt: skip
        for name, one, two in zip(NAMES, found, slow, strict=True):
            if name == "reach" or np.issubdtype(one.dtype, np.integer):
                assert np.array_equal(one, two), name
            else:
                assert np.allclose(one, two, rtol=1e-12, atol=1e-13), name


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("levels", [1, 5, 2**33])
@pytest.mark.parametrize("peers", [1, 4, 200])
def test_handing_out_agrees_with_the_twin_and_loses_nothing(levels, peers, seed):
    given = arguments(120, levels=levels, strata=3, seed=seed)
    share = np.random.default_rng(seed).random(120)
    found = matching.hand_out(**given, given=share, peers=peers)
    assert np.allclose(found, reference.hand_out(**given, given=share, peers=peers), rtol=1e-12, atol=1e-13)
    zero = np.zeros(120)
    alone = (
        matching.match(**given, values=zero, target=np.ones(120, dtype=np.uint8), neighbours=1, peers=1)[2]
        == 0
    )
    assert found.sum() == pytest.approx(share[~alone].sum(), rel=1e-12)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("levels", [1, 5, 40, 2**33])
@pytest.mark.parametrize(("n", "strata"), [(1, 1), (2, 1), (80, 1), (120, 5)])
def test_pairs_agree_with_the_twin(n, strata, levels, seed):
    given = arguments(n, levels=levels, strata=strata, seed=seed)
    for caliper in (2**62 - 1, levels // 20, 0):
        found = pairing.pairs(**given, caliper=caliper)
        assert np.array_equal(found, reference.pairs(**given, caliper=caliper))
        used = found[found >= 0]
        assert len(np.unique(used)) == len(used)
        assert not given["exposed"][used].any()


@pytest.mark.parametrize("n", [1, 2, 3, 1000, 70_000])
def test_sorting_agrees_with_the_twin(n):
    rng = np.random.default_rng(n)
    for score in (rng.random(n), np.round(rng.random(n), 2), np.zeros(n)):
        low, width = score.min(), np.ptp(score)
        scale = (2**33 - 1) / width if width else 0.0
        rows, keys = matching.order(score, low, scale)
        slow_rows, slow_keys = reference.order(score, low, scale)
        assert np.array_equal(rows, slow_rows)
        assert np.array_equal(keys, slow_keys)


def test_credit_is_what_is_asked_for():
    given = arguments(500, levels=60)
    one = np.ones(500, dtype=np.uint8)
    _, _, _, _, credit, _, _ = matching.match(
        **given, values=np.zeros(500), target=one, neighbours=3, peers=0
    )
    for arm in (0, 1):
        assert credit[given["exposed"] == arm].sum() == pytest.approx(
            (given["exposed"] != arm).sum(), rel=1e-12
        )


def test_read_only_arrays_are_taken():
    given = arguments(50, levels=9)
    for array in given.values():
        array.setflags(write=False)
    values = np.zeros(50)
    values.setflags(write=False)
    assert len(matching.hand_out(**given, given=values, peers=1)) == 50


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"exposed": np.zeros(3, dtype=np.uint8)}, "rows of the keys"),
        ({"exposed": np.full(4, 2, dtype=np.uint8)}, "0 or 1"),
        ({"starts": np.array([0, 5])}, "rise from 0 to 4"),
        ({"starts": np.array([0, 3, 2, 4])}, "rise from 0 to 4"),
        ({"starts": np.zeros(0, dtype=np.intp)}, "rise from 0 to 4"),
        ({"values": np.zeros(5)}, "rows of the keys"),
        ({"target": np.zeros(5, dtype=np.uint8)}, "rows of the keys"),
        ({"neighbours": 0}, "at least 1"),
        ({"peers": -1}, "at least 1"),
        ({"caliper": -1}, "caliper"),
    ],
)
def test_wrong_arrays_are_refused(change, says):
    given = arguments(4, levels=9) | {
        "values": np.zeros(4), "target": np.ones(4, dtype=np.uint8), "neighbours": 1, "peers": 1,
    }  # fmt: skip
    with pytest.raises(ValueError, match=says):
        matching.match(**(given | change))
    if "exposed" in change or "starts" in change:
        three = {name: (given | change)[name] for name in ("keys", "exposed", "starts")}
        with pytest.raises(ValueError, match=says):
            pairing.pairs(**three)


def test_no_rows_are_no_matches():
    nothing = arguments(0, levels=3)
    found = matching.match(
        **nothing, values=np.zeros(0), target=np.zeros(0, dtype=np.uint8), neighbours=1, peers=1
    )
    assert all(len(array) == 0 for array in found)
    assert len(pairing.pairs(**nothing)) == 0
