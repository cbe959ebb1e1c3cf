"""Slow NumPy twins of the kernels ``matching`` and ``pairing``: every distance is computed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["hand_out", "match", "order", "pairs"]

Whole = NDArray[np.int64]
Rows = NDArray[np.intp]
Flags = NDArray[np.uint8]
Array = NDArray[np.float64]
EQUAL = 2
"""Two rounded distances differ by as much where the exact ones are equal."""


def order(score: Array, low: float, scale: float) -> tuple[Rows, Whole]:
    r"""Return the rows in the order of the score, equal ones as they came, and their whole numbers.

    Parameters
    ----------
    score : ndarray, shape (n,)
        What is sorted; :math:`k = \lfloor (s - \text{low}) \text{scale} + 1/2 \rfloor` is from 0 to
        :math:`2^{33} - 1`.
    low, scale : float
        Of the formula.

    Examples
    --------
    >>> rows, keys = order(np.array([0.5, 0.0, 1.0]), 0.0, 10.0)
    >>> rows.tolist(), keys.tolist()
    ([1, 0, 2], [0, 5, 10])
    """
    keys = ((score - low) * scale + 0.5).astype(np.int64)
    rows = np.argsort(keys, kind="stable")
    return rows, keys[rows]


def match(
    keys: Whole,
    exposed: Flags,
    starts: Rows,
    values: Array,
    target: Flags,
    neighbours: int,
    peers: int,
    caliper: int = 2**62 - 1,
) -> tuple[Rows, Whole, Rows, Array, Array, Array, Array]:
    r"""Match every row across the arms and, with ``peers`` above 0, within its own.

    Parameters
    ----------
    keys : ndarray of int, shape (n,)
        Scores, rising within each stratum.
    exposed : ndarray of 0 and 1, shape (n,)
        A.
    starts : ndarray of int
        Stratum s is ``starts[s]:starts[s + 1]``.
    values : ndarray, shape (n,)
        Y.
    target : ndarray of 0 and 1, shape (n,)
        t.
    neighbours, peers : int
        M and the number wanted within the arm.
    caliper : int
        Largest distance of a match.

    Returns
    -------
    matches, reach, peers : ndarray of int, shape (n,)
        :math:`|J_i|`, distance to the farthest, others of the arm.
    mean, credit, square, peer_mean : ndarray, shape (n,)
        :math:`\bar Y_{J_i}`, :math:`\sum_i t_i 1\{j \in J_i\} / |J_i|`, the same by the square, mean of the
        peers; 0 where there is none.

    Examples
    --------
    >>> found = match(np.array([0, 1, 4]), np.array([1, 0, 0]), np.array([0, 3]), np.array([5.0, 6, 7]),
    ...               np.ones(3), 1, 1)
    >>> found[0].tolist(), found[3].tolist()
    ([1, 1, 1], [6.0, 5.0, 5.0])
    """
    across = _neighbours(keys, _stratum(starts), exposed, neighbours, caliper, other_arm=True)
    within = _neighbours(keys, _stratum(starts), exposed, peers, None, other_arm=False)
    away = np.abs(keys[:, None] - keys)
    size, others = across.sum(axis=1), within.sum(axis=1)
    share = across / np.maximum(size, 1)[:, None] * (target > 0)[:, None]
    return (
        size,
        np.where(across, away, 0).max(axis=1, initial=0),
        others,
        across @ values / np.maximum(size, 1),
        share.sum(axis=0),
        np.square(share).sum(axis=0),
        within @ values / np.maximum(others, 1),
    )


def hand_out(keys: Whole, exposed: Flags, starts: Rows, given: Array, peers: int) -> Array:
    """Return what each row receives where every row shares what it is given among its peers.

    Parameters
    ----------
    keys, exposed, starts, peers
        As for :func:`match`.
    given : ndarray, shape (n,)
        What each row has to share.

    Examples
    --------
    >>> hand_out(np.array([0, 10, 40]), np.ones(3), np.array([0, 3]), np.array([1.0, 2, 4]), 1).tolist()
    [2.0, 5.0, 0.0]
    """
    within = _neighbours(keys, _stratum(starts), exposed, peers, None, other_arm=False)
    return np.asarray((given / np.maximum(within.sum(axis=1), 1)) @ within)


def pairs(keys: Whole, exposed: Flags, starts: Rows, caliper: int = 2**62 - 1) -> Rows:
    """Return the unexposed row that each exposed one is given, highest score first, each once; -1: none.

    Parameters
    ----------
    keys, exposed, starts, caliper
        As for :func:`match`.

    Examples
    --------
    >>> pairs(np.array([0, 1, 4]), np.array([0, 1, 1]), np.array([0, 3])).tolist()
    [-1, -1, 0]
    """
    stratum, partner, free = _stratum(starts), np.full(len(keys), -1, dtype=np.intp), exposed == 0
    for i in np.lexsort((np.arange(len(keys)), -keys, stratum)):
        open_to = np.flatnonzero(free & (stratum == stratum[i]))
        if not exposed[i] or not len(open_to):
            continue
        # the lower of two equally near scores, the first row of equal scores
        best = open_to[np.lexsort((open_to, keys[open_to], np.abs(keys[open_to] - keys[i])))[0]]
        if abs(keys[best] - keys[i]) <= caliper:
            partner[i], free[best] = best, False
    return partner


def _stratum(starts: Rows) -> Rows:
    return np.repeat(np.arange(len(starts) - 1), np.diff(starts))


def _neighbours(
    keys: Whole, stratum: Rows, exposed: Flags, wanted: int, caliper: int | None, *, other_arm: bool
) -> NDArray[np.bool_]:
    """Return who is a neighbour of whom: all at most as far away as the nearest ``wanted``, or EQUAL more."""
    n = len(keys)
    away = np.abs(keys[:, None] - keys)
    able = (exposed[:, None] != exposed) == other_arm
    able &= (stratum[:, None] == stratum) & ~np.eye(n, dtype=bool)
    if caliper is not None:
        able &= away <= caliper
    answer = np.zeros((n, n), dtype=bool)
    for i in range(n):
        if wanted and able[i].any():
            nearest = np.sort(away[i, able[i]])
            answer[i] = able[i] & (away[i] <= nearest[min(wanted, len(nearest)) - 1] + EQUAL)
    return answer
