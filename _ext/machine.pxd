# cython: language_level=3
"""The steps of ``scm.pyx`` on one tile of rows: DEFINE_MACHINE(S, V, I, U, W, …) makes step_S.

Vectors are those of ``counters.pxd``. Exponentials are taken of what is not positive alone, so nothing
overflows; a uniform number is compared with a ratio by multiplication.
"""

from libc.stdint cimport int32_t, int64_t, uint32_t

cimport counters
cimport trees

cdef extern from *:
    r"""
    typedef struct {
        const int32_t *predictors, *pieces, *factors, *forest;
        const uint32_t *keys;
        const double *numbers;
        const double **at;                 /* slot -> TILE numbers */
        double *work;                      /* (levels + 3) x TILE */
        int64_t tile;
    } machine_t;

    #define ROUGH 2e-6                     /* ten times what exp_rough can be off in a comparison */
    #define EACH for (int i = 0; i < TILE; i += (int)(sizeof(vec) / 8))
    #define AT(p) (*(vec *)((p) + i))
    #define IN(p) (*(const vec *)((p) + i))

    #define DEFINE_MACHINE(S, V_, I_, U_, W_, C_, MUL, SQRT, TARGET)                                  \
    DEFINE_VECTOR_MATH(S, V_, I_, TARGET)                                                             \
    DEFINE_RANDOM_MATH(S, V_, I_, U_, W_, MUL, SQRT, TARGET)                                          \
    DEFINE_TREES(S, C_, TARGET)                                                                       \
    TARGET INLINE int any_##S(I_ mask) {                                                              \
        int64_t found = 0;                                                                            \
        for (int l = 0; l < (int)(sizeof(I_) / 8); l++) found |= mask[l];                             \
        return found != 0;                                                                            \
    }                                                                                                 \
    TARGET static void product_##S(const machine_t *m, const int32_t *piece, double *out) {           \
        typedef V_ vec;                                                                               \
        V_ zero = {0}, one = 1.0 + zero;                                                              \
        for (int f = 0; f < piece[2]; f++) {                                                          \
            const int32_t *factor = m->factors + 3 * (piece[1] + f);                                  \
            const double *x = m->at[factor[0]];                                                       \
            V_ code = m->numbers[factor[2]] + zero;                                                   \
            EACH {                                                                                    \
                V_ v = IN(x), y = v;                                                                  \
                for (int power = 1; power < factor[1]; power++) y *= v;                               \
                if (!factor[1]) y = pick_##S((I_)(v == code), one, zero);                             \
                if (f) y *= AT(out);                                                                  \
                AT(out) = y;                                                                          \
            }                                                                                         \
        }                                                                                             \
    }                                                                                                 \
    TARGET INLINE void plain_##S(                                                                     \
        const double **x, const double *c, int count, int begun, V_ start, double *out                \
    ) {                                                                                               \
        typedef V_ vec;                                                                               \
        const double *x0 = x[0], *x1 = x[1 % count], *x2 = x[2 % count], *x3 = x[3 % count];          \
        V_ zero = {0}, a = c[0] + zero, b = c[1 % count] + zero;\
        V_ d = c[2 % count] + zero, e = c[3 % count] + zero;\
        switch (count) {                       /* up to four terms at once, added one after the other */\
        case 1: EACH AT(out) = (begun ? AT(out) : start) + a * IN(x0); break;                         \
        case 2: EACH AT(out) = ((begun ? AT(out) : start) + a * IN(x0)) + b * IN(x1); break;          \
        case 3:                                                                                       \
            EACH AT(out) = (((begun ? AT(out) : start) + a * IN(x0)) + b * IN(x1)) + d * IN(x2);      \
            break;                                                                                    \
        default:                                                                                      \
            EACH AT(out) = ((((begun ? AT(out) : start) + a * IN(x0)) + b * IN(x1))\
                            + d * IN(x2)) + e * IN(x3);\
        }                                                                                             \
    }                                                                                                 \
    TARGET static void eta_##S(const machine_t *m, int32_t p, double *out) {                          \
        typedef V_ vec;                                                                               \
        const int32_t *line = m->predictors + 3 * p;                                                  \
        double *product = m->work;                                                                    \
        V_ start = m->numbers[line[2]] + (V_){0};                                                     \
        int begun = 0;                                                                                \
        for (int32_t t = line[0]; t < line[1]; t++) {                                                 \
            const int32_t *piece = m->pieces + 4 * t;                                                 \
            const double *c = m->numbers + piece[3], *x = m->at[m->factors[3 * piece[1]]];            \
            const double *column[4];                                                                  \
            double slope[4];                                                                          \
            int plain = 0;                                                                            \
            for (; plain < 4 && t + plain < line[1]; plain++) {                                       \
                const int32_t *next = piece + 4 * plain, *factor = m->factors + 3 * next[1];          \
                if (next[0] || next[2] != 1 || factor[1] != 1) break;                                 \
                column[plain] = m->at[factor[0]]; slope[plain] = m->numbers[next[3]];                 \
            }                                                                                         \
            if (!begun && plain == 0) EACH AT(out) = start;                                           \
            if (plain) plain_##S(column, slope, plain, begun, start, out);                            \
            begun = 1;                                                                                \
            if (plain) t += plain - 1;                                                                \
            else if (piece[0]) {                         /* a table of piece[2] coefficients */       \
                for (int i = 0; i < TILE; i++) if (x[i] >= 0 && x[i] < piece[2]) {                    \
                    int32_t code = (int32_t)x[i];                                                     \
                    if (code == x[i]) out[i] += c[code];                                              \
                }                                                                                     \
            } else {                                                                                  \
                product_##S(m, piece, product);                                                       \
                EACH AT(out) += *c * AT(product);                                                     \
            }                                                                                         \
        }                                                                                             \
        if (!begun) EACH AT(out) = start;                                                             \
    }                                                                                                 \
    /* Edges P(X <= k) times a total, k = 0 .. count - 1, into work + 2 TILE ..; the total before. */ \
    TARGET static void edges_##S(const machine_t *m, const int32_t *s, int softmax) {                 \
        typedef V_ vec;                                                                               \
        V_ zero = {0}, one = 1.0 + zero;                                                              \
        double *eta = m->work + 2 * TILE, *total = m->work + TILE;                                    \
        if (!softmax) {                                                                               \
            eta_##S(m, s[4], total);                                                                  \
            for (int k = 0; k < s[5]; k++) EACH {                                                     \
                V_ x = AT(total) - m->numbers[s[6] + k]; I_ minus = (I_)(x < zero);                   \
                V_ t = exp_minus_##S(pick_##S(minus, -x, x));                                         \
                AT(eta + k * TILE) = pick_##S(minus, one, t) / (1.0 + t);                             \
            }                                                                                         \
            EACH AT(total) = one;                                                                     \
            return;                                                                                   \
        }                                                                                             \
        for (int k = 0; k < s[5]; k++) eta_##S(m, s[4] + k, eta + (k + 1) * TILE);                    \
        EACH {                                                                                        \
            V_ top = zero, sum;                                                                       \
            for (int k = 1; k <= s[5]; k++) {                                                         \
                V_ e = AT(eta + k * TILE);                                                            \
                top = pick_##S((I_)(e > top), e, top);                                                \
            }                                                                                         \
            AT(eta) = sum = exp_minus_##S(top);                                                       \
            for (int k = 1; k <= s[5]; k++)                                                           \
                AT(eta + k * TILE) = sum += exp_minus_##S(top - AT(eta + k * TILE));                  \
            AT(total) = sum;                                                                          \
        }                                                                                             \
    }                                                                                                 \
    TARGET static void quantile_##S(const machine_t *m, const int32_t *s, const double *u, double *out) {\
        typedef V_ vec;                                                                               \
        const double *edge = m->work + 2 * TILE, *total = m->work + TILE;                             \
        const double *codes = m->numbers + s[6] + (s[0] == 5 ? 0 : s[5]);                             \
        V_ zero = {0}, first = codes[0] + zero;                                                       \
        EACH {                                                                                        \
            V_ value = first, place = IN(u) * IN(total);                                              \
            for (int k = 0; k < s[5]; k++)                                                            \
                value = pick_##S((I_)(place >= IN(edge + k * TILE)), codes[k + 1] + zero, value);     \
            AT(out) = value;                                                                          \
        }                                                                                             \
    }                                                                                                 \
    TARGET static void posterior_##S(const machine_t *m, const int32_t *s, const double *u, double *out) {\
        typedef V_ vec;                                                                               \
        const double *edge = m->work + 2 * TILE, *total = m->work + TILE, *seen = m->at[s[3]];        \
        const double *codes = m->numbers + s[6] + (s[7] ? 0 : s[5]);                                  \
        V_ zero = {0};                                                                                \
        EACH {                                                                                        \
            V_ low = zero, high = IN(total), x = IN(seen);                                            \
            for (int k = 0; k < s[5]; k++) {                                                          \
                V_ cut = IN(edge + k * TILE);                                                         \
                high = pick_##S((I_)(x == codes[k]), cut, high);                                      \
                low = pick_##S((I_)(x > codes[k]), cut, low);                                         \
            }                                                                                         \
            AT(out) = (low + (high - low) * IN(u)) / IN(total);                                       \
        }                                                                                             \
    }                                                                                                 \
    /* 1 where u (1 + e^-|x|) reaches 1 or e^-|x|. Roughly first; the sum of doubts says if that does. */\
    TARGET INLINE int logistic_##S(const double *eta, const double *u, double *out, int exact) {      \
        typedef V_ vec;                                                                               \
        V_ zero = {0}, one = 1.0 + zero;                                                              \
        I_ doubt = (I_)(zero != zero);                                                                \
        EACH {                                                                                        \
            V_ x = IN(eta); I_ minus = (I_)(x < zero);                                                \
            V_ size = pick_##S(minus, -x, x);                                                         \
            V_ t = exact ? exp_minus_##S(size) : exp_rough_##S(size);                                 \
            V_ left = IN(u) * (1.0 + t) - pick_##S(minus, one, t);                                    \
            if (exact) left = (V_)((I_)(IN(u) * (1.0 + t) >= pick_##S(minus, one, t)));               \
            else doubt |= ~((I_)(left > ROUGH) | (I_)(left < -ROUGH));                                \
            AT(out) = pick_##S(exact ? (I_)left : (I_)(left > zero), one, zero);                      \
        }                                                                                             \
        return any_##S(doubt);                                                                        \
    }                                                                                                 \
    /* P(y) w against P*(y), w = 1 - u where y is 1: no division. */                                  \
    TARGET INLINE int flipped_##S(                                                                    \
        const double *eta, const double *u, const double *seen, double *out, int exact                \
    ) {                                                                                               \
        typedef V_ vec;                                                                               \
        V_ zero = {0}, one = 1.0 + zero;                                                              \
        I_ doubt = (I_)(zero != zero);                                                                \
        EACH {                                                                                        \
            V_ a = IN(eta), b = IN(eta + TILE), y = IN(seen), w = IN(u);                              \
            I_ yes = (I_)(y > zero), up = (I_)(a < zero), down = (I_)(b < zero), same = (I_)(a == b);\
            V_ one_size = pick_##S(up, -a, a), other_size = pick_##S(down, -b, b);                    \
            V_ r = exact ? exp_minus_##S(one_size) : exp_rough_##S(one_size);                         \
            V_ t = exact ? exp_minus_##S(other_size) : exp_rough_##S(other_size);                     \
            V_ was = pick_##S(yes ^ down, one, t) * pick_##S(yes, 1.0 - w, w) * (1.0 + r);            \
            V_ now = pick_##S(yes ^ up, one, r) * (1.0 + t);                                          \
            I_ one_now = (yes & (I_)(was <= now)) | (~yes & (I_)(was >= now));                        \
            V_ left = was - now;                                                                      \
            if (!exact) doubt |= ~(same | (I_)(left > ROUGH) | (I_)(left < -ROUGH));                  \
            AT(out) = pick_##S(same, y, pick_##S(one_now, one, zero));                                \
        }                                                                                             \
        return any_##S(doubt);                                                                        \
    }                                                                                                 \
    TARGET static void step_##S(const machine_t *m, const int32_t *s) {                               \
        typedef V_ vec;                                                                               \
        double *out = (double *)m->at[s[1]], *eta = m->work + TILE;                                   \
        const double *u = m->at[s[0] > 1 ? s[2] : 0], *other = m->at[s[3]], *number = m->numbers + s[6];\
        V_ zero = {0}, one = 1.0 + zero, sd = *number + zero;                                         \
        switch (s[0]) {                                                                               \
        case 0: uniform_##S(m->keys + 2 * s[2], m->tile, out); break;                                 \
        case 1: normal_##S(m->keys + 2 * s[2], m->tile, out); break;                                  \
        case 2:                                                                                       \
            eta_##S(m, s[4], eta);                                                                    \
            if (s[7] & 2) {                                                                           \
                eta_##S(m, s[4] + 1, eta + TILE);                                                     \
                EACH AT(out) = AT(eta) + exp_##S(AT(eta + TILE)) * IN(u);                             \
            } else if (s[7]) EACH AT(out) = exp_##S(AT(eta) + sd * IN(u));                            \
            else EACH AT(out) = AT(eta) + sd * IN(u);                                                 \
            break;                                                                                    \
        case 3:                                                                                       \
            eta_##S(m, s[4], eta);                                                                    \
            if (logistic_##S(eta, u, out, 0)) logistic_##S(eta, u, out, 1);                           \
            break;                                                                                    \
        case 4: case 5: edges_##S(m, s, s[0] == 5); quantile_##S(m, s, u, out); break;                \
        case 6:                                                                                       \
            for (int i = 0; i < TILE; i++) {                                                          \
                const double *support = number + s[5] - 1, *guide = support + s[5];                   \
                double v = u[i] > 0 ? u[i] < 1 ? u[i] : 0x1.fffffffffffffp-1 : 0.0;                   \
                int32_t k = (int32_t)guide[(int32_t)(v * s[7])];                                      \
                while (k < s[5] - 1 && v >= number[k]) k++;                                           \
                out[i] = support[k];                                                                  \
            }                                                                                         \
            break;                                                                                    \
        case 7:                                                                                       \
            eta_##S(m, s[4], eta); eta_##S(m, s[4] + 1, eta + TILE);                                  \
            if (s[7]) EACH AT(out) = IN(other) * exp_##S(AT(eta) - AT(eta + TILE));                   \
            else EACH AT(out) = IN(other) + (AT(eta) - AT(eta + TILE));                               \
            break;                                                                                    \
        case 8: edges_##S(m, s, s[7]); posterior_##S(m, s, u, out); break;                            \
        case 9:                                                                                       \
            EACH {                                                                                    \
                I_ same = (I_)(zero == zero);                                                         \
                for (int k = 0; k < s[5]; k++) {                                                      \
                    const int32_t *pair = m->factors + 3 * (s[4] + k);                                \
                    same &= (I_)(IN(m->at[pair[0]]) == IN(m->at[pair[1]]));                           \
                }                                                                                     \
                AT(out) = pick_##S(same, IN(other), AT(out));                                         \
            }                                                                                         \
            break;                                                                                    \
        case 10:                                                                                      \
            eta_##S(m, s[4], eta);                                                                    \
            EACH {                                                                                    \
                V_ x = AT(eta); I_ minus = (I_)(x < zero);                                            \
                V_ t = exp_minus_##S(pick_##S(minus, -x, x));                                         \
                AT(out) = pick_##S(minus, t, one) / (1.0 + t);                                        \
            }                                                                                         \
            break;                                                                                    \
        case 11:                                                                                      \
            eta_##S(m, s[4], eta);                                                                    \
            if (s[7]) EACH AT(out) = exp_##S(AT(eta) + 0.5 * sd * sd); else EACH AT(out) = AT(eta);   \
            break;                                                                                    \
        case 12:           /* P(y) w against P*(y), w = 1 - u where y is 1: no division */              \
            eta_##S(m, s[4], eta); eta_##S(m, s[4] + 1, eta + TILE);                                  \
            if (flipped_##S(eta, u, other, out, 0)) flipped_##S(eta, u, other, out, 1);               \
            break;                                                                                    \
        case 13: trees_##S(m, s, out); break;                                                         \
        case 14: by_quantiles_##S(m, s, u, out); break;                                               \
        }                                                                                             \
    }
    DEFINE_MACHINE(base, v2, i2, u2, 2, c16, MUL_BASE, SQRT_BASE, )
    #ifdef WIDE
    DEFINE_MACHINE(wide, v4, i4, u4, 4, c32, MUL_WIDE, SQRT_WIDE, WIDE)
    static int wide_available(void) {
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    }
    #else
    #define step_wide step_base
    static int wide_available(void) { return 0; }
    #endif
    """
    ctypedef struct machine_t:
        const int32_t *predictors
        const int32_t *pieces
        const int32_t *factors
        const int32_t *forest
        const uint32_t *keys
        const double *numbers
        const double **at
        double *work
        int64_t tile
    void step_base(const machine_t *m, const int32_t *s) noexcept nogil
    void step_wide(const machine_t *m, const int32_t *s) noexcept nogil
    int wide_available() noexcept nogil
