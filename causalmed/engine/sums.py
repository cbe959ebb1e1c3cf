"""Sums that do not depend on the order of their terms."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

__all__ = ["exact_sum"]


def exact_sum(parts: Iterable[NDArray[np.float64]]) -> NDArray[np.float64]:
    r"""Add arrays of one shape, each cell correctly rounded.

    Cell by cell this is :math:`\mathrm{fl}(\sum_b s_b)`, the double nearest to the true sum
    (Shewchuk 1997, Discrete Comput Geom 18:305-363, through :func:`math.fsum`), hence the same
    whatever the order in which the blocks arrive.

    Parameters
    ----------
    parts : iterable of ndarray of float
        Block statistics, all of one shape; at least one.

    Returns
    -------
    ndarray of float
        Their sum, in the shape of one part.

    Raises
    ------
    ValueError
        No part was given, or the shapes differ.

    Examples
    --------
    >>> big, small = np.array([1e16]), np.array([1.0])
    >>> float(exact_sum([big, small, small, -big])[0])
    2.0
    """
    stack = [np.asarray(part, dtype=np.float64) for part in parts]
    if not stack:
        raise ValueError("exact_sum needs at least one part")
    shape = stack[0].shape
    if any(part.shape != shape for part in stack):
        raise ValueError(f"exact_sum needs parts of one shape, got {sorted({part.shape for part in stack})}")
    if len(stack) == 1:
        return stack[0].copy()
    with np.errstate(all="ignore"):
        total = np.sum(stack, axis=0)
    if len(stack) == 2 or not np.isfinite(total).all():
        # two terms are correctly rounded by IEEE addition; infinities need no rounding
        return np.asarray(total)
    columns = np.stack([part.ravel() for part in stack]).T
    return np.array([math.fsum(cell) for cell in columns]).reshape(shape)
