"""Whether effects that differ between patients may be believed: slope, order, fifths."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from causalmed.engine import Executor, fold_of
from causalmed.estimation.covariance import clustered, independent
from causalmed.estimation.forest.growing import Rows, grow
from causalmed.estimation.forest.neighbourhoods import effects
from causalmed.estimation.forest.ranking import Area, area, fifth_of, half_sample_error
from causalmed.estimation.forest.slope import Slope
from causalmed.estimation.forest.spec import CausalForest
from causalmed.results import Functionals, Heterogeneity, Interval

__all__ = ["halves", "rank_by_other_half", "validate"]

Array = NDArray[np.float64]


def halves(keys: NDArray[np.uint64], *, seed: int) -> NDArray[np.intp]:
    """Divide patients in two by the hash of their keys, clusters whole and as even as can be."""
    present, member = np.unique(keys, return_inverse=True)
    if len(present) > 200:
        return fold_of(keys, folds=2, seed=seed)
    order = np.argsort(fold_of(present, folds=2**31, seed=seed), kind="stable")
    side = np.empty(len(present), dtype=np.intp)
    side[order] = np.arange(len(present)) % 2
    return side[member]


def rank_by_other_half(
    rows: Rows, spec: CausalForest, half: NDArray[np.intp], *, seed: int, executor: Executor
) -> Array:
    """Return effects of each half as the forest of the other half predicts them."""
    predicted = np.empty(len(half))
    for side in (0, 1):
        inside = half == side
        forest = grow(rows.take(~inside), spec, seed=seed, path=("half", side), executor=executor)
        predicted[inside] = effects(
            forest, np.ascontiguousarray(rows.bins[inside]), cluster=None, executor=executor
        )[0]
    return predicted


def validate(
    *,
    slope: Slope | None,
    predicted: Array,
    gamma: Array,
    half: NDArray[np.intp],
    clusters: NDArray[np.intp] | None,
    degrees: float,
    level: float,
    seed: int,
    outcome_kind: str,
) -> Heterogeneity:
    """Put slope, area and fifths together.

    Parameters
    ----------
    slope : Slope or None
        Best linear predictor.
    predicted : ndarray, shape (n,)
        From :func:`rank_by_other_half`.
    gamma : ndarray, shape (n,)
        Doubly robust scores.
    half : ndarray of int, shape (n,)
        From :func:`halves`.
    clusters : ndarray of int, shape (n,), or None
        Clusters.
    degrees : float
        Of the t distribution of the intervals.
    level : float
        Confidence level.
    seed : int
        The user's seed.
    outcome_kind : str
        ``"binary"`` or ``"continuous"``.
    """
    found = _area(predicted, gamma, half, clusters, seed)
    steep = (np.nan, np.nan) if slope is None else (slope.slope, slope.slope_error)
    return Heterogeneity(
        slope=_interval(*steep, degrees, level),
        area=_interval(found.estimate, found.std_error, degrees, level),
        fifths=_fifths(predicted, gamma, half, clusters, degrees, level),
        stretch=1.0 if slope is None else slope.factor,
        outcome_kind=outcome_kind,
    )


def _area(
    predicted: Array, gamma: Array, half: NDArray[np.intp], clusters: NDArray[np.intp] | None, seed: int
) -> Area:
    parts = []
    for side in (0, 1):
        inside = np.flatnonzero(half == side)
        order = inside[np.argsort(-predicted[inside], kind="stable")]
        own = None if clusters is None else clusters[order]
        error = half_sample_error(gamma[order], own, seed=seed, path=(side,))
        parts.append((area(gamma[order]), error))
    # each half is ranked by what the other shows: where no effect differs, both areas are nearly the same
    # product of the two halves' noise, so their errors add up as if they were one
    return Area(estimate=(parts[0][0] + parts[1][0]) / 2, std_error=(parts[0][1] + parts[1][1]) / 2)


def _fifths(
    predicted: Array,
    gamma: Array,
    half: NDArray[np.intp],
    clusters: NDArray[np.intp] | None,
    degrees: float,
    level: float,
) -> tuple[Interval, ...]:
    fifth = np.empty(len(half), dtype=np.intp)
    for side in (0, 1):
        fifth[half == side] = fifth_of(predicted[half == side])
    answer = []
    for k in range(5):
        inside = fifth == k
        value = float(gamma[inside].mean())
        phi = (np.where(inside, gamma - value, 0.0) / inside.mean())[:, None]
        answer.append(_interval(value, _error(phi, clusters), degrees, level))
    return tuple(answer)


def _error(influence: Array, clusters: NDArray[np.intp] | None) -> float:
    if clusters is None:
        return float(np.sqrt(independent(influence)[0, 0]))
    return float(np.sqrt(clustered(influence, clusters, int(clusters.max()) + 1)[0, 0]))


def _interval(value: float, error: float, degrees: float, level: float) -> Interval:
    scale = Functionals(
        labels=("x",), values=np.zeros(1), covariance=np.eye(1), source="", degrees_of_freedom=degrees
    )
    away = scale.quantile(level) * error
    return Interval(estimate=value, low=value - away, high=value + away, std_error=error, level=level)
