"""What was seen of each patient up to a horizon, as ranks in time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["THROUGH", "Seen", "see"]

Array = NDArray[np.float64]
Ranks = NDArray[np.intp]
THROUGH = -1
"""Cause of a patient who was followed to the horizon without event."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Seen:
    """Follow-up cut at the horizon.

    The distinct times are numbered from the first; events at time number k have rank 2 k, censoring there
    rank 2 k + 1, because who is censored on a day was seen without event on that day. A patient is at risk
    at every rank up to his own.

    Attributes
    ----------
    horizon : float
        In the unit of the follow-up.
    time : ndarray, shape (n,)
        End of follow-up, at most the horizon.
    cause : ndarray of int, shape (n,)
        0 censored before the horizon, 1 infection, 2, 3, … competing events; -1 none until the horizon.
    times : ndarray, shape (k,)
        Distinct times, increasing.
    rank : ndarray of int, shape (n,)
        2 k, 2 k + 1, or beyond all where the cause is -1.
    """

    horizon: float
    time: Array
    cause: Ranks
    times: Array
    rank: Ranks

    @property
    def n(self) -> int:
        """Number of patients."""
        return len(self.time)

    @property
    def known(self) -> NDArray[np.bool_]:
        """Whose state at the horizon is known."""
        return np.asarray(self.cause != 0)

    @property
    def end(self) -> int:
        """A rank beyond every event and every censoring."""
        return 2 * len(self.times)

    def had(self, cause: int) -> Array:
        """Return 1 for patients seen to have an event of this cause by the horizon, else 0."""
        return np.asarray(self.cause == cause, np.float64)

    def time_at(self, rank: Ranks) -> Array:
        """Return the times of ranks; the horizon beyond the last."""
        return np.asarray(np.append(self.times, self.horizon)[np.minimum(rank // 2, len(self.times))])


def see(time: Array, cause: Ranks, *, horizon: float) -> Seen:
    """Cut follow-up at a horizon.

    Parameters
    ----------
    time : ndarray, shape (n,)
        When follow-up ended.
    cause : ndarray of int, shape (n,)
        0 censored, 1 infection, 2, 3, … competing events.
    horizon : float
        Above 0. Events at the horizon count; who is censored at it was seen until it.

    Returns
    -------
    Seen

    Examples
    --------
    >>> seen = see(np.array([5.0, 5.0, 40.0, 30.0]), np.array([1, 0, 1, 0]), horizon=30)
    >>> seen.cause.tolist(), seen.rank.tolist()
    ([1, 0, -1, -1], [0, 1, 2, 2])
    """
    over = (time > horizon) | ((cause == 0) & (time >= horizon))
    cut = np.where(over, THROUGH, cause).astype(np.intp)
    times, number = np.unique(time[~over], return_inverse=True)
    rank = np.full(len(time), 2 * len(times), dtype=np.intp)
    rank[~over] = 2 * number + (cut[~over] == 0)
    return Seen(horizon=float(horizon), time=np.minimum(time, horizon), cause=cut, times=times, rank=rank)
