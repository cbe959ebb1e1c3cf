# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
r"""Greedy pairs on one sorted score, each unexposed row used once.

Exposed rows choose in the order of falling score, equal scores in the order in which they came; each takes
the nearest free unexposed row of its stratum, the lower score where two are equally near, the first that
came among equal scores. Free rows are found by two disjoint-set forests with path halving, one that leads
down and one that leads up: O(n log n) at worst, O(n) in practice (Tarjan RE 1975. J ACM 22:215-225).
"""

import numpy as np

ctypedef long long whole

cdef whole FAR = 1LL << 62


cdef inline Py_ssize_t free_at(Py_ssize_t[::1] next_free, Py_ssize_t at) noexcept nogil:
    """Return the nearest free row from ``at`` on, halving the path that leads there."""
    while next_free[at] != at:
        next_free[at] = next_free[next_free[at]]
        at = next_free[at]
    return at


def pairs(
    const whole[::1] keys not None, const unsigned char[::1] exposed not None,
    const Py_ssize_t[::1] starts not None, whole caliper=FAR - 1,
):
    """Return the unexposed row that each exposed one is given, highest score first, each once; -1: none."""
    cdef Py_ssize_t n = keys.shape[0], s, i, lo, hi, below, above, chosen, top
    if exposed.shape[0] != n or (n and np.asarray(exposed).max() > 1):
        raise ValueError(f"exposed must be 0 or 1 in each of the {n} rows of the keys")
    borders = np.asarray(starts)
    if len(borders) < 1 or borders[0] != 0 or borders[len(borders) - 1] != n or (np.diff(borders) < 0).any():
        raise ValueError(f"starts must rise from 0 to {n}")
    # one place before and one after the rows: 0 and n + 1 are always free and mean that there is none
    cdef Py_ssize_t[::1] down = np.arange(n + 2, dtype=np.intp), up = np.arange(n + 2, dtype=np.intp)
    cdef Py_ssize_t[::1] partner = np.full(n, -1, dtype=np.intp), same = np.arange(n, dtype=np.intp)
    cdef whole far, near
    with nogil:
        for i in range(n):
            if exposed[i]:
                down[i + 1], up[i + 1] = i, i + 2
            if i and keys[i] == keys[i - 1]:
                same[i] = same[i - 1]
        for s in range(starts.shape[0] - 1):
            lo, hi = starts[s], starts[s + 1]
            top = hi
            while top > lo:
                # equal scores in the order in which they came
                for i in range(max(lo, same[top - 1]), top):
                    if not exposed[i]:
                        continue
                    below, above = free_at(down, i + 1) - 1, free_at(up, i + 1) - 1
                    far = keys[i] - keys[below] if below >= lo else FAR
                    near = keys[above] - keys[i] if above < hi else FAR
                    if min(far, near) > caliper:
                        continue
                    chosen = above if near < far else free_at(up, max(lo, same[below]) + 1) - 1
                    partner[i] = chosen
                    down[chosen + 1], up[chosen + 1] = chosen, chosen + 2
                top = max(lo, same[top - 1])
    return np.asarray(partner)
