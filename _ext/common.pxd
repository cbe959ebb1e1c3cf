# cython: language_level=3
"""Inline helpers that every kernel may use; no Python object is touched here.

DEFINE_VECTOR_MATH(S, V, I, TARGET) makes, for vectors V of doubles and I of 64-bit integers,

    exp_minus_S(a)     exp(-a) for a >= 0, to about 2^-52; a is cut at 708, where the answer is 3e-308;
    log_one_plus_S(t)  log(1 + t) for 0 <= t <= 1, as 2 artanh(t / (2 + t)): no cancellation for small t;
    pick_S(mask, yes, no).

Polynomials are summed by Estrin's scheme: short chains of dependent operations. The vectors are
those of GCC and Clang, so that nothing hangs on what a compiler chooses to vectorise.
"""

cdef extern from *:
    r"""
    #include <stdint.h>
    #include <string.h>
    #define INLINE static inline __attribute__((always_inline, unused))
    typedef double v2 __attribute__((vector_size(16), aligned(8), may_alias));
    typedef double v4 __attribute__((vector_size(32), aligned(8), may_alias));
    typedef int64_t i2 __attribute__((vector_size(16), aligned(8), may_alias));
    typedef int64_t i4 __attribute__((vector_size(32), aligned(8), may_alias));
    #if defined(__x86_64__)
    #define WIDE __attribute__((target("avx2,fma")))
    #endif

    #define DEFINE_VECTOR_MATH(S, V, I, TARGET)                                                       \
    TARGET INLINE V pick_##S(I mask, V yes, V no) { return (V)(((I)yes & mask) | ((I)no & ~mask)); }  \
    TARGET INLINE V exp_minus_##S(V a) {                                                              \
        V limit = 708.0 + (V){0}, x = -pick_##S((I)(a > limit), limit, a);                            \
        V k = x * 1.4426950408889634 + 6755399441055744.0, n = k - 6755399441055744.0;                \
        V u = (x - n * 0.693147180369123816490) - n * 1.90821492927058770002e-10;                     \
        V u2 = u * u, u4 = u2 * u2;                                                                   \
        V c0 = (0.5 + u * (1.0 / 6)) + u2 * (1.0 / 24 + u * (1.0 / 120));                             \
        V c1 = (1.0 / 720 + u * (1.0 / 5040)) + u2 * (1.0 / 40320 + u * (1.0 / 362880));              \
        V c2 = (1.0 / 3628800 + u * (1.0 / 39916800)) + u2 * (1.0 / 479001600 + u * (1.0 / 6227020800.0)); \
        V q = 1.0 + (u + u2 * (c0 + u4 * (c1 + u4 * c2)));                                            \
        return q * (V)(((I)k + 1023) << 52);                                                          \
    }                                                                                                 \
    TARGET INLINE V log_one_plus_##S(V t) {                                                           \
        V v = t / (2.0 + t), q = v * v, q2 = q * q, q4 = q2 * q2, q8 = q4 * q4;                       \
        V c0 = (1.0 / 3 + q * (1.0 / 5)) + q2 * (1.0 / 7 + q * (1.0 / 9));                            \
        V c1 = (1.0 / 11 + q * (1.0 / 13)) + q2 * (1.0 / 15 + q * (1.0 / 17));                        \
        V c2 = (1.0 / 19 + q * (1.0 / 21)) + q2 * (1.0 / 23 + q * (1.0 / 25));                        \
        V c3 = (1.0 / 27 + q * (1.0 / 29)) + q2 * (1.0 / 31 + q * (1.0 / 33));                        \
        return 2.0 * (v + v * q * ((c0 + q4 * c1) + q8 * (c2 + q4 * c3)));                            \
    }
    """


cdef inline Py_ssize_t round_up(Py_ssize_t count, Py_ssize_t multiple) noexcept nogil:
    """Return the smallest multiple of ``multiple`` that is at least ``count``."""
    return (count + multiple - 1) // multiple * multiple


cdef inline Py_ssize_t triangle(Py_ssize_t size) noexcept nogil:
    """Return the number of cells of an upper triangle with its diagonal."""
    return size * (size + 1) // 2
