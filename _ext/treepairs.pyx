# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
r"""Trees asked about a row x and a background row b at once: any depth, any number of players.

Where x and b part at a split of a player that has not chosen yet, both ways are gone: with the player in the
coalition (x's way) and without. At a leaf of value v, with A the players that must be in and B those that
must not be,

    shares   v (|A|-1)! |B|! / (|A|+|B|)! to each in A,    -v |A|! (|B|-1)! / (|A|+|B|)! to each in B,
    games    f(S) += v for every S that holds A and nothing of B,

the second by inclusion and exclusion over B, summed over subsets at the end. Along the paths there is no b:
with o_k = 1 where x keeps what the way asks of k, and r_k the share of the learning data that does,

    branches   v (o_j - r_j) int_0^1 prod_{k != j} (t o_k + (1-t) r_k) dt to j,

by Gauss-Legendre nodes that are exact for the longest way. No term cancels another, whatever the depth.
"""

import numpy as np

from cpython.exc cimport PyErr_CheckSignals

ctypedef unsigned char byte

cdef struct tree_t:
    const int *child
    const int *view
    const double *cut
    const double *value
    const double *cover
    const int *player
    const double *x
    const double *b
    Py_ssize_t n, m           # strides of x and b
    byte *side                # of each player: 0 not chosen, 1 in, 2 out
    int *inside
    int *outside
    const double *weight      # (a-1)! b! / (a+b)!, by rows of ``wide``
    int wide
    double *out
    Py_ssize_t stride         # of out
    double *kept              # o_k and r_k of the players on the way
    double *share
    const double *t
    const double *w
    int nodes
    double *product


cdef void shares(const tree_t *g, int node, int a, int b) noexcept nogil:
    """Give the leaves below to the players that decide between them."""
    cdef int i, k, right, other
    while g.child[node] != node:
        k = g.view[node]
        right = g.x[k * g.n] > g.cut[node]
        other = g.b[k * g.m] > g.cut[node]
        k = g.player[k]
        if right != other and g.side[k] == 0:
            g.side[k], g.inside[a] = 1, k
            shares(g, g.child[node] + right, a + 1, b)
            g.side[k], g.outside[b] = 2, k
            shares(g, g.child[node] + other, a, b + 1)
            g.side[k] = 0
            return
        node = g.child[node] + (other if g.side[k] == 2 else right)
    for i in range(a):
        g.out[g.inside[i] * g.stride] += g.value[node] * g.weight[a * g.wide + b]
    for i in range(b):
        g.out[g.outside[i] * g.stride] -= g.value[node] * g.weight[b * g.wide + a]


cdef void games(const tree_t *g, int node, unsigned int inside, unsigned int outside) noexcept nogil:
    """Write the leaves below into the coalitions that reach them."""
    cdef int k, right, other
    cdef unsigned int subset, bit
    while g.child[node] != node:
        k = g.view[node]
        right = g.x[k * g.n] > g.cut[node]
        other = g.b[k * g.m] > g.cut[node]
        bit = 1u << g.player[k]
        if right != other and not (inside | outside) & bit:
            games(g, g.child[node] + right, inside | bit, outside)
            games(g, g.child[node] + other, inside, outside | bit)
            return
        node = g.child[node] + (other if outside & bit else right)
    subset = outside
    while True:
        g.out[inside | subset] += g.value[node] * (-1.0 if odd(subset) else 1.0)
        if subset == 0:
            return
        subset = (subset - 1) & outside


cdef inline bint odd(unsigned int s) noexcept nogil:
    s ^= s >> 16
    s ^= s >> 8
    s ^= s >> 4
    return (0x6996 >> (s & 15)) & 1


cdef void branches(const tree_t *g, int node, int d) noexcept nogil:
    """Give the leaves below to the players on the way, along the paths; ``inside`` lists them."""
    cdef int i, k, q, side, right, player, length = d
    cdef double o, r, total
    if g.child[node] == node:
        for q in range(g.nodes):
            g.product[q] = g.w[q]
            for i in range(d):
                g.product[q] *= g.t[q] * g.kept[i] + (1 - g.t[q]) * g.share[i]
        for i in range(d):
            total = 0
            for q in range(g.nodes):
                total += g.product[q] / (g.t[q] * g.kept[i] + (1 - g.t[q]) * g.share[i])
            g.out[g.inside[i] * g.stride] += g.value[node] * (g.kept[i] - g.share[i]) * total
        return
    player, k = g.player[g.view[node]], 0
    while k < d and g.inside[k] != player:
        k += 1
    if k == d:
        g.inside[k], g.kept[k], g.share[k], length = player, 1, 1, d + 1
    o, r = g.kept[k], g.share[k]
    side = g.x[g.view[node] * g.n] > g.cut[node]
    for right in range(2):
        g.kept[k] = o if right == side else 0
        g.share[k] = r * g.cover[g.child[node] + right] / g.cover[node]
        branches(g, g.child[node] + right, length)
    g.kept[k], g.share[k] = o, r


cdef int longest(
    const int[::1] child, const int[::1] view, const int[::1] player, int[::1] met, int node, int d,
):
    """Return the most players on a way to a leaf."""
    cdef int k = player[view[node]], left, right
    if child[node] == node:
        return d
    met[k] += 1
    d += met[k] == 1
    left = longest(child, view, player, met, child[node], d)
    right = longest(child, view, player, met, child[node] + 1, d)
    met[k] -= 1
    return max(left, right)


def widths(
    const int[::1] roots not None, const int[::1] child not None, const int[::1] view not None,
    const int[::1] player not None,
):
    """Return for each tree the most players on a way to a leaf."""
    cdef int[::1] met = np.zeros(max(player) + 1, dtype=np.intc)
    return np.array([longest(child, view, player, met, root, 0) for root in roots], dtype=np.intc)


cdef class Asked:
    """Trees and rows, with the room that the recursions need."""

    cdef tree_t g
    cdef object held

    def __init__(self, child, view, cut, value, cover, player, x, out):
        cdef const int[::1] c = child, v = view, p = player
        cdef const double[::1] u = cut, f = value, s = cover
        cdef const double[:, ::1] xs = x
        cdef double[:, ::1] to = out
        cdef Py_ssize_t players = max(player) + 1
        cdef byte[::1] side = np.zeros(players, dtype=np.uint8)
        cdef int[:, ::1] lists = np.zeros((2, players), dtype=np.intc)
        cdef double[:, ::1] room = np.zeros((3, players + 1))
        same = c.shape[0] == v.shape[0] == u.shape[0] == f.shape[0] == s.shape[0]
        if not same or xs.shape[0] != p.shape[0] or 0 in (c.shape[0], xs.shape[1], to.shape[1]):
            raise ValueError("the arrays of the trees do not fit each other")
        self.held = (c, v, p, u, f, s, xs, to, side, lists, room)
        self.g.child, self.g.view, self.g.player = &c[0], &v[0], &p[0]
        self.g.cut, self.g.value, self.g.cover = &u[0], &f[0], &s[0]
        self.g.x, self.g.n, self.g.b, self.g.m = &xs[0, 0], xs.shape[1], NULL, 0
        self.g.out, self.g.stride = &to[0, 0], to.shape[1]
        self.g.side, self.g.inside, self.g.outside = &side[0], &lists[0, 0], &lists[1, 0]
        self.g.kept, self.g.share, self.g.product = &room[0, 0], &room[1, 0], &room[2, 0]


def against(
    const int[::1] roots not None, child, view, cut, value, cover, player, const double[:, ::1] x not None,
    const double[:, ::1] background not None, const double[:, ::1] weight not None, out,
):
    """Add to ``out`` (players, rows) the sum over the background rows of the Shapley values."""
    cdef Asked asked = Asked(child, view, cut, value, cover, player, x, out)
    cdef tree_t g = asked.g
    cdef Py_ssize_t row, other, tree
    if background.shape[0] != x.shape[0] or out.shape[1] != x.shape[1] or not background.shape[1]:
        raise ValueError("rows and background do not fit each other")
    g.m, g.weight, g.wide = background.shape[1], &weight[0, 0], weight.shape[1]
    for row in range(x.shape[1]):
        PyErr_CheckSignals()
        with nogil:
            for tree in range(roots.shape[0]):
                for other in range(g.m):
                    g.x, g.b, g.out = &x[0, row], &background[0, other], asked.g.out + row
                    shares(&g, roots[tree], 0, 0)


def along(
    const int[::1] roots not None, child, view, cut, value, cover, player, const double[:, ::1] x not None,
    const double[::1] t not None, const double[::1] w not None, out,
):
    """Add to ``out`` (players, rows) the Shapley values along the paths, by the nodes t with weights w."""
    cdef Asked asked = Asked(child, view, cut, value, cover, player, x, out)
    cdef tree_t g = asked.g
    cdef Py_ssize_t row, tree
    cdef double[::1] product = np.zeros(t.shape[0])
    if out.shape[1] != x.shape[1] or t.shape[0] != w.shape[0]:
        raise ValueError("rows, nodes and weights do not fit each other")
    g.t, g.w, g.nodes, g.product = &t[0], &w[0], t.shape[0], &product[0]
    for row in range(x.shape[1]):
        PyErr_CheckSignals()
        with nogil:
            for tree in range(roots.shape[0]):
                g.x, g.out = &x[0, row], asked.g.out + row
                branches(&g, roots[tree], 0)


def coalitions(
    const int[::1] roots not None, child, view, cut, value, cover, player, const double[:, ::1] x not None,
    const double[:, ::1] background not None, double[:, ::1] out not None,
):
    """Add to ``out`` (background rows, 2^players) the sum of the trees for the first row of ``x``."""
    cdef Asked asked = Asked(child, view, cut, value, cover, player, x, out)
    cdef tree_t g = asked.g
    cdef Py_ssize_t other, tree, s, bit, all_ = out.shape[1]
    cdef double *mine
    if background.shape[0] != x.shape[0] or background.shape[1] != out.shape[0] or all_ < 1 << max(player):
        raise ValueError("rows and background do not fit each other")
    g.m = background.shape[1]
    for other in range(g.m):
        PyErr_CheckSignals()
        with nogil:
            mine = g.out = &out[other, 0]
            g.b = &background[0, other]
            for tree in range(roots.shape[0]):
                games(&g, roots[tree], 0, 0)
            bit = 1
            while bit < all_:
                for s in range(all_):
                    if s & bit:
                        mine[s] += mine[s ^ bit]
                bit <<= 1
