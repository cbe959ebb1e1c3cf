# cython: language_level=3
"""Vector mathematics in single precision, for sums that need no more.

DEFINE_SINGLE_MATH(S, V, N, H, U, TARGET) makes, for vectors V of floats, N and H of signed and unsigned
32-bit integers and U of 64-bit integers, all of one size in bytes,

    least_S(a, b), most_S(a, b)   element by element;
    power_S(x)                    exp(x) to about 2^-23, x cut at 80 either way;
    exponential_S(k)              exponential numbers from 64-bit counters k, two a counter.

The counters are scrambled by the finaliser of SplitMix64 (Steele GL, Lea D, Flood CH 2014, OOPSLA,
figure 17, variant 13). Its low half makes the even, its high half the odd number: -log((h + 1/2) / 2^31)
with h the upper 31 bits. Polynomials are those of Cephes' expf and logf (Moshier SL 1989).
"""

cimport common

cdef extern from *:
    r"""
    typedef float f4 __attribute__((vector_size(16), aligned(4), may_alias));
    typedef float f8 __attribute__((vector_size(32), aligned(4), may_alias));
    typedef int32_t n4 __attribute__((vector_size(16), aligned(4), may_alias));
    typedef int32_t n8 __attribute__((vector_size(32), aligned(4), may_alias));
    typedef uint32_t h4 __attribute__((vector_size(16), aligned(4), may_alias));
    typedef uint32_t h8 __attribute__((vector_size(32), aligned(4), may_alias));
    typedef uint64_t u2 __attribute__((vector_size(16), aligned(8), may_alias));
    typedef uint64_t u4 __attribute__((vector_size(32), aligned(8), may_alias));

    #define DEFINE_SINGLE_MATH(S, V, N, H, U, TARGET)                                                 \
    TARGET INLINE V choose_##S(N mask, V yes, V no) { return (V)(((N)yes & mask) | ((N)no & ~mask)); } \
    TARGET INLINE V least_##S(V a, V b) { return choose_##S((N)(a < b), a, b); }                      \
    TARGET INLINE V most_##S(V a, V b) { return choose_##S((N)(a > b), a, b); }                       \
    TARGET INLINE V power_##S(V x) {                                                                  \
        x = least_##S(most_##S(x, (V){0} - 80.0f), (V){0} + 80.0f);                                   \
        V k = x * 1.44269504f + 12582912.0f, n = k - 12582912.0f;                                     \
        V r = (x - n * 0.693359375f) + n * 2.12194440e-4f;                                            \
        V q = 1.9875691500e-4f + (V){0};                                                              \
        q = q * r + 1.3981999507e-3f; q = q * r + 8.3334519073e-3f; q = q * r + 4.1665795894e-2f;     \
        q = q * r + 1.6666665459e-1f; q = q * r + 5.0000001201e-1f; q = q * r * r + r + 1.0f;         \
        return q * (V)(((N)k + 127) << 23);                                                           \
    }                                                                                                 \
    TARGET INLINE V exponential_##S(U k) {                                                            \
        k = (k ^ (k >> 30)) * 0xBF58476D1CE4E5B9ULL; k = (k ^ (k >> 27)) * 0x94D049BB133111EBULL;     \
        k ^= k >> 31;                                                                                 \
        V u = (__builtin_convertvector((N)((H)k >> 1), V) + 0.5f) * 4.6566129e-10f;                    \
        u = least_##S(u, (V){0} + 0.99999994f);                                                       \
        N e = ((N)u - 0x3f3504f3) >> 23;                                                              \
        V f = (V)((N)u - (e << 23)) - 1.0f, z = f * f, q = 7.0376836292e-2f + (V){0};                 \
        q = q * f - 1.1514610310e-1f; q = q * f + 1.1676998740e-1f; q = q * f - 1.2420140846e-1f;     \
        q = q * f + 1.4249322787e-1f; q = q * f - 1.6668057665e-1f; q = q * f + 2.0000714765e-1f;     \
        q = q * f - 2.4999993993e-1f; q = q * f + 3.3333331174e-1f;                                   \
        return -(__builtin_convertvector(e, V) * 0.69314718f + (f + (z * f * q - 0.5f * z)));         \
    }
    #ifdef WIDE
    INLINE int wide_available(void) {
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    }
    #else
    INLINE int wide_available(void) { return 0; }
    #endif
    """
    int wide_available() noexcept nogil
