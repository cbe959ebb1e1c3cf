# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
r"""Honest causal trees on quantised columns: a little bag of trees on one half of the patients.

Where a node is cut stands in ``forest_split.pxd``. Here the half is drawn, divided in two for every
tree (one half chooses the cuts, the other fills the leaves), and the nodes are grown depth first.
Rows of a tree are copied side by side, so that deep nodes stay in the cache. Whole clusters are
drawn; without clusters every row is its own. All random numbers are functions of the key that is given
and of a counter: a bag does not depend on which others exist or on who grows it.
"""

import numpy as np

from forest_split cimport DENSE, Tree, below, find, mix64, part
from libc.stdint cimport int32_t, int64_t, uint8_t, uint64_t
from libc.string cimport memcpy

cdef struct Frame:
    int32_t node, lo, hi, honest_lo, honest_hi


cdef void take_half(int32_t *items, Py_ssize_t count, Py_ssize_t wanted, uint64_t key) noexcept nogil:
    """Bring a random choice of ``wanted`` items to the front."""
    cdef Py_ssize_t i, j
    for i in range(wanted):
        j = i + <Py_ssize_t>below(key, i, count - i)
        items[i], items[j] = items[j], items[i]


def draw(Py_ssize_t count, Py_ssize_t wanted, uint64_t key):
    """Draw ``wanted`` of ``count`` clusters without replacement; an array of 0 and 1."""
    if not 0 <= wanted <= count < 1 << 31:
        raise ValueError("wanted must be at most count, and count below 2^31")
    cdef int32_t[::1] items = np.arange(count, dtype=np.int32)
    cdef uint8_t[::1] drawn = np.zeros(count, dtype=np.uint8)
    cdef Py_ssize_t i
    if count:
        with nogil:
            take_half(&items[0], count, wanted, key)
            for i in range(wanted):
                drawn[items[i]] = 1
    return np.asarray(drawn)


cdef Py_ssize_t gather(Tree *t, const uint8_t[:, ::1] bins, const double[::1] w, const double[::1] y,
                       const int32_t[::1] cluster, const uint8_t *mark, int32_t *taken,
                       Py_ssize_t *honest) noexcept nogil:
    """Copy the rows of marked clusters side by side, split sample first; return their numbers."""
    cdef Py_ssize_t i, k, n = bins.shape[0], split = 0, other = 0
    cdef int32_t *spare = t.spare
    for i in range(n):
        k = mark[cluster[i]]
        taken[split] = i
        spare[other] = i
        split += k == 1
        other += k == 2
    memcpy(taken + split, spare, other * sizeof(int32_t))
    for k in range(split + other):
        i = taken[k]
        memcpy(t.x + k * t.stride, &bins[i, 0], t.stride)
        t.w[k], t.y[k], t.index[k] = w[i], y[i], k
    honest[0] = other
    return split


cdef void fill(const Tree *t, const int32_t *rows, Py_ssize_t n, double *leaf) noexcept nogil:
    cdef Py_ssize_t k
    cdef double w, y
    leaf[0] = leaf[1] = leaf[2] = leaf[3] = 0.0
    for k in range(n):
        w, y = t.w[rows[k]], t.y[rows[k]]
        leaf[0] += w
        leaf[1] += y
        leaf[2] += w * w
        leaf[3] += w * y
    for k in range(4):
        leaf[k] /= n


cdef void grow_tree(Tree *t, Frame *stack, Py_ssize_t split, Py_ssize_t honest, int32_t *nodes,
                    double *leaves, Py_ssize_t *made, Py_ssize_t *filled) noexcept nogil:
    cdef Py_ssize_t top = 0, column = 0, cut = 0, left, honest_left, count = 1, leaf = 0
    cdef Frame f
    stack[0] = Frame(0, 0, split, split, split + honest)
    while top >= 0:
        f = stack[top]
        if find(t, t.index + f.lo, f.hi - f.lo, t.index + f.honest_lo, f.honest_hi - f.honest_lo,
                &column, &cut):
            left = f.lo + part(t, t.index + f.lo, f.hi - f.lo, column, cut)
            honest_left = f.honest_lo + part(t, t.index + f.honest_lo, f.honest_hi - f.honest_lo, column, cut)
            nodes[2 * f.node], nodes[2 * f.node + 1] = count, column << 8 | cut
            stack[top] = Frame(count + 1, left, f.hi, honest_left, f.honest_hi)
            top += 1
            stack[top] = Frame(count, f.lo, left, f.honest_lo, honest_left)
            count += 2
        else:
            fill(t, t.index + f.honest_lo, f.honest_hi - f.honest_lo, leaves + 4 * leaf)
            nodes[2 * f.node], nodes[2 * f.node + 1] = -1 - leaf, 255
            leaf += 1
            top -= 1
    made[0], filled[0] = count, leaf


def grow(const uint8_t[:, ::1] bins, const uint8_t[::1] levels, const double[::1] w, const double[::1] y,
         const int32_t[::1] cluster, const uint8_t[::1] drawn, uint64_t key, Py_ssize_t trees,
         Py_ssize_t mtry, Py_ssize_t min_leaf, Py_ssize_t min_side, double alpha):
    """Grow the trees of one bag; nodes (N, 2), leaves (L, 4), and the two counts of each tree.

    A node is (first child, column << 8 | last bin that goes left); a leaf is (-1 - its number, 255).
    ``bins`` may be padded on the right; ``levels`` holds the number of bins of each real column.
    """
    cdef Py_ssize_t n = bins.shape[0], p = levels.shape[0], b, wanted, k, size = 0, most
    cdef Py_ssize_t split, honest = 0, made = 0, filled = 0, top_level = max(levels) if p else 0
    if min(w.shape[0], y.shape[0], cluster.shape[0]) != n or p > bins.shape[1] or not 1 <= mtry <= p:
        raise ValueError("arrays of the forest do not agree in shape")
    if min_leaf < 1 or not 0 <= alpha < 0.5 or n >= 1 << 24:
        raise ValueError("min_leaf, alpha or the number of rows is out of range")
    which = np.flatnonzero(drawn).astype(np.int32)
    if len(which) < 2:
        raise ValueError("a bag needs at least two clusters")
    cdef int32_t[::1] chosen = which
    cdef int32_t[::1] items = which.copy()
    cdef uint8_t[::1] mark = np.zeros(max(1, drawn.shape[0]), dtype=np.uint8)
    cdef int32_t[::1] inside = np.bincount(np.asarray(cluster), minlength=drawn.shape[0]).astype(np.int32)
    for k in range(chosen.shape[0]):
        size += inside[chosen[k]]
    cdef Tree t
    t.p, t.stride, t.mtry, t.min_leaf, t.min_side, t.alpha = p, bins.shape[1], mtry, min_leaf, min_side, alpha
    t.words = 1 if top_level <= 64 else 4
    most = size // min_leaf + 1
    cdef Py_ssize_t near = 64 * DENSE * t.words
    cdef uint8_t[::1] x = np.empty((size + near) * t.stride, dtype=np.uint8)
    cdef double[::1] real = np.empty(4 * size + 2)
    cdef int32_t[::1] whole = np.empty(3 * (n + 1) + p, dtype=np.int32)
    cdef int64_t[::1] packed = np.empty(size + p + 64 * t.words * p, dtype=np.int64)
    cdef int32_t[:, ::1] frames = np.empty((most + 1, 5), dtype=np.int32)
    cdef int32_t[:, ::1] nodes = np.empty((2 * most, 2), dtype=np.int32)
    cdef double[:, ::1] leaves = np.empty((most, 4))
    t.levels, t.x, t.near, t.w = &levels[0], &x[0], &x[size * t.stride], &real[0]
    t.y, t.inverse, t.weight = t.w + size, t.w + 2 * size, t.w + 3 * size + 1
    t.index, t.spare = &whole[0], &whole[n + 1]
    t.columns = t.spare + 2 * (n + 1)
    t.q, t.best, t.hist = &packed[0], &packed[size], &packed[size + p]
    t.inverse[0] = 0.0
    for k in range(1, size + 1):
        t.inverse[k] = 1.0 / k
    answer, counts = [], []
    for b in range(trees):
        with nogil:
            t.key, t.counter = mix64(key, 2 * b), 0
            wanted = (chosen.shape[0] + 1) // 2
            items[:] = chosen
            take_half(&items[0], chosen.shape[0], wanted, mix64(key, 2 * b + 1))
            for k in range(chosen.shape[0]):
                mark[items[k]] = 1 if k < wanted else 2
            for k in range(p):
                t.columns[k] = k
            split = gather(&t, bins, w, y, cluster, &mark[0], &whole[2 * (n + 1)], &honest)
            grow_tree(&t, <Frame *>&frames[0, 0], split, honest, &nodes[0, 0], &leaves[0, 0], &made, &filled)
        answer.append((np.array(nodes[:made]), np.array(leaves[:filled])))
        counts.append((made, filled))
    return (np.concatenate([a for a, _ in answer]), np.concatenate([a for _, a in answer]),
            np.array(counts, dtype=np.intp).reshape(-1, 2))
