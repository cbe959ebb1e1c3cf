r"""One draw of the parameters of a regression from their posterior.

Numbers: :math:`y = X\beta + u_g + \varepsilon`, with flat priors and :math:`u_g \sim N(0, \tau^2)` (Gelman A
et al. 2013, Bayesian data analysis, 3rd edition, section 14.2):

.. math:: \sigma^2 \sim \frac{\|y - X\hat\beta - \hat u\|^2 + \hat u^\top \hat u\, \sigma^2/\tau^2}
          {\chi^2_{n - p}}, \qquad (\beta, u) \sim N\{(\hat\beta, \hat u), \sigma^2 A^{-1}\}

Yes or no: a logistic regression with weak normal priors on the coefficients (standard deviation 2.5, columns
scaled; 10 for the intercept), so that separation leaves finite answers; its posterior is taken as normal at
the mode (Rubin 1987, section 5.5; the priors: Gelman A, Jakulin A, Pittau MG, Su YS 2008. Ann Appl Stat
2:1360-1383).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from causalmed.cohort.imputation.bordered import Bordered, bordered, spread_of

__all__ = ["Drawn", "Rows", "draw_linear", "draw_logistic"]

Array = NDArray[np.float64]
_RIDGE = 1e-5
_SLOPE = 1 / 2.5**2
_INTERCEPT = 1e-2
_STEPS = 50


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rows:
    """Rows of a design and the clusters they are in.

    Attributes
    ----------
    X : ndarray, shape (n, p)
        The first column is one.
    groups : ndarray of int, shape (n,)
        Cluster of each row; any where there are none.
    count : int
        Number of clusters; 0 for none.
    """

    X: Array
    groups: NDArray[np.intp]
    count: int

    def predictor(self, b: Array, u: Array) -> Array:
        """Return the linear predictor."""
        eta = self.X @ b
        return np.asarray(eta + u[self.groups] if self.count else eta)

    def sums(self, y: Array) -> Array:
        """Return the sum of some numbers in each cluster."""
        if not self.count:
            return np.zeros(0)
        return np.asarray(np.bincount(self.groups, weights=y, minlength=self.count), dtype=np.float64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Drawn:
    """Parameters: estimated, and one draw from their posterior.

    Attributes
    ----------
    mode : tuple of ndarray
        Coefficients and intercepts of clusters that fit best.
    drawn : tuple of ndarray
        A draw of both.
    sigma : float
        A draw of the residual standard deviation; 1 for a logistic model.
    between : float
        A draw of the variance between clusters, in units of the residual variance.
    """

    mode: tuple[Array, Array]
    drawn: tuple[Array, Array]
    sigma: float
    between: float


def draw_linear(y: Array, rows: Rows, *, between: float, random: np.random.Generator) -> Drawn:
    """Draw the parameters of a normal linear model.

    Parameters
    ----------
    y : ndarray, shape (n,)
        The recorded values.
    rows : Rows
        Their predictors.
    between : float
        Variance between clusters over the residual variance, from the last round.
    random : numpy.random.Generator
        Source of the draw.
    """
    X, count = rows.X, rows.count
    prior = _RIDGE * np.einsum("ij,ij->j", X, X)
    # a column of zeros has no information; any prior keeps it at none
    prior = np.where(prior > 0, prior, 1.0)
    A = bordered(
        X, weights=np.ones(len(y)), groups=rows.groups, count=count, prior=prior, between=1 / between
    )
    sums = rows.sums(y)
    b, u = A.solve(X.T @ y, sums)
    residual = y - rows.predictor(b, u)
    squares = float(residual @ residual) + float(u @ u) / between
    sigma = float(np.sqrt(squares / random.chisquare(max(len(y) - X.shape[1], 1))))
    db, du = A.noise(random)
    drawn = (b + sigma * db, u + sigma * du)
    spread = spread_of(drawn[1] / sigma if sigma > 0 else drawn[1], random)
    return Drawn(mode=(b, u), drawn=drawn, sigma=sigma, between=spread)


def draw_logistic(
    y: Array,
    rows: Rows,
    *,
    between: float,
    start: tuple[Array, Array] | None,
    random: np.random.Generator,
) -> Drawn:
    """Draw the parameters of a logistic model.

    Parameters
    ----------
    y : ndarray, shape (n,)
        0 or 1.
    rows : Rows
        Predictors.
    between : float
        Variance between clusters, from the last round.
    start : tuple of ndarray, optional
        Mode of the last round.
    random : numpy.random.Generator
        Source of the draw.
    """
    p = rows.X.shape[1]
    prior = np.full(p, _SLOPE)
    prior[0] = _INTERCEPT
    b, u = start if start is not None and len(start[0]) == p else (np.zeros(p), np.zeros(rows.count))
    height = _log_posterior(y, rows, b, u, prior, between)
    for _ in range(_STEPS):
        A, (step, shift) = _newton(y, rows, b, u, prior, between)
        size = 1.0
        while True:
            to = (b + size * step, u + size * shift)
            after = _log_posterior(y, rows, *to, prior, between)
            if after >= height - 1e-12 * abs(height) or size < 1e-4:
                break
            size /= 2
        b, u = to
        gained, height = after - height, after
        if abs(gained) < 1e-8:
            break
    db, du = A.noise(random)
    return Drawn(mode=(b, u), drawn=(b + db, u + du), sigma=1.0, between=spread_of(u + du, random))


def _newton(
    y: Array, rows: Rows, b: Array, u: Array, prior: Array, between: float
) -> tuple[Bordered, tuple[Array, Array]]:
    mu = expit(rows.predictor(b, u))
    A = bordered(
        rows.X,
        weights=mu * (1 - mu),
        groups=rows.groups,
        count=rows.count,
        prior=prior,
        between=1 / between,
    )
    sums = rows.sums(y - mu)
    return A, A.solve(rows.X.T @ (y - mu) - prior * b, sums - u / between)


def _log_posterior(y: Array, rows: Rows, b: Array, u: Array, prior: Array, between: float) -> float:
    eta = rows.predictor(b, u)
    likelihood = float(y @ eta - np.logaddexp(0.0, eta).sum())
    return likelihood - 0.5 * float(prior @ (b * b)) - 0.5 * float(u @ u) / between
