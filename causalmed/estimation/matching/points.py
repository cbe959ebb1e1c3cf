"""Neighbours among covariates, found in k-d trees.

Patients of one stratum and arm with the same covariates are one point, so that equal patients are found
together and are tied, however many there are. Distances that differ by less than a billionth are equal.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from causalmed.estimation.matching.found import Array, Found, Whole

__all__ = ["Links", "PointSearch", "metric_root", "nearest"]

_EQUAL = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Links:
    """From each of some points to others.

    Attributes
    ----------
    source, to : ndarray of int, shape (links,)
        Points.
    reach : ndarray, shape (points,)
        Distance to the farthest.
    """

    source: Whole
    to: Whole
    reach: Array


def metric_root(X: Array, metric: str) -> Array:
    r"""Return L with distance :math:`\lVert (x - x')^\top L \rVert`; columns that do not vary do not count.

    Parameters
    ----------
    X : ndarray, shape (n, q)
        Covariates.
    metric : {"mahalanobis", "inverse_variance"}
        :math:`L L^\top = \hat\Sigma^{-1}` (pseudo-inverse), or the inverse of its diagonal.

    Returns
    -------
    ndarray, shape (q, r)
    """
    spread = X.std(axis=0, ddof=1)
    varies = spread > 1e-12 * np.abs(X).max(axis=0)
    scale = np.where(varies, 1 / np.where(varies, spread, 1.0), 0.0)
    if metric == "inverse_variance":
        return np.diag(scale)
    if not scale.any():
        return np.zeros((len(scale), 1))
    correlation = np.cov((X - X.mean(axis=0)) * scale, rowvar=False).reshape(len(scale), len(scale))
    values, vectors = np.linalg.eigh(correlation)
    kept = values > 1e-10 * values.max()
    return np.asarray(scale[:, None] * vectors[:, kept] / np.sqrt(values[kept]))


class PointSearch:
    """Patients as points in the space of their covariates.

    Parameters
    ----------
    X : ndarray, shape (n, q)
        Covariates.
    exposed : ndarray, shape (n,)
        A, 0 or 1.
    strata : ndarray of int, shape (n,), or None
        Matches must be of one stratum.
    root : ndarray, shape (q, r)
        From :func:`metric_root`.
    neighbours, peers : int
        How many are wanted across and within the arms.
    caliper : float or None
        Largest distance.

    Examples
    --------
    >>> X = np.array([[0.0], [1.0], [4.0], [1.5]])
    >>> search = PointSearch(X, np.array([1.0, 0, 0, 1]), None, np.eye(1), peers=1)
    >>> search.match(np.array([1.0, 2, 3, 4]), np.ones(4, dtype=bool)).mean.tolist()
    [2.0, 4.0, 4.0, 2.0]
    """

    def __init__(
        self,
        X: Array,
        exposed: Array,
        strata: Whole | None,
        root: Array,
        *,
        neighbours: int = 1,
        peers: int = 2,
        caliper: float | None = None,
    ) -> None:
        self.order, self.exposed = np.arange(len(X)), exposed
        where = np.zeros(len(X), dtype=np.intp) if strata is None else strata
        points, self._point, self._count = np.unique(
            np.column_stack([where, exposed, X]), axis=0, return_inverse=True, return_counts=True
        )
        self._point = self._point.reshape(-1)
        place = points[:, 2:] @ root
        limit = np.inf if caliper is None else float(caliper)
        group = (points[:, 0] * 2 + points[:, 1]).astype(np.intp)
        wanted = np.full(len(points), neighbours)
        missing = np.maximum(peers - self._count + 1, 0)
        self._across = _links(place, self._count, group, group ^ 1, wanted, limit, own=False)
        self._within = _links(place, self._count, group, group, missing, np.inf, own=True)
        self._matches = self._sum(self._across, self._count)
        self._peers = self._sum(self._within, self._count) + self._count - 1

    def match(self, values: Array, target: NDArray[np.bool_]) -> Found:
        """Match every patient; see :class:`Search`."""
        total = self._total(values)
        share = 1 / np.maximum(self._matches, 1)
        asking = self._total(target)
        others = (self._sum(self._within, total) + total)[self._point] - values
        each = self._peers[self._point]
        return Found(
            matches=self._matches[self._point].astype(np.intc),
            distance=self._across.reach[self._point],
            mean=self.mean(values),
            credit=self._back(self._across, asking * share)[self._point],
            square=self._back(self._across, asking * share**2)[self._point],
            peers=each.astype(np.intc),
            peer_mean=np.where(each > 0, others / np.maximum(each, 1), 0.0),
        )

    def mean(self, values: Array) -> Array:
        """Return the mean value of each patient's matches."""
        total = self._total(values)
        return np.asarray((self._sum(self._across, total) / np.maximum(self._matches, 1))[self._point])

    def hand_out(self, given: Array) -> Array:
        """Return what each patient receives from those who have it among their peers."""
        share = given / np.maximum(self._peers[self._point], 1)
        total = self._total(share)
        return np.asarray((self._back(self._within, total) + total)[self._point] - share)

    def _total(self, values: Array | NDArray[np.bool_]) -> Array:
        total = np.bincount(self._point, weights=values, minlength=len(self._count))
        return np.asarray(total, dtype=np.float64)

    def _sum(self, links: Links, values: Array | Whole) -> Array:
        taken = np.bincount(links.source, weights=values[links.to], minlength=len(self._count))
        return np.asarray(taken, dtype=np.float64)

    def _back(self, links: Links, values: Array) -> Array:
        given = np.bincount(links.to, weights=values[links.source], minlength=len(self._count))
        return np.asarray(given, dtype=np.float64)


def _links(
    place: Array, count: Whole, group: Whole, partner: Whole, wanted: Whole, limit: float, *, own: bool
) -> Links:
    """Link the points of every group to the nearest ones of its partner group."""
    sources, targets = [], []
    reach = np.zeros(len(place))
    for number in np.unique(group):
        here = np.flatnonzero((group == number) & (wanted > 0))
        there = np.flatnonzero(group == (partner[group == number][0]))
        if not len(here) or not len(there):
            continue
        row, column, far = nearest(place[here], place[there], count[there], wanted[here], limit, own=own)
        sources.append(here[row])
        targets.append(there[column])
        reach[here] = far
    nothing = np.zeros(0, dtype=np.intp)
    return Links(
        source=np.concatenate([nothing, *sources]), to=np.concatenate([nothing, *targets]), reach=reach
    )


def nearest(
    here: Array, there: Array, count: Whole, wanted: Whole, limit: float, *, own: bool = False
) -> tuple[Whole, Whole, Array]:
    """Return links to all points at most as far as it takes to reach enough patients.

    Parameters
    ----------
    here, there : ndarray, shape (m, r) and (k, r)
        Places.
    count : ndarray of int, shape (k,)
        Patients at each place of ``there``.
    wanted : ndarray of int, shape (m,)
        Patients wanted, above 0.
    limit : float
        Largest distance.
    own : bool
        A place is not its own neighbour.

    Returns
    -------
    row, column : ndarray of int
        The links.
    reach : ndarray, shape (m,)
        Distance to the farthest.
    """
    from scipy.spatial import KDTree

    tree = KDTree(there)
    left = np.arange(len(here))
    rows, columns, reach = [], [], np.zeros(len(here))
    k = min(len(there), int(wanted.max()) + 4)
    while len(left):
        distance, index = (part.reshape(len(left), -1) for part in tree.query(here[left], k=k))
        free = distance > 0 if own else np.ones(distance.shape, dtype=bool)
        enough = np.cumsum(np.where(free, count[index], 0), axis=1) >= wanted[left, None]
        last = np.where(enough.any(axis=1), enough.argmax(axis=1), k - 1)
        edge = distance[np.arange(len(left)), last]
        bound = np.minimum(np.where(enough.any(axis=1), edge * (1 + _EQUAL), np.inf), limit)
        settled = (distance[:, -1] > bound) | (k == len(there))
        inside = free & (distance <= bound[:, None]) & settled[:, None]
        at, which = np.nonzero(inside)
        rows.append(left[at])
        columns.append(index[at, which])
        reach[left] = np.where(settled, np.where(inside, distance, 0.0).max(axis=1), reach[left])
        left, k = left[~settled], min(len(there), 2 * k)
    return np.concatenate(rows), np.concatenate(columns), reach
