# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
r"""Searches along open paths of a graph with arrows u -> v and two-headed edges u <-> v.

``rows`` holds the graph in one flat array of 3 (n + 1) + m numbers: three tables of n + 1 starts (parents,
children, spouses of each node), then the neighbours; the starts count from the beginning of ``rows``.

A search moves over pairs (node, arrived at a tail or at an arrowhead), each entered once:

    from a head   onward to parents and spouses where the node opens colliders
    from a tail   onward to parents and spouses where the node is not blocked
    from both     onward to children where the node is not blocked

Shachter RD (1998). Bayes-ball. UAI 14, 480-487.
"""

from libc.stdlib cimport calloc, free, malloc

cdef enum:
    BLOCKED = 1
    OPENS = 2
    GOAL = 4
    AT_TAIL = 8
    AT_HEAD = 16
    MARKED = 32

ctypedef unsigned char byte


cdef Py_ssize_t close(const int* rows, const int* starts, byte* flags, byte mark, int* queue,
                      Py_ssize_t size) noexcept nogil:
    """Mark what the neighbours lead to from the marked nodes in the queue; return how many are marked."""
    cdef Py_ssize_t at = 0
    cdef int k, u, v
    while at < size:
        v = queue[at]
        at += 1
        for k in range(starts[v], starts[v + 1]):
            u = rows[k]
            if not flags[u] & mark:
                flags[u] |= mark
                queue[size] = u
                size += 1
    return size


cdef bint walk(const int* rows, Py_ssize_t n, byte* flags, int* queue, Py_ssize_t size) noexcept nogil:
    """Move from the states in the queue, 2 v (at a tail) or 2 v + 1 (at a head), until a goal is met."""
    cdef const int* starts[3]
    cdef Py_ssize_t at = 0
    cdef int k, u, v, side
    cdef byte mark
    cdef bint head, passes, opens
    for side in range(3):
        starts[side] = rows + side * (n + 1)
    while at < size:
        v, head = queue[at] >> 1, queue[at] & 1
        at += 1
        if flags[v] & GOAL:
            return True
        passes = (flags[v] & BLOCKED) == 0
        opens = (flags[v] & OPENS) != 0 if head else passes
        for side in range(3):
            if (side == 1 and not passes) or (side != 1 and not opens):
                continue
            mark = AT_TAIL if side == 0 else AT_HEAD
            for k in range(starts[side][v], starts[side][v + 1]):
                u = rows[k]
                if not flags[u] & mark:
                    flags[u] |= mark
                    queue[size] = 2 * u + (side != 0)
                    size += 1
    return False


cdef class Search:
    """Room for one search: a byte of flags a node, and a queue of states."""

    cdef const int* rows
    cdef Py_ssize_t n
    cdef byte* flags
    cdef int* queue

    def __cinit__(self, const int[::1] rows not None, Py_ssize_t n):
        cdef Py_ssize_t k
        if n < 0 or rows.shape[0] < 3 * (n + 1) or rows[0] != 3 * (n + 1):
            raise ValueError(f"rows do not hold the starts of {n} nodes")
        for k in range(3 * (n + 1) - 1):
            if rows[k] > rows[k + 1]:
                raise ValueError("starts must rise")
        if rows[3 * n + 2] != rows.shape[0]:
            raise ValueError("the last start must be the end of rows")
        for k in range(3 * (n + 1), rows.shape[0]):
            if rows[k] < 0 or rows[k] >= n:
                raise ValueError(f"neighbours must be numbered from 0 to {n - 1}")
        self.rows, self.n = &rows[0], n
        self.flags = <byte*> calloc(n + 1, 1)
        self.queue = <int*> malloc((2 * n + 1) * sizeof(int))
        if self.flags == NULL or self.queue == NULL:
            raise MemoryError()

    def __dealloc__(self):
        free(self.flags)
        free(self.queue)

    cdef int mark(self, object nodes, byte flag) except -1:
        """Flag nodes."""
        cdef Py_ssize_t v
        for each in nodes:
            v = each
            if v < 0 or v >= self.n:
                raise ValueError(f"node {v} is none of {self.n}")
            self.flags[v] |= flag
        return 0

    cdef Py_ssize_t listed(self, byte flag, bint doubled) noexcept:
        """Put the flagged nodes into the queue, doubled as states at a tail; return how many."""
        cdef Py_ssize_t v, size = 0
        for v in range(self.n):
            if self.flags[v] & flag:
                self.queue[size] = <int> (2 * v if doubled else v)
                size += 1
        return size


def closed(const int[::1] rows not None, Py_ssize_t n, nodes not None, bint upwards):
    """Return the nodes and what their parents (``upwards``), or children, lead to, as a set."""
    cdef Search one = Search(rows, n)
    cdef Py_ssize_t size, k
    one.mark(nodes, MARKED)
    size = one.listed(MARKED, False)
    cdef const int* starts = one.rows if upwards else one.rows + (n + 1)
    with nogil:
        size = close(one.rows, starts, one.flags, MARKED, one.queue, size)
    return {one.queue[k] for k in range(size)}


def touched(const int[::1] rows not None, Py_ssize_t n, sources not None, blocked not None, opens not None):
    """Return the nodes that open paths from the sources arrive at, those that stop them included."""
    cdef Search one = Search(rows, n)
    cdef Py_ssize_t size, v
    one.mark(sources, AT_TAIL)
    size = one.listed(AT_TAIL, True)
    one.mark(blocked, BLOCKED)
    one.mark(opens, OPENS)
    with nogil:
        walk(one.rows, n, one.flags, one.queue, size)
    return {v for v in range(n) if one.flags[v] & (AT_TAIL | AT_HEAD)}


def separates(const int[::1] rows not None, Py_ssize_t n, x not None, y not None, z not None):
    """Say whether no path from x to y is open given z; the three disjoint."""
    cdef Search one = Search(rows, n)
    cdef Py_ssize_t size
    cdef bint met
    one.mark(z, BLOCKED | OPENS)
    size = one.listed(OPENS, False)
    with nogil:
        size = close(one.rows, one.rows, one.flags, OPENS, one.queue, size)
    one.mark(y, GOAL)
    one.mark(x, AT_TAIL)
    size = one.listed(AT_TAIL, True)
    with nogil:
        met = walk(one.rows, n, one.flags, one.queue, size)
    return not met
