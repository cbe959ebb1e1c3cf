"""Which pairs are joined: edges removed where some set makes the two independent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from causalmed.discovery.background import Background
from causalmed.discovery.compiled import Batch, compiled
from causalmed.discovery.independence import IndependenceTest

__all__ = ["Separators", "Skeleton", "clearest", "find_skeleton"]

_MOST_REFINED: Final = 3

Separators = Mapping[tuple[int, int], frozenset[int]]
"""Pair (smaller number first) → a set that separates it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Skeleton:
    """Joined pairs, and what separates the others.

    Parameters
    ----------
    adjacent : ndarray of bool, shape (p, p)
        Symmetric.
    separators : mapping of (int, int) to frozenset of int
        Pair, smaller number first → the set that separated it.
    """

    adjacent: NDArray[np.bool_]
    separators: Separators


def find_skeleton(
    test: IndependenceTest,
    known: Background,
    *,
    alpha: float,
    max_given: int | None,
    sufficient: bool,
) -> Skeleton:
    """Remove edges by tests given more and more neighbours.

    All tests of one size see the neighbours from before that size, so the answer does not depend on the
    order of the variables (Colombo and Maathuis 2014, JMLR 15, 3921–3962, PC-stable).

    Parameters
    ----------
    test : IndependenceTest
        The test.
    known : Background
        Tiers, required and forbidden arrows.
    alpha : float
        Level of each test.
    max_given : int or None
        Largest conditioning set; None: as large as the neighbourhoods.
    sufficient : bool
        Nothing is hidden: a pair of which neither may cause the other is not joined.
    """
    p = known.size
    adjacent = ~np.eye(p, dtype=bool)
    if sufficient:
        adjacent &= ~known.apart
    separators: dict[tuple[int, int], frozenset[int]] = {}
    kept, fast, size = known.kept, compiled(test, alpha), 0
    while size <= (p - 2 if max_given is None else max_given) and adjacent.sum(axis=1).max(initial=0) > size:
        before = [np.flatnonzero(row).tolist() for row in adjacent]
        pairs = [pair for pair in combinations(range(p), 2) if adjacent[pair] and not kept[pair]]
        for (x, y), found in zip(
            pairs, _separators(test, fast, known, pairs, before, size, alpha), strict=True
        ):
            if found is not None:
                separators[x, y] = found
                adjacent[x, y] = adjacent[y, x] = False
        size += 1
    return Skeleton(adjacent=adjacent, separators=separators)


def _separators(
    test: IndependenceTest,
    fast: Batch | None,
    known: Background,
    pairs: Sequence[tuple[int, int]],
    before: Sequence[list[int]],
    size: int,
    alpha: float,
) -> list[frozenset[int] | None]:
    """Look for a separating set of one size, pair by pair: all at once where the kernel can."""
    answer = fast(pairs, before, known.rank, size) if fast is not None else None
    if answer is not None:
        return answer
    return [first_separator(test, x, y, _sets(known, before, x, y, size), alpha) for x, y in pairs]


def _sets(
    known: Background, before: Sequence[list[int]], x: int, y: int, size: int
) -> Iterable[tuple[int, ...]]:
    seen: set[tuple[int, ...]] = set()
    for one, other in ((x, y), (y, x)):
        near = known.usable(x, y, [v for v in before[one] if v != other])
        for chosen in combinations(near, size):
            if chosen not in seen:
                seen.add(chosen)
                yield chosen


def clearest(
    skeleton: Skeleton, test: IndependenceTest, known: Background, max_given: int | None
) -> Skeleton:
    """Replace each separator that decides about a collider by the set with the largest p-value.

    The first set that separates is often one that merely failed to show a weak dependence; whether the
    node between is in the *clearest* one errs less (Ramsey 2016, arXiv 1610.00378, PC-Max).
    """
    adjacent, separators = skeleton.adjacent, dict(skeleton.separators)
    near = [np.flatnonzero(row).tolist() for row in adjacent]
    most = _MOST_REFINED if max_given is None else min(max_given, _MOST_REFINED)
    for (x, y), first in skeleton.separators.items():
        if not (adjacent[x] & adjacent[y]).any():
            continue
        best, top = first, test.p_value(x, y, tuple(sorted(first)))
        for size in range(most + 1):
            for given in _sets(known, near, x, y, size):
                p = test.p_value(x, y, given)
                if p > top:
                    best, top = frozenset(given), p
        separators[x, y] = best
    return Skeleton(adjacent=adjacent, separators=separators)


def first_separator(
    test: IndependenceTest, x: int, y: int, sets: Iterable[tuple[int, ...]], alpha: float
) -> frozenset[int] | None:
    """Return the first of some sets given which two variables look independent; None where none is."""
    return next((frozenset(given) for given in sets if test.p_value(x, y, given) > alpha), None)
