r"""Pairs: every patient is used at most once.

The standard error treats a pair as one observation,

.. math:: \hat\Sigma = \frac1{m (m - 1)} \sum_{\text{pairs}} (U - \hat\psi)(U - \hat\psi)^\top,

which is right where the two of a pair are close (Abadie A, Spiess J 2022. J Am Stat Assoc 117:983-995,
section 3) and too wide rather than too narrow where the propensity score was estimated (Austin PC, Small
DS 2014. Stat Med 33:4306-4319). Where all pairs lie within hospitals, what their pairs add is added up first.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from causalmed.errors import InvalidArgument, PositivityViolation
from causalmed.estimation.matching.found import Array, Whole
from causalmed.estimation.matching.scores import ScoreSearch

__all__ = ["best_pairs", "greedy_pairs", "means_of_pairs", "score_pairs"]

LARGEST = 25_000_000
_Flags = NDArray[np.bool_]


def score_pairs(search: ScoreSearch, chooses: _Flags) -> tuple[Whole, Whole]:
    """Pair on a score, one after the other from the highest down.

    Parameters
    ----------
    search : ScoreSearch
        Patients in the order of the score.
    chooses : ndarray of bool, shape (n,)
        Who looks for a partner, in the order of the cohort.

    Returns
    -------
    first, second : ndarray of int
        Rows of the cohort: those who chose, and whom.
    """
    partner = search.pairs(chooses[search.order])
    found = np.flatnonzero(partner >= 0)
    return search.order[found], search.order[partner[found]]


def greedy_pairs(place: Array, chooses: _Flags, strata: Whole, limit: float) -> tuple[Whole, Whole]:
    """Pair on covariates, one after the other in the order of the cohort; see :func:`score_pairs`."""
    first, second = [], []
    for here, there, distance in _tables(place, chooses, strata):
        for row, patient in enumerate(here):
            best = int(distance[row].argmin())
            if distance[row, best] <= limit:
                first.append(patient)
                second.append(there[best])
                distance[:, best] = np.inf
    return np.array(first, dtype=np.intp), np.array(second, dtype=np.intp)


def best_pairs(place: Array, chooses: _Flags, strata: Whole, limit: float) -> tuple[Whole, Whole]:
    """Pair so that as many as possible are paired and their total distance is smallest."""
    from scipy.optimize import linear_sum_assignment

    first, second = [], []
    for here, there, distance in _tables(place, chooses, strata):
        beyond = distance > limit
        # one forbidden pair costs more than all allowed ones together
        penalty = (np.where(beyond, 0.0, distance).max() + 1.0) * (min(distance.shape) + 1)
        row, column = linear_sum_assignment(np.where(beyond, penalty, distance))
        allowed = ~beyond[row, column]
        first.append(here[row[allowed]])
        second.append(there[column[allowed]])
    nothing = np.zeros(0, dtype=np.intp)
    return np.concatenate([nothing, *first]), np.concatenate([nothing, *second])


def means_of_pairs(outcome: Array, first: Whole, second: Whole, own: int) -> tuple[Array, Array]:
    """Return the means of exposed, unexposed, natural, and what each pair is away from them.

    Parameters
    ----------
    outcome : ndarray, shape (n,)
        Y.
    first, second : ndarray of int, shape (m,)
        The pairs.
    own : int
        Arm of the first of a pair, 1 or 0.

    Returns
    -------
    psi : ndarray, shape (3,)
    away : ndarray, shape (m, 3)
        Each column with mean zero.

    Raises
    ------
    PositivityViolation
        Fewer than two pairs.
    """
    if len(first) < 2:
        raise PositivityViolation(
            f"Only {len(first)} pairs of similar patients were found: nothing can be estimated from them. "
            "Widen the caliper, drop columns of exact=, or restrict the cohort to comparable patients."
        )
    one, two = outcome[first], outcome[second]
    U = np.column_stack([one, two, one] if own else [two, one, one])
    psi = U.mean(axis=0)
    return psi, U - psi


def _tables(place: Array, chooses: _Flags, strata: Whole) -> list[tuple[Whole, Whole, Array]]:
    from scipy.spatial.distance import cdist

    tables = []
    for number in np.unique(strata):
        inside = strata == number
        here, there = np.flatnonzero(inside & chooses), np.flatnonzero(inside & ~chooses)
        if len(here) * len(there) > LARGEST:
            raise InvalidArgument(
                f"{len(here):,} patients could each be paired with {len(there):,}: more than {LARGEST:,} "
                "pairs are not compared. Pair on a score with optimal=False, state exact= columns, or use "
                "replace=True."
            )
        if len(here) and len(there):
            tables.append((here, there, cdist(place[here], place[there])))
    return tables
