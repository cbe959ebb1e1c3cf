"""The PC algorithm: from a skeleton to the pattern of all graphs that fit, where nothing is hidden."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from causalmed.discovery.background import Background
from causalmed.discovery.marks import ARROW, TAIL, Marks
from causalmed.discovery.skeleton import Skeleton

__all__ = ["causes", "close_under_meek", "oriented_pattern"]


def oriented_pattern(skeleton: Skeleton, known: Background) -> Marks:
    """Direct what the separators and the background direct.

    Spirtes, Glymour and Scheines (2000), section 5.4.2; Meek (1995), UAI 11, 403–410. What was known
    comes first; an arrow that would contradict one drawn before, or close a circle, is not drawn.

    Parameters
    ----------
    skeleton : Skeleton
        Joined pairs and separators.
    known : Background
        Tiers, required and forbidden arrows.

    Returns
    -------
    ndarray of int8, shape (p, p)
        Marks; an edge left open has tails at both ends.
    """
    marks: Marks = np.where(skeleton.adjacent, TAIL, 0).astype(np.int8)
    for i, j in np.argwhere(skeleton.adjacent & (known.required | known.barred.T)):
        _direct(marks, int(i), int(j), known)
    for a, b, c in colliders(skeleton):
        if _may_direct(marks, a, b, known) and _may_direct(marks, c, b, known):
            _direct(marks, a, b, known)
            _direct(marks, c, b, known)
    close_under_meek(marks, known)
    return marks


def colliders(skeleton: Skeleton) -> list[tuple[int, int, int]]:
    """List the triples a → b ← c: a and c apart, both joined to b, and b not in what separates them."""
    adjacent = skeleton.adjacent
    found = []
    for a, c in combinations(range(len(adjacent)), 2):
        if adjacent[a, c] or (a, c) not in skeleton.separators:
            continue
        both = np.flatnonzero(adjacent[a] & adjacent[c]).tolist()
        found += [(a, b, c) for b in both if b not in skeleton.separators[a, c]]
    return found


def causes(marks: Marks) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    """Return the table of directed edges, entry (i, j): i → j."""
    return np.asarray((marks == ARROW) & (marks.T == TAIL))


def close_under_meek(marks: Marks, known: Background) -> None:
    """Direct every edge whose other direction would make a new collider or a circle, in place."""
    changed = True
    while changed:
        changed = False
        open_edges = np.argwhere((marks == TAIL) & (marks.T == TAIL))
        for b, c in open_edges.tolist():
            still = marks[b, c] == TAIL and marks[c, b] == TAIL
            if still and _forced(marks, b, c) and _may_direct(marks, b, c, known):
                _direct(marks, b, c, known)
                changed = True


def _forced(marks: Marks, b: int, c: int) -> bool:
    """Whether Meek's rules direct b → c."""
    arrow, joined = causes(marks), marks > 0
    into_b, from_b, into_c = arrow[:, b], arrow[b], arrow[:, c]
    if (into_b & ~joined[c]).any():  # rule 1: a → b, a and c apart
        return True
    if (from_b & into_c).any():  # rule 2: b → k → c
        return True
    beside = (marks[b] == TAIL) & (marks[:, b] == TAIL)
    for k, m in combinations(np.flatnonzero(beside & into_c).tolist(), 2):  # rule 3: two apart, both into c
        if not joined[k, m]:
            return True
    # rule 4: b - k → m → c, b joined to m, k and c apart
    for k in np.flatnonzero(beside & ~joined[c]).tolist():
        if k != c and (arrow[k] & into_c & joined[b]).any():
            return True
    return False


def _may_direct(marks: Marks, i: int, j: int, known: Background) -> bool:
    if marks[j, i] == ARROW or known.barred[i, j]:
        return False
    return bool(marks[i, j] == ARROW) or not _reaches(marks, j, i)


def _direct(marks: Marks, i: int, j: int, known: Background) -> None:
    if _may_direct(marks, i, j, known):
        marks[i, j], marks[j, i] = ARROW, TAIL


def _reaches(marks: Marks, start: int, goal: int) -> bool:
    arrow = causes(marks)
    seen, queue = {start}, [start]
    for v in queue:
        for w in np.flatnonzero(arrow[v]).tolist():
            if w == goal:
                return True
            if w not in seen:
                seen.add(w)
                queue.append(w)
    return False
