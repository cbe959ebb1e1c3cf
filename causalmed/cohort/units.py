"""Who the rows are: ids, their canonical order and their keys."""

from __future__ import annotations

import difflib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from causalmed.cohort.column import Column, label_of
from causalmed.errors import DataError

__all__ = ["canonical_order", "find_unit", "require_unique", "unit_column"]


def canonical_order(ids: NDArray[Any]) -> NDArray[np.intp] | None:
    """Return the rows in the order of their ids, or ``None`` where they already are.

    Parameters
    ----------
    ids : ndarray, shape (n,)
        Integers are ordered as numbers, text by code point.

    Returns
    -------
    ndarray of int, shape (n,), or None

    Examples
    --------
    >>> canonical_order(np.array([10, 9])).tolist()
    [1, 0]
    >>> canonical_order(np.array([9, 10])) is None
    True
    """
    if bool(np.all(ids[:-1] <= ids[1:])):
        return None
    if ids.dtype.kind in "iu":
        return np.argsort(ids, kind="stable")
    return np.array(sorted(range(len(ids)), key=ids.tolist().__getitem__), dtype=np.intp)


def require_unique(ids: NDArray[Any], *, unit: str) -> None:
    """Refuse ids that occur more than once.

    Parameters
    ----------
    ids : ndarray, shape (n,)
        In canonical order.
    unit : str
        Column they come from.

    Raises
    ------
    DataError
        An id is repeated; the message names some.
    """
    again = ids[1:][ids[1:] == ids[:-1]]
    if len(again):
        shown = ", ".join(dict.fromkeys(label_of(value) for value in again[:50].tolist()))
        raise DataError(
            f"Column {unit!r} (unit=) repeats {len(again):,} ids ({shown[:80]}). A row must be one patient: "
            "the order of rows, the folds and every standard error rest on it. Keep one row a patient, "
            "or name the column that is unique (for example the operation) and give the patient as cluster=."
        )


def find_unit(ids: NDArray[Any], wanted: object) -> int:
    """Return the row of a unit.

    Parameters
    ----------
    ids : ndarray, shape (n,)
        Ids of the cohort.
    wanted : object
        The id.

    Returns
    -------
    int

    Raises
    ------
    DataError
        No such unit; the message names near ones.

    Examples
    --------
    >>> find_unit(np.array([7, 9]), 9)
    1
    """
    if ids.dtype.kind in "iu":
        whole = isinstance(wanted, (int, float, np.integer, np.floating)) and not isinstance(wanted, bool)
        rows = np.flatnonzero(ids == wanted) if whole else np.array([], dtype=np.intp)
    else:
        rows = np.flatnonzero(ids == label_of(wanted))
    if len(rows) == 1:
        return int(rows[0])
    kind = "whole numbers" if ids.dtype.kind in "iu" else "text"
    raise DataError(
        f"No unit {wanted!r:.60} among the {len(ids):,} of this cohort, whose ids are {kind}. Near it: "
        f"{_near(ids, wanted)}."
    )


def _near(ids: NDArray[Any], wanted: object) -> str:
    if ids.dtype.kind in "iu" and isinstance(wanted, (int, float, np.integer, np.floating)):
        closest = np.sort(ids[np.argsort(np.abs(ids.astype(np.float64) - float(wanted)))[:3]])
        return ", ".join(str(value) for value in closest.tolist())
    texts = [label_of(value) for value in ids[:10_000].tolist()]
    close = difflib.get_close_matches(label_of(wanted)[:60], texts, 3, cutoff=0.3) or texts[:3]
    return ", ".join(close if ids.dtype.kind in "iu" else map(repr, close))


def unit_column(name: str, ids: NDArray[Any]) -> Column:
    """Return the ids as a column of kind identifier.

    Examples
    --------
    >>> unit_column("id", np.array([7, 9])).levels
    ('7', '9')
    """
    labels = tuple(label_of(value) for value in ids.tolist())
    codes = np.arange(len(ids), dtype=np.float64)
    return Column(name=name, kind="identifier", values=codes, levels=labels, how="role: unit")
