r"""Normal equations of a regression with an intercept for every cluster.

The matrix

.. math:: A = \begin{pmatrix} H & C \\ C^\top & D \end{pmatrix}

has p rows for the coefficients and a diagonal block D with a row a cluster, so that the Schur complement
:math:`S = H - C D^{-1} C^\top` is all that must be factorised, however many clusters there are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve, solve_triangular

__all__ = ["Bordered", "bordered", "spread_of"]

Array = NDArray[np.float64]
_PRIOR_WEIGHT = 2.0
_PRIOR_SPREAD = 0.1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bordered:
    """The blocks of the matrix, factorised.

    Attributes
    ----------
    factor : ndarray, shape (p, p)
        Lower Cholesky factor of the Schur complement.
    C : ndarray, shape (p, G)
        Coefficients by clusters; no columns where there are no clusters.
    D : ndarray, shape (G,)
        Diagonal of the clusters' block.
    """

    factor: Array
    C: Array
    D: Array

    def solve(self, first: Array, second: Array) -> tuple[Array, Array]:
        """Solve the system for a right-hand side of p and G numbers."""
        b = np.asarray(cho_solve((self.factor, True), first - self.C @ (second / self.D)))
        return b, (second - self.C.T @ b) / self.D

    def noise(self, random: np.random.Generator) -> tuple[Array, Array]:
        """Draw from the normal distribution with mean zero whose precision is the matrix."""
        z = random.standard_normal(len(self.factor))
        b = np.asarray(solve_triangular(self.factor.T, z, lower=False))
        u = random.standard_normal(len(self.D)) / np.sqrt(self.D) - (self.C.T @ b) / self.D
        return b, u


def bordered(
    X: Array, *, weights: Array, groups: NDArray[np.intp], count: int, prior: Array, between: float
) -> Bordered:
    r"""Build the matrix from weighted rows and the precisions of the prior.

    Parameters
    ----------
    X : ndarray, shape (n, p)
        Design.
    weights : ndarray, shape (n,)
        Weight of each row.
    groups : ndarray of int, shape (n,)
        Cluster of each row.
    count : int
        G; 0 for no clusters.
    prior : ndarray, shape (p,)
        Prior precision of the coefficients.
    between : float
        Prior precision of a cluster's intercept.
    """
    weighted = X * weights[:, None]
    H = X.T @ weighted + np.diag(prior)
    if not count:
        return Bordered(factor=cho_factor(H, lower=True)[0], C=np.zeros((len(H), 0)), D=np.zeros(0))
    C = np.array([np.bincount(groups, weights=column, minlength=count) for column in weighted.T])
    D = np.asarray(np.bincount(groups, weights=weights, minlength=count) + between, dtype=np.float64)
    return Bordered(factor=cho_factor(H - (C / D) @ C.T, lower=True)[0], C=C, D=D)


def spread_of(u: Array, random: np.random.Generator) -> float:
    r"""Draw the variance between clusters given their intercepts (scaled inverse chi-square).

    .. math:: \tau^2 \mid u \sim \frac{\nu_0 s_0^2 + \sum_g u_g^2}{\chi^2_{\nu_0 + G}},
              \qquad \nu_0 = 2, s_0^2 = 0.1
    """
    if not len(u):
        return _PRIOR_SPREAD
    total = _PRIOR_WEIGHT * _PRIOR_SPREAD + float(u @ u)
    return total / float(random.chisquare(_PRIOR_WEIGHT + len(u)))
