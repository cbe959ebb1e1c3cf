r"""A stand-in for the outcome that censoring hid, right if either model behind it is.

.. math:: Y^*_i = \frac{\Delta_i Y_i}{G_i(T_i-)} + \int_0^\tau \frac{m_i(u)}{G_i(u)}\, dM_{C,i}(u),
          \qquad m_i(u) = E[Y \mid T > u, A_i, L_i]

with G the chance of being still uncensored and :math:`M_C` the martingale of the censoring. The conditional
mean of :math:`Y^*` given A and L is that of Y if the censoring model is right, or if the hazards of the
events are (Robins JM, Rotnitzky A 1992. AIDS Epidemiology, 297-331; Rubin D, van der Laan MJ 2007. Int J
Biostat 3(1):4). Who was not censored before the horizon, in an arm without censoring, keeps his Y.
A competing event makes Y zero: it is never weighted for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from causalmed.estimation.survival.hazards import Hazard
from causalmed.estimation.survival.seen import Seen

__all__ = ["Standins", "Wanted", "stand_in"]

Array = NDArray[np.float64]
Ranks = NDArray[np.intp]
_EDGES: Final = 64
_CHUNK: Final = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A function of the follow-up whose mean is asked for.

    Attributes
    ----------
    cause : int
        1 infection, 2, 3, … competing events.
    horizon : float
        t, at most the horizon of the follow-up.
    lost : bool
        False: 1 for an event by t. True: the time that the event takes before t, :math:`(t - T)^+`.
    """

    cause: int
    horizon: float
    lost: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Standins:
    """Outcomes with the censored filled in.

    Attributes
    ----------
    values : ndarray, shape (n, k)
        A column for each function wanted.
    observed : ndarray, shape (n, k)
        The function where it is known, else 0.
    weight : ndarray, shape (n, k)
        Weight of a known outcome, 1 / G; 0 where it is not known.
    bounded : ndarray of bool, shape (n,)
        Whose chance of being uncensored was raised to the bound.
    """

    values: Array
    observed: Array
    weight: Array
    bounded: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Bins:
    """Baselines of one arm on a few intervals of ranks, each closed on the right."""

    edges: Ranks
    censoring: Array
    causes: Array
    times: Array


def stand_in(
    seen: Seen,
    wanted: Sequence[Wanted],
    *,
    exposed: Array,
    censoring: Hazard,
    causes: Sequence[Hazard],
    bound: float = 0.0,
) -> Standins:
    """Return the stand-ins of every patient.

    Parameters
    ----------
    seen : Seen
        The follow-up.
    wanted : sequence of Wanted
        What is asked for.
    exposed : ndarray, shape (n,)
        1 or 0.
    censoring : Hazard
        Of censoring.
    causes : sequence of Hazard
        Of infection and of each competing event.
    bound : float
        Smallest chance of being uncensored that is used.

    Returns
    -------
    Standins
    """
    shape = (seen.n, len(wanted))
    values, observed, weight = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    bounded = np.zeros(seen.n, dtype=bool)
    limits = [_limit(seen, one.horizon) for one in wanted]
    for column, arm in enumerate((1.0, 0.0)):
        bins = _bins(seen, column, censoring, causes, limits)
        rows = np.flatnonzero(exposed == arm)
        for start in range(0, len(rows), _CHUNK):
            some = rows[start : start + _CHUNK]
            parts = _some(seen, wanted, limits, some, column, bins, censoring, causes, bound)
            values[some], observed[some], weight[some], bounded[some] = parts
    return Standins(values=values, observed=observed, weight=weight, bounded=bounded)


def _some(
    seen: Seen,
    wanted: Sequence[Wanted],
    limits: Sequence[int],
    rows: Ranks,
    column: int,
    bins: _Bins,
    censoring: Hazard,
    causes: Sequence[Hazard],
    bound: float,
) -> tuple[Array, Array, Array, NDArray[np.bool_]]:
    rank, cause, time = seen.rank[rows], seen.cause[rows], seen.time[rows]
    relative = censoring.relative[rows]
    own = np.exp(-relative * _until(censoring, column, rank))
    inverse = 1 / np.maximum(np.exp(-relative[:, None] * np.cumsum(bins.censoring)), bound)
    at_own = 1 / np.maximum(own, bound)
    # 1 / G at the end of each interval or at the patient's own end, whichever comes first
    reached = np.where(bins.edges < rank[:, None], inverse, at_own[:, None])
    grown = np.diff(np.concatenate([np.ones((len(rows), 1)), reached], axis=1), axis=1)
    alive, entering = _future(rows, bins, causes)
    place = np.minimum(np.searchsorted(bins.edges, rank), len(bins.edges) - 1)
    answer = np.zeros((3, len(rows), len(wanted)))
    low = own < bound
    for k, (one, limit) in enumerate(zip(wanted, limits, strict=True)):
        last = int(np.searchsorted(bins.edges, limit - 1))
        here = rank < limit
        event = here & (cause == one.cause)
        y = np.where(event, one.horizon - time if one.lost else 1.0, 0.0)
        ahead = entering[one.cause - 1][:, : last + 1]
        if one.lost:
            ahead = ahead * (one.horizon - bins.times[one.cause - 1][: last + 1])
        m = (ahead.sum(axis=1)[:, None] - np.cumsum(ahead, axis=1)) / np.maximum(alive[:, : last + 1], 1e-300)
        lost = here & (cause == 0)
        hidden = np.where(lost, m[np.arange(len(rows)), np.minimum(place, last)] * at_own, 0.0)
        w = np.where(here, at_own, inverse[:, last]) * ~lost
        answer[:, :, k] = y * at_own + hidden - (m * grown[:, : last + 1]).sum(axis=1), y, w
    return answer[0], answer[1], answer[2], low


def _future(rows: Ranks, bins: _Bins, causes: Sequence[Hazard]) -> tuple[Array, list[Array]]:
    """Return the event-free survival at the end of each interval, and who leaves in it by cause."""
    hazards = [cause.relative[rows][:, None] * line for cause, line in zip(causes, bins.causes, strict=True)]
    total = np.sum(hazards, axis=0)
    alive = np.exp(-np.cumsum(total, axis=1))
    before = np.concatenate([np.ones((len(rows), 1)), alive[:, :-1]], axis=1)
    share = (before - alive) / np.where(total > 0, total, 1.0)
    return alive, [share * hazard for hazard in hazards]


def _bins(
    seen: Seen, column: int, censoring: Hazard, causes: Sequence[Hazard], limits: Sequence[int]
) -> _Bins:
    chosen = [_thinned(hazard.ranks[column]) for hazard in (censoring, *causes)]
    ends = [limit - 1 for limit in limits]
    edges = np.unique(np.concatenate([*chosen, np.array([*ends, seen.end], dtype=np.intp)]))
    times = [_mean_times(seen, hazard, column, edges) for hazard in causes]
    return _Bins(
        edges=edges,
        censoring=_binned(edges, censoring.ranks[column], censoring.steps(column)),
        causes=np.array([_binned(edges, one.ranks[column], one.steps(column)) for one in causes]),
        times=np.array(times),
    )


def _binned(edges: Ranks, ranks: Ranks, steps: Array) -> Array:
    return np.asarray(np.bincount(np.searchsorted(edges, ranks), weights=steps, minlength=len(edges)), float)


def _mean_times(seen: Seen, hazard: Hazard, column: int, edges: Ranks) -> Array:
    """Return when, on average, a baseline jumps within each interval; the horizon where it does not."""
    ranks, steps = hazard.ranks[column], hazard.steps(column)
    mass = _binned(edges, ranks, steps)
    when = _binned(edges, ranks, steps * seen.time_at(ranks))
    return np.where(mass > 0, when / np.where(mass > 0, mass, 1.0), seen.horizon)


def _until(hazard: Hazard, column: int, rank: Ranks) -> Array:
    """Return the cumulative steps of a baseline up to each rank, that rank included."""
    total = np.concatenate([[0.0], np.cumsum(hazard.steps(column))])
    return np.asarray(total[np.searchsorted(hazard.ranks[column], rank, side="right")])


def _limit(seen: Seen, horizon: float) -> int:
    """Return the first rank beyond a horizon: events at it are inside, censoring at it is not."""
    inside = int(np.searchsorted(seen.times, horizon, side="right"))
    exact = inside > 0 and seen.times[inside - 1] == horizon
    return 2 * inside - 1 if exact else 2 * inside


def _thinned(ranks: Ranks) -> Ranks:
    """Return at most 64 of the ranks, the last among them."""
    if len(ranks) <= _EDGES:
        return ranks
    return ranks[np.unique(np.linspace(0, len(ranks) - 1, _EDGES).astype(np.intp))]
