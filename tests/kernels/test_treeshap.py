"""The kernels of tree attribution against all coalitions, one by one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from causalmed._kernels import reference_treeshap as reference
from causalmed._kernels import treepairs, treeshap, treewalk

VIEWS = 6


def forest(*, depth: int, trees: int = 3, split: float = 0.8, seed: int = 0) -> dict[str, np.ndarray]:
    """Grow random trees, views repeated along the ways, cuts on a grid that the rows meet."""
    rng = np.random.default_rng(seed)
    roots, child, view, cut, value, cover = [], [], [], [], [], []

    def node(weight: float) -> int:
        child.append(len(child))
        view.append(0)
        cut.append(np.inf)
        value.append(rng.normal())
        cover.append(weight)
        return len(child) - 1

    for _ in range(trees):
        roots.append(node(64.0))
        level = [roots[-1]]
        for deep in range(depth):
            following = []
            for at in level:
                if deep and rng.random() > split:
                    continue
                share = rng.uniform(0.1, 0.9)
                sons = [node(cover[at] * part) for part in (share, 1 - share)]
                child[at], view[at], cut[at] = sons[0], int(rng.integers(VIEWS)), float(rng.integers(4))
                following += sons
            level = following
    whole = {"roots": roots, "child": child, "view": view}
    return {name: np.array(each, dtype=np.intc) for name, each in whole.items()} | {
        "cut": np.array(cut), "value": np.array(value), "cover": np.array(cover)
    }  # fmt: skip


def rows(count: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 5, size=(VIEWS, count)).astype(float)


def short(grown: dict[str, np.ndarray]) -> dict[str, Any]:
    """Return the trees with cuts 0 … 3 as places; a row of 0 … 4 is then its own place."""
    return grown | {"cut": np.where(np.isfinite(grown["cut"]), grown["cut"], 0).astype(np.int16)}


def slow(grown: dict[str, np.ndarray], *without: str) -> dict[str, np.ndarray]:
    return {name: array for name, array in grown.items() if name not in without}


PLAYERS = {
    "own": np.arange(VIEWS, dtype=np.intc),
    "pairs": np.array([0, 1, 2, 3, 0, 1], dtype=np.intc),
    "two": np.array([0, 0, 1, 1, 0, 0], dtype=np.intc),
}


@pytest.mark.parametrize("players", PLAYERS)
@pytest.mark.parametrize("depth", [0, 1, 2, 5, 7])
def test_tables_against_a_background(depth: int, players: str) -> None:
    grown, player = forest(depth=depth, seed=depth), PLAYERS[players]
    x, b = rows(4, 1), rows(7, 2)
    expected = reference.against(**slow(grown, "cover"), player=player, x=x, b=b) / 7
    codes = x.astype(np.int16), b.astype(np.int16)
    for bits in (0, 3, 7, 8):
        out = np.zeros((VIEWS, 4))
        treeshap.values(**short(grown), player=player, x=codes[0], background=codes[1], out=out, bits=bits)
        np.testing.assert_allclose(out[: len(expected)], expected, rtol=0, atol=1e-13)
        assert not out[len(expected) :].any()


@pytest.mark.parametrize("players", PLAYERS)
@pytest.mark.parametrize("depth", [0, 1, 2, 5, 7])
def test_tables_along_the_paths(depth: int, players: str) -> None:
    grown, player = forest(depth=depth, seed=depth), PLAYERS[players]
    x = rows(4, 1)
    expected = reference.along(**grown, player=player, x=x)
    for bits in (0, 3, 7, 8):
        out = np.zeros((VIEWS, 4))
        treeshap.values(
            **short(grown), player=player, x=x.astype(np.int16), background=None, out=out, bits=bits
        )
        np.testing.assert_allclose(out[: len(expected)], expected, rtol=0, atol=1e-13)


@pytest.mark.parametrize("players", PLAYERS)
@pytest.mark.parametrize("depth", [0, 1, 5, 9])
def test_pairs_and_long_ways(depth: int, players: str) -> None:
    grown, player = forest(depth=depth, split=0.7, seed=depth), PLAYERS[players]
    x, b = rows(4, 1), rows(6, 2)
    weight = np.array([[0 if a == 0 else beta(a, c) for c in range(10)] for a in range(10)])
    out = np.zeros((VIEWS, 4))
    treepairs.against(**grown, player=player, x=x, background=b, weight=weight, out=out)
    expected = reference.against(**slow(grown, "cover"), player=player, x=x, b=b)
    np.testing.assert_allclose(out[: len(expected)], expected, rtol=0, atol=1e-13)
    nodes, weights = np.polynomial.legendre.leggauss(5)
    out = np.zeros((VIEWS, 4))
    treepairs.along(**grown, player=player, x=x, t=(nodes + 1) / 2, w=weights / 2, out=out)
    expected = reference.along(**grown, player=player, x=x)
    np.testing.assert_allclose(out[: len(expected)], expected, rtol=0, atol=1e-13)


def beta(a: int, b: int) -> float:
    """Return (a - 1)! b! / (a + b)!."""
    import math

    return math.factorial(a - 1) * math.factorial(b) / math.factorial(a + b)


@pytest.mark.parametrize("players", PLAYERS)
@pytest.mark.parametrize("depth", [0, 1, 5, 9])
def test_coalitions(depth: int, players: str) -> None:
    grown, player = forest(depth=depth, split=0.7, seed=depth), PLAYERS[players]
    x, b = rows(1, 1), rows(6, 2)
    out = np.zeros((6, 1 << (int(player.max()) + 1)))
    treepairs.coalitions(**grown, player=player, x=x, background=b, out=out)
    expected = reference.coalitions(**slow(grown, "cover"), player=player, x=x[:, 0], b=b)
    np.testing.assert_allclose(out.T, expected, rtol=0, atol=1e-13)


def test_a_walk_is_the_coalition_of_all() -> None:
    grown, player = forest(depth=8, seed=3), PLAYERS["two"]
    x = rows(200, 1)
    out = np.zeros(200)
    treewalk.walk(**slow(grown, "cover"), x=x, out=out)
    everybody = [
        reference.coalitions(**slow(grown, "cover"), player=player, x=one, b=x[:, :1])[-1, 0] for one in x.T
    ]
    np.testing.assert_allclose(out, everybody, rtol=0, atol=1e-14)


def test_who_never_decides_gets_exactly_nothing() -> None:
    """A view at which all rows and background rows go the same way has not the last bit of a share."""
    grown = forest(depth=6, seed=5)
    grown["cut"] = np.where((grown["view"] == 2) & np.isfinite(grown["cut"]), 9.0, grown["cut"])
    x, b = rows(30, 1).astype(np.int16), rows(40, 2).astype(np.int16)
    out = np.zeros((VIEWS, 30))
    treeshap.values(**short(grown), player=PLAYERS["own"], x=x, background=b, out=out)
    assert not out[2].any()
    assert np.abs(out).max() > 0.1


def test_widths() -> None:
    grown = forest(depth=7, split=1.0, seed=1)
    for player in PLAYERS.values():
        found = treepairs.widths(grown["roots"], grown["child"], grown["view"], player)
        ways = [_widest(grown, player, int(root), frozenset()) for root in grown["roots"]]
        assert found.tolist() == ways


def _widest(grown: dict[str, np.ndarray], player: np.ndarray, node: int, met: frozenset[int]) -> int:
    son = int(grown["child"][node])
    if son == node:
        return len(met)
    met = met | {int(player[grown["view"][node]])}
    return max(_widest(grown, player, son, met), _widest(grown, player, son + 1, met))


def test_arrays_that_do_not_fit_are_refused() -> None:
    grown, x = forest(depth=2), rows(3, 1)
    with pytest.raises(ValueError, match="fit"):
        treeshap.values(**short(grown), player=PLAYERS["own"], x=x.astype(np.int16),
                        background=np.zeros((2, 3), dtype=np.int16), out=np.zeros((VIEWS, 3)))  # fmt: skip
    with pytest.raises(ValueError, match="fit"):
        treewalk.walk(**slow(grown, "cover"), x=x, out=np.zeros(2))
    with pytest.raises(ValueError, match="fit"):
        treepairs.coalitions(**grown, player=PLAYERS["own"], x=x, background=x, out=np.zeros((3, 4)))
    with pytest.raises(ValueError, match="fit"):
        treepairs.along(
            **grown, player=PLAYERS["own"], x=x, t=np.ones(2), w=np.ones(1), out=np.zeros((VIEWS, 3))
        )
