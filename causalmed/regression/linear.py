"""Linear regression by normal equations that are as accurate as an orthogonal factorisation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from causalmed.engine import Executor, Local
from causalmed.errors import DataError
from causalmed.regression.collinearity import check_rank
from causalmed.regression.design import check_finite
from causalmed.regression.moments import check_names, check_shapes, standardisation
from causalmed.regression.result import GLMFit, linear_predictor

__all__ = ["LinearBlock", "fit_linear", "solved"]

_LOCAL: Final = Local()
_REFINEMENTS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Rows:
    """The rows of a least-squares problem and the standardisation inside which it is solved."""

    matrix: NDArray[np.float64]
    outcome: NDArray[np.float64]
    weights: NDArray[np.float64] | None
    centre: NDArray[np.float64]
    scale: NDArray[np.float64]
    executor: Executor

    def total(self, coefficients: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
        """Add up Z'WZ, or at some coefficients Z'Wr and r'Wr with the residuals r."""
        statistic = LinearBlock(centre=self.centre, scale=self.scale, coefficients=coefficients)

        def of_block(block: slice) -> NDArray[np.float64]:
            weights = None if self.weights is None else self.weights[block]
            return statistic(self.matrix[block], self.outcome[block], weights)

        return self.executor.total(of_block, len(self.outcome))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LinearBlock:
    """What a block adds: Z'WZ, or at some coefficients Z'Wr and r'Wr with the residuals r."""

    centre: NDArray[np.float64]
    scale: NDArray[np.float64]
    coefficients: NDArray[np.float64] | None

    def __call__(
        self,
        matrix: NDArray[np.float64],
        outcome: NDArray[np.float64],
        weights: NDArray[np.float64] | None = None,
    ) -> NDArray[np.float64]:
        """Return the sums of one block."""
        with np.errstate(all="ignore"):  # infinities are looked for in the sum, where they are named
            z = (matrix - self.centre) * self.scale
            w = 1.0 if weights is None else weights
            weighted = (z.T * w).T
            if self.coefficients is None:
                return np.asarray(z.T @ weighted)
            residual = outcome - z @ self.coefficients
            return np.append(weighted.T @ residual, np.sum(w * residual * residual))


def fit_linear(
    matrix: NDArray[np.float64],
    outcome: NDArray[np.float64],
    *,
    weights: NDArray[np.float64] | None = None,
    names: Sequence[str] | None = None,
    executor: Executor = _LOCAL,
) -> GLMFit:
    r"""Fit a linear regression by (weighted) least squares.

    .. math:: \hat\beta = \arg\min_\beta \sum_i w_i (y_i - x_i^\top \beta)^2, \qquad
              \hat\sigma^2 = \frac{\sum_i w_i \hat r_i^2}{m - p}

    with m the number of rows of positive weight. The columns are centred and scaled, the normal
    equations solved and their solution refined on the residuals (corrected semi-normal equations).

    Parameters
    ----------
    matrix : ndarray, shape (n, p)
        x.
    outcome : ndarray, shape (n,)
        y, any unit.
    weights : ndarray, shape (n,), optional
        w, at least 0; any sum.
    names : sequence of str, optional
        A name a column.
    executor : Executor
        Who runs the blocks; no choice changes a bit.

    Returns
    -------
    GLMFit
        ``covariance`` is :math:`\hat\sigma^2 (X^\top W X)^{-1}`; ``log_likelihood`` is the Gaussian one at
        the maximum-likelihood variance.

    Raises
    ------
    DataError
        Shapes, values that are not finite, collinear columns (named), no more rows than columns.

    References
    ----------
    Björck Å (1996). Numerical methods for least squares problems, section 2.9.

    Examples
    --------
    >>> x = np.column_stack([np.ones(4), [1.0, 2, 3, 4]])
    >>> fit_linear(x, np.array([3.0, 5, 7, 9.5]), names=["Intercept", "day"])
    GLMFit(linear, least squares: Intercept=0.75, day=2.15)
    """
    x, y, w = check_shapes(matrix, outcome, weights)
    named = check_names(names, x.shape[1])
    count = len(y) if w is None else int(np.count_nonzero(w))
    if not np.isfinite(y).all():
        raise DataError(
            "The outcome of the regression has missing or infinite values. Impute or leave out those rows."
        )
    if count <= len(named):
        raise DataError(
            f"{count:,} rows cannot determine {len(named)} coefficients and a residual variance. Leave out "
            "columns."
        )
    intercept, centre, scale = standardisation(x)
    rows = _Rows(matrix=x, outcome=y, weights=w, centre=centre, scale=scale, executor=executor)
    return solved(rows, named, intercept=intercept, count=count)


class LinearSums(Protocol):
    """The rows of a least-squares problem, as what they add up to."""

    @property
    def matrix(self) -> NDArray[np.float64]:
        """The rows that are in memory, shape (m, p)."""
        ...

    @property
    def weights(self) -> NDArray[np.float64] | None:
        """Their weights."""
        ...

    @property
    def centre(self) -> NDArray[np.float64]:
        """Centres of the columns."""
        ...

    @property
    def scale(self) -> NDArray[np.float64]:
        """Scales of the columns."""
        ...

    def total(self, coefficients: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
        """Add up :class:`LinearBlock` over the blocks."""
        ...


def solved(rows: LinearSums, names: tuple[str, ...], *, intercept: int | None, count: int) -> GLMFit:
    """Solve a least-squares problem from its sums; ``count`` rows have positive weight."""
    gram = rows.total()
    b, squares, inverse, last_step = _solve(rows, gram, names)
    back = np.diag(rows.scale)
    if intercept is not None:
        back[intercept] -= rows.scale * rows.centre
    variance = squares / (count - len(names))
    coefficients = back @ b
    eta = linear_predictor(rows.matrix, coefficients, None)
    return GLMFit(
        coefficients=coefficients,
        covariance=variance * (back @ inverse @ back.T),
        names=names,
        linear_predictor=eta,
        mean=eta.copy(),
        log_likelihood=_log_likelihood(squares, count, rows.weights),
        iterations=_REFINEMENTS,
        gradient_norm=last_step,
        family="gaussian",
        dispersion=variance,
        method="linear, least squares",
    )


def _solve(
    rows: LinearSums, gram: NDArray[np.float64], names: tuple[str, ...]
) -> tuple[NDArray[np.float64], float, NDArray[np.float64], float]:
    if not np.isfinite(gram).all():
        check_finite(rows.matrix, names)
        raise DataError(
            f"The columns {', '.join(map(repr, names))} hold numbers whose squares overflow. Rescale them."
        )
    check_rank(gram, names)
    try:
        factor = cho_factor(gram, lower=True)
    except LinAlgError:
        raise DataError(
            f"The columns {', '.join(map(repr, names))} are collinear to machine precision."
        ) from None
    b = np.zeros(len(names))
    for _ in range(_REFINEMENTS):
        cross = rows.total(b)[:-1]
        step = cho_solve(factor, cross)
        b = b + step
    squares = max(float(rows.total(b)[-1]), 0.0)
    inverse = cho_solve(factor, np.eye(len(names)))
    length = float(np.sqrt(max(0.0, float(step @ gram @ step)) / (squares if squares > 0 else 1.0)))
    return b, squares, (inverse + inverse.T) / 2, length


def _log_likelihood(squares: float, count: int, weights: NDArray[np.float64] | None) -> float:
    if squares == 0:
        return float("inf")
    log_weights = 0.0 if weights is None else float(np.sum(np.log(weights[weights > 0])))
    return float(-0.5 * count * (np.log(2 * np.pi * squares / count) + 1) + 0.5 * log_weights)
