# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
r"""Tests of independence for the search of a skeleton, one size of the conditioning sets at a time.

For each pair (x, y) the sets of ``depth`` neighbours of x are tried in lexicographic order, then those of y
that hold a node which x's have not; the first given which the two look independent is returned. A node of a
later tier than both is no neighbour. Three tests answer:

    partial correlation   r from the Cholesky factor of the correlations of (S, x, y); |r| < cut
    G2, yes/no columns    one bit a row; 4 counts a stratum by population count
    G2, any levels        one count a cell

G2 = 2 sum (c log c of cells - of rows - of columns + of strata), c log c from a table; a stratum with r rows
and c columns that are not empty brings (r - 1)(c - 1) degrees of freedom; independent: G2 < cut[freedom].
"""

import numpy as np

from libc.math cimport fabs, sqrt
from libc.stdint cimport int64_t, uint64_t
from libc.string cimport memset

from tally cimport popcnt_available, tally_base, tally_popcnt

cdef enum:
    MOST = 16  # largest conditioning set

ctypedef struct Given:
    int kind, depth, fast
    const double *r                # correlations
    Py_ssize_t p
    double *work                   # (depth + 2)^2
    double cut
    const uint64_t *bits           # one bit a row; the last row of it marks the rows that exist
    Py_ssize_t words
    const unsigned char *codes     # (p, n)
    const int *levels
    Py_ssize_t n
    int *cell                      # (depth + 1, n): cell of each row by x, y and the first k of the set
    int known[18]                  # x, y and the set for which cell holds
    int64_t *counts
    const double *table            # c log c
    const double *cuts             # by degrees of freedom


cdef bint small_correlation(Given *g, const int *v) noexcept nogil:
    """Say whether the partial correlation of the last two of v given the others is below the cut."""
    cdef int size = g.depth + 2, i, j, k
    cdef double *L = g.work
    cdef double total, spread
    if g.depth == 0:
        return fabs(g.r[v[0] * g.p + v[1]]) < g.cut
    for i in range(size):
        for j in range(i + 1):
            total = g.r[v[i] * g.p + v[j]]
            for k in range(j):
                total -= L[i * size + k] * L[j * size + k]
            if i == j:
                L[i * size + i] = sqrt(total) if total > 1e-12 else 0.0
            else:
                L[i * size + j] = total / L[j * size + j] if L[j * size + j] > 0 else 0.0
    total, spread = L[size * size - 2], L[size * size - 1]
    if L[(size - 2) * size + size - 2] <= 0 or spread * spread + total * total <= 1e-12:
        return True
    return fabs(total) < g.cut * sqrt(spread * spread + total * total)


cdef bint small_bits(Given *g, const int *v) noexcept nogil:
    """Say whether G2 of two yes/no columns is below the cut of its degrees of freedom."""
    cdef int strata = 1 << g.depth, s, freedom = 0
    cdef int64_t a, b, c, d
    cdef double total = 0
    if g.fast:
        tally_popcnt(g.bits, g.words, v, g.depth, g.counts)
    else:
        tally_base(g.bits, g.words, v, g.depth, g.counts)
    for s in range(strata):
        a, b, c, d = g.counts[4 * s], g.counts[4 * s + 1], g.counts[4 * s + 2], g.counts[4 * s + 3]
        if a + b > 0 and c + d > 0 and a + c > 0 and b + d > 0:
            freedom += 1
            total += (g.table[a] + g.table[b] + g.table[c] + g.table[d] + g.table[a + b + c + d]
                      - g.table[a + b] - g.table[c + d] - g.table[a + c] - g.table[b + d])
    return freedom == 0 or 2 * total < g.cuts[freedom]


cdef void count_cells(Given *g, const int *v, Py_ssize_t size) noexcept nogil:
    """Count rows a cell; what the set before began with in the same order is not computed again."""
    cdef int *cell = g.cell
    cdef const unsigned char *code = g.codes + v[g.depth] * g.n
    cdef const unsigned char *other = g.codes + v[g.depth + 1] * g.n
    cdef Py_ssize_t i
    cdef int stride = <int> size, k, b = g.levels[v[g.depth + 1]]
    cdef bint same = g.known[0] == v[g.depth] and g.known[1] == v[g.depth + 1]
    if not same:
        g.known[0], g.known[1] = v[g.depth], v[g.depth + 1]
        for i in range(g.n):
            cell[i] = code[i] * b + other[i]
    for k in range(g.depth):
        code = g.codes + v[k] * g.n
        if k == g.depth - 1:
            for i in range(g.n):
                g.counts[cell[i] + stride * code[i]] += 1
            return
        same = same and g.known[k + 2] == v[k]
        if not same:
            g.known[k + 2] = v[k]
            for i in range(g.n):
                cell[g.n + i] = cell[i] + stride * code[i]
        stride *= g.levels[v[k]]
        cell += g.n
    for i in range(g.n):
        g.counts[cell[i]] += 1


cdef bint small_cells(Given *g, const int *v) noexcept nogil:
    """Say whether G2 of two discrete columns is below the cut of its degrees of freedom."""
    cdef Py_ssize_t s, strata = 1, size = g.levels[v[g.depth]] * g.levels[v[g.depth + 1]]
    cdef int a = g.levels[v[g.depth]], b = g.levels[v[g.depth + 1]], k, row, column, rows, columns
    cdef int64_t *c
    cdef int64_t some, whole
    cdef int freedom = 0
    cdef double total = 0
    for k in range(g.depth):
        strata *= g.levels[v[k]]
    memset(g.counts, 0, strata * size * sizeof(int64_t))
    count_cells(g, v, size)
    for s in range(strata):
        c = g.counts + s * size
        whole, rows, columns = 0, 0, 0
        for row in range(a):
            some = 0
            for column in range(b):
                some += c[row * b + column]
                total += g.table[c[row * b + column]]
            whole += some
            rows += some > 0
            total -= g.table[some]
        if whole == 0:
            continue
        for column in range(b):
            some = 0
            for row in range(a):
                some += c[row * b + column]
            columns += some > 0
            total -= g.table[some]
        total += g.table[whole]
        freedom += (rows - 1) * (columns - 1)
    return freedom == 0 or 2 * total < g.cuts[freedom]


cdef bint small(Given *g, const int *v) noexcept nogil:
    return small_correlation(g, v) if g.kind == 0 else small_bits(g, v) if g.kind == 1 else small_cells(g, v)


cdef bint search(Given *g, const int *pool, int size, const unsigned char *old, int *v) noexcept nogil:
    """Try the subsets of a pool in order, but for those inside the old pool; v[:depth] holds the answer."""
    cdef int at[MOST]
    cdef int d = g.depth, k
    cdef bint fresh
    if size < d:
        return False
    for k in range(d):
        at[k] = k
    while True:
        fresh = old == NULL
        for k in range(d):
            v[k] = pool[at[k]]
            fresh = fresh or not old[v[k]]
        if fresh and small(g, v):
            return True
        k = d - 1
        while k >= 0 and at[k] == size - d + k:
            k -= 1
        if k < 0:
            return False
        at[k] += 1
        for k in range(k + 1, d):
            at[k] = at[k - 1] + 1


def separators(
    const int[:, ::1] pairs not None, const int[::1] starts not None, const int[::1] near not None,
    const int[::1] rank not None, int depth,
    const double[:, ::1] correlation=None, double cut=0.0, const uint64_t[:, ::1] bits=None,
    const unsigned char[:, ::1] codes=None, const int[::1] levels=None, const double[::1] table=None,
    const double[::1] cuts=None, bint portable=False,
):
    """Return for each pair a set of ``depth`` nodes that separates it, and whether there is one."""
    cdef Py_ssize_t m = pairs.shape[0], p = rank.shape[0], e
    cdef Given g
    cdef int v[MOST + 3]
    cdef int side, x, y, i, size, latest, known
    if depth < 0 or depth > MOST or starts.shape[0] != p + 1:
        raise ValueError(f"depth must be from 0 to {MOST}, and starts hold {p + 1} numbers")
    found = np.zeros(m, dtype=np.uint8)
    sets = np.full((m, depth), -1, dtype=np.intc)
    cdef unsigned char[::1] hit = found
    cdef int[:, ::1] answer = sets
    cdef int[::1] pool = np.empty(max(p, 1), dtype=np.intc)
    cdef unsigned char[::1] first = np.empty(max(p, 1), dtype=np.uint8)
    cdef double[::1] work = np.empty((depth + 2) ** 2)
    sizes = np.full(depth + 2, 2) if codes is None else np.sort(np.asarray(levels, np.int64))[-depth - 2:]
    cdef int64_t[::1] counts = np.zeros(1 if correlation is not None else np.prod(sizes), dtype=np.int64)
    cdef int[::1] cell = np.zeros(1 if codes is None else (depth + 1) * codes.shape[1], dtype=np.intc)
    memset(&g, 0, sizeof(Given))
    g.known[0] = -1
    g.depth, g.p, g.cut, g.fast = depth, p, cut, popcnt_available() and not portable
    g.work, g.counts, g.cell = &work[0], &counts[0], &cell[0]
    if correlation is not None:
        g.kind, g.r = 0, &correlation[0, 0]
    else:
        g.table, g.cuts = &table[0], &cuts[0]
        g.kind = 1 if codes is None else 2
        if codes is None:
            g.bits, g.words = &bits[0, 0], bits.shape[1]
        else:
            g.codes, g.levels, g.n = &codes[0, 0], &levels[0], codes.shape[1]
    with nogil:
        for e in range(m):
            x, y = pairs[e, 0], pairs[e, 1]
            v[depth], v[depth + 1], v[depth + 2] = x, y, <int> p
            known = min(rank[x], rank[y]) >= 0
            latest = max(rank[x], rank[y])
            for side in range(2):
                size = 0
                if side == 0:
                    for i in range(p):
                        first[i] = 0
                for i in range(starts[pairs[e, side]], starts[pairs[e, side] + 1]):
                    if near[i] != x and near[i] != y and not (known and rank[near[i]] > latest):
                        pool[size] = near[i]
                        size += 1
                if search(&g, &pool[0], size, NULL if side == 0 else &first[0], v):
                    hit[e] = 1
                    for i in range(depth):
                        answer[e, i] = v[i]
                    break
                if side == 0:
                    for i in range(size):
                        first[pool[i]] = 1
    return sets, found
