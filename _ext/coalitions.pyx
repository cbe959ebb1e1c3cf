# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""A sum of trees on one patient in every world at once: one number a draw of the noise and coalition.

Which value of a column a tree gets to see depends on the coalition S through a cube of coalitions: those
that hold all of ``inside`` and none of ``outside``. The cubes of one column do not overlap. A tree is walked
once a draw, with the cube of coalitions that came this way; where all values that are still possible go the
same way, nothing is decided, else the cube is divided by one player. A leaf of value v then belongs to a cube
(I, O), and

    v [S holds I, S meets no member of O] = sum over T in O of (-1)^|T| v [S holds I and T],

so v is put at the sets I + T, with its signs, and one sum over subsets at the end gives all coalitions.
"""

import numpy as np

from libc.stdint cimport int32_t, uint32_t

cdef extern from *:
    """
    #define odd(x) (__builtin_popcount(x) & 1)
    """
    int odd(uint32_t x) noexcept nogil

ctypedef struct forest_t:
    const int32_t *child
    const int32_t *view
    const double *cut
    const double *value
    const int32_t *first          # view -> its first value; one more than there are views
    const uint32_t *inside
    const uint32_t *outside


cdef void walk(
    const forest_t *f, const double *seen, const double *ends, double *out, int32_t node, uint32_t held,
    uint32_t absent,
) noexcept nogil:
    """Send the coalitions that hold ``held`` and lack ``absent`` down from a node."""
    cdef int32_t v, k, left, right
    cdef uint32_t bit, part
    cdef double cut
    while f.child[node] != node:
        v, cut = f.view[node], f.cut[node]
        if cut >= ends[2 * v + 1] or cut < ends[2 * v]:     # whatever the coalition
            node = f.child[node] + (cut < ends[2 * v])
            continue
        left, right = -1, -1
        for k in range(f.first[v], f.first[v + 1]):
            if not (f.inside[k] & absent) and not (f.outside[k] & held):
                if seen[k] > cut:
                    right = k
                else:
                    left = k
                if left >= 0 and right >= 0:
                    break
        if left < 0 or right < 0:
            node = f.child[node] + (right >= 0)
            continue
        bit = (f.inside[left] & f.outside[right]) | (f.outside[left] & f.inside[right])
        bit &= -bit                               # one player whose presence tells the two apart
        walk(f, seen, ends, out, node, held | bit, absent)
        absent |= bit
    part = absent
    while True:
        out[held | part] += -f.value[node] if odd(part) else f.value[node]
        if not part:
            return
        part = (part - 1) & absent


cdef void find_ends(const forest_t *f, const double *seen, double *ends, Py_ssize_t views) noexcept nogil:
    """Write the least and the greatest value of each view."""
    cdef Py_ssize_t v, k
    for v in range(views):
        ends[2 * v] = ends[2 * v + 1] = seen[f.first[v]]
        for k in range(f.first[v] + 1, f.first[v + 1]):
            ends[2 * v] = min(ends[2 * v], seen[k])
            ends[2 * v + 1] = max(ends[2 * v + 1], seen[k])


cdef void over_subsets(double *out, int players) noexcept nogil:
    """Replace each number by the sum over all subsets of its set."""
    cdef Py_ssize_t size = 1 << players, half, start, s
    cdef int j
    for j in range(players):
        half = 1 << j
        for start from 0 <= start < size by 2 * half:
            for s in range(start, start + half):
                out[s + half] += out[s]


def margins(
    const int32_t[::1] roots not None, const int32_t[::1] child not None, const int32_t[::1] view not None,
    const double[::1] cut not None, const double[::1] value not None, const int32_t[::1] first not None,
    const uint32_t[::1] inside not None, const uint32_t[::1] outside not None,
    const double[:, ::1] seen not None, double[:, ::1] out not None, int players,
):
    """Add the sum of the trees to ``out``, shape (draws, 2^players), which starts at 0.

    ``seen`` holds a line a draw: the values of each view one after the other. Two values of a view whose
    cubes overlap are refused.
    """
    cdef Py_ssize_t nodes = child.shape[0], values = inside.shape[0], views = first.shape[0] - 1
    cdef Py_ssize_t i, k, t, u, block
    cdef uint32_t everybody
    if not 0 <= players <= 20 or out.shape[1] != 1 << players or out.shape[0] != seen.shape[0]:
        raise ValueError("out has a line a draw and a number a coalition of at most 20 players")
    if views < 0 or first[0] != 0 or first[views] != values or outside.shape[0] != values:
        raise ValueError("first counts the values of each view")
    if seen.shape[1] != values or not view.shape[0] == cut.shape[0] == value.shape[0] == nodes:
        raise ValueError("arrays of nodes, or of values, differ in length")
    everybody = <uint32_t>((1 << players) - 1)
    for i in range(views):
        if not 0 <= first[i] < first[i + 1] <= values:
            raise ValueError(f"view {i} has no value")
        for k in range(first[i], first[i + 1]):
            for t in range(first[i], k):
                if not (inside[k] & outside[t]) and not (outside[k] & inside[t]):
                    raise ValueError(f"view {i} has two values for one coalition")
    for i in range(values):
        if (inside[i] | outside[i]) & ~everybody or inside[i] & outside[i]:
            raise ValueError(f"value {i} has a cube of players that are not there")
    for i in range(nodes):
        if not (child[i] == i or (i < child[i] and child[i] + 1 < nodes)) or not 0 <= view[i] < views:
            raise ValueError(f"node {i} leads to what is not there")
    for i in range(roots.shape[0]):
        if not 0 <= roots[i] < nodes:
            raise ValueError(f"tree {i} has no root")
    if not seen.shape[0] or not nodes:
        return
    cdef double[:, ::1] ends = np.empty((8, 2 * views))
    cdef forest_t f
    f.child, f.view, f.cut, f.value = &child[0], &view[0], &cut[0], &value[0]
    f.first, f.inside, f.outside = &first[0], &inside[0], &outside[0]
    with nogil:
        for block from 0 <= block < seen.shape[0] by 8:
            for u in range(block, min(block + 8, seen.shape[0])):
                find_ends(&f, &seen[u, 0], &ends[u - block, 0], views)
            for t in range(roots.shape[0]):
                for u in range(block, min(block + 8, seen.shape[0])):
                    walk(&f, &seen[u, 0], &ends[u - block, 0], &out[u, 0], roots[t], 0, 0)
            for u in range(block, min(block + 8, seen.shape[0])):
                over_subsets(&out[u, 0], players)
