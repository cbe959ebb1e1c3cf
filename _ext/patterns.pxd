# cython: language_level=3
"""Tables of a leaf for ``treeshap.pyx``: what each pattern of failing players gives to each player."""

ctypedef unsigned char byte

cdef struct way_t:            # the way to a node: its players and the share of the data that went along
    int d
    int player[8]
    double share[8]

cdef struct nodes_t:          # of the integral over t
    double t[4]
    double up[9][4]           # t^(a-1)
    double down[9][4]         # w (1-t)^b


cdef inline void prepare(nodes_t *g) noexcept nogil:
    """Fill the powers at the four Gauss-Legendre nodes of [0, 1]."""
    cdef double[4] t = [0.06943184420297371, 0.33000947820757187, 0.6699905217924281, 0.9305681557970263]
    cdef double[4] w = [0.17392742256872693, 0.32607257743127307, 0.32607257743127307, 0.17392742256872693]
    cdef int q, k
    for q in range(4):
        g.t[q] = t[q]
        g.up[0][q], g.down[0][q] = 1 / t[q], w[q]
        for k in range(8):
            g.up[k + 1][q] = g.up[k][q] * t[q]
            g.down[k + 1][q] = g.down[k][q] * (1 - t[q])


cdef inline int size_of(int s) noexcept nogil:
    """Return how many players a pattern holds."""
    cdef int count = 0
    while s:
        s &= s - 1
        count += 1
    return count


cdef inline void integrate(
    const nodes_t *g, const double (*z)[4], int d, double scale, double *less, double *same,
) noexcept nogil:
    """Return for each set M the integrals of (1-t)^(d-1-|M|) Z(M) and (1-t)^(d-|M|) Z(M)."""
    cdef int s, q, b
    cdef double low, high
    for s in range(1 << d):
        b = d - size_of(s)
        low = high = 0
        for q in range(4):
            high += g.down[b][q] * z[s][q]
        same[s] = scale * high
        if b:
            for q in range(4):
                low += g.down[b - 1][q] * z[s][q]
        less[s] = scale * low


cdef inline void against(
    const nodes_t *g, const long long *count, int d, double scale, double (*table)[256],
) noexcept nogil:
    """Fill the table of a leaf (player, pattern) against the background."""
    cdef double[256][4] z
    cdef double[256] less, same
    cdef int s, j, q, k, full = (1 << d) - 1
    for s in range(1 << d):
        k = size_of(s)
        for q in range(4):
            z[s][q] = count[s] * g.up[k][q]
    for j in range(d):
        k = 1 << j
        for s in range(1 << d):
            if s & k:
                for q in range(4):
                    z[s][q] += z[s ^ k][q]
    integrate(g, z, d, scale, less, same)
    for j in range(d):
        k = 1 << j
        for s in range(1 << d):
            table[j][s] = same[full ^ s] - less[(full ^ s) & ~k]


cdef inline void along(const nodes_t *g, const way_t *w, double scale, double (*table)[256]) noexcept nogil:
    """Fill the table of a leaf (player, pattern) along the paths."""
    cdef double[256][4] z
    cdef double[256] less, same, share
    cdef int s, j, q, k, full = (1 << w.d) - 1
    share[0] = 1
    for q in range(4):
        z[0][q] = 1
    for j in range(w.d):
        k = 1 << j
        for s in range(k):
            share[s | k] = share[s] * w.share[j]
            for q in range(4):
                z[s | k][q] = z[s][q] * (g.t[q] + (1 - g.t[q]) * w.share[j])
    integrate(g, z, w.d, scale, less, same)
    for j in range(w.d):
        k = 1 << j
        for s in range(1 << w.d):
            table[j][s] = share[s] * less[(full ^ s) & ~k] * (-1 if s & k else 1 - w.share[j])
