"""Hashes of unit ids: who goes into which fold, in any order of the rows."""

from __future__ import annotations

import hashlib
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["fold_of", "splitmix64", "unit_keys"]

_GAMMA: Final = np.uint64(0x9E3779B97F4A7C15)
_MIX_1: Final = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2: Final = np.uint64(0x94D049BB133111EB)


def splitmix64(keys: NDArray[np.uint64], seed: int) -> NDArray[np.uint64]:
    """Scramble 64-bit keys, one seed one permutation of the integers.

    The finaliser of Steele, Lea and Flood (2014), OOPSLA, p. 453-472 (figure 17, "mix64variant13").

    Parameters
    ----------
    keys : ndarray of uint64
        Any keys, for example from :func:`unit_keys`.
    seed : int
        Non-negative.

    Returns
    -------
    ndarray of uint64

    Examples
    --------
    >>> splitmix64(np.array([0], dtype=np.uint64), seed=0)
    array([16294208416658607535], dtype=uint64)
    """
    offset = np.uint64((seed * 0xD1342543DE82EF95 + 0x9E3779B97F4A7C15) % 2**64)
    mixed = keys.astype(np.uint64) * _GAMMA + offset
    mixed = (mixed ^ (mixed >> np.uint64(30))) * _MIX_1
    mixed = (mixed ^ (mixed >> np.uint64(27))) * _MIX_2
    return np.asarray(mixed ^ (mixed >> np.uint64(31)), dtype=np.uint64)


def unit_keys(ids: NDArray[Any]) -> NDArray[np.uint64]:
    """Turn ids of any type into 64-bit keys that depend on nothing but the id.

    Parameters
    ----------
    ids : ndarray, shape (n,)
        Integers are taken as they are; anything else through BLAKE2b of its text.

    Returns
    -------
    ndarray of uint64, shape (n,)

    Examples
    --------
    >>> unit_keys(np.array([7, 8]))
    array([7, 8], dtype=uint64)
    """
    array = np.asarray(ids)
    if array.dtype.kind in "iub":
        return (
            array.astype(np.int64).view(np.uint64).copy()
            if array.dtype.kind == "i"
            else array.astype(np.uint64)
        )
    digests = (hashlib.blake2b(str(value).encode(), digest_size=8).digest() for value in array.tolist())
    return np.frombuffer(b"".join(digests), dtype="<u8").astype(np.uint64)


def fold_of(keys: NDArray[np.uint64], *, folds: int, seed: int) -> NDArray[np.intp]:
    """Assign every key to a fold by its hash, so that a cluster is never split.

    Parameters
    ----------
    keys : ndarray of uint64, shape (n,)
        Key of the unit, or of the cluster where there is one.
    folds : int
        Number of folds, at least 1.
    seed : int
        Non-negative.

    Returns
    -------
    ndarray of int, shape (n,)
        Fold numbers in ``range(folds)``.

    Examples
    --------
    >>> fold_of(np.arange(6, dtype=np.uint64), folds=2, seed=1).tolist()
    [0, 1, 0, 0, 1, 0]
    """
    return (splitmix64(keys, seed) % np.uint64(folds)).astype(np.intp)
