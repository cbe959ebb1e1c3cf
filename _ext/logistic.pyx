# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
r"""Log-likelihood, score and information of logistic regressions, in one pass over the rows.

For a group g of rows i, with z_ij = (x_ij - centre_j) scale_j and eta_i = offset_i + z_i' b_g,

    mu_i = 1 / (1 + exp(-eta_i)),       l_g = sum w_i {y_i eta_i - log(1 + exp eta_i)},
    U_g  = sum w_i (y_i - mu_i) z_i,    I_g = sum w_i mu_i (1 - mu_i) z_i z_i'.

eta is kept and mu never subtracted from one: with t = exp(-|eta|), mu (1 - mu) = t / (1 + t)^2 and
y - mu = y (1 - mu) - (1 - y) mu keep full relative accuracy however far out a patient lies.

Rows are packed into tiles that stay in the first-level cache; the residual rides along as row 0 of
the product [r, W z]' z, of which only 4 x (2 vectors) register tiles on or above the diagonal are
computed. Cost n p (p + 1) / 2 multiply-adds, one read of the rows; n p without the information, which
a chord step does not need. The same C source is compiled for
the x86-64 baseline and for AVX2 with FMA, and chosen when run. The sums of one call depend on
nothing but its arguments; the two builds may differ in the last bits.
"""

import numpy as np

from common cimport round_up, triangle

cdef extern from *:
    r"""
    typedef struct {
        const double *x, *y, *w, *offset;      /* rows as they came; w and offset may be NULL */
        const Py_ssize_t *order;                /* which rows, or NULL for lo..hi themselves */
        const double *b, *centre, *scale;      /* padded with zeros to ldz */
        Py_ssize_t p, ldz, lda, tile;
        double *z, *a, *eta, *ty, *tw, *r, *s;   /* scratch of one tile */
        double *h;                             /* out: lda x ldz, [r, W z]' z */
        double *sums;                          /* out: log-likelihood, rows with |eta| > far */
        double far;
        int full;                              /* whether the information is wanted */
    } pass_t;

    INLINE void weigh(const pass_t *g) {
        for (Py_ssize_t t = 0; t < g->tile; t++) {
            double *restrict a = g->a + t * g->lda;
            const double *restrict z = g->z + t * g->ldz;
            double s = g->s[t];
            a[0] = g->r[t];
            for (Py_ssize_t k = 0; k < g->p; k++) a[k + 1] = s * z[k];
        }
    }

    /* V: vector of W doubles, I: of integers. Eight accumulators hide the latency of a multiply-add. */
    #define DEFINE_PASS(NAME, V, I, W, TARGET)                                                        \
    DEFINE_VECTOR_MATH(NAME, V, I, TARGET)                                                            \
    TARGET INLINE void pack_##NAME(const pass_t *g, Py_ssize_t lo, Py_ssize_t rows) {                 \
        const double *c = g->centre, *s = g->scale, *b = g->b;                                        \
        for (Py_ssize_t t = 0, p = g->p; t < rows; t++) {                                             \
            Py_ssize_t i = g->order ? g->order[lo + t] : lo + t, k = 0;                               \
            const double *x = g->x + i * p;                                                           \
            double *z = g->z + t * g->ldz, eta = g->offset ? g->offset[i] : 0.0;                      \
            V sum = {0};                                                                              \
            for (; k < p; k += 8) __builtin_prefetch(x + g->tile * p + k);                            \
            for (k = 0; k + W <= p; k += W) {                                                         \
                V v = (*(const V *)(x + k) - *(const V *)(c + k)) * *(const V *)(s + k);              \
                *(V *)(z + k) = v; sum += v * *(const V *)(b + k);                                    \
            }                                                                                         \
            for (; k < p; k++) {        /* three at most: a compiler must not make vectors of them */ \
                __asm__ volatile(""); z[k] = (x[k] - c[k]) * s[k]; eta += z[k] * b[k];                \
            }                                                                                         \
            for (int lane = 0; lane < W; lane++) eta += sum[lane];                                    \
            g->eta[t] = eta;                                                                          \
            g->ty[t] = g->y[i];                                                                       \
            g->tw[t] = g->w ? g->w[i] : 1.0;                                                          \
        }                                                                                             \
        for (Py_ssize_t t = rows; t < g->tile; t++) {      /* rows of weight zero fill the last tile */\
            memset(g->z + t * g->ldz, 0, g->ldz * sizeof(double));                                    \
            g->ty[t] = g->tw[t] = g->eta[t] = 0.0;                                                    \
        }                                                                                             \
    }                                                                                                 \
    TARGET INLINE void moments_##NAME(const pass_t *g) {                                              \
        V sum = {0}, zero = {0}, limit = g->far + zero; I far = {0};                                  \
        for (Py_ssize_t i = 0; i < g->tile; i += W) {                                                 \
            V e = *(V *)(g->eta + i), y = *(V *)(g->ty + i), w = *(V *)(g->tw + i);                   \
            I minus = (I)(e < zero), inside = (I)(w > zero);                                          \
            V size = pick_##NAME(minus, -e, e), t = exp_minus_##NAME(size);                           \
            V d = 1.0 / (1.0 + t), m = t * d;                                                         \
            V mu = pick_##NAME(minus, m, d), rest = pick_##NAME(minus, d, m);                         \
            V wrong = (1.0 - y) * pick_##NAME(minus, zero, size) + y * pick_##NAME(minus, size, zero);\
            *(V *)(g->r + i) = w * (y * rest - (1.0 - y) * mu);                                       \
            *(V *)(g->s + i) = w * (m * d);                                                           \
            sum -= w * (wrong + log_one_plus_##NAME(t));                                              \
            far -= (I)(size > limit) & inside;                                                        \
        }                                                                                             \
        for (int lane = 0; lane < W; lane++) { g->sums[0] += sum[lane]; g->sums[1] += far[lane]; }    \
    }                                                                                                 \
    TARGET INLINE void cross_##NAME(const pass_t *g) {                                                \
        for (Py_ssize_t j = 0; j < g->lda; j += 4) {                                                   \
            for (Py_ssize_t k = j ? (j - 1) / (2 * W) * (2 * W) : 0; k < g->ldz; k += 2 * W) {         \
                V c0 = {0}, c1 = {0}, c2 = {0}, c3 = {0}, d0 = {0}, d1 = {0}, d2 = {0}, d3 = {0};     \
                const double *a = g->a + j, *z = g->z + k;                                            \
                for (Py_ssize_t t = 0; t < g->tile; t++, a += g->lda, z += g->ldz) {                   \
                    V u = *(const V *)z, v = *(const V *)(z + W);                                     \
                    c0 += a[0] * u; d0 += a[0] * v; c1 += a[1] * u; d1 += a[1] * v;                   \
                    c2 += a[2] * u; d2 += a[2] * v; c3 += a[3] * u; d3 += a[3] * v;                   \
                }                                                                                     \
                double *h = g->h + j * g->ldz + k;                                                    \
                *(V *)h += c0; *(V *)(h + W) += d0; h += g->ldz;                                      \
                *(V *)h += c1; *(V *)(h + W) += d1; h += g->ldz;                                      \
                *(V *)h += c2; *(V *)(h + W) += d2; h += g->ldz;                                      \
                *(V *)h += c3; *(V *)(h + W) += d3;                                                   \
            }                                                                                         \
        }                                                                                             \
    }                                                                                                 \
    TARGET INLINE void score_##NAME(const pass_t *g) {                                                \
        for (Py_ssize_t k = 0; k < g->ldz; k += 2 * W) {                                              \
            V c0 = {0}, c1 = {0}, c2 = {0}, c3 = {0}, d0 = {0}, d1 = {0}, d2 = {0}, d3 = {0};         \
            const double *r = g->r, *z = g->z + k;                                                    \
            for (Py_ssize_t t = 0, l = g->ldz; t < g->tile; t += 4, r += 4, z += 4 * l) {             \
                c0 += r[0] * *(const V *)z;           d0 += r[0] * *(const V *)(z + W);               \
                c1 += r[1] * *(const V *)(z + l);     d1 += r[1] * *(const V *)(z + l + W);           \
                c2 += r[2] * *(const V *)(z + 2 * l); d2 += r[2] * *(const V *)(z + 2 * l + W);       \
                c3 += r[3] * *(const V *)(z + 3 * l); d3 += r[3] * *(const V *)(z + 3 * l + W);       \
            }                                                                                         \
            *(V *)(g->h + k) += (c0 + c1) + (c2 + c3); *(V *)(g->h + k + W) += (d0 + d1) + (d2 + d3); \
        }                                                                                             \
    }                                                                                                 \
    TARGET static void NAME(const pass_t *g, Py_ssize_t lo, Py_ssize_t hi) {                            \
        for (; lo < hi; lo += g->tile) {                                                              \
            Py_ssize_t rows = hi - lo < g->tile ? hi - lo : g->tile;                                   \
            pack_##NAME(g, lo, rows); moments_##NAME(g);                                                \
            if (g->full) { weigh(g); cross_##NAME(g); } else score_##NAME(g);                          \
        }                                                                                             \
    }
    DEFINE_PASS(pass_base, v2, i2, 2, )
    #ifdef WIDE
    DEFINE_PASS(pass_wide, v4, i4, 4, WIDE)
    static int wide_available(void) {
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    }
    #else
    #define pass_wide pass_base
    static int wide_available(void) { return 0; }
    #endif
    """
    ctypedef struct pass_t:
        const double *x
        const double *y
        const double *w
        const double *offset
        const Py_ssize_t *order
        const double *b
        const double *centre
        const double *scale
        Py_ssize_t p, ldz, lda, tile
        double *z
        double *a
        double *eta
        double *ty
        double *tw
        double *r
        double *s
        double *h
        double *sums
        double far
        int full
    void pass_base(const pass_t *g, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil
    void pass_wide(const pass_t *g, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil
    int wide_available() noexcept nogil


cdef int check_groups(const Py_ssize_t[::1] rows, const Py_ssize_t[::1] starts, Py_ssize_t n) except -1 nogil:
    """Refuse group borders or row numbers that point outside the block."""
    cdef Py_ssize_t g, i, last = rows.shape[0] if rows is not None else n
    for g in range(starts.shape[0] - 1):
        if starts[g] < 0 or starts[g] > starts[g + 1] or starts[g + 1] > last:
            with gil:
                raise ValueError(f"starts must rise within 0..{last}, unlike those of group {g}")
    if rows is not None:
        for i in range(last):
            if rows[i] < 0 or rows[i] >= n:
                with gil:
                    raise ValueError(f"row number {rows[i]} is outside the block of {n} rows")
    return 0


cdef void unload(const pass_t *g, double[::1] out) noexcept nogil:
    """Write sums, score and, where wanted, the packed upper triangle of the information into one line."""
    cdef Py_ssize_t j, k, at = 2 + g.p
    out[0] = g.sums[0]
    out[1] = g.sums[1]
    for k in range(g.p):
        out[2 + k] = g.h[k]
        for j in range(k, g.p if g.full else k):
            out[at] = g.h[(k + 1) * g.ldz + j]
            at += 1


cdef aligned(Py_ssize_t size):
    """Return zeros that start on a cache line, so that no vector straddles two."""
    buffer = np.zeros(size + 8)
    cdef Py_ssize_t skip = -(buffer.ctypes.data // 8) % 8
    return buffer[skip:skip + size]


def statistics(
    const double[:, ::1] matrix not None, const double[::1] outcome not None, const double[::1] weights,
    const double[::1] offset, const double[:, ::1] coefficients not None, const double[::1] centre not None,
    const double[::1] scale not None, const Py_ssize_t[::1] rows, const Py_ssize_t[::1] starts not None,
    double far=30.0, bint portable=False, bint information=True,
):
    """Return a line a group: log-likelihood, rows beyond ``far``, score, upper triangle by rows if wanted."""
    cdef Py_ssize_t n = matrix.shape[0], p = matrix.shape[1], groups = starts.shape[0] - 1, g
    if outcome.shape[0] != n or (weights is not None and weights.shape[0] != n) or (
        offset is not None and offset.shape[0] != n
    ):
        raise ValueError(f"outcome, weights and offset must have the {n} rows of the matrix")
    if groups < 1 or coefficients.shape[0] != groups or coefficients.shape[1] != p:
        raise ValueError(f"coefficients must have the shape ({groups}, {p}): a line a group, a cell a column")
    if p < 1 or centre.shape[0] != p or scale.shape[0] != p:
        raise ValueError(f"centre and scale must have a cell for each of the {p} columns, at least one")
    check_groups(rows, starts, n)
    cdef Py_ssize_t ldz = round_up(p, 8), lda = round_up(p + 1, 4)
    cdef Py_ssize_t tile = min(256, max(16, round_up(2048 // ldz, 8)))
    cdef double[::1] work = aligned(tile * (ldz + lda + 5) + lda * ldz + 3 * ldz + 2)
    cdef double[:, ::1] out = np.empty((groups, 2 + p + (triangle(p) if information else 0)))
    cdef double[::1] padded = work[tile * (ldz + lda + 5):]
    cdef pass_t c
    cdef bint wide = wide_available() and not portable
    c.p, c.ldz, c.lda, c.tile, c.far, c.full = p, ldz, lda, tile, far, information
    c.x = &matrix[0, 0] if n else NULL
    c.y = &outcome[0] if n else NULL
    c.w = &weights[0] if weights is not None and n else NULL
    c.offset = &offset[0] if offset is not None and n else NULL
    c.order = &rows[0] if rows is not None and rows.shape[0] else NULL
    c.z = &work[0]
    c.a = c.z + tile * ldz
    c.eta = c.a + tile * lda
    c.ty, c.tw, c.r, c.s = c.eta + tile, c.eta + 2 * tile, c.eta + 3 * tile, c.eta + 4 * tile
    c.b, c.centre, c.scale = &padded[0], &padded[ldz], &padded[2 * ldz]
    c.h = &padded[3 * ldz]
    c.sums = c.h + lda * ldz
    padded[ldz:ldz + p] = centre
    padded[2 * ldz:2 * ldz + p] = scale
    with nogil:
        for g in range(groups):
            padded[:p] = coefficients[g]
            padded[3 * ldz:] = 0.0
            if wide:
                pass_wide(&c, starts[g], starts[g + 1])
            else:
                pass_base(&c, starts[g], starts[g + 1])
            unload(&c, out[g])
    return np.asarray(out)
