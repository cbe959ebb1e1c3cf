"""Parametric nuisances: designs and fits that know their derivatives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from causalmed.engine import Executor, Local, block_slices
from causalmed.errors import CausalmedError, InvalidArgument
from causalmed.estimation.coded import CodedRows, block_of, kept, pair_of, whole
from causalmed.estimation.covariance import FEW
from causalmed.estimation.problem import Problem
from causalmed.estimation.refits import least_squares_without_each, logistic_without_each
from causalmed.regression import (
    ColumnLike,
    DesignRecipe,
    GLMFit,
    Linear,
    Logistic,
    fit_linear,
    fit_logistic,
)

__all__ = ["ArmRegressions", "Regression", "fit_outcome", "fit_propensity", "root_of", "score_along"]

Array = NDArray[np.float64]
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Regression:
    """One fitted regression and the rows it was fitted on.

    Attributes
    ----------
    spec : Logistic or Linear
        What was fitted.
    design : ndarray, shape (n, p), or CodedRows
        Design of all rows, the exposure as observed.
    response : ndarray, shape (n,)
        Outcome, or exposure for a propensity model.
    rows : ndarray of bool, shape (n,)
        Rows that were fitted.
    fit : GLMFit
        The fit.
    columns : tuple of str
        Columns of the table that the design reads.
    weights : ndarray, shape (n,), or None
        Weight of each row in the fit; None: one.
    """

    spec: Logistic | Linear
    design: Array | CodedRows
    response: Array
    rows: NDArray[np.bool_]
    fit: GLMFit
    columns: tuple[str, ...]
    weights: Array | None = None

    @property
    def matrix(self) -> Array:
        """The design of all rows, shape (n, p); a large one is coded whenever it is asked for."""
        return whole(self.design)

    @property
    def parameters(self) -> int:
        """Number of coefficients."""
        return len(self.fit.coefficients)

    def mean(self, matrix: Array) -> Array:
        """Return fitted means on a design."""
        return self.fit.predict(matrix)

    def slope(self, mean: Array) -> Array:
        """Return the derivative of the mean by the linear predictor."""
        return mean * (1 - mean) if self.fit.family == "binomial" else np.ones_like(mean)

    @property
    def scores(self) -> Array:
        r"""Scores before weighting, :math:`x_i (y_i - \mu_i)`, zero in rows not fitted; shape (n, p)."""
        used, X = self.rows.astype(np.float64), self.matrix
        return np.asarray(X * (used * (self.response - self.mean(X)))[:, None])

    def coefficient_influence(self, stacked: Array | None = None) -> Array:
        r"""Return the influence of each row on the coefficients, shape (n, p).

        .. math:: I^{-1} \{w_i x_i (y_i - \mu_i) + s_i\}, \qquad I = \frac1n \sum_i w_i v_i x_i x_i^\top

        Parameters
        ----------
        stacked : ndarray, shape (n, p), optional
            s: what equations that were solved before, such as those of the weights, add to the scores.
        """
        R = self.root
        scores = self.scores if self.weights is None else self.scores * self.weights[:, None]
        scores = scores if stacked is None else scores + stacked
        return np.asarray(np.linalg.solve(R, np.linalg.solve(R.T, scores.T)).T)

    @property
    def root(self) -> Array:
        r"""An upper triangular R with :math:`R^\top R = I`, the information of one patient; shape (p, p)."""
        parts = [
            self.root_part(block_of(self.design, block), self._weight(block))
            for block in block_slices(len(self.response))
        ]
        return root_of(parts, len(self.response))

    def root_part(self, matrix: Array, weight: Array) -> Array:
        """Return the triangle of a block's information, its rows counted with a weight."""
        # by QR: the product X'X would square the condition number, and a column far from 0 would spoil it
        return np.asarray(
            np.linalg.qr(matrix * np.sqrt(weight * self.slope(self.mean(matrix)))[:, None], mode="r")
        )

    def along(self, gradient: Array) -> Array:
        r"""Return :math:`I^{-1} g`, what a row's score is multiplied by to give its influence; shape of g."""
        R = self.root
        return np.asarray(np.linalg.solve(R, np.linalg.solve(R.T, gradient)))

    def score_along(self, along: Array) -> Array:
        """Return each row's weighted score times a vector, or times each of some columns."""
        parts = []
        for block in block_slices(len(self.response)):
            X = block_of(self.design, block)
            residual = self._weight(block) * (self.response[block] - self.mean(X))
            parts.append(score_along(X, residual, along))
        return np.concatenate(parts)

    def _weight(self, block: slice) -> Array:
        used = self.rows[block].astype(np.float64)
        return used if self.weights is None else np.asarray(used * self.weights[block])

    def without_each(
        self,
        clusters: NDArray[np.intp],
        count: int,
        executor: Executor,
        weights: Sequence[Array | None] | None = None,
    ) -> list[Array | None]:
        """Return the coefficients without each cluster in turn; None where there is no answer.

        ``weights`` holds the weights of all rows without each cluster in turn, where there are any.
        """
        X, y, g = self.matrix[self.rows], self.response[self.rows], clusters[self.rows]
        taken = None if weights is None else [None if w is None else w[self.rows] for w in weights]
        if isinstance(self.spec, Linear):
            return least_squares_without_each(X, y, self.fit.coefficients, g, count, executor, taken)
        if not self.spec.firth:
            return logistic_without_each(X, y, self.fit.coefficients, g, count, executor, taken)
        spec, names = self.spec, self.fit.names

        def refit(k: int) -> Array | None:
            w = None if taken is None else taken[k]
            if taken is not None and w is None:
                return None
            return _fit_or_none(spec, X[g != k], y[g != k], names, None if w is None else w[g != k])

        return executor.map(refit, range(count))

    def mean_at(self, matrix: Array, coefficients: Array) -> Array:
        """Return means on a design for other coefficients."""
        eta = np.asarray(matrix @ coefficients)
        return np.asarray(expit(eta)) if self.fit.family == "binomial" else eta


def root_of(parts: Sequence[Array], n: int) -> Array:
    """Return one triangle from those of all blocks, stacked in the order of the blocks, for one patient."""
    stacked = parts[0] if len(parts) == 1 else np.linalg.qr(np.vstack(parts), mode="r")
    return np.asarray(stacked / np.sqrt(n))


def score_along(matrix: Array, residual: Array, along: Array) -> Array:
    """Return each row of a design times its residual times a vector, row by row in one order."""
    if along.ndim == 1:
        # einsum adds up a strided vector in another order than a contiguous one
        return np.asarray(np.einsum("ij,j->i", matrix, np.ascontiguousarray(along)) * residual)
    return np.column_stack([score_along(matrix, residual, column) for column in along.T])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ArmRegressions:
    """The outcome regression of each arm; one object twice where one model covers both.

    Attributes
    ----------
    models : tuple of Regression
        (under a, under b).
    designs : tuple of ndarray, shape (n, p), or of CodedRows
        Designs of all rows with the exposure set to a, and to b.
    """

    models: tuple[Regression, Regression]
    designs: tuple[Array | CodedRows, Array | CodedRows]

    @property
    def matrices(self) -> tuple[Array, Array]:
        """The designs, shape (n, p) each; large ones are coded whenever they are asked for."""
        first, second = self.designs
        return whole(first), whole(second)

    def block(self, block: slice) -> tuple[Array, Array]:
        """Return some rows of both designs."""
        first, second = self.designs
        return pair_of(first, second, block)

    @property
    def separate(self) -> bool:
        """Whether each arm has its own model."""
        return self.models[0] is not self.models[1]

    @property
    def parameters(self) -> int:
        """Number of coefficients of the larger model."""
        return max(model.parameters for model in self.models)

    def each(self, of: Callable[[Regression, int | None], T]) -> tuple[T, T]:
        """Apply a function to each model and its arm (1, 0), or once, with no arm, where one covers both."""
        if self.separate:
            return of(self.models[0], 1), of(self.models[1], 0)
        shared = of(self.models[0], None)
        return shared, shared

    @property
    def means(self) -> tuple[Array, Array]:
        """Fitted means of all rows under a and under b."""
        parts = [
            [model.mean(X) for model, X in zip(self.models, self.block(block), strict=True)]
            for block in block_slices(len(self.models[0].response))
        ]
        first, second = (np.concatenate(arm) for arm in zip(*parts, strict=True))
        return first, second


def fit_outcome(
    problem: Problem,
    spec: Logistic | Linear,
    *,
    by_arm: bool,
    executor: Executor,
    weights: tuple[Array, Array] | None = None,
) -> ArmRegressions:
    """Fit the outcome regression on everybody, or on each arm.

    Parameters
    ----------
    problem : Problem
        The question.
    spec : Logistic or Linear
        The model.
    by_arm : bool
        One model for each arm, on the adjustment set alone.
    executor : Executor
        Who runs the blocks.
    weights : tuple of ndarray, shape (n,), optional
        Weights of the exposed and of the unexposed, each zero in the other arm.

    Returns
    -------
    ArmRegressions

    Raises
    ------
    InvalidArgument
        A linear model for a binary outcome is accepted; a logistic model of a number is not.
    DataError, NotConverged
        From the regression: collinearity, separation.
    """
    if isinstance(spec, Logistic) and problem.outcome_kind != "binary":
        raise InvalidArgument(
            f"A logistic model cannot describe {problem.estimand.outcome!r}, which is a number. Use "
            "outcome=Linear()."
        )
    if by_arm:
        recipe = DesignRecipe.learn(problem.covariates, formula=spec.formula)
        coded = CodedRows(recipe=recipe, columns=problem.covariates, rows=problem.n)
        design = _kept(problem, coded)
        X = whole(design)
        arms = (problem.exposed == 1, problem.exposed == 0)
        fitted = [
            replace(_regress(spec, X, problem.outcome, rows, recipe, executor, w), design=design)
            for rows, w in zip(arms, weights or (None, None), strict=True)
        ]
        return ArmRegressions(models=(fitted[0], fitted[1]), designs=(design, design))
    columns = (problem.exposure_column, *problem.covariates)
    recipe = DesignRecipe.learn(columns, formula=spec.formula)
    name = problem.estimand.exposure
    recipe.check_override([name])
    coded = CodedRows(recipe=recipe, columns=columns, rows=problem.n)
    design = _kept(problem, coded)
    everybody = np.ones(problem.n, dtype=bool)
    total = None if weights is None else weights[0] + weights[1]
    model = _regress(spec, whole(design), problem.outcome, everybody, recipe, executor, total)
    model = replace(model, design=design)
    a, b = (_kept(problem, replace(coded, override={name: value})) for value in problem.contrast)
    return ArmRegressions(models=(model, model), designs=(a, b))


def fit_propensity(problem: Problem, spec: Logistic, *, executor: Executor) -> Regression:
    """Fit the model of the exposure given the adjustment set."""
    columns: tuple[ColumnLike, ...] = problem.covariates
    recipe = DesignRecipe.learn(columns, formula=spec.formula)
    design = _kept(problem, CodedRows(recipe=recipe, columns=columns, rows=problem.n))
    everybody = np.ones(problem.n, dtype=bool)
    model = _regress(spec, whole(design), problem.exposed, everybody, recipe, executor)
    return replace(model, design=design)


def _kept(problem: Problem, coded: CodedRows) -> Array | CodedRows:
    """Return all rows of a small design, or of one that refits without each hospital will read often."""
    return kept(coded, always=problem.clusters is not None and problem.groups < FEW)


def _regress(
    spec: Logistic | Linear,
    X: Array,
    y: Array,
    rows: NDArray[np.bool_],
    recipe: DesignRecipe,
    executor: Executor,
    weights: Array | None = None,
) -> Regression:
    taken = (X, y, weights)
    if not rows.all():
        taken = (X[rows], y[rows], None if weights is None else weights[rows])
    fit = _fit(spec, taken[0], taken[1], recipe.names, taken[2], executor)
    return Regression(
        spec=spec, design=X, response=y, rows=rows, fit=fit, columns=recipe.columns, weights=weights
    )


def _fit(
    spec: Logistic | Linear,
    X: Array,
    y: Array,
    names: Sequence[str],
    weights: Array | None,
    executor: Executor,
) -> GLMFit:
    if isinstance(spec, Linear):
        return fit_linear(X, y, weights=weights, names=names, executor=executor)
    return fit_logistic(X, y, weights=weights, names=names, firth=spec.firth, executor=executor)


def _fit_or_none(
    spec: Logistic | Linear, X: Array, y: Array, names: Sequence[str], weights: Array | None
) -> Array | None:
    try:
        return _fit(spec, X, y, names, weights, Local()).coefficients
    except CausalmedError:
        return None
