"""Parametric nuisances: designs and fits that know their derivatives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from causalmed.engine import Executor
from causalmed.errors import CausalmedError, InvalidArgument
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

__all__ = ["ArmRegressions", "Regression", "fit_outcome", "fit_propensity"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Regression:
    """One fitted regression and the rows it was fitted on.

    Attributes
    ----------
    spec : Logistic or Linear
        What was fitted.
    matrix : ndarray, shape (n, p)
        Design of all rows, the exposure as observed.
    response : ndarray, shape (n,)
        Outcome, or exposure for a propensity model.
    rows : ndarray of bool, shape (n,)
        Rows that were fitted.
    fit : GLMFit
        The fit.
    columns : tuple of str
        Columns of the table that the design reads.
    """

    spec: Logistic | Linear
    matrix: Array
    response: Array
    rows: NDArray[np.bool_]
    fit: GLMFit
    columns: tuple[str, ...]

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

    def coefficient_influence(self) -> Array:
        r"""Return the influence of each row on the coefficients, shape (n, p).

        .. math:: I^{-1} x_i (y_i - \mu_i), \qquad I = \frac1n \sum_i v_i x_i x_i^\top
        """
        X, mu = self.matrix, self.mean(self.matrix)
        used = self.rows.astype(np.float64)
        information = (X * (used * self.slope(mu))[:, None]).T @ X / len(mu)
        scores = X * (used * (self.response - mu))[:, None]
        return np.asarray(np.linalg.solve(information, scores.T).T)

    def without_each(self, clusters: NDArray[np.intp], count: int, executor: Executor) -> list[Array | None]:
        """Return the coefficients without each cluster in turn; None where there is no answer."""
        X, y, g = self.matrix[self.rows], self.response[self.rows], clusters[self.rows]
        if isinstance(self.spec, Linear):
            return least_squares_without_each(X, y, self.fit.coefficients, g, count, executor)
        if not self.spec.firth:
            return logistic_without_each(X, y, self.fit.coefficients, g, count, executor)
        spec, names = self.spec, self.fit.names
        return executor.map(lambda k: _fit_or_none(spec, X[g != k], y[g != k], names), range(count))

    def mean_at(self, matrix: Array, coefficients: Array) -> Array:
        """Return means on a design for other coefficients."""
        eta = np.asarray(matrix @ coefficients)
        return np.asarray(expit(eta)) if self.fit.family == "binomial" else eta


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ArmRegressions:
    """The outcome regression of each arm; one object twice where one model covers both.

    Attributes
    ----------
    models : tuple of Regression
        (under a, under b).
    matrices : tuple of ndarray, shape (n, p)
        Designs of all rows with the exposure set to a, and to b.
    """

    models: tuple[Regression, Regression]
    matrices: tuple[Array, Array]

    @property
    def separate(self) -> bool:
        """Whether each arm has its own model."""
        return self.models[0] is not self.models[1]

    @property
    def parameters(self) -> int:
        """Number of coefficients of the larger model."""
        return max(model.parameters for model in self.models)

    @property
    def means(self) -> tuple[Array, Array]:
        """Fitted means of all rows under a and under b."""
        first, second = (model.mean(X) for model, X in zip(self.models, self.matrices, strict=True))
        return first, second


def fit_outcome(
    problem: Problem, spec: Logistic | Linear, *, by_arm: bool, executor: Executor
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
        X = recipe.build(problem.covariates, rows=problem.n).matrix
        arms = (problem.exposed == 1, problem.exposed == 0)
        fitted = [_regress(spec, X, problem.outcome, rows, recipe, executor) for rows in arms]
        return ArmRegressions(models=(fitted[0], fitted[1]), matrices=(X, X))
    columns = (problem.exposure_column, *problem.covariates)
    recipe = DesignRecipe.learn(columns, formula=spec.formula)
    name = problem.estimand.exposure
    a, b = (recipe.build(columns, override={name: value}).matrix for value in problem.contrast)
    everybody = np.ones(problem.n, dtype=bool)
    observed = np.where(problem.exposed[:, None] == 1, a, b)
    model = _regress(spec, observed, problem.outcome, everybody, recipe, executor)
    return ArmRegressions(models=(model, model), matrices=(a, b))


def fit_propensity(problem: Problem, spec: Logistic, *, executor: Executor) -> Regression:
    """Fit the model of the exposure given the adjustment set."""
    columns: tuple[ColumnLike, ...] = problem.covariates
    recipe = DesignRecipe.learn(columns, formula=spec.formula)
    X = recipe.build(columns, rows=problem.n).matrix
    everybody = np.ones(problem.n, dtype=bool)
    return _regress(spec, X, problem.exposed, everybody, recipe, executor)


def _regress(
    spec: Logistic | Linear,
    X: Array,
    y: Array,
    rows: NDArray[np.bool_],
    recipe: DesignRecipe,
    executor: Executor,
) -> Regression:
    everything = bool(rows.all())
    fit = _fit(spec, X if everything else X[rows], y if everything else y[rows], recipe.names, executor)
    return Regression(spec=spec, matrix=X, response=y, rows=rows, fit=fit, columns=recipe.columns)


def _fit(
    spec: Logistic | Linear, X: Array, y: Array, names: Sequence[str], executor: Executor | None = None
) -> GLMFit:
    if isinstance(spec, Linear):
        return (
            fit_linear(X, y, names=names)
            if executor is None
            else fit_linear(X, y, names=names, executor=executor)
        )
    if executor is None:
        return fit_logistic(X, y, names=names, firth=spec.firth)
    return fit_logistic(X, y, names=names, firth=spec.firth, executor=executor)


def _fit_or_none(spec: Logistic | Linear, X: Array, y: Array, names: Sequence[str]) -> Array | None:
    try:
        return _fit(spec, X, y, names).coefficients
    except CausalmedError:
        return None
