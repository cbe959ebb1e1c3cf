# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
r"""What a forest of little bags says about each row, as sums over the bags.

A bag g holds two trees. A row falls into a leaf of each, with honest means m_1 and m_2 of
(w, y, w^2, w y); let b = (m_1 + m_2) / 2 and d = (m_1 - m_2) / 2. Over the bags whose half-sample does
not hold the row (all bags for new rows) the sums

    1,  b (4),  b b' (10),  d d' (10)

are kept: the effect and its little-bags variance are arithmetic on them, and no leaf is stored twice.
Upper triangles go row by row. Eight rows walk down a tree side by side, so that the processor waits for
eight nodes at once.
"""

import numpy as np

from libc.stdint cimport int32_t, uint8_t

cdef extern from *:
    r"""
    #include <stdint.h>
    #define LANES 8
    static void walk(const int32_t *nodes, const uint8_t *x, Py_ssize_t stride, const int32_t *rows,
                     Py_ssize_t n, int32_t *leaf) {
        for (Py_ssize_t i = 0; i < n; i += LANES) {
            const uint8_t *at[LANES];
            int32_t here[LANES], moved;
            for (int k = 0; k < LANES; k++) {
                at[k] = x + rows[i + k < n ? i + k : n - 1] * stride;
                here[k] = 0;
            }
            do {
                moved = 0;
                for (int k = 0; k < LANES; k++) {
                    int32_t child = nodes[2 * here[k]], rule = nodes[2 * here[k] + 1];
                    int32_t next = child + (at[k][rule >> 8] > (rule & 255));
                    next = child < 0 ? here[k] : next;
                    moved |= next ^ here[k];
                    here[k] = next;
                }
            } while (moved);
            for (int k = 0; k < LANES && i + k < n; k++) leaf[i + k] = -1 - nodes[2 * here[k]];
        }
    }
    static inline void add_pair(const double *one, const double *two, double *sums) {
        double b[4], d[4];
        for (int j = 0; j < 4; j++) { b[j] = 0.5 * (one[j] + two[j]); d[j] = 0.5 * (one[j] - two[j]); }
        sums[0] += 1.0;
        for (int j = 0, at = 5; j < 4; j++) {
            sums[1 + j] += b[j];
            for (int k = j; k < 4; k++, at++) { sums[at] += b[j] * b[k]; sums[at + 10] += d[j] * d[k]; }
        }
    }
    """
    void walk(const int32_t *nodes, const uint8_t *x, Py_ssize_t stride, const int32_t *rows, Py_ssize_t n,
              int32_t *leaf) noexcept nogil
    void add_pair(const double *one, const double *two, double *sums) noexcept nogil


cdef Py_ssize_t outside(const uint8_t[:, ::1] drawn, Py_ssize_t bag, const int32_t[::1] cluster,
                        int32_t *rows) noexcept nogil:
    """List the rows whose cluster the bag did not draw."""
    cdef Py_ssize_t i, c, count = 0
    for i in range(cluster.shape[0]):
        c = cluster[i]
        rows[count] = i
        count += not (drawn[bag, c >> 3] >> (c & 7)) & 1
    return count


def moments(const uint8_t[:, ::1] bins, const int32_t[:, ::1] nodes, const Py_ssize_t[::1] node_starts,
            const double[:, ::1] leaves, const Py_ssize_t[::1] leaf_starts, const uint8_t[:, ::1] drawn,
            const int32_t[::1] cluster):
    """Sum the moments of the bags for each row, shape (rows, 25).

    ``drawn`` (bags, bits of the clusters, lowest first) and ``cluster`` leave out, for each row, the
    bags that saw it; None: no bag is left out.
    """
    cdef Py_ssize_t n = bins.shape[0], bags = (node_starts.shape[0] - 1) // 2, g, i, r, count = n
    cdef bint out_of_bag = drawn is not None
    cdef const int32_t *tree
    if leaf_starts.shape[0] != node_starts.shape[0] or nodes.shape[1] != 2 or leaves.shape[1] != 4:
        raise ValueError("arrays of the forest do not agree in shape")
    if out_of_bag and (cluster is None or cluster.shape[0] != n or drawn.shape[0] != bags):
        raise ValueError("drawn and cluster do not agree with the forest and the rows")
    cdef double[:, ::1] sums = np.zeros((n, 25))
    cdef int32_t[::1] rows = np.arange(n + 1, dtype=np.int32)
    cdef int32_t[:, ::1] leaf = np.empty((2, n + 1), dtype=np.int32)
    cdef const double *one
    cdef const double *two
    if not n:
        return np.asarray(sums)
    with nogil:
        for g in range(bags):
            if out_of_bag:
                count = outside(drawn, g, cluster, &rows[0])
            for i in range(2):
                tree = &nodes[node_starts[2 * g + i], 0]
                walk(tree, &bins[0, 0], bins.shape[1], &rows[0], count, &leaf[i, 0])
            for i in range(count):
                r = rows[i]
                one = &leaves[leaf_starts[2 * g] + leaf[0, i], 0]
                two = &leaves[leaf_starts[2 * g + 1] + leaf[1, i], 0]
                add_pair(one, two, &sums[r, 0])
    return np.asarray(sums)
