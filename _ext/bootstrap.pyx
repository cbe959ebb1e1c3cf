# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
r"""Estimating equations of 64 weighted replicates in one pass over the rows.

Replicate r gives row i the weight w_ir = -log u_ir, exponential with mean one. u_ir is a hash of the row's
key and of r and nothing else (SplitMix64 started at the key; a 64-bit number makes two replicates), so
that weights need not be stored and depend on no order. In coordinates in which the information of the full
fit is the identity, the regressions of a replicate lie at d_r away from it:

    eta_ir = eta_i + z_i' d_r,     S_r = sum_i w_ir g_ir (y_i - mu_ir) z_i,

two matrix products a model and block, with everything in between done while a tile of 64 rows x 64
replicates is in the first-level cache. One row's arm A decides its weight h = c0 + c1 x, x = odds against
A under the propensity model, kept within bounds. Lines of the answer, a column a replicate:

    0, 1 sum w in each arm         2, 3 sum w y                    4, 5 sum w t m_a of both arms
    6, 7 sum w h (y - m_A)         8, 9 sum w h m_A (1 - m_A), or sum w h where there is no m
    10   sum of residuals of arm 1,     11 … scores: propensity, outcome of arm 1, of arm 0

(first arm 1, then arm 0). Lines 0-3 stand in the first pass, at d = 0, where residuals come from outside.
Single precision is enough for a deviation from the full fit; sums over 512 rows go on in double. Cost
4 p multiply-adds a row, replicate and pass. Two builds of one source as in ``logistic``.
"""

import numpy as np

from libc.stdint cimport uint64_t
from single cimport wide_available

cdef extern from *:
    r"""
    enum { LANES = 64, TILE = 64, LINES = 11, FLUSH = 8 };
    typedef struct {
        const uint64_t *key;                     /* of the rows, already mixed with the seed */
        uint64_t pair[LANES / 2];                /* what the replicates add to it */
        const float *y, *eta[3], *z[3], *rho[2]; /* slots: propensity, outcome of arm 1, of arm 0 */
        Py_ssize_t p[3], ones;                   /* rows of arm 1 come first */
        const float *d[3];                       /* p x LANES */
        const float *lift;                       /* eta's gain to arm 1, or exp(minus it); exp(epsilon) */
        const float *arms;                       /* by A: c0, c1, least and largest x, tilt */
        float bound;                             /* means are kept so far from 0 and 1 before targeting */
        int start, logistic, weighted, targeted, propensity, outcome;
        float *u, *s; double *out;               /* three tiles; sums in single and double precision */
    } boot_t;

    /* V, N, H, U: vectors of W floats, 32-bit integers (signed or not), 64-bit integers */
    #define DEFINE_BOOT(S, V, N, H, U, W, TARGET)                                                         \
    DEFINE_SINGLE_MATH(S, V, N, H, U, TARGET)                                                             \
    TARGET INLINE V move_##S(const boot_t *g, V m, V boost) {                                             \
        m = least_##S(most_##S(m, (V){0} + g->bound), (V){0} + (1.0f - g->bound));                        \
        return m * boost / (1.0f + m * (boost - 1.0f));                                                   \
    }                                                                                                     \
    TARGET INLINE void cells_##S(const boot_t *g, int a, Py_ssize_t lo, Py_ssize_t from, Py_ssize_t to) { \
        const float *k = g->arms + 5 * a; int apart = g->z[1] != NULL;                                    \
        for (Py_ssize_t r = 0; r < LANES; r += W) {                                                       \
            V s0 = {0}, s1 = {0}, p1 = {0}, p0 = {0}, q = {0}, v = {0}, sum = {0};                        \
            const V lift = *(const V *)(g->lift + r), *up = (const V *)(g->lift + LANES + r);             \
            float *s = g->s + r, *o = g->u + r + from * LANES;                                            \
            for (Py_ssize_t i = lo + from; i < lo + to; i++, o += LANES) {                                \
                V w = exponential_##S(g->key[i] + *(const U *)(g->pair + r / 2)), h = w, m = {0};         \
                V *ue = (V *)o, *u1 = (V *)(o + TILE * LANES), *u0 = (V *)(o + 2 * TILE * LANES);         \
                if (g->start) {                                                                           \
                    s0 += w; s1 += w * g->y[i];                                                           \
                    if (g->propensity) *ue = w * g->rho[0][i];                                            \
                    if (!g->outcome) continue;                                                            \
                    m = w * g->rho[1][i]; sum += m;                                                       \
                    if (apart && a) *u1 = m; else *u0 = m;                                                \
                    continue;                                                                             \
                }                                                                                         \
                if (g->propensity) {                                                                      \
                    V e = g->eta[0][i] + *ue, x = power_##S(a ? -e : e), d = w * x / (1.0f + x);          \
                    *ue = a ? d : -d;                                                                     \
                    h = w * (k[0] + k[1] * least_##S(most_##S(x, (V){0} + k[2]), (V){0} + k[3]));         \
                }                                                                                         \
                if (g->outcome) {                                                                         \
                    V m0 = g->eta[2][i] + *u0, m1 = m0 + lift, d;                                         \
                    if (apart) m1 = g->eta[1][i] + *u1;                                                   \
                    if (g->logistic) {                                                                    \
                        m0 = power_##S(-m0); if (apart) m1 = power_##S(-m1); else m1 = m0 * lift;         \
                        m0 = 1.0f / (1.0f + m0); m1 = 1.0f / (1.0f + m1);                                 \
                    }                                                                                     \
                    d = g->weighted ? h : w; d *= g->y[i] - (a ? m1 : m0); sum += d;                      \
                    if (apart && a) *u1 = d; else *u0 = d;                                                \
                    if (g->targeted) { m1 = move_##S(g, m1, up[0]); m0 = move_##S(g, m0, up[LANES / W]); } \
                    p1 += w * m1; p0 += w * m0; m = a ? m1 : m0;                                          \
                }                                                                                         \
                q += h * (g->y[i] - m); if (g->outcome) v += h * (m * (1.0f - m)); else v += h;           \
            }                                                                                             \
            *(V *)(s + 4 * LANES) += k[4] * p1; *(V *)(s + 5 * LANES) += k[4] * p0; s += !a * LANES;      \
            *(V *)s += s0; *(V *)(s + 2 * LANES) += s1; *(V *)(s + 6 * LANES) += q;                       \
            *(V *)(s + 8 * LANES) += v; if (a) *(V *)(s + 10 * LANES) += sum;                             \
        }                                                                                                 \
    }                                                                                                     \
    TARGET INLINE void times_##S(const float *z, Py_ssize_t p, Py_ssize_t rows, const float *d, float *u) { \
        for (Py_ssize_t t = 0; t < rows; t += 4) {                                                        \
            const float *z0 = z + t * p, *z1 = t + 1 < rows ? z0 + p : z0;                                \
            const float *z2 = t + 2 < rows ? z0 + 2 * p : z0, *z3 = t + 3 < rows ? z0 + 3 * p : z0;       \
            for (Py_ssize_t r = 0; r < LANES; r += 2 * W) {                                               \
                V c0 = {0}, c1 = {0}, c2 = {0}, c3 = {0}, e0 = {0}, e1 = {0}, e2 = {0}, e3 = {0};         \
                const float *b = d + r;                                                                   \
                for (Py_ssize_t k = 0; k < p; k++, b += LANES) {                                          \
                    V v = *(const V *)b, x = *(const V *)(b + W);                                         \
                    c0 += z0[k] * v; e0 += z0[k] * x; c1 += z1[k] * v; e1 += z1[k] * x;                   \
                    c2 += z2[k] * v; e2 += z2[k] * x; c3 += z3[k] * v; e3 += z3[k] * x;                   \
                }                                                                                         \
                float *o = u + t * LANES + r;                                                             \
                *(V *)o = c0; *(V *)(o + W) = e0; o += LANES; *(V *)o = c1; *(V *)(o + W) = e1; o += LANES; \
                *(V *)o = c2; *(V *)(o + W) = e2; o += LANES; *(V *)o = c3; *(V *)(o + W) = e3;           \
            }                                                                                             \
        }                                                                                                 \
    }                                                                                                     \
    TARGET INLINE void score_##S(const float *z, Py_ssize_t p, Py_ssize_t rows, const float *u, float *s) { \
        for (Py_ssize_t k = 0; k < p; k += 4) {                                                           \
            for (Py_ssize_t r = 0; r < LANES; r += 2 * W) {                                               \
                V c0 = {0}, c1 = {0}, c2 = {0}, c3 = {0}, e0 = {0}, e1 = {0}, e2 = {0}, e3 = {0};         \
                const float *a = z + k, *b = u + r;                                                       \
                for (Py_ssize_t t = 0; t < rows; t++, a += p, b += LANES) {                               \
                    V v = *(const V *)b, x = *(const V *)(b + W);                                         \
                    c0 += a[0] * v; e0 += a[0] * x; c1 += a[1] * v; e1 += a[1] * x;                       \
                    c2 += a[2] * v; e2 += a[2] * x; c3 += a[3] * v; e3 += a[3] * x;                       \
                }                                                                                         \
                float *o = s + k * LANES + r, *l = o + 2 * LANES;                                         \
                *(V *)o += c0; *(V *)(o + W) += e0; o += LANES; *(V *)o += c1; *(V *)(o + W) += e1;       \
                *(V *)l += c2; *(V *)(l + W) += e2; l += LANES; *(V *)l += c3; *(V *)(l + W) += e3;       \
            }                                                                                             \
        }                                                                                                 \
    }                                                                                                     \
    TARGET static void boot_##S(const boot_t *g, Py_ssize_t rows) {                                       \
        Py_ssize_t cells = (LINES + g->p[0] + g->p[1] + g->p[2]) * LANES;                                 \
        for (Py_ssize_t lo = 0, tiles = 1; lo < rows; lo += TILE, tiles++) {                              \
            Py_ssize_t many = rows - lo < TILE ? rows - lo : TILE;                                        \
            if (!g->start) for (int k = 0; k < 3; k++) if (g->z[k])                                       \
                times_##S(g->z[k] + lo * g->p[k], g->p[k], many, g->d[k], g->u + k * TILE * LANES);       \
            Py_ssize_t ones = g->ones < lo ? 0 : g->ones - lo < many ? g->ones - lo : many;               \
            cells_##S(g, 1, lo, 0, ones); cells_##S(g, 0, lo, ones, many);                                \
            float *s = g->s + LINES * LANES;                                                              \
            for (int k = 0; k < 3; s += g->p[k] * LANES, k++) if (g->z[k]) {                              \
                Py_ssize_t a = k == 2 && g->z[1] ? ones : 0, b = k == 1 ? ones : many;                    \
                score_##S(g->z[k] + (lo + a) * g->p[k], g->p[k], b - a, g->u + (k * TILE + a) * LANES, s); \
            }                                                                                             \
            if (tiles % FLUSH && lo + TILE < rows) continue;                                              \
            for (Py_ssize_t c = 0; c < cells; c++) { g->out[c] += g->s[c]; g->s[c] = 0; }                 \
        }                                                                                                 \
    }                                                                                                     \
    TARGET static void weights_##S(const boot_t *g, Py_ssize_t rows, float *w) {                          \
        for (Py_ssize_t i = 0; i < rows; i++) for (Py_ssize_t r = 0; r < LANES; r += W)                   \
            *(V *)(w + i * LANES + r) = exponential_##S(g->key[i] + *(const U *)(g->pair + r / 2));       \
    }
    DEFINE_BOOT(base, f4, n4, h4, u2, 4, )
    #ifdef WIDE
    DEFINE_BOOT(wide, f8, n8, h8, u4, 8, WIDE)
    #else
    #define boot_wide boot_base
    #define weights_wide weights_base
    #endif
    """
    ctypedef struct boot_t:
        const uint64_t *key
        uint64_t *pair
        const float *y
        const float **eta
        const float **z
        const float **rho
        const float **d
        Py_ssize_t *p
        Py_ssize_t ones
        const float *lift
        const float *arms
        float bound
        int start, logistic, weighted, targeted, propensity, outcome
        float *u
        float *s
        double *out
    int LANES, TILE, LINES
    void boot_base(const boot_t *g, Py_ssize_t rows) noexcept nogil
    void boot_wide(const boot_t *g, Py_ssize_t rows) noexcept nogil
    void weights_base(const boot_t *g, Py_ssize_t rows, float *w) noexcept nogil
    void weights_wide(const boot_t *g, Py_ssize_t rows, float *w) noexcept nogil


cdef void set_pairs(boot_t *g, uint64_t group) noexcept nogil:
    """Number the 32 pairs of replicates of a group, from one, and spread them over the 64-bit numbers."""
    cdef uint64_t k
    for k in range(LANES // 2):
        g.pair[k] = (group * (LANES // 2) + k + 1) * <uint64_t> 0x9E3779B97F4A7C15


def weights(const uint64_t[::1] keys not None, uint64_t group, bint portable=False):
    """Return the weights of rows in the replicates of a group, shape (n, 64)."""
    cdef Py_ssize_t n = keys.shape[0]
    cdef float[:, ::1] out = np.empty((n, LANES), dtype=np.float32)
    cdef boot_t c
    set_pairs(&c, group)
    c.key = &keys[0] if n else NULL
    if n:
        with nogil:
            if wide_available() and not portable:
                weights_wide(&c, n, &out[0, 0])
            else:
                weights_base(&c, n, &out[0, 0])
    return np.asarray(out)


def totals(
    const uint64_t[::1] keys not None, uint64_t group, Py_ssize_t exposed, const float[::1] outcome not None,
    const float[:, ::1] base not None, const float[:, ::1] residuals, list matrices not None, list steps,
    const float[:, ::1] lift not None, const float[:, ::1] arms not None, Py_ssize_t first, Py_ssize_t last,
    bint logistic, bint weighted, bint targeted, float bound=0.0, bint portable=False,
):
    """Return the lines of this module's head over rows first … last - 1, shape (11 + columns, 64)."""
    cdef Py_ssize_t n = keys.shape[0], k, columns = 0
    cdef const float[:, ::1] z, d
    cdef boot_t c
    if not 0 <= first < last <= n or len(matrices) != 3 or (steps is not None and len(steps) != 3):
        raise ValueError(f"rows {first} to {last} of {n} and three matrices and steps are needed")
    if outcome.shape[0] != n or base.shape[0] != 3 or base.shape[1] != n or not 0 <= exposed <= n or (
            residuals is None) != (steps is not None) or (
            residuals is not None and (residuals.shape[0] != 2 or residuals.shape[1] != n)):
        raise ValueError(f"outcome, base and either residuals or steps must belong to the {n} rows")
    if lift.shape[0] != 3 or lift.shape[1] != LANES or arms.shape[0] != 2 or arms.shape[1] != 5:
        raise ValueError("lift must have the shape (3, 64) and arms (2, 5)")
    for k in range(3):
        c.eta[k], c.z[k], c.d[k], c.p[k] = &base[k, first], NULL, NULL, 0
        if matrices[k] is None:
            continue
        z = matrices[k]
        if z.shape[0] != n or z.shape[1] % 4 or z.shape[1] == 0:
            raise ValueError(f"matrix {k} must have {n} rows and a multiple of four columns")
        c.z[k], c.p[k] = &z[first, 0], z.shape[1]
        columns += c.p[k]
        if steps is not None:
            d = steps[k]
            if d.shape[0] != c.p[k] or d.shape[1] != LANES:
                raise ValueError(f"steps {k} must have the shape ({c.p[k]}, 64)")
            c.d[k] = &d[0, 0]
    cdef float[::1] work = np.zeros((3 * TILE + LINES + columns) * LANES, dtype=np.float32)
    cdef double[:, ::1] out = np.zeros((LINES + columns, LANES))
    set_pairs(&c, group)
    c.key, c.y, c.ones = &keys[first], &outcome[first], exposed - first
    c.lift, c.arms, c.bound = &lift[0, 0], &arms[0, 0], bound
    c.start, c.logistic, c.weighted, c.targeted = steps is None, logistic, weighted, targeted
    c.propensity, c.outcome = c.z[0] != NULL, c.z[2] != NULL
    if residuals is not None:
        c.rho[0], c.rho[1] = &residuals[0, first], &residuals[1, first]
    c.u, c.s, c.out = &work[0], &work[3 * TILE * LANES], &out[0, 0]
    with nogil:
        if wide_available() and not portable:
            boot_wide(&c, last - first)
        else:
            boot_base(&c, last - first)
    return np.asarray(out)
