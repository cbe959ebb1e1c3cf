# cython: language_level=3
"""Random numbers from counters, and the vector mathematics that makes them normal.

DEFINE_RANDOM_MATH(S, V, I, U, W, MUL, SQRT, TARGET) makes, for vectors V of W doubles and I, U of signed and
unsigned 64-bit integers,

    exp_S(x)                       exp(x), x cut at 708 either way;
    exp_rough_S(a)                 exp(-a) for a >= 0, to 2e-7 of itself;
    uniform_S(key, tile, out)      TILE numbers (2 k + 1) / 2^53, k of 52 bits: never 0 or 1, symmetric;
    normal_S(key, tile, out)       TILE standard normal numbers by Box and Muller (1958).

Philox 4x32-7 (Salmon et al. 2011, SC '11, table 2: the fewest rounds that pass BigCrush) encrypts the
counter (lane, tile, tile >> 32, 0) under the key of a node: 128 bits a lane, for the rows ``lane`` and
``lane + TILE / 2`` of the tile. A 32-bit word lies in a lane of 64 bits; what is in
the upper half is never read.
"""

cimport common

cdef extern from *:
    r"""
    #include <math.h>
    #define TILE 256
    #define ROUNDS 7
    typedef uint64_t u2 __attribute__((vector_size(16), aligned(8), may_alias));
    typedef uint64_t u4 __attribute__((vector_size(32), aligned(8), may_alias));
    #if defined(__x86_64__)
    typedef int32_t w4 __attribute__((vector_size(16)));
    typedef int32_t w8 __attribute__((vector_size(32)));
    #define MUL_BASE(a, b) ((u2)__builtin_ia32_pmuludq128((w4)(a), (w4)(b)))
    #define MUL_WIDE(a, b) ((u4)__builtin_ia32_pmuludq256((w8)(a), (w8)(b)))
    #define SQRT_BASE(a) ((v2)__builtin_ia32_sqrtpd(a))
    #define SQRT_WIDE(a) ((v4)__builtin_ia32_sqrtpd256(a))
    #else
    #define MUL_BASE(a, b) (((a) & 0xffffffffu) * ((b) & 0xffffffffu))
    #define SQRT_BASE(a) ((v2){sqrt((a)[0]), sqrt((a)[1])})
    #endif

    #define DEFINE_RANDOM_MATH(S, V, I, U, W, MUL, SQRT, TARGET)                                      \
    TARGET INLINE V exp_rough_##S(V a) {                                                              \
        V limit = 708.0 + (V){0}, x = -pick_##S((I)(a > limit), limit, a);                            \
        V k = x * 1.4426950408889634 + 6755399441055744.0;                                            \
        V u = x - (k - 6755399441055744.0) * 0.6931471805599453, u2 = u * u;                          \
        V q = (1.0 + u) + u2 * ((0.5 + u * (1.0 / 6))\
             + u2 * ((1.0 / 24 + u * (1.0 / 120)) + u2 * (1.0 / 720)));\
        return q * (V)(((I)k + 1023) << 52);                                                          \
    }                                                                                                 \
    TARGET INLINE V exp_##S(V x) {                                                                    \
        V zero = {0}, e = exp_minus_##S(pick_##S((I)(x < zero), -x, x));                              \
        return pick_##S((I)(x > zero), 1.0 / e, e);                                                   \
    }                                                                                                 \
    TARGET INLINE V unit_##S(U high, U low) {                                                         \
        U word = 0xffffffffu + (U){0}, one = 0x3FF0000000000000u + (U){0};                            \
        return ((V)(((high & word) << 20) | ((low & word) >> 12) | one) - 1.0) + 0x1p-53;             \
    }                                                                                                 \
    TARGET static void uniform_##S(const uint32_t *key, int64_t tile, double *out) {                  \
        U mul = 0xD2511F53u + (U){0}, nul = 0xCD9E8D57u + (U){0}, zero = {0}, lanes = {0};            \
        for (int l = 0; l < W; l++) lanes[l] = l;                                                     \
        for (int lane = 0; lane < TILE / 2; lane += 2 * W, out += 2 * W) {       /* two at once */    \
            U a = lanes + (uint64_t)lane, b = ((uint64_t)tile & 0xffffffffu) + zero, e = a + W, f = b;\
            U c = ((uint64_t)tile >> 32) + zero, d = zero, g = c, h = zero;                           \
            U k = key[0] + zero, j = key[1] + zero;                                                   \
            for (int round = 0; round < ROUNDS; round++, k += 0x9E3779B9u, j += 0xBB67AE85u) {        \
                U p = MUL(a, mul), q = MUL(c, nul), r = MUL(e, mul), s = MUL(g, nul);                 \
                a = (q >> 32) ^ b ^ k; b = q; c = (p >> 32) ^ d ^ j; d = p;                           \
                e = (s >> 32) ^ f ^ k; f = s; g = (r >> 32) ^ h ^ j; h = r;                           \
            }                                                                                         \
            *(V *)out = unit_##S(a, b); *(V *)(out + TILE / 2) = unit_##S(c, d);                      \
            *(V *)(out + W) = unit_##S(e, f); *(V *)(out + W + TILE / 2) = unit_##S(g, h);            \
        }                                                                                             \
    }                                                                                                 \
    TARGET INLINE V log_##S(V u) {           /* of a number in (0, 1) */                              \
        U bits = (U)u, k = (bits - 0x3FE6A09E667F3BCDu + ((uint64_t)1024 << 52)) >> 52;               \
        V n = (V)((U)(6755399441055744.0 + (V){0}) + k) - 6755399441056768.0;                         \
        V f = (V)(bits - (k << 52) + ((uint64_t)1024 << 52)) - 1.0, s = f / (2.0 + f);                  \
        V q = s * s, q2 = q * q, q4 = q2 * q2;                                                        \
        V c0 = (1.0 / 3 + q * (1.0 / 5)) + q2 * (1.0 / 7 + q * (1.0 / 9));                            \
        V c1 = (1.0 / 11 + q * (1.0 / 13)) + q2 * (1.0 / 15 + q * (1.0 / 17));                        \
        V p = c0 + q4 * (c1 + q4 * (1.0 / 19 + q * (1.0 / 21)));                                      \
        return n * 0.69314718055994530942 + 2.0 * (s + s * q * p);                                    \
    }                                                                                                 \
    TARGET static void normal_##S(const uint32_t *key, int64_t tile, double *out) {                   \
        uniform_##S(key, tile, out);                                                                  \
        for (int lane = 0; lane < TILE / 2; lane += W) {                                              \
            V u = *(V *)(out + lane), v = *(V *)(out + lane + TILE / 2);                              \
            V radius = SQRT(-2.0 * log_##S(u)), turn = 4.0 * v;                                       \
            V k = turn + 6755399441055744.0;                                                          \
            V x = (turn - (k - 6755399441055744.0)) * 1.5707963267948966;                             \
            V q = x * x, q2 = q * q, q4 = q2 * q2;                                                    \
            V sine = (1.0 - q * (1.0 / 6)) + q2 * (1.0 / 120 - q * (1.0 / 5040));                     \
            V tail = (1.0 / 362880 - q * (1.0 / 39916800)), wide = q * (1.0 / 1307674368000.0);       \
            sine = x * (sine + q4 * (tail + q2 * (1.0 / 6227020800.0 - wide)));                       \
            V cosine = (1.0 - q * 0.5) + q2 * (1.0 / 24 - q * (1.0 / 720));                           \
            V rest = (1.0 / 40320 - q * (1.0 / 3628800));                                             \
            rest += q2 * (1.0 / 479001600 - q * (1.0 / 87178291200.0));                               \
            cosine += q4 * (rest + q4 * (1.0 / 20922789888000.0));                                    \
            I quarter = (I)k, odd = -(quarter & 1), half = (quarter & 2) << 62;                       \
            I turned = ((quarter + 1) & 2) << 62;                                                     \
            V a = pick_##S(odd, sine, cosine), b = pick_##S(odd, cosine, sine);                       \
            *(V *)(out + lane) = radius * (V)((I)a ^ turned);                                         \
            *(V *)(out + lane + TILE / 2) = radius * (V)((I)b ^ half);                                \
        }                                                                                             \
    }
    """
