# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
r"""A structural causal model as a flat program, run over tiles of 256 rows.

A tile is a table of slots, TILE numbers each, that stays in the second-level cache. A step is one line of
eight integers, (op, target, source, other, predictor, count, number, flag), and writes slot ``target``:

    0 UNIFORM, 1 NORMAL   noise of counter-based streams, key number ``source``
    2 GAUSS               eta + sd u, its exponential with ``flag``; with flag 2 eta + exp(eta') u
    3 LOGISTIC            1 where u >= expit(-eta)
    4 ORDINAL             codes[#{k: u >= expit(cut_k - eta)}]
    5 CATEGORICAL         codes[#{k: u >= P(X <= k)}], softmax of 0, eta_1, ...
    6 EMPIRICAL           support[#{k: u >= edge_k}], found from a guide table of ``flag`` cells
    7 MOVED               ``other`` + eta' - eta, or ``other`` exp(eta' - eta) with ``flag``
    8 POSTERIOR           low + (high - low) u, the noise that gave ``other``; categorical with ``flag``
    9 KEEP                ``other`` where each pair of inputs is equal
   10 RISK, 11 LINE       expit(eta); eta, or exp(eta + sd^2 / 2) with ``flag``
   12 FLIPPED             binary ``other`` under eta' instead of eta, its noise u of the way up its piece
   13 TREES               boosted trees of ``count`` factors; ``flag`` their place in ``forest`` (trees.pxd)
   14 QUANTILES           Q(u) by ``count`` quantiles: factors, or numbers with flag 2; F(u) with flag 1

eta is an intercept plus pieces: a coefficient times a product of factors (a power, or with power 0 the
indicator of a code), or a table from code to coefficient. Rows depend on nothing but their tile, so they do
not depend on threads, nor on what else is asked; the two builds may differ in the last bits.
"""

import numpy as np

from libc.stdint cimport int8_t, int32_t, int64_t, uint32_t
from libc.string cimport memcpy

from machine cimport machine_t, step_base, step_wide, wide_available

cdef enum:
    TILE = 256
    OPS = 15


cdef int check_program(
    const int32_t[:, ::1] steps, const int32_t[:, ::1] predictors, const int32_t[:, ::1] pieces,
    const int32_t[:, ::1] factors, const int32_t[::1] forest, Py_ssize_t numbers, Py_ssize_t keys,
    Py_ssize_t slots,
) except -1:
    """Refuse a program that would read or write outside its arrays; return the most levels of a step."""
    cdef Py_ssize_t i, need
    cdef int most = 0
    cdef bint fine
    for i in range(factors.shape[0]):
        if not (0 <= factors[i, 0] < slots and 0 <= factors[i, 2] < numbers):
            raise ValueError(f"factor {i} reads what is not there")
    for i in range(pieces.shape[0]):
        need = pieces[i, 2] if pieces[i, 0] else 1
        if not (0 <= pieces[i, 3] <= numbers - need and 0 <= pieces[i, 1] < factors.shape[0] and need >= 0):
            raise ValueError(f"piece {i} reads what is not there")
        if not pieces[i, 0] and not 1 <= pieces[i, 2] <= factors.shape[0] - pieces[i, 1]:
            raise ValueError(f"piece {i} reads factors that are not there")
    for i in range(predictors.shape[0]):
        fine = 0 <= predictors[i, 0] <= predictors[i, 1] <= pieces.shape[0]
        if not (fine and 0 <= predictors[i, 2] < numbers):
            raise ValueError(f"predictor {i} reads what is not there")
    for i in range(steps.shape[0]):
        most = max(most, steps[i, 5] if steps[i, 0] in (4, 5, 8) else 0)
        most = max(most, steps[i, 5] // 8 if steps[i, 0] == 13 else 0)
        check_step(steps[i], forest, predictors.shape[0], factors.shape[0], numbers, keys, slots)
    return most


cdef Py_ssize_t check_forest(const int32_t[::1] s, const int32_t[::1] forest) except -2:
    """Return how many numbers the trees of a step read; -1 if one reads what is not there."""
    cdef Py_ssize_t inputs = s[5], at = s[7], thresholds = 0, nodes, i, place
    if at < 0 or inputs < 1 or at + 2 + inputs > forest.shape[0]:
        return -1
    if not (1 <= forest[at] <= 6 and forest[at + 1] >= 0):
        return -1
    nodes = (1 << forest[at]) - 1
    if <int64_t>forest[at + 1] * nodes > forest.shape[0] - at - 2 - inputs:
        return -1
    for i in range(inputs):
        if not 0 <= forest[at + 2 + i] <= 254:
            return -1
        thresholds += forest[at + 2 + i]
    for i in range(forest[at + 1] * nodes):
        place = forest[at + 2 + inputs + i]
        if not (0 <= place < 256 * inputs and place % 256 <= forest[at + 2 + place // 256]):
            return -1
    return 1 + thresholds + <Py_ssize_t>forest[at + 1] * (nodes + 1)


cdef int check_step(
    const int32_t[::1] s, const int32_t[::1] forest, Py_ssize_t predictors, Py_ssize_t factors,
    Py_ssize_t numbers, Py_ssize_t keys, Py_ssize_t slots,
) except -1:
    """Refuse one step that would read or write outside the arrays of its program."""
    cdef Py_ssize_t levels = s[5], first = s[6], cells = 1, lines = 1
    cdef bint fine = 0 <= s[0] < OPS and 0 <= s[1] < slots and 0 <= s[3] < slots and levels >= 0
    fine = fine and 0 <= s[2] < (keys if s[0] < 2 else slots)
    if s[0] in (4, 8):
        cells = 2 * levels + 1
    if s[0] == 5 or (s[0] == 8 and s[7]):
        lines, cells = levels, levels + 1
    if s[0] == 6:
        cells, fine = 2 * levels - 1 + s[7], fine and levels > 0 and s[7] > 0
    if s[0] in (7, 12) or (s[0] == 2 and s[7] & 2):
        lines = 2
    if s[0] < 2 or s[0] == 6:
        lines = 0
    if s[0] in (9, 13, 14):
        lines, predictors = levels, factors
    if s[0] == 13:
        cells = check_forest(s, forest)
        fine = fine and cells > 0
    if s[0] == 14:
        lines, cells = 0 if s[7] & 2 else levels, levels + 3 + (levels if s[7] & 2 else 0)
        fine = fine and 2 <= levels <= 64
    if not (fine and 0 <= first <= numbers - cells and 0 <= s[4] <= predictors - lines):
        raise ValueError(f"step {list(s)} reads or writes what is not there")
    return 0


cdef void put(
    const double *values, unsigned char *target, int kind, int64_t start, Py_ssize_t rows
) noexcept nogil:
    """Write a tile as doubles, floats, bytes or 64-bit whole numbers (kind 0 to 3)."""
    cdef Py_ssize_t i
    if kind == 0:
        memcpy(<double *>target + start, values, rows * sizeof(double))
    elif kind == 1:
        for i in range(rows):
            (<float *>target + start)[i] = <float>values[i]
    elif kind == 2:
        for i in range(rows):
            (<int8_t *>target + start)[i] = <int8_t>values[i]
    else:
        for i in range(rows):
            (<int64_t *>target + start)[i] = <int64_t>values[i]


def run(
    const int32_t[:, ::1] steps not None, const int32_t[:, ::1] predictors not None,
    const int32_t[:, ::1] pieces not None, const int32_t[:, ::1] factors not None,
    const double[::1] numbers not None, const uint32_t[:, ::1] keys not None, dict given not None,
    dict outputs not None, int64_t first, Py_ssize_t rows, Py_ssize_t slots, bint portable=False,
    const int32_t[::1] forest=None,
):
    """Run the program on ``rows`` rows from row ``first`` (a multiple of TILE) of the noise.

    ``given`` maps slots to columns of ``rows`` numbers, or of one; ``outputs`` to arrays to be written.
    """
    if first < 0 or first % TILE or rows < 0 or slots < 1:
        raise ValueError(f"rows start at a multiple of {TILE}, not at {first}")
    if steps.shape[1] != 8 or predictors.shape[1] != 3 or pieces.shape[1] != 4 or factors.shape[1] != 3:
        raise ValueError("a step has 8 cells, a predictor 3, a piece 4, a factor 3")
    if forest is None:
        forest = np.zeros(1, dtype=np.int32)
    cdef int levels = check_program(
        steps, predictors, pieces, factors, forest, numbers.shape[0], keys.shape[0], slots
    )
    cdef double[::1] table = np.zeros((slots + levels + 5) * TILE)
    cdef size_t[::1] at = np.zeros(slots, dtype=np.uintp)
    cdef size_t[::1] place = np.zeros(max(1, len(outputs)), dtype=np.uintp)
    cdef size_t[::1] column = np.zeros(max(1, len(given)), dtype=np.uintp)
    cdef int32_t[:, ::1] written = np.zeros((max(1, len(outputs)), 2), dtype=np.int32)
    cdef int32_t[::1] slot_of = np.zeros(max(1, len(given)), dtype=np.int32)
    cdef const double[::1] values
    cdef unsigned char[::1] target
    cdef Py_ssize_t count = 0, outs = 0, slot, start, here, j, k
    for slot in range(slots):
        at[slot] = <size_t>&table[slot * TILE]
    targets = set(np.asarray(steps)[:, 1].tolist())
    for slot, array in given.items():
        values = array
        if slot in targets:
            raise ValueError(f"slot {slot} is given and cannot be written")
        if not 0 <= slot < slots or values.shape[0] not in (1, rows):
            raise ValueError(f"slot {slot} is not there, or its column has neither one nor {rows} rows")
        if values.shape[0] == 1:
            table[slot * TILE:(slot + 1) * TILE] = values[0]
        elif rows:
            slot_of[count], column[count], count = slot, <size_t>&values[0], count + 1
    for slot, array in outputs.items():
        if not 0 <= slot < slots or array.shape != (rows,):
            raise ValueError(f"slot {slot} is not there, or its array does not have the shape ({rows},)")
        if slot in given:
            raise ValueError(f"slot {slot} is given and cannot be written")
        written[outs, 0], written[outs, 1] = slot, ["<f8", "<f4", "|i1", "<i8"].index(array.dtype.str)
        target = array.view(np.uint8)
        place[outs], outs = <size_t>&target[0] if rows else 0, outs + 1
    cdef const double *values_at
    cdef machine_t m
    cdef bint wide = wide_available() and not portable
    m.predictors = &predictors[0, 0] if predictors.shape[0] else NULL
    m.pieces = &pieces[0, 0] if pieces.shape[0] else NULL
    m.factors = &factors[0, 0] if factors.shape[0] else NULL
    m.keys = &keys[0, 0] if keys.shape[0] else NULL
    m.forest = &forest[0] if forest.shape[0] else NULL
    m.numbers, m.at, m.work = &numbers[0], <const double **>&at[0], &table[slots * TILE]
    with nogil:
        for start from 0 <= start < rows by 256:
            here = min(rows - start, TILE)
            m.tile = (first + start) // TILE
            for j in range(count):
                slot = slot_of[j]
                at[slot] = <size_t>(<const double *>column[j] + start)
                if here < TILE:
                    memcpy(&table[slot * TILE], <void *>at[slot], here * sizeof(double))
                    at[slot] = <size_t>&table[slot * TILE]
            for j in range(outs):      # doubles are written where they are wanted
                if written[j, 1] == 0:
                    slot = written[j, 0]
                    at[slot] = place[j] + start * 8 if here == TILE else <size_t>&table[slot * TILE]
            for k in range(steps.shape[0]):
                if wide:
                    step_wide(&m, &steps[k, 0])
                else:
                    step_base(&m, &steps[k, 0])
            for j in range(outs):
                if written[j, 1] or here < TILE:
                    values_at = <const double *>at[written[j, 0]]
                    put(values_at, <unsigned char *>place[j], written[j, 1], start, here)
