"""Which rows were chosen: a mask, or row numbers in canonical order."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from causalmed.errors import InvalidArgument

__all__ = ["chosen_rows"]


def chosen_rows(rows: ArrayLike, *, n: int) -> NDArray[np.intp]:
    """Return row numbers from a mask or from increasing row numbers.

    Parameters
    ----------
    rows : array_like
        n truth values, or integers in 0..n-1, increasing.
    n : int
        Rows there are.

    Returns
    -------
    ndarray of int

    Raises
    ------
    InvalidArgument

    Examples
    --------
    >>> chosen_rows([True, False, True], n=3).tolist()
    [0, 2]
    """
    array = np.asarray(rows)
    if array.ndim != 1:
        raise InvalidArgument(f"rows must be one-dimensional; got shape {array.shape}.")
    if array.dtype == bool:
        if len(array) != n:
            raise InvalidArgument(f"A mask needs one truth value a patient: {n:,}; got {len(array):,}.")
        return np.flatnonzero(array)
    if not len(array):
        return np.array([], dtype=np.intp)
    if array.dtype.kind not in "iu":
        raise InvalidArgument(f"rows are truth values or integers; got {array.dtype}.")
    if array.min() < 0 or array.max() >= n:
        raise InvalidArgument(f"rows must lie in 0 to {n - 1:,}; got {array.min()} to {array.max()}.")
    if np.any(np.diff(array.astype(np.int64)) <= 0):
        raise InvalidArgument(
            "rows must increase without repetition: a cohort holds each patient once, in the order of the "
            "ids. Sort them (np.unique); to resample, weight the patients instead."
        )
    return array.astype(np.intp)
