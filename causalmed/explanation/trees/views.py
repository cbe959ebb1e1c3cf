"""How a tree reads a column: as a number, or as one of some levels, with a side for what is missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["View"]

Matrix = NDArray[np.float64]
ALMOST_ZERO: Final = 1e-35  # what LightGBM takes for zero


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A column as some splits see it, so that each split is one comparison: left where at most the cut.

    Parameters
    ----------
    column : int
        Number of the column in a row.
    missing : {"left", "right", "zero"}
        Where a missing value goes, or that it counts as 0.
    levels : tuple of float or None
        The levels that go left (they are seen as 0, all others as 1); ``None`` for a number.
    single : bool
        Whether the number is rounded to single precision first.
    zero_is_missing : bool
        Whether 0 counts as missing.
    known : tuple of float or None
        All levels; another one counts as missing. ``None``: it goes right.

    Examples
    --------
    >>> View(column=0, missing="right").of(np.array([[2.0], [np.nan]])).tolist()
    [2.0, inf]
    >>> View(column=0, levels=(1.0, 3.0)).of(np.array([[1.0], [2.0], [3.0]])).tolist()
    [0.0, 1.0, 0.0]
    """

    column: int
    missing: Literal["left", "right", "zero"] = "left"
    levels: tuple[float, ...] | None = None
    single: bool = False
    zero_is_missing: bool = False
    known: tuple[float, ...] | None = None

    def of(self, rows: Matrix) -> Matrix:
        """Return what the splits compare, shape (rows,)."""
        seen = rows[:, self.column]
        absent = np.isnan(seen)
        if self.zero_is_missing:
            absent = absent | (np.abs(seen) <= ALMOST_ZERO)
        if self.single:
            with np.errstate(over="ignore"):
                seen = seen.astype(np.float32).astype(np.float64)
        if self.levels is not None:
            level = np.trunc(seen) if self.known is None else seen
            if self.known is not None:
                absent = absent | ~np.isin(level, np.array(self.known))
            seen = np.where(np.isin(level, np.array(self.levels)), 0.0, 1.0)
        if self.missing == "zero":
            return np.where(absent, 0.0, seen)
        return np.where(absent, -np.inf if self.missing == "left" else np.inf, seen)
