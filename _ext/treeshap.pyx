# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
r"""Shapley values of trees from tables of patterns: at most 8 players on the way to a leaf.

Whether a row keeps what the way to a leaf asks of player k is one bit, so all that matters of a row is a byte
f, the players that fail. With c_f background rows failing f, r_k the share of the learning data that goes on
at the splits of k, M the complement of f and b = |f|, a leaf of value v gives (n background rows)

    against a background    v/n int_0^1 (1-t)^b (Z(M) - Z(M - j)) dt,     -v/n int_0^1 t (1-t)^(b-1) Z(M) dt,
                            Z(M) = sum of c_g t^(|g|-1) over g within M,
    along the paths         v (1-r_j) R_f int_0^1 (1-t)^b Z(M - j) dt,    -v R_f int_0^1 (1-t)^(b-1) Z(M) dt,
                            Z(M) = product of t + (1-t) r_k over M,  R_f that of r_k over f,

the first to a player j that holds, the second to one that fails. Four Gauss-Legendre nodes are exact: the
degree is at most 7. A subtree whose splits and players above are at most ``bits`` is looked up at once.
"""

import numpy as np

from libc.string cimport memset

from patterns cimport against, along, byte, nodes_t, prepare, way_t

cdef struct place_t:          # a group of leaves: its splits, and its own players
    int splits
    int node[8]
    int players
    int player[16]
    double table[16][256]
    long long count[256]

cdef struct tree_t:
    const int *child
    const int *view
    const short *cut
    const double *value
    const double *cover
    const int *player
    const int *below          # splits below each node, itself among them
    const short *x
    const short *background   # NULL: along the paths
    Py_ssize_t n, m
    byte *mask                # (levels, n)
    byte *other               # (levels, m)
    double *out
    int bits
    nodes_t at

cdef void fails(
    const byte *above, byte *mask, const short *code, short cut, int right, int bit, Py_ssize_t n,
) noexcept nogil:
    """Add to the failing players the one that does not go this way."""
    cdef Py_ssize_t i
    for i in range(n):
        mask[i] = above[i] | <byte>(((code[i] > cut) ^ right) << bit)


cdef void sides(byte *key, const short *code, short cut, int bit, Py_ssize_t n) noexcept nogil:
    """Add to the keys the side of a split."""
    cdef Py_ssize_t i
    for i in range(n):
        key[i] |= <byte>((code[i] > cut) << bit)


cdef int step(const tree_t *g, const way_t *w, int node, int right, way_t *to) noexcept nogil:
    """Go one way at a split; return the place of its player on the way."""
    cdef int k = 0, player = g.player[g.view[node]]
    to[0] = w[0]
    while k < w.d and w.player[k] != player:
        k += 1
    if k == w.d:
        to.d += 1
        to.player[k] = player
        to.share[k] = 1
    to.share[k] *= g.cover[g.child[node] + right] / g.cover[node]
    return k


cdef void leaf(
    const tree_t *g, const way_t *w, int node, place_t *p, const byte *pattern, int keys,
) noexcept nogil:
    """Add the table of a leaf to that of its group; ``pattern`` says what each key means to the leaf."""
    cdef double[8][256] table
    cdef long long[256] count
    cdef int i, j, k
    if g.background != NULL:
        memset(&count[0], 0, (1 << w.d) * sizeof(long long))
        for i in range(keys):
            count[pattern[i]] += p.count[i]
        against(&g.at, &count[0], w.d, g.value[node] / g.m, table)
    else:
        along(&g.at, w, g.value[node], table)
    for j in range(w.d):
        k = 0
        while k < p.players and p.player[k] != w.player[j]:
            k += 1
        if k == p.players:
            p.player[k] = w.player[j]
            memset(&p.table[k][0], 0, keys * sizeof(double))
            p.players += 1
        for i in range(keys):
            p.table[k][i] += table[j][pattern[i]]


cdef void leaves(
    const tree_t *g, const way_t *w, int node, place_t *p, const byte *pattern, int keys, int first, int *at,
) noexcept nogil:
    """Visit the leaves of a group, in the order in which its splits were numbered."""
    cdef way_t to
    cdef byte[256] mine
    cdef int i, k, right, bit = first + at[0]
    if g.child[node] == node:
        leaf(g, w, node, p, pattern, keys)
        return
    at[0] += 1
    for right in range(2):
        k = step(g, w, node, right, &to)
        for i in range(keys):
            mine[i] = pattern[i] | <byte>((((i >> bit) & 1) ^ right) << k)
        leaves(g, &to, g.child[node] + right, p, mine, keys, first, at)


cdef void collect(const tree_t *g, int node, place_t *p) noexcept nogil:
    """Number the splits of a group, from above, left first."""
    if g.child[node] != node:
        p.node[p.splits] = node
        p.splits += 1
        collect(g, g.child[node], p)
        collect(g, g.child[node] + 1, p)


cdef void group(const tree_t *g, const way_t *w, int node, int level) noexcept nogil:
    """Add what the leaves of a group give to every row."""
    cdef place_t p
    cdef byte[256] pattern
    cdef byte *key = g.mask + (level + 1) * g.n
    cdef byte *there = g.other + (level + 1) * g.m
    cdef int i, k, keys, at = 0
    cdef Py_ssize_t row
    cdef double *out
    cdef const double *table
    p.splits = p.players = 0
    collect(g, node, &p)
    keys = 1 << (w.d + p.splits)
    for row in range(g.n):
        key[row] = g.mask[level * g.n + row]
    for i in range(p.splits):
        sides(key, g.x + g.view[p.node[i]] * g.n, g.cut[p.node[i]], w.d + i, g.n)
    if g.background != NULL:
        for row in range(g.m):
            there[row] = g.other[level * g.m + row]
        for i in range(p.splits):
            sides(there, g.background + g.view[p.node[i]] * g.m, g.cut[p.node[i]], w.d + i, g.m)
        memset(&p.count[0], 0, keys * sizeof(long long))
        for row in range(g.m):
            p.count[there[row]] += 1
    for i in range(keys):
        pattern[i] = <byte>(i & ((1 << w.d) - 1))
    leaves(g, w, node, &p, pattern, keys, w.d, &at)
    for k in range(p.players):
        out = g.out + p.player[k] * g.n
        table = &p.table[k][0]
        for row in range(g.n):
            out[row] += table[key[row]]


cdef void visit(const tree_t *g, const way_t *w, int node, int level) noexcept nogil:
    """Go down to the groups."""
    cdef way_t to
    cdef int right, k
    if w.d + g.below[node] <= g.bits or g.child[node] == node:
        group(g, w, node, level)
        return
    for right in range(2):
        k = step(g, w, node, right, &to)
        fails(g.mask + level * g.n, g.mask + (level + 1) * g.n, g.x + g.view[node] * g.n, g.cut[node], right,
              k, g.n)
        if g.background != NULL:
            fails(g.other + level * g.m, g.other + (level + 1) * g.m, g.background + g.view[node] * g.m,
                  g.cut[node], right, k, g.m)
        visit(g, &to, g.child[node] + right, level + 1)


def values(
    const int[::1] roots not None, const int[::1] child not None, const int[::1] view not None,
    const short[::1] cut not None, const double[::1] value not None, const double[::1] cover not None,
    const int[::1] player not None, const short[:, ::1] x not None, const short[:, ::1] background,
    double[:, ::1] out not None, int bits=7,
):
    """Add the Shapley values of the trees to ``out`` (players, rows); along the paths without a background.

    The trees have at most 8 players on each way, the number of a child is above that of its node, and ``x``
    (views, rows) holds the place of each number among the cuts of its view.
    """
    cdef Py_ssize_t nodes = child.shape[0], node, i, levels = 0
    cdef int[::1] below = np.zeros(max(nodes, 1), dtype=np.intc)
    cdef int[::1] depth = np.zeros(max(nodes, 1), dtype=np.intc)
    if not (view.shape[0] == cut.shape[0] == value.shape[0] == cover.shape[0] == nodes) or \
            out.shape[1] != x.shape[1] or (background is not None and background.shape[0] != x.shape[0]):
        raise ValueError("the arrays of values do not fit each other")
    if not (nodes and roots.shape[0] and x.shape[1]) or (background is not None and not background.shape[1]):
        return
    for node in range(nodes):
        if child[node] != node:
            depth[child[node]] = depth[child[node] + 1] = depth[node] + 1
        levels = max(levels, depth[node])
    for node in range(nodes - 1, -1, -1):
        if child[node] != node:
            below[node] = 1 + below[child[node]] + below[child[node] + 1]
    cdef byte[:, ::1] mask = np.zeros((levels + 2, x.shape[1]), dtype=np.uint8)
    cdef Py_ssize_t m = 1 if background is None else background.shape[1]
    cdef byte[:, ::1] other = np.zeros((levels + 2, m), dtype=np.uint8)
    cdef way_t start
    cdef tree_t g
    start.d = 0
    g.child, g.view, g.cut, g.value, g.cover = &child[0], &view[0], &cut[0], &value[0], &cover[0]
    g.player, g.below, g.x, g.n, g.out = &player[0], &below[0], &x[0, 0], x.shape[1], &out[0, 0]
    g.background, g.m = NULL, 0
    if background is not None:
        g.background, g.m = &background[0, 0], m
    g.mask, g.other, g.bits = &mask[0, 0], &other[0, 0], bits
    prepare(&g.at)
    with nogil:
        for i in range(roots.shape[0]):
            visit(&g, &start, roots[i], 0)
