r"""Rubin's rules for several estimates at once.

From m completed tables come estimates :math:`\hat\psi_d` with covariances :math:`U_d`:

.. math:: \bar\psi = \frac1m \sum_d \hat\psi_d, \quad \bar U = \frac1m \sum_d U_d, \quad
          B = \frac{1}{m - 1} \sum_d (\hat\psi_d - \bar\psi)(\hat\psi_d - \bar\psi)^\top, \quad
          T = \bar U + (1 + 1/m) B

(Rubin DB 1987. Multiple imputation for nonresponse in surveys, chapter 3.) With
:math:`\lambda = (1 + 1/m) B / T` for one number, and :math:`\nu_{com}` the degrees of freedom without missing
values,

.. math:: \nu_m = \frac{m - 1}{\lambda^2}, \quad
          \nu_{obs} = \frac{\nu_{com} + 1}{\nu_{com} + 3} \nu_{com} (1 - \lambda), \quad
          \nu = \Big(\frac1{\nu_m} + \frac1{\nu_{obs}}\Big)^{-1}

(Barnard J, Rubin DB 1999. Biometrika 86:948-955), and the fraction of missing information is
:math:`\{r + 2/(\nu + 3)\} / (1 + r)` with :math:`r = (1 + 1/m) B / \bar U`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["NOTHING", "Pooled", "degrees_of_freedom", "missing_information", "pool"]

NOTHING: Final = 1e-12
"""A share of the variance that rounding alone explains."""

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pooled:
    """Estimates averaged over completed tables.

    Attributes
    ----------
    values : ndarray, shape (k,)
        Averages.
    within, between : ndarray, shape (k, k)
        Parts of the covariance; ``between`` includes the factor 1 + 1/m.
    deviations : ndarray, shape (m, k)
        Its cross-product is ``between``.
    """

    values: Array
    within: Array
    between: Array
    deviations: Array

    @property
    def covariance(self) -> Array:
        """The total covariance."""
        return np.asarray(self.within + self.between)

    def share(self, gradient: Array) -> float:
        """Return the part of the variance of a contrast that missing values add, in [0, 1]."""
        added = float(gradient @ self.between @ gradient)
        total = added + float(gradient @ self.within @ gradient)
        return added / total if total > 0 else 0.0


def pool(values: Array, covariances: Array) -> Pooled:
    """Apply Rubin's rules.

    Parameters
    ----------
    values : ndarray, shape (m, k)
        Estimates, a row a completed table; m at least 2.
    covariances : ndarray, shape (m, k, k)
        Their covariances.

    Returns
    -------
    Pooled

    Examples
    --------
    >>> found = pool(np.array([[1.0], [3.0]]), np.array([[[0.5]], [[0.7]]]))
    >>> found.values.item(), round(found.covariance.item(), 10)
    (2.0, 3.6)
    """
    m = len(values)
    mean = values.mean(axis=0)
    deviations = (values - mean) * np.sqrt((1 + 1 / m) / (m - 1))
    return Pooled(
        values=mean,
        within=covariances.mean(axis=0),
        between=deviations.T @ deviations,
        deviations=deviations,
    )


def degrees_of_freedom(share: float, *, draws: int, complete: float) -> float:
    """Return the degrees of freedom of Barnard and Rubin; ``complete`` where nothing was added.

    Parameters
    ----------
    share : float
        Part of the variance that missing values add.
    draws : int
        Completed tables.
    complete : float
        Degrees of freedom without missing values, perhaps infinite.

    Examples
    --------
    >>> round(degrees_of_freedom(0.3, draws=5, complete=100.0), 2)
    26.98
    """
    if share <= NOTHING:
        return complete
    of_draws = (draws - 1) / share**2
    if np.isinf(complete):
        return of_draws
    observed = (complete + 1) / (complete + 3) * complete * (1 - share)
    return 1 / (1 / of_draws + 1 / observed) if observed > 0 else 1.0


def missing_information(share: float, df: float) -> float:
    """Return the fraction of information that missing values took away.

    Examples
    --------
    >>> round(missing_information(0.3, 27.03), 3)
    0.347
    """
    if share <= 0:
        return 0.0
    if share >= 1:
        return 1.0
    r = share / (1 - share)
    return (r + 2 / (df + 3)) / (1 + r)
