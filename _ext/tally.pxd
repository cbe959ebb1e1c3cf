# cython: language_level=3
"""Counts of rows in the four cells of each stratum, for columns of yes and no packed one bit a row."""

from libc.stdint cimport int64_t, uint64_t

cdef extern from *:
    r"""
    #include <stdint.h>
    #define DEFINE_TALLY(S, TARGET) \
    TARGET static void tally_##S(const uint64_t *bits, long words, const int *v, int depth, int64_t *c) { \
        const uint64_t *x = bits + v[depth] * words, *y = bits + v[depth + 1] * words; \
        int strata = 1 << depth; \
        for (int s = 0; s < strata; s++) { \
            int64_t n = 0, nx = 0, ny = 0, nxy = 0; \
            for (long w = 0; w < words; w++) { \
                uint64_t m = bits[v[depth + 2] * words + w]; \
                for (int k = 0; k < depth; k++) { \
                    uint64_t b = bits[v[k] * words + w]; \
                    m &= (s >> k) & 1 ? b : ~b; \
                } \
                uint64_t mx = m & x[w]; \
                n += __builtin_popcountll(m); nx += __builtin_popcountll(mx); \
                ny += __builtin_popcountll(m & y[w]); nxy += __builtin_popcountll(mx & y[w]); \
            } \
            c[0] = nxy; c[1] = nx - nxy; c[2] = ny - nxy; c[3] = n - nx - ny + nxy; c += 4; \
        } \
    }
    DEFINE_TALLY(base, )
    #if defined(__x86_64__)
    DEFINE_TALLY(popcnt, __attribute__((target("popcnt"))))
    static int popcnt_available(void) { return __builtin_cpu_supports("popcnt"); }
    #else
    #define tally_popcnt tally_base
    static int popcnt_available(void) { return 0; }
    #endif
    """
    void tally_base(const uint64_t *bits, long words, const int *v, int depth, int64_t *c) noexcept nogil
    void tally_popcnt(const uint64_t *bits, long words, const int *v, int depth, int64_t *c) noexcept nogil
    int popcnt_available() noexcept nogil
