r"""Neighbours on one score, found by sorting.

Scores are counted in steps of :math:`2^{-33}` of their range, so scores that differ by less are equal
and equal distances are recognised; see ``_ext/matching.pyx``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from causalmed._kernels import matching
from causalmed.estimation.matching.found import Array, Found, Whole

__all__ = ["ScoreSearch"]

_STEPS = 2**33 - 1


class ScoreSearch:
    """Patients in the order of a score, stratum after stratum.

    Parameters
    ----------
    score : ndarray, shape (n,)
        What is compared; finite.
    exposed : ndarray, shape (n,)
        A, 0 or 1.
    strata : ndarray of int, shape (n,), or None
        Matches must be of one stratum.
    neighbours, peers : int
        How many are wanted across and within the arms.
    caliper : float or None
        Largest distance, in standard deviations of the score.

    Examples
    --------
    >>> search = ScoreSearch(np.array([0.1, 0.2, 0.8, 0.3]), np.array([1.0, 0, 0, 1]), None)
    >>> found = search.match(np.array([1.0, 2, 3, 4])[search.order], np.ones(4, dtype=bool))
    >>> found.mean[np.argsort(search.order)].tolist()  # of patients 0, 1, 2, 3
    [2.0, 2.5, 4.0, 2.0]
    """

    def __init__(
        self,
        score: Array,
        exposed: Array,
        strata: Whole | None,
        *,
        neighbours: int = 1,
        peers: int = 2,
        caliper: float | None = None,
    ) -> None:
        low, high = float(score.min()), float(score.max())
        steps = _STEPS / (high - low) if high > low else 0.0
        self.order, self._keys = matching.order(np.ascontiguousarray(score), low, steps)
        self._starts = np.array([0, len(score)], dtype=np.intp)
        if strata is not None:
            by_stratum = np.argsort(strata[self.order], kind="stable")
            self.order, self._keys = self.order[by_stratum], self._keys[by_stratum]
            sizes = np.bincount(strata)
            self._starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.intp)
        self._exposed = exposed.astype(np.uint8)[self.order]
        self.exposed = self._exposed.astype(np.float64)
        self.deviation = float(score.std())
        self.unit = self.deviation * steps
        self.neighbours, self.peers = neighbours, peers
        self._limit = 2**62 - 1 if caliper is None else int(caliper * self.unit)

    def match(self, values: Array, target: NDArray[np.bool_]) -> Found:
        """Match every patient; see :class:`Search`."""
        return self._match(values, target.view(np.uint8), self.peers)

    def mean(self, values: Array) -> Array:
        """Return the mean value of each patient's matches."""
        return self._match(values, np.zeros(len(values), dtype=np.uint8), 0).mean

    def hand_out(self, given: Array) -> Array:
        """Return what each patient receives from those who have it among their peers."""
        return matching.hand_out(
            self._keys, self._exposed, self._starts, np.ascontiguousarray(given), self.peers
        )

    def pairs(self, chooses: NDArray[np.bool_]) -> Whole:
        """Return the partner of each row that chooses, -1 where there is none; rows of the search."""
        from causalmed._kernels import pairing

        return pairing.pairs(self._keys, chooses.view(np.uint8), self._starts, self._limit)

    @property
    def starts(self) -> Whole:
        """Where each stratum begins, and the end."""
        return self._starts

    def _match(self, values: Array, target: NDArray[np.uint8], peers: int) -> Found:
        matches, reach, others, mean, credit, square, peer_mean = matching.match(
            self._keys,
            self._exposed,
            self._starts,
            np.ascontiguousarray(values),
            target,
            self.neighbours,
            peers,
            self._limit,
        )
        return Found(
            matches=matches,
            distance=reach / self.unit if self.unit else np.zeros(len(reach)),
            mean=mean,
            credit=credit,
            square=square,
            peers=others,
            peer_mean=peer_mean,
        )
