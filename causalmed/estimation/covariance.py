r"""From influence values to a covariance, with and without clusters.

Independent patients: :math:`\hat\Sigma = n^{-2} \sum_i \phi_i \phi_i^\top`. In hospitals, whose patients
resemble each other, the influences are added up first:

.. math:: \hat\Sigma = \frac{G}{G - 1} \frac1{n^2} \sum_g \Phi_g \Phi_g^\top, \qquad
          \Phi_g = \sum_{i \in g} \phi_i

(Liang K-Y, Zeger SL 1986. Biometrika 73:13-22). Below 40 hospitals that is too small; there each
hospital is left out in turn and everything is fitted again,

.. math:: \hat\Sigma_J = \frac{G - 1}{G} \sum_g (\hat\psi_{(g)} - \hat\psi)(\hat\psi_{(g)} - \hat\psi)^\top

(MacKinnon JG, Nielsen MØ, Webb MD 2023. J Appl Econometrics 38:671-694, CV3). Intervals use the t
distribution with G - 1 degrees of freedom.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from causalmed.engine import block_total

__all__ = [
    "FEW",
    "Spread",
    "cluster_part",
    "cluster_sums",
    "clustered",
    "independent",
    "jackknife",
    "of_cluster_sums",
    "one_step",
    "products",
    "refitted_spread",
    "spread_of",
]

Array = NDArray[np.float64]
FEW: Final = 40
"""Below this many clusters the jackknife is used."""


def independent(influence: Array) -> Array:
    """Return the covariance of the estimates for independent patients.

    Parameters
    ----------
    influence : ndarray, shape (n, k)
        Influence values, each column with mean zero.

    Returns
    -------
    ndarray, shape (k, k)

    Examples
    --------
    >>> independent(np.array([[1.0], [-1.0]])).item()
    0.5
    """
    n = len(influence)
    return block_total(lambda block: products(influence[block]), n) / n**2


def products(influence: Array) -> Array:
    """Return the products of the influences of a block, added up, shape (k, k)."""
    return np.asarray(influence.T @ influence)


def cluster_sums(influence: Array, clusters: NDArray[np.intp], count: int) -> Array:
    """Return the sums of the influence within each cluster, shape (G, k)."""
    return block_total(lambda block: cluster_part(influence[block], clusters[block], count), len(influence))


def cluster_part(influence: Array, clusters: NDArray[np.intp], count: int) -> Array:
    """Return what a block adds to the sums within each cluster, shape (G, k)."""
    return np.column_stack(
        [np.bincount(clusters, weights=column, minlength=count) for column in np.atleast_2d(influence.T)]
    )


def clustered(influence: Array, clusters: NDArray[np.intp], count: int) -> Array:
    """Return the cluster-robust covariance (CR1).

    Parameters
    ----------
    influence : ndarray, shape (n, k)
        Influence values.
    clusters : ndarray of int, shape (n,)
        Cluster of each patient, 0 … G-1.
    count : int
        G, at least 2.

    Returns
    -------
    ndarray, shape (k, k)
    """
    return of_cluster_sums(cluster_sums(influence, clusters, count), len(influence))


def of_cluster_sums(sums: Array, n: int) -> Array:
    """Return the cluster-robust covariance (CR1) from the sums of the influence within clusters."""
    count = len(sums)
    return np.asarray(sums.T @ sums) * count / (count - 1) / n**2


def jackknife(without: Array, psi: Array) -> Array:
    """Return the delete-one-cluster jackknife covariance.

    Parameters
    ----------
    without : ndarray, shape (G, k)
        Estimates without each cluster.
    psi : ndarray, shape (k,)
        Estimates from all clusters.

    Returns
    -------
    ndarray, shape (k, k)
    """
    away = without - psi
    return np.asarray(away.T @ away) * (len(without) - 1) / len(without)


def one_step(psi: Array, influence: Array, clusters: NDArray[np.intp], group: int) -> Array:
    r"""Approximate an estimate without one cluster, :math:`\hat\psi - \Phi_g / (n - n_g)`."""
    inside = clusters == group
    return np.asarray(psi - influence[inside].sum(axis=0) / (len(clusters) - inside.sum()))


def refitted_spread(psi: Array, found: Sequence[Array | None], instead: Callable[[int], Array]) -> Spread:
    """Return the jackknife from estimates without each cluster.

    Parameters
    ----------
    psi : ndarray, shape (k,)
        Estimates.
    found : sequence of ndarray of shape (k,) or None
        Without each cluster; None where there was no answer.
    instead : callable
        What to use for such a cluster, by its number.

    Returns
    -------
    Spread
    """
    rows = [instead(group) if value is None else value for group, value in enumerate(found)]
    return Spread(
        covariance=jackknife(np.array(rows), psi),
        degrees_of_freedom=len(rows) - 1.0,
        source="delete-one-cluster jackknife",
        not_refitted=tuple(group for group, value in enumerate(found) if value is None),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Spread:
    """A covariance and how it was made.

    Attributes
    ----------
    covariance : ndarray, shape (k, k)
        Of the estimates.
    degrees_of_freedom : float
        Of the t distribution; infinite without clusters.
    source : str
        In words.
    not_refitted : tuple of int
        Clusters whose leaving out had no answer and was approximated from their influence.
    """

    covariance: Array
    degrees_of_freedom: float
    source: str
    not_refitted: tuple[int, ...] = ()


def spread_of(
    psi: Array,
    influence: Array,
    *,
    clusters: NDArray[np.intp] | None,
    groups: int,
    source: str,
    refits: Callable[[], Sequence[Array | None]] | None,
) -> Spread:
    """Choose and compute the covariance of some estimates.

    Parameters
    ----------
    psi : ndarray, shape (k,)
        Estimates.
    influence : ndarray, shape (n, k)
        Of each patient.
    clusters : ndarray of int, shape (n,), or None
        Cluster of each patient, 0 … G-1.
    groups : int
        G.
    source : str
        Where the influence comes from.
    refits : callable or None
        Returns the estimates without each cluster in turn, None for one without an answer; asked below
        :data:`FEW` clusters. None: there are no refits, and sums of influence are used at any number.

    Returns
    -------
    Spread
    """
    if clusters is None:
        return Spread(covariance=independent(influence), degrees_of_freedom=float("inf"), source=source)
    if groups >= FEW or refits is None:
        return Spread(
            covariance=clustered(influence, clusters, groups),
            degrees_of_freedom=groups - 1.0,
            source=f"{source}, clustered",
        )
    return refitted_spread(psi, refits(), lambda group: one_step(psi, influence, clusters, group))
