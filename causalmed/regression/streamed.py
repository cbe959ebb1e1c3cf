"""Regressions on rows that are not in memory: the same steps, the same bits.

Newton's method and the refined normal equations ask their rows for nothing but sums over canonical
blocks, and for a few rows to begin with. So they run on anything that can give these.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from causalmed._kernels import logistic as kernel
from causalmed.engine import Local
from causalmed.errors import DataError
from causalmed.regression.design import INTERCEPT
from causalmed.regression.linear import LinearBlock, solved
from causalmed.regression.logistic import maximum, result_of
from causalmed.regression.moments import Problem, sample_stride, units_of
from causalmed.regression.result import GLMFit

__all__ = ["RowBlocks", "fit_linear_blocks", "fit_logistic_blocks"]

Array = NDArray[np.float64]
_HELD: Final = 500_000
_EMPTY: Final = np.zeros(0)


class RowBlocks(Protocol):
    """The rows of a regression, wherever they are."""

    @property
    def n(self) -> int:
        """Number of rows."""
        ...

    @property
    def names(self) -> tuple[str, ...]:
        """Columns of the design."""
        ...

    def total(self, statistic: Callable[[Array, Array], Array]) -> Array:
        """Add ``statistic(design, outcome)`` over the canonical blocks; it must survive pickling."""
        ...

    def every(self, stride: int) -> tuple[Array, Array]:
        """Return design and outcome of the rows whose number is a multiple of ``stride``."""
        ...


def fit_logistic_blocks(rows: RowBlocks, *, tolerance: float = 1e-10, max_iterations: int = 50) -> GLMFit:
    """Fit a logistic regression by maximum likelihood on rows that are read block by block.

    Parameters
    ----------
    rows : RowBlocks
        The rows, both outcomes among them.
    tolerance, max_iterations
        As for :func:`~causalmed.regression.fit_logistic`.

    Returns
    -------
    GLMFit
        As that of :func:`~causalmed.regression.fit_logistic` to the last bit, without linear predictors.

    Raises
    ------
    DataError, NotConverged
        As for :func:`~causalmed.regression.fit_logistic`. Separation is named where there are at most
        500,000 rows.

    Examples
    --------
    >>> from causalmed.regression import fit_logistic
    >>> rng = np.random.default_rng(1)
    >>> x = np.column_stack([np.ones(500), rng.normal(size=500)])
    >>> y = (rng.random(500) < 0.3).astype(float)
    >>> class Rows:
    ...     n, names = 500, ("Intercept", "glucose")
    ...     def total(self, statistic):
    ...         return statistic(x, y)
    ...     def every(self, stride):
    ...         return x[::stride], y[::stride]
    >>> in_memory = fit_logistic(x, y, names=Rows.names).coefficients
    >>> bool((fit_logistic_blocks(Rows()).coefficients == in_memory).all())
    True
    """
    intercept, centre, scale = _units(rows)
    problem = _Streamed(
        matrix=np.zeros((0, len(rows.names))),
        outcome=_EMPTY,
        weights=None,
        offset=None,
        names=rows.names,
        centre=centre,
        scale=scale,
        intercept=intercept,
        executor=Local(),
        source=rows,
    )
    return result_of(problem, maximum(problem, tolerance=tolerance, max_iterations=max_iterations))


def fit_linear_blocks(rows: RowBlocks) -> GLMFit:
    """Fit a linear regression by least squares on rows that are read block by block.

    Parameters
    ----------
    rows : RowBlocks
        The rows.

    Returns
    -------
    GLMFit
        As that of :func:`~causalmed.regression.fit_linear` to the last bit, without linear predictors.

    Raises
    ------
    DataError
        As for :func:`~causalmed.regression.fit_linear`.

    Examples
    --------
    >>> x = np.column_stack([np.ones(4), [1.0, 2, 3, 4]])
    >>> class Rows:
    ...     n, names = 4, ("Intercept", "day")
    ...     def total(self, statistic):
    ...         return statistic(x, np.array([3.0, 5, 7, 9.5]))
    ...     def every(self, stride):
    ...         return x[::stride], np.array([3.0, 5, 7, 9.5])[::stride]
    >>> fit_linear_blocks(Rows())
    GLMFit(linear, least squares: Intercept=0.75, day=2.15)
    """
    if rows.n <= len(rows.names):
        raise DataError(
            f"{rows.n:,} rows cannot determine {len(rows.names)} coefficients and a residual variance. Leave "
            "out columns."
        )
    intercept, centre, scale = _units(rows)
    sums = _LinearRows(
        matrix=np.zeros((0, len(rows.names))), weights=None, centre=centre, scale=scale, source=rows
    )
    return solved(sums, rows.names, intercept=intercept, count=rows.n)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Streamed(Problem):
    """A logistic regression whose rows are asked for block by block."""

    source: Any

    @property
    def n(self) -> int:
        return int(self.source.n)

    def held(self) -> Problem | None:
        return self.sample(1) if self.n <= _HELD else None

    def sample(self, stride: int) -> Problem:
        matrix, outcome = self.source.every(stride)
        return Problem(
            matrix=np.ascontiguousarray(matrix),
            outcome=np.ascontiguousarray(outcome),
            weights=None,
            offset=None,
            names=self.names,
            centre=self.centre,
            scale=self.scale,
            intercept=self.intercept,
            executor=self.executor,
        )

    def gram(self) -> Array:
        statistic = LinearBlock(centre=self.centre, scale=self.scale, coefficients=None)
        return np.asarray(self.source.total(statistic))

    def _sum(self, b: Array, *, information: bool) -> Array:
        statistic = _LogisticBlock(b=b, centre=self.centre, scale=self.scale, full=information)
        return np.asarray(self.source.total(statistic))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _LogisticBlock:
    """Log-likelihood, far rows, score and perhaps information of one block."""

    b: Array
    centre: Array
    scale: Array
    full: bool

    def __call__(self, matrix: Array, outcome: Array) -> Array:
        starts = np.array([0, len(outcome)])
        return np.asarray(
            kernel.statistics(
                matrix,
                outcome,
                None,
                None,
                self.b[None, :],
                self.centre,
                self.scale,
                None,
                starts,
                information=self.full,
            )[0]
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _LinearRows:
    """A least-squares problem whose rows are asked for block by block."""

    matrix: Array
    weights: Array | None
    centre: Array
    scale: Array
    source: Any

    def total(self, coefficients: Array | None = None) -> Array:
        statistic = LinearBlock(centre=self.centre, scale=self.scale, coefficients=coefficients)
        return np.asarray(self.source.total(statistic))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Differs:
    """How many rows of a block differ from a given one in a column."""

    column: int
    value: float

    def __call__(self, matrix: Array, outcome: Array) -> Array:
        return np.array([float(np.count_nonzero(matrix[:, self.column] != self.value))])


def _units(rows: RowBlocks) -> tuple[int | None, Array, Array]:
    sample = np.ascontiguousarray(rows.every(sample_stride(rows.n))[0])

    def constant(column: int) -> bool:
        if rows.names[column] == INTERCEPT:
            return True
        return not rows.total(_Differs(column=column, value=float(sample[0, column])))[0]

    return units_of(sample, constant)
