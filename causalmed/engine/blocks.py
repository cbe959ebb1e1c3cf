"""The canonical cut of a table into blocks of rows."""

from __future__ import annotations

from typing import Final

__all__ = ["BLOCK_ROWS", "block_slices"]

BLOCK_ROWS: Final = 65_536
"""Rows in a block. It is part of every result's definition: changing it changes last bits."""


def block_slices(rows: int) -> tuple[slice, ...]:
    """Cut ``rows`` rows, already in canonical order, into consecutive blocks.

    Parameters
    ----------
    rows : int
        Number of rows, at least 0.

    Returns
    -------
    tuple of slice
        Slices of :data:`BLOCK_ROWS` rows, the last one shorter; empty for no rows.

    Examples
    --------
    >>> block_slices(70_000)
    (slice(0, 65536, None), slice(65536, 70000, None))
    """
    return tuple(slice(start, min(start + BLOCK_ROWS, rows)) for start in range(0, rows, BLOCK_ROWS))
