"""What a search for similar patients brings back, whatever it searched in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["Found", "Search", "strata_of"]

Array = NDArray[np.float64]
Whole = NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Found:
    r"""Matches across the arms and peers within them, a row each in the order of the search.

    Attributes
    ----------
    matches : ndarray of int, shape (n,)
        :math:`|J_i|`; 0 where none lies within the caliper.
    distance : ndarray, shape (n,)
        Distance to the farthest of them, in the unit of the caliper.
    mean : ndarray, shape (n,)
        Mean value of the matches.
    credit : ndarray, shape (n,)
        :math:`k_j = \sum_i t_i 1\{j \in J_i\} / |J_i|`.
    square : ndarray, shape (n,)
        :math:`\sum_i t_i 1\{j \in J_i\} / |J_i|^2`.
    peers : ndarray of int, shape (n,)
        Nearest others of the own arm.
    peer_mean : ndarray, shape (n,)
        Their mean value.
    """

    matches: NDArray[np.intc]
    distance: Array
    mean: Array
    credit: Array
    square: Array
    peers: NDArray[np.intc]
    peer_mean: Array


class Search(Protocol):
    """Somewhere neighbours can be found."""

    order: Whole
    """Rows of the cohort in the order of the search."""
    exposed: Array
    """A in that order."""

    def match(self, values: Array, target: NDArray[np.bool_]) -> Found:
        """Match every patient; those of the target give credit."""
        ...

    def mean(self, values: Array) -> Array:
        """Return the mean value of each patient's matches."""
        ...

    def hand_out(self, given: Array) -> Array:
        """Return what each patient receives where all share what they are given among their peers."""
        ...


def strata_of(columns: list[Array], rows: int) -> Whole:
    """Number the combinations of the values of some columns, 0, 1, ….

    Examples
    --------
    >>> strata_of([np.array([0.0, 1.0, 0.0]), np.array([5.0, 5.0, 7.0])], 3).tolist()
    [0, 2, 1]
    """
    member = np.zeros(rows, dtype=np.intp)
    for values in columns:
        levels, codes = np.unique(values, return_inverse=True)
        member = np.unique(member * len(levels) + codes, return_inverse=True)[1].astype(np.intp)
    return member
