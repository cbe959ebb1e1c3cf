# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Sums of trees on rows.

A node sends a row to ``child`` where its view is at most ``cut``, else to ``child + 1``; a leaf is its own
child and its cut is infinite. Eight rows walk together, so that their loads overlap. Sums run over the trees
in order, whatever the rows beside.
"""

cdef enum:
    TILE = 128
    LANES = 8

ctypedef const double *numbers
ctypedef const int *whole


cdef void together(
    whole child, whole view, numbers cut, numbers value, numbers x, Py_ssize_t stride, int root, double *out,
) noexcept nogil:
    """Walk one tree with the rows x[0 … 7]."""
    cdef int node[LANES]
    cdef int i, before, moved = 1
    for i in range(LANES):
        node[i] = root
    while moved:
        moved = 0
        for i in range(LANES):
            before = node[i]
            node[i] = child[before] + (x[view[before] * stride + i] > cut[before])
            moved |= node[i] ^ before
    for i in range(LANES):
        out[i] += value[node[i]]


cdef inline double alone(
    whole child, whole view, numbers cut, numbers value, numbers x, Py_ssize_t stride, int node,
) noexcept nogil:
    """Return the value of the leaf of row x[0]."""
    while child[node] != node:
        node = child[node] + (x[view[node] * stride] > cut[node])
    return value[node]


def walk(
    const int[::1] roots not None, const int[::1] child not None, const int[::1] view not None,
    const double[::1] cut not None, const double[::1] value not None, const double[:, ::1] x not None,
    double[::1] out not None,
):
    """Add to ``out`` the sum over the trees, for every column of ``x`` (views, rows)."""
    cdef Py_ssize_t n = x.shape[1], start, end, at, tree
    if out.shape[0] != n or not child.shape[0] == view.shape[0] == cut.shape[0] == value.shape[0]:
        raise ValueError("the arrays of walk do not fit each other")
    if n == 0 or roots.shape[0] == 0:
        return
    with nogil:
        start = 0
        while start < n:
            end = min(start + TILE, n)
            for tree in range(roots.shape[0]):
                at = start
                while at + LANES <= end:
                    together(&child[0], &view[0], &cut[0], &value[0], &x[0, at], n, roots[tree], &out[at])
                    at += LANES
                while at < end:
                    out[at] += alone(&child[0], &view[0], &cut[0], &value[0], &x[0, at], n, roots[tree])
                    at += 1
            start = end
