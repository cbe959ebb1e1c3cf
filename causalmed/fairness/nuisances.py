"""Regressions behind a decomposition: predictions of patients by models that saw nobody of their fold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from causalmed.cohort import Column
from causalmed.engine import Executor
from causalmed.errors import DataError, NotConverged
from causalmed.estimation import learned
from causalmed.regression import DesignRecipe, GLMFit, Linear, Logistic, fit_linear, fit_logistic

__all__ = ["Folds", "out_of_fold"]

Array = NDArray[np.float64]
Rows = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Folds:
    """Who is in which fold.

    Parameters
    ----------
    fold : ndarray of int, shape (n,)
        Whole clusters share a fold.
    count : int
        How many folds.
    seed : int
        Of the learners.
    executor : Executor
        Runs the folds; changes no number.
    """

    fold: NDArray[np.intp]
    count: int
    seed: int
    executor: Executor


def out_of_fold(
    response: Array,
    columns: Sequence[Column],
    *,
    model: Any,
    kind: str,
    among: Rows,
    folds: Folds,
    name: str,
) -> Array:
    """Predict a response for everybody, in each fold from the patients outside it.

    Parameters
    ----------
    response : ndarray, shape (n,)
        What is predicted.
    columns : sequence of Column
        What it is predicted from; without any, the mean outside the fold.
    model : Logistic, Linear, learner of scikit-learn's kind or None
        How; by default main effects of the kind that fits the response, with Firth's penalty where the data
        are separated.
    kind : {"binary", "share", "number"}
        A 0/1 response, one between them, or a number.
    among : ndarray of bool, shape (n,)
        Who may be learned from.
    folds : Folds
        Who is in which fold.
    name : str
        What for, in messages and in the seeds of learners.

    Returns
    -------
    ndarray, shape (n,)

    Raises
    ------
    DataError, NotConverged, NotEnoughEvents
        From the regressions.
    """
    fit = _fitter(response, columns, model=model, kind=kind, name=name, seed=folds.seed)
    numbers = [k for k in range(folds.count) if (folds.fold == k).any()]

    def one(k: int) -> Array:
        inside = folds.fold == k
        return fit(among & ~inside, inside, k)

    found = np.empty(len(response))
    for k, values in zip(numbers, folds.executor.map(one, numbers), strict=True):
        found[folds.fold == k] = values
    return found


def _fitter(
    response: Array, columns: Sequence[Column], *, model: Any, kind: str, name: str, seed: int
) -> Callable[[Rows, Rows, int], Array]:
    own = model is None or isinstance(model, Logistic | Linear)
    matrix = _matrix(columns, model if own else None, own=own, rows=len(response))

    def fit(learn: Rows, ask: Rows, k: int) -> Array:
        y = response[learn]
        if len(y) < 2:
            raise DataError(f"{len(y)} patients are left to learn {name} from: use fewer folds.")
        if not columns or y.min() == y.max():
            return np.full(int(ask.sum()), float(y.mean()))
        if not own:
            path = ("disparity", name, k)
            found = learned(
                model, matrix[learn], y, matrix[ask], classify=kind == "binary", seed=seed, path=path
            )
            return np.clip(found, 0.0, 1.0) if kind == "share" else found
        kept = _varying(matrix[learn])
        fitted = _generalised(matrix[learn][:, kept], y, model=model, kind=kind)
        return fitted.predict(matrix[ask][:, kept])

    return fit


def _matrix(columns: Sequence[Column], model: Any, *, own: bool, rows: int) -> Array:
    formula = getattr(model, "formula", None)
    if not columns:
        return np.ones((rows, 1))
    recipe = (
        DesignRecipe.learn(columns, formula=formula) if own else DesignRecipe.learn(columns, intercept=False)
    )
    return recipe.build(columns, rows=rows).matrix


def _varying(matrix: Array) -> NDArray[np.bool_]:
    """Keep the intercept and the columns that vary among those who are learned from."""
    kept = matrix.min(axis=0) < matrix.max(axis=0)
    kept[0] = True
    return np.asarray(kept)


def _generalised(X: Array, y: Array, *, model: Any, kind: str) -> GLMFit:
    chosen = model if model is not None else Linear() if kind == "number" else Logistic()
    if isinstance(chosen, Linear):
        return fit_linear(X, y)
    try:
        return fit_logistic(X, y, firth=chosen.firth)
    except NotConverged:
        if model is not None:
            raise
        return fit_logistic(X, y, firth=True)
