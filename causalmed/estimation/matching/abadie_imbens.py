r"""Means of matched patients and their covariance.

With :math:`k_j` the shares in which patient j was used, :math:`\hat Y_i(a)` observed or read off the
matches, T the number of patients of the population and
:math:`\hat U_i = (\hat Y_i(1), \hat Y_i(0), Y_i)`,

.. math::

    \hat\Sigma = \frac1{T^2} \Big[ \sum_i t_i (\hat U_i - \hat\psi)(\hat U_i - \hat\psi)^\top
      + \sum_j \hat\sigma_j^2 (c_j c_j^\top - N_j) \Big]

where :math:`c_j = ((t_j + k_j) 1\{A_j = 1\}, (t_j + k_j) 1\{A_j = 0\}, t_j)` are the weights of outcome j
in the three means and :math:`N_j` is what the noise of outcome j adds to the first sum. For the difference
of the first two means this is theorem 7 of Abadie and Imbens (2006), also with ties and for three means at
once. The spread of an outcome around its expectation is estimated from the J nearest of the same arm,
:math:`\hat\sigma_j^2 = \frac{J}{J + 1} (Y_j - \bar Y_{J(j)})^2`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from causalmed.engine import Executor
from causalmed.estimation.matching.found import Array, Found, Whole

__all__ = ["Matched", "covariance_of", "spread_of"]

Scalar = TypeVar("Scalar", bound=np.generic)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Matched:
    """Matched patients, in the order of the search.

    Attributes
    ----------
    order : ndarray of int, shape (n,)
        Rows of the cohort.
    exposed, outcome : ndarray, shape (n,)
        A and Y.
    target : ndarray of bool, shape (n,)
        Patients of the population who found a match.
    found : Found
        Matches and peers.
    imputed : ndarray, shape (n,)
        The other outcome: mean of the matches, corrected where asked.
    """

    order: Whole
    exposed: Array
    outcome: Array
    target: NDArray[np.bool_]
    found: Found
    imputed: Array

    @property
    def weights(self) -> Array:
        """Weight of each outcome in the mean of its arm, t + k, in the order of the search."""
        return self.target + self.found.credit

    def in_cohort(self, values: NDArray[Scalar]) -> NDArray[Scalar]:
        """Return values of the search in the order of the cohort."""
        back = np.empty(len(values), dtype=values.dtype)
        back[self.order] = values
        return back


def spread_of(matched: Matched) -> Array:
    """Estimate the variance of each outcome around its expectation from its peers.

    A patient who is alone in arm and stratum gets the mean of the arm.

    Returns
    -------
    ndarray, shape (n,)
    """
    found = matched.found
    spread = np.square(matched.outcome - found.peer_mean)
    spread *= found.peers / (found.peers + 1.0)
    if not found.peers.all():
        for arm in (0.0, 1.0):
            inside, alone = matched.exposed == arm, found.peers == 0
            known = inside & ~alone
            general = spread[known].mean() if known.any() else matched.outcome[inside].var()
            spread[inside & alone] = general
    return spread


def covariance_of(matched: Matched, spread: Array, *, executor: Executor) -> tuple[Array, Array]:
    """Return the means of exposed, unexposed, natural, and their covariance.

    Parameters
    ----------
    matched : Matched
        Patients and matches.
    spread : ndarray, shape (n,)
        From :func:`spread_of`.
    executor : Executor
        Runs the blocks.

    Returns
    -------
    psi : ndarray, shape (3,)
    covariance : ndarray, shape (3, 3)
    """
    centre = float(matched.outcome.mean())
    total = executor.total(lambda block: _sums(matched, spread, centre, block), len(matched.outcome))
    exposed, unexposed = total.reshape(2, 8)
    T = exposed[0] + unexposed[0]
    _, y1, m1, yy1, ym1, mm1, own1, shared1 = exposed
    _, y0, m0, yy0, ym0, mm0, own0, shared0 = unexposed
    mean = np.array([y1 + m0, m1 + y0, y1 + y0]) / T
    cross, with_1, with_0 = ym1 + ym0, yy1 + ym0 + shared1, yy0 + ym1 + shared0
    products = np.array(
        [[yy1 + mm0 + own1, cross, with_1], [cross, yy0 + mm1 + own0, with_0], [with_1, with_0, yy1 + yy0]]
    )
    return centre + mean, (products - T * np.outer(mean, mean)) / T**2


def _sums(matched: Matched, spread: Array, centre: float, block: slice) -> Array:
    """Return sums of a block among the exposed, then among the unexposed.

    Each: patients of the population, outcomes Y, matches m, YY, Ym, mm, and what the noise of outcomes adds
    to the variance of the mean of the arm and to its covariance with the natural mean.
    """
    A, t = matched.exposed[block], matched.target[block].astype(np.float64)
    Y, m, k = matched.outcome[block] - centre, matched.imputed[block] - centre, matched.found.credit[block]
    tY, tm = t * Y, t * m
    shared = t * k
    # (t + k)^2 - t - square, as t is 0 or 1
    own = np.square(k)
    own += 2 * shared - matched.found.square[block]
    own *= spread[block]
    shared *= spread[block]
    sums = np.stack([t, tY, tm, tY * Y, tY * m, tm * m, own, shared])
    exposed = sums @ A
    return np.concatenate([exposed, sums.sum(axis=1) - exposed])
