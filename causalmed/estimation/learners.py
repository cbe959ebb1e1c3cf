"""Nuisances by machine learning: cloned, seeded, cross-fitted in folds of whole clusters."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from causalmed.engine import Executor, fold_of, generator
from causalmed.errors import CausalmedError, DataError, InvalidArgument, NotEnoughEvents
from causalmed.estimation.problem import Problem
from causalmed.regression import DesignRecipe

__all__ = ["cross_fit_outcome", "cross_fit_propensity", "seeded_clone"]

Array = NDArray[np.float64]


def cross_fit_propensity(
    problem: Problem, learner: Any, *, folds: int, seed: int, executor: Executor
) -> Array:
    """Return out-of-fold propensity scores, shape (n,).

    Parameters
    ----------
    problem : Problem
        The question.
    learner : scikit-learn classifier
        Cloned, never changed.
    folds : int
        Number of folds.
    seed : int
        The user's seed.
    executor : Executor
        Runs the folds.

    Raises
    ------
    NotEnoughEvents
        The patients outside a fold are all exposed or all unexposed.
    """
    X = _features(problem)
    fold = fold_of(problem.fold_keys, folds=folds, seed=seed)
    answer = np.empty(problem.n)

    def one(k: int) -> None:
        inside, outside = fold == k, fold != k
        if not inside.any():
            return
        model = _fitted(learner, X[outside], problem.exposed[outside], ("propensity", k), seed, True)
        answer[inside] = _predict(model, X[inside], probability=True)

    executor.map(one, range(folds))
    return _checked(answer, what="propensity scores", low=0.0, high=1.0)


def cross_fit_outcome(
    problem: Problem, learner: Any, *, by_arm: bool, folds: int, seed: int, executor: Executor
) -> tuple[Array, Array]:
    """Return out-of-fold outcome regressions under a and under b, each shape (n,).

    Parameters
    ----------
    problem, learner, folds, seed, executor
        As for :func:`cross_fit_propensity`; a classifier for a binary outcome, else a regressor.
    by_arm : bool
        One learner for each arm, on the adjustment set alone.

    Raises
    ------
    InvalidArgument
        A learner of the wrong kind.
    NotEnoughEvents
        The patients outside a fold have no outcome, or nothing but outcomes.
    """
    binary = problem.outcome_kind == "binary"
    _check_kind(learner, binary)
    X = _features(problem)
    fold = fold_of(problem.fold_keys, folds=folds, seed=seed)
    answer = (np.empty(problem.n), np.empty(problem.n))
    fit = _each_arm if by_arm else _both_arms

    def one(k: int) -> None:
        inside, outside = fold == k, fold != k
        if not inside.any():
            return
        predict = fit(problem, learner, X, outside, seed, k)
        for m, arm in zip(answer, (1.0, 0.0), strict=True):
            m[inside] = predict(X[inside], arm)

    executor.map(one, range(folds))
    low, high = (0.0, 1.0) if binary else (-np.inf, np.inf)
    first, second = (_checked(m, what="outcome predictions", low=low, high=high) for m in answer)
    return first, second


def seeded_clone(learner: Any, *, seed: int, path: tuple[str | int, ...]) -> Any:
    """Return a clone whose every ``random_state`` comes from the seed and the path."""
    from sklearn.base import clone

    model = clone(learner)
    names = sorted(
        name for name in model.get_params() if name == "random_state" or name.endswith("__random_state")
    )
    states = {name: int(generator(seed, "learner", *path, name).integers(2**31)) for name in names}
    return model.set_params(**states) if states else model


def _both_arms(
    problem: Problem, learner: Any, X: Array, rows: NDArray[np.bool_], seed: int, k: int
) -> Callable[[Array, float], Array]:
    binary = problem.outcome_kind == "binary"
    features = np.column_stack([problem.exposed, X])[rows]
    model = _fitted(learner, features, problem.outcome[rows], ("outcome", k), seed, binary)

    def predict(new: Array, arm: float) -> Array:
        return _predict(model, np.column_stack([np.full(len(new), arm), new]), probability=binary)

    return predict


def _each_arm(
    problem: Problem, learner: Any, X: Array, rows: NDArray[np.bool_], seed: int, k: int
) -> Callable[[Array, float], Array]:
    binary = problem.outcome_kind == "binary"
    models = {}
    for arm in (1.0, 0.0):
        use = rows & (problem.exposed == arm)
        models[arm] = _fitted(learner, X[use], problem.outcome[use], ("outcome", int(arm), k), seed, binary)

    def predict(new: Array, arm: float) -> Array:
        return _predict(models[arm], new, probability=binary)

    return predict


def _features(problem: Problem) -> Array:
    if not problem.covariates:
        return np.ones((problem.n, 1))
    recipe = DesignRecipe.learn(problem.covariates, intercept=False)
    return recipe.build(problem.covariates, rows=problem.n).matrix


def _fitted(learner: Any, X: Array, y: Array, path: tuple[str | int, ...], seed: int, classify: bool) -> Any:
    if classify and (not len(y) or y.min() == y.max()):
        raise NotEnoughEvents(
            f"Outside one fold all {len(y):,} patients have the same value, so {type(learner).__name__} "
            "cannot learn. Use fewer folds, Logistic(), or a larger cohort."
        )
    from threadpoolctl import threadpool_limits

    model = seeded_clone(learner, seed=seed, path=path)
    # one thread a learner: folds are the unit of parallel work, and more threads than cores crawl
    with threadpool_limits(limits=1, user_api="openmp"), _named(learner):
        return model.fit(X, y.astype(int) if classify else y)


@contextmanager
def _named(learner: Any) -> Iterator[None]:
    """Say whose error it was where foreign code fails."""
    try:
        yield
    except CausalmedError:
        raise
    except Exception as error:
        raise DataError(
            f"{type(learner).__name__} failed ({type(error).__name__}: {error!s:.200}). Check its settings "
            "on these columns, or use Logistic() or Linear()."
        ) from error


def _predict(model: Any, X: Array, *, probability: bool) -> Array:
    with _named(model):
        if not probability:
            found = np.asarray(model.predict(X), dtype=np.float64).ravel()
        else:
            column = list(model.classes_).index(1)
            found = np.asarray(model.predict_proba(X)[:, column], dtype=np.float64)
    if found.shape != (len(X),):
        raise DataError(f"{type(model).__name__} gave {len(found)} predictions for {len(X)} patients.")
    return found


def _check_kind(learner: Any, binary: bool) -> None:
    if binary and not hasattr(learner, "predict_proba"):
        raise InvalidArgument(
            f"{type(learner).__name__} cannot give the probability of a binary outcome. Use a classifier "
            "with predict_proba."
        )
    if not binary and hasattr(learner, "predict_proba"):
        raise InvalidArgument(
            f"{type(learner).__name__} is a classifier, but the outcome is a number. Use a regressor."
        )


def _checked(values: Array, *, what: str, low: float, high: float) -> Array:
    if not np.isfinite(values).all() or values.min() < low or values.max() > high:
        raise DataError(f"The learner returned {what} that are not finite or outside their range.")
    return values
