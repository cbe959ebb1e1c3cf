# cython: language_level=3
r"""Where a node of a causal tree is cut (Athey, Tibshirani, Wager 2019, Ann Stat 47:1148-1178).

A node of the split sample with residuals w (exposure) and y (outcome) has the effect
theta = S_wy / S_ww (sums about the node's means) and gives each row the gradient

    rho_i = (w_i - w.) {y_i - y. - theta (w_i - w.)},     sum_i rho_i = 0.

A cut that sends n_L rows with gradients of sum s to the left is as good as s^2 (1 / n_L + 1 / n_R).
Each child must hold ``min_leaf`` rows and the share ``alpha`` of its parent (the weight 1/n_L + 1/n_R is
zero otherwise), ``min_side`` rows on either side of w., and ``min_leaf`` rows of the honest sample; the
last two are looked at for the best cuts of the four best columns. So no leaf is empty.

rho is rounded to a whole number whose sums fit 38 bits and is packed with the count of rows into one
64-bit word: a histogram costs one addition a row and column, and does not depend on the order of the
rows. Large nodes fill the histograms of all columns row by row; small ones go column by column and
visit only the bins that occur, through a bit mask. A score gives up its last 8 bits for 255 minus its
bin, so that the best cut (of equals the first) is a maximum of integers, without a branch.

Random numbers are mix64(key + counter): nothing depends on what was drawn elsewhere.
"""

from libc.math cimport fabs
from libc.stdint cimport int32_t, int64_t, uint8_t, uint64_t
from libc.string cimport memcpy, memset

cdef extern from *:
    r"""
    #include <stdint.h>
    #include <string.h>
    static inline uint64_t mix64(uint64_t key, uint64_t counter) {
        uint64_t z = key + (counter + 1) * 0x9E3779B97F4A7C15ULL;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
        return z ^ (z >> 31);
    }
    static inline uint64_t below(uint64_t key, uint64_t counter, uint64_t limit) {
        return ((mix64(key, counter) >> 32) * limit) >> 32;
    }
    static inline int64_t rounded(double v) {        /* to nearest, |v| < 2^51 */
        double shifted = v + 6755399441055744.0;
        int64_t bits;
        memcpy(&bits, &shifted, 8);
        return bits - 0x4338000000000000LL;
    }
    static inline int64_t rated(int64_t packed, const double *weight, int64_t bin) {
        double s = (double)(packed >> 24), score = s * s * weight[packed & 0xFFFFFF];
        int64_t bits;
        memcpy(&bits, &score, 8);
        return (bits & ~(int64_t)255) | (255 - bin);
    }
    static inline int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }
    """
    uint64_t mix64(uint64_t key, uint64_t counter) noexcept nogil
    uint64_t below(uint64_t key, uint64_t counter, uint64_t limit) noexcept nogil
    int lowest_bit "__builtin_ctzll" (uint64_t mask) noexcept nogil
    void fetch "__builtin_prefetch" (const void *place) noexcept nogil
    int64_t rounded(double v) noexcept nogil
    int64_t rated(int64_t packed, const double *weight, int64_t bin_) noexcept nogil
    int64_t larger(int64_t a, int64_t b) noexcept nogil

cdef enum:
    TRIES = 4
    DENSE = 2
    AHEAD = 12

cdef struct Tree:
    Py_ssize_t p, stride, mtry, min_leaf, min_side, words
    double alpha
    const uint8_t *levels
    uint8_t *x
    uint8_t *near
    double *w
    double *y
    double *weight
    double *inverse
    int32_t *index
    int32_t *spare
    int32_t *columns
    int64_t *best
    int64_t *q
    int64_t *hist
    uint64_t key, counter


cdef inline bint relabel(const Tree *t, const int32_t *rows, Py_ssize_t n, double *mean) noexcept nogil:
    """Write the packed gradients of a node; return whether there is anything to cut."""
    cdef Py_ssize_t k
    cdef double w = 0, y = 0, ww = 0, wy = 0, a, theta, largest = 0, scale
    cdef double *rho = <double *>t.q
    for k in range(n):
        w += t.w[rows[k]]
        y += t.y[rows[k]]
    w /= n
    y /= n
    for k in range(n):
        a = t.w[rows[k]] - w
        ww += a * a
        wy += a * (t.y[rows[k]] - y)
    if not ww > 0:
        return False
    theta = wy / ww
    for k in range(n):
        a = t.w[rows[k]] - w
        rho[k] = a * (t.y[rows[k]] - y - theta * a)
        largest = max(largest, fabs(rho[k]))
    if not largest > 0:
        return False
    scale = <double>(<int64_t>1 << 36) / (n * largest)
    for k in range(n):
        t.q[k] = (rounded(rho[k] * scale) << 24) + 1
    mean[0] = w
    return True


cdef inline void weigh(const Tree *t, Py_ssize_t n) noexcept nogil:
    """Write 1 / n_L + 1 / n_R for every n_L, 0 where a child would be too small."""
    cdef Py_ssize_t k, least = max(t.min_leaf, <Py_ssize_t>(t.alpha * n))
    for k in range(n + 1):
        t.weight[k] = t.inverse[k] + t.inverse[n - k] if least <= k <= n - least else 0.0


cdef inline void dense(const Tree *t, const int32_t *rows, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t k, r, b, width = 64 * t.words, m = t.mtry
    cdef const uint8_t *x
    cdef int64_t v, c, best
    cdef int64_t *h
    cdef int64_t *hist = t.hist
    cdef const int32_t *columns = t.columns
    memset(hist, 0, m * width * sizeof(int64_t))
    for r in range(n):
        fetch(t.x + rows[min(r + AHEAD, n - 1)] * t.stride)
        x, v = t.x + rows[r] * t.stride, t.q[r]
        for k in range(m):
            hist[k * width + x[columns[k]]] += v
    for k in range(m):
        h, c, best = hist + k * width, 0, 0
        for b in range(t.levels[columns[k]] - 1):
            c += h[b]
            best = larger(best, rated(c, t.weight, b))
        t.best[k] = best


cdef inline int64_t scan(const uint8_t *x, Py_ssize_t stride, Py_ssize_t n, const int64_t *q, int64_t *h,
                         const double *weight, bint wide) noexcept nogil:
    """Return the best cut of a column with at most 64 bins, or 256 where it is wide."""
    cdef Py_ssize_t r, b, word
    cdef uint64_t[4] masks
    cdef uint64_t mask = 0
    cdef int64_t c = 0, best = 0
    masks[0] = masks[1] = masks[2] = masks[3] = 0
    for r in range(n):
        b = x[r * stride]
        h[b] += q[r]
        if wide:
            masks[b >> 6] |= <uint64_t>1 << (b & 63)
        else:
            mask |= <uint64_t>1 << b
    for word in range(4 if wide else 1):
        mask = masks[word] if wide else mask
        while mask:
            b = 64 * word + lowest_bit(mask)
            mask &= mask - 1
            c += h[b]
            h[b] = 0
            best = larger(best, rated(c, weight, b))
    return best


cdef inline void sparse(const Tree *t, const int32_t *rows, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t k, r, f, stride = t.stride
    cdef const uint8_t *x
    cdef int64_t c
    for r in range(n):
        fetch(t.x + rows[min(r + AHEAD, n - 1)] * t.stride)
        memcpy(t.near + r * stride, t.x + rows[r] * stride, stride)
    memset(t.hist, 0, 64 * t.words * sizeof(int64_t))
    for k in range(t.mtry):
        f = t.columns[k]
        x = t.near + f
        if t.levels[f] == 2:
            c = 0
            for r in range(n):
                c += t.q[r] & (<int64_t>x[r * stride] - 1)
            t.best[k] = rated(c, t.weight, 0)
        elif t.levels[f] <= 64:
            t.best[k] = scan(x, stride, n, t.q, t.hist, t.weight, False)
        else:
            t.best[k] = scan(x, stride, n, t.q, t.hist, t.weight, True)


cdef inline void choose_columns(Tree *t) noexcept nogil:
    cdef Py_ssize_t i, j, p = t.p, m = t.mtry
    cdef Py_ssize_t first = 0 if 2 * m <= p else m, last = m if 2 * m <= p else p
    for i in range(first, last):
        j = i + below(t.key, t.counter, p - i) if first == 0 else below(t.key, t.counter, i + 1)
        t.counter += 1
        t.columns[i], t.columns[j] = t.columns[j], t.columns[i]


cdef inline Py_ssize_t part(const Tree *t, int32_t *rows, Py_ssize_t n, Py_ssize_t f,
                            Py_ssize_t cut) noexcept nogil:
    """Move the rows at or below the cut to the front, keeping their order; return how many."""
    cdef Py_ssize_t k, left = 0, right = 0
    cdef int32_t row
    cdef bint low
    for k in range(n):
        row = rows[k]
        low = t.x[row * t.stride + f] <= cut
        rows[left] = row
        t.spare[right] = row
        left += low
        right += not low
    memcpy(rows + left, t.spare, right * sizeof(int32_t))
    return left


cdef inline bint allowed(const Tree *t, const int32_t *rows, Py_ssize_t n, const int32_t *honest,
                         Py_ssize_t nh, double mean, Py_ssize_t f, Py_ssize_t cut) noexcept nogil:
    """Return whether both children hold enough honest rows, and rows on either side of the exposure."""
    cdef Py_ssize_t r, left = 0
    cdef Py_ssize_t[4] cells
    for r in range(nh):
        left += t.x[honest[r] * t.stride + f] <= cut
    if min(left, nh - left) < t.min_leaf:
        return False
    cells[0] = cells[1] = cells[2] = cells[3] = 0
    for r in range(n):
        cells[2 * (t.x[rows[r] * t.stride + f] <= cut) + (t.w[rows[r]] > mean)] += 1
    return min(min(cells[0], cells[1]), min(cells[2], cells[3])) >= t.min_side


cdef inline bint find(Tree *t, const int32_t *rows, Py_ssize_t n, const int32_t *honest, Py_ssize_t nh,
                      Py_ssize_t *column, Py_ssize_t *cut) noexcept nogil:
    """Look for the best admissible cut of a node."""
    cdef Py_ssize_t k, best, _
    cdef double mean = 0
    if n < 2 * t.min_leaf or nh < 2 * t.min_leaf or not relabel(t, rows, n, &mean):
        return False
    choose_columns(t)
    weigh(t, n)
    if n >= DENSE * 64 * t.words:
        dense(t, rows, n)
    else:
        sparse(t, rows, n)
    for _ in range(TRIES):
        best = 0
        for k in range(1, t.mtry):
            if t.best[k] >> 8 > t.best[best] >> 8:
                best = k
        if t.best[best] <= 255:
            return False
        column[0], cut[0] = t.columns[best], 255 - (t.best[best] & 255)
        if allowed(t, rows, n, honest, nh, mean, column[0], cut[0]):
            return True
        t.best[best] = 0
    return False
