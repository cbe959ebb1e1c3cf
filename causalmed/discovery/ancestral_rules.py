"""Zhang's rules: marks that follow from marks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from causalmed.discovery.marks import ARROW, CIRCLE, TAIL, Marks
from causalmed.discovery.pattern import causes
from causalmed.discovery.skeleton import Separators

__all__ = ["close_under_rules"]


def close_under_rules(marks: Marks, separators: Separators) -> None:
    """Apply rules 1 to 4, then 8 to 10, until nothing changes, in place.

    Zhang J (2008). Artificial Intelligence 172, 1873–1896, section 3; rules 5 to 7 concern selection.

    Parameters
    ----------
    marks : ndarray of int8, shape (p, p)
        Colliders and background already marked.
    separators : mapping of (int, int) to frozenset of int
        What separated each pair that is apart.
    """
    while _heads_and_tails(marks) or _discriminate(marks, separators) or _tails(marks):
        pass


def _heads_and_tails(marks: Marks) -> bool:
    """Rules 1, 2 and 3."""
    changed = False
    joined = marks > 0
    for b, c in np.argwhere(marks.T == CIRCLE).tolist():  # b o-* c
        if (
            marks[c, b] == CIRCLE
            and ((marks[:, b] == ARROW) & ~joined[c] & (np.arange(len(marks)) != c)).any()
        ):
            marks[c, b], marks[b, c] = TAIL, ARROW
            changed = True
    for a, c in np.argwhere(marks == CIRCLE).tolist():  # a *-o c
        if marks[a, c] == CIRCLE and (_chain(marks, a, c) or _double_triangle(marks, a, c)):
            marks[a, c] = ARROW
            changed = True
    return changed


def _chain(marks: Marks, a: int, c: int) -> bool:
    """Rule 2: a → b *→ c, or a *→ b → c."""
    arrow, head = causes(marks), marks == ARROW
    return bool(((arrow[a] & head[:, c]) | (head[a] & arrow[:, c])).any())


def _double_triangle(marks: Marks, d: int, b: int) -> bool:
    """Rule 3: a *→ b ←* c, a *-o d o-* c, a and c apart, d *-o b."""
    both = np.flatnonzero((marks[:, b] == ARROW) & (marks[:, d] == CIRCLE))
    apart = marks[np.ix_(both, both)] == 0
    return bool((apart & ~np.eye(len(both), dtype=bool)).any())


def _discriminate(marks: Marks, separators: Separators) -> bool:
    """Rule 4: a path that tells whether its last node but one is a collider."""
    changed = False
    for c, b in np.argwhere(marks == CIRCLE).tolist():  # b o-* c
        for a in np.flatnonzero(causes(marks)[:, c] & (marks[b] == ARROW)).tolist():
            end = _discriminating_end(marks, a, b, c)
            if marks[c, b] != CIRCLE or end is None:
                continue
            pair = (min(end, c), max(end, c))
            if pair not in separators:
                continue
            if b in separators[pair]:
                marks[c, b], marks[b, c] = TAIL, ARROW
            else:
                marks[a, b] = marks[b, a] = marks[b, c] = marks[c, b] = ARROW
            changed = True
    return changed


def _discriminating_end(marks: Marks, a: int, b: int, c: int) -> int | None:
    """Return the far end of a discriminating path (…, a, b, c) for b, a → c; None where there is none."""
    into_c = causes(marks)[:, c]
    queue, seen = [a], {a, b, c}
    for v in queue:
        for u in np.flatnonzero(marks[:, v] == ARROW).tolist():
            if u in seen:
                continue
            if not marks[u, c]:
                return int(u)
            if into_c[u] and marks[v, u] == ARROW:
                seen.add(u)
                queue.append(u)
    return None


def _tails(marks: Marks) -> bool:
    """Rules 8, 9 and 10: a o→ c becomes a → c."""
    changed = False
    for c, a in np.argwhere((marks == CIRCLE) & (marks.T == ARROW)).tolist():
        if _behind(marks, a, c) or _uncovered(marks, a, c) or _two_ways(marks, a, c):
            marks[c, a] = TAIL
            changed = True
    return changed


def _behind(marks: Marks, a: int, c: int) -> bool:
    """Rule 8: a → b → c, or a -o b → c."""
    leaves = (marks[:, a] == TAIL) & ((marks[a] == ARROW) | (marks[a] == CIRCLE))
    return bool((leaves & causes(marks)[:, c]).any())


def _uncovered(marks: Marks, a: int, c: int) -> bool:
    """Rule 9: an uncovered potentially directed path a, b, …, c with b and c apart."""
    starts = [b for b in _onward(marks, a) if b != c and not marks[b, c]]
    return any(_leads(marks, (a, b), c) for b in starts)


def _two_ways(marks: Marks, a: int, c: int) -> bool:
    """Rule 10: b → c ← d, and uncovered potentially directed paths from a to b and to d that start apart."""
    parents = np.flatnonzero(causes(marks)[:, c]).tolist()
    starts = [m for m in _onward(marks, a) if m != c]
    towards = {b: [m for m in starts if m == b or _leads(marks, (a, m), b)] for b in parents if b != a}
    return any(
        m != w and not marks[m, w]
        for b, firsts in towards.items()
        for d, others in towards.items()
        if b < d
        for m in firsts
        for w in others
    )


def _onward(marks: Marks, v: int) -> Iterator[int]:
    """Yield the nodes that v may cause as far as the marks of the edge say."""
    yield from np.flatnonzero((marks[v] > 0) & (marks[v] != TAIL) & (marks[:, v] != ARROW)).tolist()


def _leads(marks: Marks, path: tuple[int, ...], goal: int) -> bool:
    """Whether a potentially directed path, every three in a row uncovered, continues to the goal."""
    stack = [path]
    while stack:
        trail = stack.pop()
        before, last = trail[-2], trail[-1]
        if last == goal:
            return True
        stack += [(*trail, w) for w in _onward(marks, last) if w not in trail and not marks[before, w]]
    return False
