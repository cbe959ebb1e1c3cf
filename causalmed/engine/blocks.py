"""The canonical cut of a table into blocks of rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from causalmed.engine.sums import exact_sum

__all__ = ["BLOCK_ROWS", "block_slices", "block_total"]

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


def block_total(statistic: Callable[[slice], NDArray[np.float64]], rows: int) -> NDArray[np.float64]:
    """Add a statistic over the canonical blocks of rows that are in memory, in this thread.

    Parameters
    ----------
    statistic : callable
        From the slice of a block to an array; all of one shape.
    rows : int
        Number of rows, at least 1.

    Returns
    -------
    ndarray
        The sum, correctly rounded per cell.

    Examples
    --------
    >>> values = np.arange(70_000.0)
    >>> float(block_total(lambda block: values[block].sum(keepdims=True), 70_000)[0])
    2449965000.0
    """
    return exact_sum([statistic(block) for block in block_slices(rows)])
