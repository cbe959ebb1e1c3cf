# cython: language_level=3
"""Boosted trees on a tile of 256 rows, for ``machine.pxd``: DEFINE_TREES(S, C, TARGET) makes trees_S.

Each input becomes a byte, the number of thresholds below it (at most 254), so that a split is one comparison
of bytes for 16 or 32 rows at once. A tree is complete, of depth d, in heap order; all splits are compared,
and the way down is found by selecting halves. A line of ``forest`` is

    depth, trees, thresholds of each input, then a number a split: input * 256 + place of its threshold,

where a split that does not exist has the place after the last threshold and sends everybody left. The numbers
are the start, the thresholds of each input ascending, then the 2^d leaves of each tree.
"""

cdef extern from *:
    r"""
    #include <stdint.h>
    typedef int8_t c16 __attribute__((vector_size(16), aligned(1), may_alias));
    typedef int8_t c32 __attribute__((vector_size(32), aligned(1), may_alias));

    #define DEFINE_TREES(S, C, TARGET)                                                                \
    TARGET INLINE void ways_##S(const int8_t *bins, const int32_t *node, int depth, int8_t *which) {  \
        C zero = {0};                                                                                 \
        for (int i = 0; i < TILE; i += (int)sizeof(C)) {                                              \
            C split[63], bit[6], leaf = zero;                                                         \
            for (int n = 0; n < (1 << depth) - 1; n++) {                                              \
                C x = *(const C *)(bins + (node[n] >> 8) * TILE + i);                                 \
                split[n] = (C)(x > (int8_t)((node[n] & 255) - 128) + zero);                           \
            }                                                                                         \
            for (int l = 0; l < depth; l++) {                                                         \
                C *level = split + (1 << l) - 1;                                                      \
                for (int b = 0, half = (1 << l) >> 1; b < l; b++, half >>= 1)                         \
                    for (int j = 0; j < half; j++)                                                    \
                        level[j] = (level[j + half] & bit[b]) | (level[j] & ~bit[b]);                 \
                bit[l] = level[0];                                                                    \
                leaf |= bit[l] & ((int8_t)(1 << (depth - 1 - l)) + zero);                             \
            }                                                                                         \
            *(C *)(which + i) = leaf;                                                                 \
        }                                                                                             \
    }                                                                                                 \
    TARGET static void trees_##S(const machine_t *m, const int32_t *s, double *out) {                 \
        const int32_t *node = m->forest + s[7];                                                       \
        const double *number = m->numbers + s[6];                                                     \
        int depth = node[0], trees = node[1];                                                         \
        int8_t *bins = (int8_t *)m->work, *which = bins + s[5] * TILE;                                \
        double start = *number++;                                                                     \
        for (int f = 0; f < s[5]; f++) {                                                              \
            const double *x = m->at[m->factors[3 * (s[4] + f)]];                                      \
            for (int i = 0; i < TILE; i++) {                                                          \
                const double *low = number;                                                           \
                int n = node[2 + f];                                                                  \
                while (n > 1) { int half = n >> 1; low += low[half - 1] < x[i] ? half : 0; n -= half; }\
                bins[f * TILE + i] = (int8_t)(low - number + (n && *low < x[i]) - 128);               \
            }                                                                                         \
            number += node[2 + f];                                                                    \
        }                                                                                             \
        node += 2 + s[5];                                                                             \
        for (int i = 0; i < TILE; i++) out[i] = start;                                                \
        for (int t = 0; t < trees; t++, node += (1 << depth) - 1, number += 1 << depth) {             \
            switch (depth) {                                                                          \
            case 1: ways_##S(bins, node, 1, which); break;                                            \
            case 2: ways_##S(bins, node, 2, which); break;                                            \
            case 3: ways_##S(bins, node, 3, which); break;                                            \
            case 4: ways_##S(bins, node, 4, which); break;                                            \
            case 5: ways_##S(bins, node, 5, which); break;                                            \
            default: ways_##S(bins, node, 6, which);                                                  \
            }                                                                                         \
            for (int i = 0; i < TILE; i++) out[i] += number[which[i]];                                \
        }                                                                                             \
    }                                                                                                 \
    /* Quantiles q of a row, ascending; Q(u) into out, or F(x) with ``back``. See mechanisms/quantiles.py. */\
    TARGET static void by_quantiles_##S(const machine_t *m, const int32_t *s, const double *u, double *out) {\
        const double *p = m->numbers + s[6], *more = p + s[5], *fixed = more + 3;                     \
        int last = s[5] - 1, back = s[7] & 1;                                                         \
        double q[64];                                                                                 \
        for (int i = 0; i < TILE; i++) {                                                              \
            for (int k = 0; k <= last; k++) {                                                         \
                double v = s[7] & 2 ? fixed[k] : m->at[m->factors[3 * (s[4] + k)]][i];                \
                int j = k;                                                                            \
                for (; j > 0 && q[j - 1] > v; j--) q[j] = q[j - 1];                                   \
                q[j] = v;                                                                             \
            }                                                                                         \
            for (int k = 1; k <= last; k++) q[k] += k * more[2];                                      \
            double wide = q[last] - q[0], v = u[i];                                                   \
            const double *ask = back ? q : p;                                                         \
            int k = 0;                                                                                \
            while (k < last - 1 && v >= ask[k + 1]) k++;                                              \
            double share = back ? (v - q[k]) / (q[k + 1] - q[k]) : (v - p[k]) / (p[k + 1] - p[k]);    \
            if (!back) {                                                                              \
                if (v < p[0]) out[i] = q[0] + more[0] * wide * log((v > 1e-240 ? v : 1e-240) / p[0]);  \
                else if (v > p[last])                                                                 \
                    out[i] = q[last] - more[1] * wide * log((1 - v > 1e-17 ? 1 - v : 1e-17) / (1 - p[last]));\
                else out[i] = q[k] + share * (q[k + 1] - q[k]);                                       \
            } else if (v < q[0]) out[i] = p[0] * exp((v - q[0]) / (more[0] * wide));                  \
            else if (v > q[last]) out[i] = 1 - (1 - p[last]) * exp((q[last] - v) / (more[1] * wide)); \
            else out[i] = p[k] + share * (p[k + 1] - p[k]);                                           \
        }                                                                                             \
    }
    """
