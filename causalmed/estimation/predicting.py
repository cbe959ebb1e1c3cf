"""One regression on the way to an effect: fitted on some patients, asked about others.

The estimators that need several regressions on top of each other use this: a parametric model is fitted once
on everybody, a machine learner outside each fold. Where one nuisance is learned, all are fitted outside the
folds, so that whatever is built on a prediction is built on patients the prediction did not see.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from causalmed.cohort import Cohort
from causalmed.engine import Executor, fold_of
from causalmed.errors import ColumnNotFound, DataError, NotEnoughEvents, RoleConflict
from causalmed.estimation.learners import check_kind, fitted, predictions
from causalmed.estimation.models import Regression as Fit
from causalmed.estimation.problem import Problem
from causalmed.regression import ColumnLike, DesignRecipe, Linear, Logistic, fit_linear, fit_logistic

__all__ = [
    "ParametricPredictor",
    "Part",
    "Predictor",
    "Regression",
    "columns_of",
    "halves_of",
    "is_parametric",
    "parts_of",
    "plain_model",
    "train",
]

Array = NDArray[np.float64]
Rows = NDArray[np.bool_]
_USABLE = ("binary", "ordinal", "categorical", "continuous", "count")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Part:
    """Who is learned from, and who is then asked about.

    Attributes
    ----------
    learn, ask : ndarray of bool, shape (n,)
        The same everybody, or everybody but a fold, and that fold.
    number : int
        Which fold; -1 for everybody.
    """

    learn: Rows
    ask: Rows
    number: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Regression:
    """What is regressed on what.

    Attributes
    ----------
    model : Logistic, Linear or scikit-learn learner
        How.
    columns : tuple of ColumnLike
        The right-hand side.
    kind : {"binary", "share", "number"}
        A 0/1 response, a predicted risk between them, or a number.
    name : str
        What for; enters the seed of a learner and the messages.
    """

    model: Any
    columns: tuple[ColumnLike, ...]
    kind: str
    name: str


class Predictor(Protocol):
    """A fitted regression that can be asked with some columns set to values."""

    def __call__(self, override: Mapping[str, float], asked: Rows) -> Array:
        """Predict for some patients."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ParametricPredictor:
    """A fitted parametric regression.

    Attributes
    ----------
    fit : causalmed.estimation.models.Regression
        With the designs and responses of all patients.
    recipe : DesignRecipe
        How designs are coded.
    columns : tuple of ColumnLike
        What they are coded from.
    """

    fit: Fit
    recipe: DesignRecipe
    columns: tuple[ColumnLike, ...]

    def design(self, override: Mapping[str, float]) -> Array:
        """Return the design of all patients with some columns set to values."""
        if not override:
            return self.fit.matrix
        return self.recipe.build(self.columns, override=override, rows=len(self.fit.rows)).matrix

    def __call__(self, override: Mapping[str, float], asked: Rows) -> Array:
        """Predict for some patients."""
        return self.fit.mean(self.design(override)[asked])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ConstantPredictor:
    """What is predicted where the response does not vary."""

    value: float

    def __call__(self, override: Mapping[str, float], asked: Rows) -> Array:
        """Predict for some patients."""
        return np.full(int(asked.sum()), self.value)


def is_parametric(model: object) -> bool:
    """Say whether a model is one of the house's regressions."""
    return model is None or isinstance(model, Logistic | Linear)


def plain_model(model: Any, kind: str) -> Any:
    """Return the model, or main effects by the kind of the response where it is None."""
    if model is not None:
        return model
    return Linear() if kind == "number" else Logistic()


def parts_of(problem: Problem, models: Sequence[Any], *, folds: int, seed: int) -> tuple[Part, ...]:
    """Return everybody at once where all models are parametric, else the folds (whole clusters)."""
    everybody = np.ones(problem.n, dtype=bool)
    if all(is_parametric(model) for model in models):
        return (Part(learn=everybody, ask=everybody, number=-1),)
    fold = fold_of(problem.fold_keys, folds=folds, seed=seed)
    present = [k for k in range(folds) if (fold == k).any()]
    return tuple(Part(learn=fold != k, ask=fold == k, number=k) for k in present)


def halves_of(problem: Problem, rows: Rows, *, seed: int) -> Iterator[tuple[Rows, Rows]]:
    """Yield the two halves of some patients, each with the other half (whole clusters)."""
    half = fold_of(problem.fold_keys, folds=2, seed=seed + 1) == 0
    yield rows & half, rows & ~half
    yield rows & ~half, rows & half


def columns_of(cohort: Cohort, names: Sequence[str], *, role: str) -> tuple[ColumnLike, ...]:
    """Take columns out of a cohort for a regression.

    Raises
    ------
    ColumnNotFound, RoleConflict
        A column is absent, or of a kind that no regression can use.
    """
    if absent := [name for name in names if name not in cohort]:
        raise ColumnNotFound.among(absent, cohort.names, where=role)
    found = tuple(cohort.column(name) for name in names)
    for column in found:
        if column.kind not in _USABLE:
            raise RoleConflict(
                f"Column {column.name!r} ({role}) is of kind {column.kind!r}, which no regression can use. "
                "State what it is with Cohort.from_frame(kinds=), or derive a column that can be used."
            )
    return found


def train(
    regression: Regression,
    response: Array,
    rows: Rows,
    *,
    part: Part,
    seed: int,
    executor: Executor,
    constant: bool = False,
) -> Predictor:
    """Fit a regression and return what it predicts.

    Parameters
    ----------
    regression : Regression
        What on what.
    response : ndarray, shape (n,)
        Read at ``rows`` alone.
    rows : ndarray of bool, shape (n,)
        Who is learned from.
    part : Part
        The fold, for the learner's seed.
    seed : int
        The user's seed.
    executor : Executor
        Who runs the blocks.
    constant : bool
        Predict a response that does not vary by its value, instead of refusing it.

    Returns
    -------
    callable
        (columns set to values, rows) → predictions of those rows.

    Raises
    ------
    NotEnoughEvents
        Nobody to learn from, or a response without variation.
    DataError, NotConverged
        From the regression: collinearity, separation.
    """
    y = response[rows]
    if len(y) < 2 or (y.min() == y.max() and not constant):
        raise NotEnoughEvents(
            f"The regression for {regression.name} has {len(y):,} patients to learn from, all with the same "
            "value. Widen the cohort, merge levels, or use fewer folds."
        )
    if y.min() == y.max():
        return ConstantPredictor(value=float(y[0]))
    if is_parametric(regression.model):
        return _parametric(regression, response, rows, executor)
    return _learned(regression, y, rows, part, seed)


def _parametric(regression: Regression, response: Array, rows: Rows, executor: Executor) -> Predictor:
    columns, model = regression.columns, plain_model(regression.model, regression.kind)
    recipe = DesignRecipe.learn(columns, formula=model.formula)
    matrix = recipe.build(columns, rows=len(rows)).matrix
    X, y = matrix[rows], response[rows]
    if isinstance(model, Linear):
        fit = fit_linear(X, y, names=recipe.names, executor=executor)
    else:
        fit = fit_logistic(X, y, names=recipe.names, firth=model.firth, executor=executor)
    whole = Fit(spec=model, design=matrix, response=response, rows=rows, fit=fit, columns=recipe.columns)
    return ParametricPredictor(fit=whole, recipe=recipe, columns=columns)


def _learned(regression: Regression, y: Array, rows: Rows, part: Part, seed: int) -> Predictor:
    columns, classify = regression.columns, regression.kind == "binary"
    check_kind(regression.model, classify)
    recipe = DesignRecipe.learn(columns, intercept=False) if columns else None

    def design(override: Mapping[str, float], asked: Rows) -> Array:
        if recipe is None:
            return np.ones((int(asked.sum()), 1))
        return recipe.build(columns, override=override, rows=len(rows)).matrix[asked]

    path = (regression.name, part.number, int(rows.sum()))
    model = fitted(regression.model, design({}, rows), y, classify=classify, seed=seed, path=path)

    def predict(override: Mapping[str, float], asked: Rows) -> Array:
        found = predictions(model, design(override, asked), probability=classify)
        if not np.isfinite(found).all():
            raise DataError(f"The learner for {regression.name} predicted values that are not finite.")
        return np.clip(found, 0.0, 1.0) if regression.kind == "share" else found

    return predict
