"""A logistic regression as a sum over blocks: log-likelihood, score and information."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from causalmed._kernels import logistic as kernel
from causalmed.engine import Executor
from causalmed.errors import DataError, InvalidArgument, NotEnoughEvents
from causalmed.regression.design import check_finite

__all__ = ["Moments", "Problem", "Score", "pose"]

_SAMPLE: Final = 4_096
_MANY_ROWS: Final = 4_096
_MANY_COLUMNS: Final = 8


@lru_cache(maxsize=8)
def _upper(p: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    return np.triu_indices(p)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Score:
    """Log-likelihood and score at one point, in the standardised columns."""

    log_likelihood: float
    far_rows: int
    score: NDArray[np.float64]

    @property
    def finite(self) -> bool:
        """Whether all of it is."""
        return bool(np.isfinite(self.log_likelihood) and np.isfinite(self.score).all())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Moments(Score):
    """Log-likelihood, score and information at one point, in the standardised columns."""

    information: NDArray[np.float64]

    @classmethod
    def unpack(cls, line: NDArray[np.float64], p: int) -> Moments:
        """Read one line of the kernel."""
        information = np.zeros((p, p))
        upper = _upper(p)
        information[upper] = line[2 + p :]
        information.T[upper] = line[2 + p :]
        return cls(
            log_likelihood=float(line[0]),
            far_rows=int(line[1]),
            score=line[2 : 2 + p],
            information=information,
        )

    @property
    def finite(self) -> bool:
        """Whether all of it is."""
        return bool(np.isfinite(self.log_likelihood) and np.isfinite(self.information).all())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Problem:
    r"""The data of a logistic regression, and the standardisation inside which it is solved.

    Attributes
    ----------
    matrix : ndarray, shape (n, p)
        x, with ``names``.
    outcome, weights, offset : ndarray, shape (n,)
        y in [0, 1]; w at least 0 or None; o or None.
    centre, scale : ndarray, shape (p,)
        :math:`z_{ij} = (x_{ij} - c_j) s_j`; nothing is centred without an intercept.
    intercept : int or None
        The column of ones.
    executor : Executor
        Who runs the blocks.
    fold : ndarray of int, shape (n,), optional
        Fold of each row.
    left_out : int, optional
        The fold whose rows do not count.
    """

    matrix: NDArray[np.float64]
    outcome: NDArray[np.float64]
    weights: NDArray[np.float64] | None
    offset: NDArray[np.float64] | None
    names: tuple[str, ...]
    centre: NDArray[np.float64]
    scale: NDArray[np.float64]
    intercept: int | None
    executor: Executor
    fold: NDArray[np.intp] | None = None
    left_out: int | None = None

    @property
    def p(self) -> int:
        """Number of columns."""
        return len(self.names)

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.outcome)

    def held(self) -> Problem | None:
        """Return the problem with its rows in memory; None where they are too many for that."""
        return self

    def sample(self, stride: int) -> Problem:
        """Return the problem of every row whose number is a multiple of ``stride``."""
        take = slice(None, None, stride)
        return replace(
            self,
            matrix=np.ascontiguousarray(self.matrix[take]),
            outcome=np.ascontiguousarray(self.outcome[take]),
            weights=None if self.weights is None else np.ascontiguousarray(self.weights[take]),
            offset=None if self.offset is None else np.ascontiguousarray(self.offset[take]),
        )

    def used(self) -> NDArray[np.bool_] | slice:
        """Rows that count: not in the fold left out, and of positive weight."""
        answer = np.ones(len(self.outcome), dtype=bool)
        if self.fold is not None and self.left_out is not None:
            answer &= self.fold != self.left_out
        if self.weights is not None:
            answer &= self.weights > 0
        return slice(None) if answer.all() else answer

    @property
    def large(self) -> bool:
        """Whether a pass for the score alone is much cheaper than one with the information."""
        return self.n >= _MANY_ROWS and self.p >= _MANY_COLUMNS

    def moments(self, b: NDArray[np.float64]) -> Moments:
        """Add up the moments at ``b`` over the rows that count."""
        return Moments.unpack(self._sum(b, information=True), self.p)

    def score(self, b: NDArray[np.float64]) -> Score:
        """Add up log-likelihood and score at ``b``, without the information."""
        line = self._sum(b, information=False)
        return Score(log_likelihood=float(line[0]), far_rows=int(line[1]), score=line[2:])

    def _sum(self, b: NDArray[np.float64], *, information: bool) -> NDArray[np.float64]:
        def statistic(block: slice) -> NDArray[np.float64]:
            rows = None
            size = block.stop - block.start
            if self.fold is not None and self.left_out is not None:
                rows = np.flatnonzero(self.fold[block] != self.left_out)
                size = len(rows)
            starts = np.array([0, size])
            return np.asarray(self._block(block, b[None, :], rows=rows, starts=starts, full=information)[0])

        return self.executor.total(statistic, len(self.outcome))

    def moments_by_fold(self, b: NDArray[np.float64], folds: int) -> NDArray[np.float64]:
        """Return a kernel line a fold, all at the same ``b``."""
        assert self.fold is not None
        fold = self.fold

        def statistic(block: slice) -> NDArray[np.float64]:
            rows = np.argsort(fold[block], kind="stable")
            starts = np.searchsorted(fold[block][rows], np.arange(folds + 1))
            return self._block(block, np.tile(b, (folds, 1)), rows=rows, starts=starts)

        return self.executor.total(statistic, len(self.outcome))

    def _block(
        self,
        block: slice,
        b: NDArray[np.float64],
        *,
        rows: NDArray[np.intp] | None,
        starts: NDArray[np.intp],
        full: bool = True,
    ) -> NDArray[np.float64]:
        weights = None if self.weights is None else self.weights[block]
        offset = None if self.offset is None else self.offset[block]
        x, y = self.matrix[block], self.outcome[block]
        return kernel.statistics(
            x, y, weights, offset, b, self.centre, self.scale, rows, starts, information=full
        )

    def to_standard(self, beta: NDArray[np.float64]) -> NDArray[np.float64]:
        """Translate coefficients of x into coefficients of z."""
        b = beta / self.scale
        if self.intercept is not None:
            b[self.intercept] += beta @ self.centre / self.scale[self.intercept]
        return b

    def back(self) -> NDArray[np.float64]:
        """Return the matrix that turns coefficients of z into coefficients of x."""
        answer = np.diag(self.scale)
        if self.intercept is not None:
            answer[self.intercept] -= self.scale * self.centre
        return answer

    def standard_rows(self, rows: NDArray[np.bool_] | slice) -> NDArray[np.float64]:
        """Return z for some rows."""
        return (self.matrix[rows] - self.centre) * self.scale

    def gram(self) -> NDArray[np.float64]:
        """Return the cross-products of z over the rows that count, weighted."""
        rows = self.used()
        z = self.standard_rows(rows)
        if self.weights is not None:
            z = z * np.sqrt(self.weights[rows])[:, None]
        return np.asarray(z.T @ z)


def pose(
    matrix: NDArray[np.float64],
    outcome: NDArray[np.float64],
    *,
    weights: NDArray[np.float64] | None,
    offset: NDArray[np.float64] | None,
    names: Sequence[str] | None,
    executor: Executor,
) -> Problem:
    """Check the data of a logistic regression and choose its standardisation.

    Raises
    ------
    DataError
        Shapes that do not agree, no rows, an outcome outside [0, 1], a negative or infinite weight.
    NotEnoughEvents
        No outcome at all, or nothing but outcomes.
    """
    x, y, w = check_shapes(matrix, outcome, weights)
    named = check_names(names, x.shape[1])
    if not np.isfinite(y).all() or y.min() < 0 or y.max() > 1:
        raise DataError(
            "The outcome of a logistic regression must lie between 0 and 1 on every row, none missing."
        )
    o = None if offset is None else np.ascontiguousarray(offset, dtype=np.float64)
    if o is not None and (o.shape != y.shape or not np.isfinite(o).all()):
        raise DataError(f"offset must hold one finite number for each of the {len(y):,} rows.")
    check_events(y, w, where="the rows of the regression")
    intercept, centre, scale = standardisation(x)
    return Problem(
        matrix=x,
        outcome=y,
        weights=w,
        offset=o,
        names=named,
        centre=centre,
        scale=scale,
        intercept=intercept,
        executor=executor,
    )


def check_shapes(
    matrix: NDArray[np.float64], outcome: NDArray[np.float64], weights: NDArray[np.float64] | None
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64] | None]:
    """Return the arrays as contiguous doubles; :class:`DataError` where they do not belong together."""
    x = np.ascontiguousarray(matrix, dtype=np.float64)
    y = np.ascontiguousarray(outcome, dtype=np.float64)
    if x.ndim != 2 or x.shape[1] == 0:
        raise DataError(
            f"The matrix of a regression needs rows and at least one column, got shape {x.shape}."
        )
    if y.shape != (x.shape[0],) or len(y) == 0:
        raise DataError(
            f"A regression needs an outcome for each row: {x.shape[0]:,} rows, outcome of shape {y.shape}."
        )
    if weights is None:
        return x, y, None
    w = np.ascontiguousarray(weights, dtype=np.float64)
    if w.shape != y.shape or not np.isfinite(w).all() or w.min() < 0 or w.max() == 0:
        raise DataError(f"weights must hold {len(y):,} finite numbers, none negative and not all zero.")
    return x, y, w


def check_names(names: Sequence[str] | None, p: int) -> tuple[str, ...]:
    """Return the names, or ``x0, x1, …`` where there are none."""
    named = tuple(f"x{j}" for j in range(p)) if names is None else tuple(names)
    if len(named) != p:
        raise InvalidArgument(f"names has {len(named)} entries for a matrix of {p} columns.")
    return named


def check_events(y: NDArray[np.float64], w: NDArray[np.float64] | None, *, where: str) -> None:
    """Raise :class:`NotEnoughEvents` where the outcome never, or always, happens."""
    counted = y if w is None else y[w > 0]
    if counted.size and counted.max() > 0 and counted.min() < 1:
        return
    which = "none has" if not counted.size or counted.max() == 0 else "every one has"
    raise NotEnoughEvents(
        f"Of {len(counted):,} patients in {where}, {which} the outcome. A logistic regression needs patients "
        "with and without it. Check how the outcome is coded, lengthen the follow-up, or widen the cohort."
    )


def standardisation(x: NDArray[np.float64]) -> tuple[int | None, NDArray[np.float64], NDArray[np.float64]]:
    """Return the intercept's column, centres and scales; from a sample of the rows."""
    # A sample sets the units of measurement only, so it need not be exact; it must not depend on threads.
    sample = np.ascontiguousarray(x[:: sample_stride(len(x))])
    return units_of(sample, lambda j: bool(np.all(x[:, j] == x[0, j])))


def sample_stride(n: int) -> int:
    """Return the stride of the rows that set the units of measurement."""
    return max(1, n // _SAMPLE)


def units_of(
    sample: NDArray[np.float64], constant: Callable[[int], bool]
) -> tuple[int | None, NDArray[np.float64], NDArray[np.float64]]:
    """Return the intercept's column, centres and scales.

    Parameters
    ----------
    sample : ndarray, shape (m, p)
        Some rows, the very first among them and first.
    constant : callable
        Whether a column, by its number, is the same on all rows.
    """
    with np.errstate(all="ignore"):
        centre, spread = sample.mean(axis=0), sample.std(axis=0)
        size = np.hypot(centre, spread)
    flat = ~(spread > 1e-12 * np.abs(centre))
    first = sample[0]
    intercept = next((int(j) for j in np.flatnonzero(flat) if first[j] != 0 and constant(int(j))), None)
    unit = size if intercept is None else np.where(flat, 1.0, spread)
    scale = np.where(np.isfinite(unit) & (unit > 0), 1.0 / np.where(unit > 0, unit, 1.0), 1.0)
    if intercept is None:
        return None, np.zeros(sample.shape[1]), scale
    centre = np.where(np.isfinite(centre) & ~flat, centre, 0.0)
    scale[intercept] = 1.0 / first[intercept]
    return intercept, centre, scale


def refuse_infinite(problem: Problem) -> None:
    """Name the columns that made a sum infinite."""
    check_finite(problem.matrix, problem.names)
