"""The FCI algorithm: what can be told when causes may be hidden."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, combinations

import numpy as np

from causalmed.discovery.ancestral_rules import close_under_rules
from causalmed.discovery.background import Background
from causalmed.discovery.independence import IndependenceTest
from causalmed.discovery.marks import ARROW, CIRCLE, TAIL, Marks
from causalmed.discovery.pattern import colliders
from causalmed.discovery.skeleton import Skeleton, clearest, find_skeleton, first_separator

__all__ = ["ancestral_marks"]


def ancestral_marks(
    test: IndependenceTest, known: Background, *, alpha: float, max_given: int | None
) -> Marks:
    """Return the marks of a partial ancestral graph.

    Spirtes, Glymour and Scheines (2000), section 6.7; rules 1 to 4 and 8 to 10 of Zhang (2008),
    Artificial Intelligence 172, 1873–1896. Selection into the cohort is assumed away, so the rules for
    undirected edges have nothing to do. With ``max_given`` every mark is still right (Spirtes 2001,
    AISTATS, anytime FCI), and fewer edges may be removed.

    Parameters
    ----------
    test : IndependenceTest
        The test.
    known : Background
        Tiers, required and forbidden arrows.
    alpha : float
        Level of each test.
    max_given : int or None
        Largest conditioning set.
    """
    first = find_skeleton(test, known, alpha=alpha, max_given=max_given, sufficient=False)
    marks = _start(first, known)
    skeleton = _prune(test, known, first, marks, alpha=alpha, max_given=max_given)
    skeleton = clearest(skeleton, test, known, max_given)
    marks = _start(skeleton, known)
    close_under_rules(marks, skeleton.separators)
    return marks


def _start(skeleton: Skeleton, known: Background) -> Marks:
    """Mark what is known before, then the colliders."""
    marks: Marks = np.where(skeleton.adjacent, CIRCLE, 0).astype(np.int8)
    marks[skeleton.adjacent & known.barred.T] = ARROW
    out = skeleton.adjacent & known.outside[:, None] & ~known.outside[None, :]
    marks[out], marks.T[out] = ARROW, TAIL
    for i, j in np.argwhere(known.required):
        marks[i, j], marks[j, i] = ARROW, TAIL
    for a, b, c in colliders(skeleton):
        if TAIL not in (marks[a, b], marks[c, b]):
            marks[a, b] = marks[c, b] = ARROW
    return marks


def _prune(
    test: IndependenceTest,
    known: Background,
    skeleton: Skeleton,
    marks: Marks,
    *,
    alpha: float,
    max_given: int | None,
) -> Skeleton:
    """Test each edge given the nodes that colliders may lead to, which the first skeleton left out."""
    adjacent, separators = skeleton.adjacent.copy(), dict(skeleton.separators)
    reach = [possible_separators(marks, v) for v in range(known.size)]
    for x, y in combinations(range(known.size), 2):
        if not adjacent[x, y] or known.kept[x, y]:
            continue
        tried = {
            frozenset(np.flatnonzero(skeleton.adjacent[x]).tolist()) - {y},
            frozenset(np.flatnonzero(skeleton.adjacent[y]).tolist()) - {x},
        }
        pools = [known.usable(x, y, sorted(reach[end] - {x, y})) for end in (x, y)]
        sets = (given for given in _subsets(pools, max_given) if not any(set(given) <= old for old in tried))
        found = first_separator(test, x, y, sets, alpha)
        if found is not None:
            adjacent[x, y] = adjacent[y, x] = False
            separators[x, y] = found
    return Skeleton(adjacent=adjacent, separators=separators)


def _subsets(pools: list[list[int]], most: int | None) -> Iterator[tuple[int, ...]]:
    longest = max(map(len, pools))
    for size in range(1, (longest if most is None else min(longest, most)) + 1):
        yield from dict.fromkeys(chain.from_iterable(combinations(pool, size) for pool in pools))


def possible_separators(marks: Marks, start: int) -> set[int]:
    """Return Possible-D-SEP: nodes reached through colliders and triangles only."""
    joined = marks > 0
    queue = [(start, w) for w in np.flatnonzero(joined[start]).tolist()]
    seen = set(queue)
    for a, b in queue:
        for c in np.flatnonzero(joined[b]).tolist():
            passes = joined[a, c] or (marks[a, b] == ARROW and marks[c, b] == ARROW)
            if c not in (a, start) and passes and (b, c) not in seen:
                seen.add((b, c))
                queue.append((b, c))
    return {b for _, b in queue} - {start}
