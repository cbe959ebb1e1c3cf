"""The design matrix of a regression: numbers with the names of their columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from causalmed.errors import DataError

__all__ = ["ColumnLike", "Design", "check_finite"]

INTERCEPT: Final = "Intercept"
"""Name of the column of ones."""


class ColumnLike(Protocol):
    """What a regression needs to know about a column of a table."""

    @property
    def name(self) -> str:
        """Name in the table."""
        ...

    @property
    def kind(self) -> str:
        """``"binary"``, ``"ordinal"``, ``"categorical"``, ``"continuous"`` or ``"count"``."""
        ...

    @property
    def values(self) -> NDArray[np.float64]:
        """Numbers, shape (n,); for ordinal and categorical columns the codes of their levels."""
        ...

    @property
    def levels(self) -> tuple[str, ...]:
        """Labels of the codes 0, 1, …; empty for numbers."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Design:
    """A design matrix.

    Parameters
    ----------
    matrix : ndarray of float, shape (n, p)
        Row-major; it is made read-only.
    names : tuple of str
        A name a column, for example ``("Intercept", "age", "wound_class[dirty]")``.

    Raises
    ------
    DataError
        The shape of the matrix and the number of names disagree.

    Examples
    --------
    >>> Design(matrix=np.ones((2, 1)), names=("Intercept",)).n
    2
    """

    matrix: NDArray[np.float64]
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.matrix.ndim != 2 or self.matrix.shape[1] != len(self.names):
            raise DataError(
                f"A design of shape {self.matrix.shape} cannot have {len(self.names)} column names."
            )
        self.matrix.setflags(write=False)

    @property
    def n(self) -> int:
        """Number of rows."""
        return int(self.matrix.shape[0])

    @property
    def p(self) -> int:
        """Number of columns, the intercept among them."""
        return int(self.matrix.shape[1])

    def __repr__(self) -> str:
        return f"Design({self.n} rows, {', '.join(self.names)})"


def check_finite(matrix: NDArray[np.float64], names: Sequence[str]) -> None:
    """Raise :class:`DataError` that names the columns holding NaN or infinity, if any does."""
    bad = [
        (name, column) for name, column in zip(names, matrix.T, strict=True) if not np.isfinite(column).all()
    ]
    if not bad:
        return
    shown = ", ".join(f"{name!r} ({_count_bad(column)} rows)" for name, column in bad)
    raise DataError(
        f"NaN or infinite values in {shown}. A regression cannot use such rows. "
        "Impute or leave out the rows with `missing=`, and correct infinite values at their source."
    )


def _count_bad(column: NDArray[Any]) -> str:
    return f"{int(np.count_nonzero(~np.isfinite(column))):,}"
