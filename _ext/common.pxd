# cython: language_level=3
"""Inline helpers that every kernel may use; no Python object is touched here."""

cdef inline Py_ssize_t round_up(Py_ssize_t count, Py_ssize_t multiple) noexcept nogil:
    """Return the smallest multiple of ``multiple`` that is at least ``count``."""
    return (count + multiple - 1) // multiple * multiple

cdef inline Py_ssize_t triangle(Py_ssize_t size) noexcept nogil:
    """Return the number of cells of an upper triangle with its diagonal."""
    return size * (size + 1) // 2
