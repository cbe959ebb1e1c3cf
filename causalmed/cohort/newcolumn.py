"""A column made from an array rather than read from a table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from causalmed.cohort.column import KINDS, Column, label_of
from causalmed.errors import InvalidArgument, RoleConflict

__all__ = ["new_column"]

_NEEDS_LEVELS = frozenset({"ordinal", "categorical", "identifier"})


def new_column(
    name: str, values: ArrayLike, kind: str, *, n: int, levels: Sequence[str], unit: str | None
) -> Column:
    """Check an array and make it a column.

    Parameters
    ----------
    name : str
        Column.
    values : array_like, shape (n,)
        Finite numbers.
    kind : str
        One of ``KINDS``.
    n : int
        Rows of the cohort.
    levels : sequence of str
        Labels of the codes; needed for ordinal, categorical and identifier.
    unit : str or None
        Column of the unit ids, which may not be replaced.

    Returns
    -------
    Column

    Raises
    ------
    InvalidArgument, RoleConflict

    Examples
    --------
    >>> new_column("late", [0, 1], "binary", n=2, levels=(), unit=None)
    Column(name='late', kind='binary', n=2)
    """
    if not isinstance(name, str) or not name.strip():
        raise InvalidArgument(f"A column needs a name that is text; got {name!r}.")
    if name == unit:
        raise RoleConflict(f"Column {name!r} holds the unit ids: replacing it would change who the rows are.")
    if kind not in KINDS:
        raise InvalidArgument.option("kind", kind, KINDS)
    try:
        numbers = np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as refused:
        raise InvalidArgument(
            f"values of {name!r} must be numbers (codes of levels= for labels)."
        ) from refused
    if numbers.shape != (n,):
        raise InvalidArgument(f"values of {name!r} must have shape ({n:,},); got {numbers.shape}.")
    if not np.all(np.isfinite(numbers)):
        raise InvalidArgument(f"values of {name!r} are missing or infinite in some rows.")
    labels = tuple(label_of(level) for level in levels)
    _check_codes(name, numbers, kind, labels)
    stored = "text" if labels else "integer" if kind in ("binary", "count") else "number"
    return Column(name=name, kind=kind, values=numbers + 0.0, levels=labels, how="assigned", stored=stored)


def _check_codes(name: str, numbers: NDArray[np.float64], kind: str, levels: tuple[str, ...]) -> None:
    if kind in _NEEDS_LEVELS and not levels:
        raise InvalidArgument(f"A column of kind {kind!r} needs levels=, code 0 first ({name!r}).")
    if levels and kind not in (*_NEEDS_LEVELS, "binary"):
        raise InvalidArgument(f"levels= does not go with kind {kind!r} ({name!r}).")
    if kind == "binary" and levels and len(levels) != 2:
        raise InvalidArgument(f"A binary column has two levels; got {levels} ({name!r}).")
    if len(set(levels)) < len(levels):
        raise InvalidArgument(f"levels= repeats a label: {levels} ({name!r}).")
    top = len(levels) - 1 if levels else 1 if kind == "binary" else np.inf
    if kind in ("binary", "count") or levels:
        whole = bool(np.all(numbers == np.floor(numbers)))
        if not whole or numbers.min() < 0 or numbers.max() > top:
            upto = "upwards" if top == np.inf else f"to {top:g}"
            raise InvalidArgument(f"values of {name!r} must be whole numbers from 0 {upto} (kind {kind!r}).")
