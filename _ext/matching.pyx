# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
r"""Nearest neighbours on one sorted score: across the arms and within an arm.

Scores become whole numbers k in 0 ... 2^33 - 1, so that equal distances are equal to the last bit. Rows are
sorted by a radix sort of k (three passes of 11 bits, row numbers riding along in the low 31 bits). Equal
scores of an arm form a run. Then

    J(i) = {j : A_j = 1 - A_i, |k_i - k_j| <= d_M(i)},   d_M(i) the M-th smallest such distance,

is a range of runs around a pointer that only moves up, about M of them: O(n M) whatever the ties. All within
d_M(i), give or take the rounding of k, share (Abadie A, Imbens GW 2006. Econometrica 74:235-267, section 2).
Runs of different strata never meet. Nothing depends on the order of rows but the last bits of sums.
"""

import numpy as np

ctypedef long long whole
ctypedef unsigned long long word

cdef whole FAR = 1LL << 62
cdef whole EQUAL = 2      # two rounded distances differ by as much where the exact ones are equal


cdef struct runs_t:
    whole *key            # score of a run
    int *count            # rows in it
    double *total         # sum of their values
    double *credit        # what its rows are given, each
    double *square
    int *run              # run of each row


def order(const double[::1] score not None, double low, double scale):
    """Return the rows in the order of the score, equal ones as they came, and their keys."""
    cdef Py_ssize_t n = score.shape[0], i, at, digit, shift
    if n >= 1LL << 31:
        raise ValueError(f"at most {(1 << 31) - 1} rows can be sorted, not {n}")
    cdef word[:, ::1] room = np.empty((2, max(n, 1)), dtype=np.uint64)
    cdef word *a = &room[0, 0]
    cdef word *b = &room[1, 0]
    cdef Py_ssize_t[:, ::1] starts = np.zeros((3, 2049), dtype=np.intp)
    cdef Py_ssize_t[::1] rows = np.empty(n, dtype=np.intp)
    cdef whole[::1] keys = np.empty(n, dtype=np.int64)
    cdef word key
    with nogil:
        for i in range(n):
            key = <word>((score[i] - low) * scale + 0.5) & ((1ULL << 33) - 1)
            a[i] = key << 31 | <word>i
            for digit in range(3):
                starts[digit, ((key >> (11 * digit)) & 2047) + 1] += 1
        for digit in range(3):
            for at in range(2048):
                starts[digit, at + 1] += starts[digit, at]
            shift = 31 + 11 * digit
            for i in range(n):
                at = (a[i] >> shift) & 2047
                b[starts[digit, at]] = a[i]
                starts[digit, at] += 1
            a, b = b, a
        for i in range(n):
            rows[i] = <Py_ssize_t>(a[i] & ((1ULL << 31) - 1))
            keys[i] = <whole>(a[i] >> 31)
    return np.asarray(rows), np.asarray(keys)


cdef Py_ssize_t build(
    const runs_t *g, const whole *keys, const unsigned char *exposed, const double *values, Py_ssize_t lo,
    Py_ssize_t hi, Py_ssize_t *first, Py_ssize_t *end,
) noexcept nogil:
    """Collect the runs of rows lo..hi: those of the unexposed first, then those of the exposed."""
    cdef Py_ssize_t i, r, arm, unexposed = 0
    for i in range(lo, hi):
        unexposed += 1 - exposed[i]
    first[0] = end[0] = lo
    first[1] = end[1] = lo + unexposed
    for i in range(lo, hi):
        arm = exposed[i]
        r = end[arm] - 1
        if r < first[arm] or g.key[r] != keys[i]:
            r = end[arm]
            end[arm] += 1
            g.key[r] = keys[i]
            g.count[r] = 0
            g.total[r] = g.credit[r] = g.square[r] = 0.0
        g.count[r] += 1
        g.total[r] += values[i]
        g.run[i] = <int>r
    return 0


cdef inline whole widen(
    const runs_t *g, whole key, Py_ssize_t first, Py_ssize_t end, Py_ssize_t wanted, whole caliper,
    Py_ssize_t *lo, Py_ssize_t *hi, Py_ssize_t *count, double *total,
) noexcept nogil:
    """Take runs below ``hi`` and above ``lo``, nearest first, until enough rows are in; return the reach."""
    cdef whole below, above, near, edge = 0 if count[0] >= wanted else FAR, reach = 0
    while True:
        below = key - g.key[lo[0]] if lo[0] >= first else FAR
        above = g.key[hi[0]] - key if hi[0] < end else FAR
        near = below if below < above else above
        if near > caliper or near > edge + EQUAL:
            break
        reach = near
        if below == near:
            count[0] += g.count[lo[0]]
            total[0] += g.total[lo[0]]
            lo[0] -= 1
        if above == near:
            count[0] += g.count[hi[0]]
            total[0] += g.total[hi[0]]
            hi[0] += 1
        if edge == FAR and count[0] >= wanted:
            edge = near
    return reach


cdef class Runs:
    """Room for the runs of n rows."""

    cdef runs_t g
    cdef object kept

    def __init__(self, Py_ssize_t n):
        cdef whole[::1] key = np.empty(max(n, 1), dtype=np.int64)
        cdef int[:, ::1] count = np.empty((2, max(n, 1)), dtype=np.intc)
        cdef double[:, ::1] sums = np.empty((3, max(n, 1)))
        self.kept = (key, count, sums)
        self.g.key, self.g.count, self.g.run = &key[0], &count[0, 0], &count[1, 0]
        self.g.total, self.g.credit, self.g.square = &sums[0, 0], &sums[1, 0], &sums[2, 0]


cdef check(Py_ssize_t n, const unsigned char[::1] exposed, const Py_ssize_t[::1] starts, list others):
    """Refuse arrays of other lengths, arms that are no arms, and strata that point outside the rows."""
    if exposed.shape[0] != n or any(array is not None and len(array) != n for array in others):
        raise ValueError(f"all arrays must have the {n} rows of the keys")
    if n and np.asarray(exposed).max() > 1:
        raise ValueError("exposed must be 0 or 1")
    borders = np.asarray(starts)
    if len(borders) < 1 or borders[0] != 0 or borders[len(borders) - 1] != n or (np.diff(borders) < 0).any():
        raise ValueError(f"starts must rise from 0 to {n}")


cdef Py_ssize_t meet(
    const runs_t *g, whole key, double value, Py_ssize_t run, Py_ssize_t first, Py_ssize_t end,
    Py_ssize_t peers, Py_ssize_t *lo, Py_ssize_t *hi, double *total,
) noexcept nogil:
    """Find the nearest others of a row's own arm; return how many they are."""
    cdef Py_ssize_t count = g.count[run] - 1
    lo[0], hi[0] = run - 1, run + 1
    total[0] = g.total[run] - value if count else 0.0
    widen(g, key, first, end, peers, FAR - 1, lo, hi, &count, total)
    return count


def match(
    const whole[::1] keys not None, const unsigned char[::1] exposed not None,
    const Py_ssize_t[::1] starts not None, const double[::1] values not None,
    const unsigned char[::1] target not None, Py_ssize_t neighbours, Py_ssize_t peers,
    whole caliper=FAR - 1,
):
    """Match every row across the arms and, with ``peers`` above 0, within its own.

    Returns, a row each: matches, reach, peers; then mean value of the matches, what the row was used for
    by rows of the target in shares, the same in squared shares, mean value of its peers.
    """
    cdef Py_ssize_t n = keys.shape[0], s, i, j, arm, lo, hi, count
    check(n, exposed, starts, [values, target])
    if neighbours < 1 or peers < 0 or caliper < 0:
        raise ValueError("neighbours must be at least 1, peers and the caliper not negative")
    cdef Runs runs = Runs(n)
    cdef runs_t *g = &runs.g
    cdef int[:, ::1] size = np.zeros((2, n), dtype=np.intc)
    cdef whole[::1] reach = np.empty(n, dtype=np.int64)
    cdef double[:, ::1] out = np.zeros((4, n))
    cdef Py_ssize_t[2] first, end, at
    cdef double total, share
    with nogil:
        for s in range(starts.shape[0] - 1):
            if starts[s] == starts[s + 1]:
                continue
            build(g, &keys[0], &exposed[0], &values[0], starts[s], starts[s + 1], first, end)
            at[0], at[1] = first[0], first[1]
            for i in range(starts[s], starts[s + 1]):
                arm = exposed[i]
                if peers:
                    count = meet(
                        g, keys[i], values[i], g.run[i], first[arm], end[arm], peers, &lo, &hi, &total
                    )
                    size[1, i] = <int>count
                    out[3, i] = total / count if count else 0.0
                arm = 1 - arm
                while at[arm] < end[arm] and g.key[at[arm]] < keys[i]:
                    at[arm] += 1
                lo, hi, count, total = at[arm] - 1, at[arm], 0, 0.0
                reach[i] = widen(
                    g, keys[i], first[arm], end[arm], neighbours, caliper, &lo, &hi, &count, &total
                )
                size[0, i] = <int>count
                if not count:
                    continue
                share = 1.0 / count
                out[0, i] = total * share
                if target[i]:
                    for j in range(lo + 1, hi):
                        g.credit[j] += share
                        g.square[j] += share * share
            for i in range(starts[s], starts[s + 1]):
                out[1, i] = g.credit[g.run[i]]
                out[2, i] = g.square[g.run[i]]
    return np.asarray(size[0]), np.asarray(reach), np.asarray(size[1]), *np.asarray(out)


def hand_out(
    const whole[::1] keys not None, const unsigned char[::1] exposed not None,
    const Py_ssize_t[::1] starts not None, const double[::1] given not None, Py_ssize_t peers,
):
    """Return what each row receives where every row shares what it is given among its peers."""
    cdef Py_ssize_t n = keys.shape[0], s, i, j, arm, lo, hi, count
    check(n, exposed, starts, [given])
    if peers < 1:
        raise ValueError("peers must be at least 1")
    cdef Runs runs = Runs(n)
    cdef runs_t *g = &runs.g
    cdef double[::1] received = np.zeros(n)
    cdef Py_ssize_t[2] first, end
    cdef double total, share
    with nogil:
        for s in range(starts.shape[0] - 1):
            if starts[s] == starts[s + 1]:
                continue
            build(g, &keys[0], &exposed[0], &given[0], starts[s], starts[s + 1], first, end)
            for i in range(starts[s], starts[s + 1]):
                arm = exposed[i]
                count = meet(g, keys[i], given[i], g.run[i], first[arm], end[arm], peers, &lo, &hi, &total)
                if not count:
                    continue
                share = given[i] / count
                received[i] = -share
                for j in range(lo + 1, hi):
                    g.credit[j] += share
            for i in range(starts[s], starts[s + 1]):
                received[i] += g.credit[g.run[i]]
    return np.asarray(received)
