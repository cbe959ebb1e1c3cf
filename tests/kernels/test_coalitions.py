"""The kernel of tree risks in all worlds at once against its slow twin."""

from __future__ import annotations

import numpy as np
import pytest

from causalmed._kernels import coalitions as kernel
from causalmed._kernels import reference_coalitions as reference

PLAYERS = 5


def tree(
    rng: np.random.Generator, views: int, depth: int, start: int
) -> tuple[list[int], list[int], list[float]]:
    """Grow a random tree in breadth-first order, brothers together."""
    child, view, cut = [start], [0], [np.inf]
    waiting = [(0, 0)]
    while waiting:
        at, level = waiting.pop(0)
        if level < depth and rng.random() < 0.85:
            child[at] = start + len(child)
            view[at], cut[at] = int(rng.integers(views)), float(rng.normal())
            for _ in range(2):
                child.append(start + len(child))
                view.append(0)
                cut.append(np.inf)
                waiting.append((len(child) - 1, level + 1))
    return child, view, cut


def problem(seed: int, draws: int = 11):
    rng = np.random.default_rng(seed)
    inside, outside, first = [], [], [0]
    for player in range(PLAYERS):
        cubes = [(1 << player, 0)]  # the patient's own value, then others by who is absent or present above
        rest = 1 << player
        if player:
            other = 1 << int(rng.integers(player))
            cubes += [(other, rest), (0, rest | other)]
        else:
            cubes += [(0, rest)]
        inside += [a for a, _ in cubes]
        outside += [b for _, b in cubes]
        first.append(len(inside))
    inside.append(0)  # a view without a player: one value for all
    outside.append(0)
    first.append(len(inside))
    child, view, cut, roots = [], [], [], []
    for _ in range(7):
        roots.append(len(child))
        some = tree(rng, PLAYERS + 1, int(rng.integers(1, 6)), len(child))
        child, view, cut = child + some[0], view + some[1], cut + some[2]
    whole = [np.array(x, dtype=np.int32) for x in (roots, child, view)]
    bits = [np.array(x, dtype=np.uint32) for x in (inside, outside)]
    values = rng.normal(size=len(child))
    seen = rng.normal(size=(draws, len(inside)))
    return [*whole, np.array(cut), values, np.array(first, dtype=np.int32), *bits, seen]


@pytest.mark.parametrize("seed", range(8))
def test_kernel_and_twin_agree(seed: int) -> None:
    arrays = problem(seed)
    out = np.zeros((11, 1 << PLAYERS))
    kernel.margins(*arrays, out, PLAYERS)
    np.testing.assert_allclose(out, reference.margins(*arrays, PLAYERS), atol=1e-12)


def test_a_draw_does_not_depend_on_those_beside_it() -> None:
    arrays = problem(3)
    together, alone = np.zeros((11, 1 << PLAYERS)), np.zeros((1, 1 << PLAYERS))
    kernel.margins(*arrays, together, PLAYERS)
    kernel.margins(*arrays[:-1], arrays[-1][6:7].copy(), alone, PLAYERS)
    np.testing.assert_array_equal(together[6], alone[0])


@pytest.mark.parametrize(
    ("which", "change"),
    [
        (0, lambda a: a + 10_000),
        (1, lambda a: a * 0),
        (2, lambda a: a + 90),
        (3, lambda a: a[:-1].copy()),
        (5, lambda a: a + 1),
        (6, lambda a: a | 64),
        (6, lambda a: a * 0),
        (7, lambda a: a[:-1].copy()),
        (8, lambda a: a[:, :-1].copy()),
    ],
)
def test_what_would_read_beyond_its_arrays_is_refused(which: int, change) -> None:
    arrays = problem(1)
    arrays[which] = change(arrays[which])
    with pytest.raises(ValueError, match=r"."):
        kernel.margins(*arrays, np.zeros((11, 1 << PLAYERS)), PLAYERS)
