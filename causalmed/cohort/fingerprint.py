"""A cohort's identity: what makes two tables the same data."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from causalmed.cohort.column import Column, label_of

__all__ = ["cohort_fingerprint", "feed_lengths", "feed_words"]


def cohort_fingerprint(columns: Iterable[Column], ids: NDArray[Any]) -> str:
    """Hash names, kinds, levels, ids and values.

    It does not depend on the library the table came from, on the order of its columns or, given unit
    ids, on the order of its rows.

    Parameters
    ----------
    columns : iterable of Column
        Rows in canonical order.
    ids : ndarray, shape (n,)
        Unit ids, in the same order.

    Returns
    -------
    str
        SHA-256 in hexadecimal.

    Examples
    --------
    >>> age = Column(name="age", kind="continuous", values=np.array([54.0, 61.0]))
    >>> cohort_fingerprint([age], np.array([1, 2]))[:12]
    '4135b4a3b5e4'
    """
    digest = hashlib.sha256()
    _feed_ids(digest, ids)
    for column in sorted(columns, key=lambda one: one.name):
        feed_words(digest, [column.name, column.kind, *column.levels])
        digest.update(np.ascontiguousarray(column.values, dtype="<f8").data)
    return digest.hexdigest()


def _feed_ids(digest: Any, ids: NDArray[Any]) -> None:
    if ids.dtype.kind in "iu":
        digest.update(ids.astype("<i8" if ids.dtype.kind == "i" else "<u8").data)
    else:
        feed_words(digest, [label_of(value) for value in ids.tolist()])


def feed_words(digest: Any, words: list[str]) -> None:
    """Hash some words so that ("ab", "c") and ("a", "bc") differ."""
    encoded = [word.encode("utf-8", "surrogatepass") for word in words]
    feed_lengths(digest, np.array(list(map(len, encoded)), dtype="<i8"))
    digest.update(b"".join(encoded))


def feed_lengths(digest: Any, lengths: NDArray[np.int64]) -> None:
    """Hash how many words follow, and their lengths in bytes."""
    digest.update(np.concatenate([np.array([len(lengths)], dtype="<i8"), lengths]).astype("<i8").data)
