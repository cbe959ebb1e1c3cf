"""Cross-fitting: no patient is predicted by a model that saw the patient, or anybody of the same cluster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from causalmed.engine import Executor, fold_of
from causalmed.errors import DataError
from causalmed.estimation.learners import check_kind, fitted, predictions
from causalmed.estimation.parametric import ParametricRegressor
from causalmed.estimation.problem import Problem
from causalmed.regression import Design, DesignRecipe

__all__ = [
    "OutOfFold",
    "Splits",
    "Task",
    "covariate_design",
    "cross_fit_outcome",
    "cross_fit_propensity",
    "exposure_designs",
    "out_of_fold",
]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Splits:
    """Who is in which fold, and who runs the folds.

    Attributes
    ----------
    fold : ndarray of int, shape (n,)
        Fold of each patient.
    folds : int
        How many.
    keys : ndarray of uint64, shape (n,)
        Key of the cluster, or of the unit: who may not be torn apart.
    seed : int
        The user's seed.
    executor : Executor
        Runs the folds.
    """

    fold: NDArray[np.intp]
    folds: int
    keys: NDArray[np.uint64]
    seed: int
    executor: Executor

    @classmethod
    def of(cls, problem: Problem, *, folds: int, seed: int, executor: Executor) -> Splits:
        """Split the patients of a question by the hash of their keys."""
        fold = fold_of(problem.fold_keys, folds=folds, seed=seed)
        return cls(fold=fold, folds=folds, keys=problem.fold_keys, seed=seed, executor=executor)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Task:
    """One nuisance: what is learned from, and where it is then asked.

    Attributes
    ----------
    model : learner
        Cloned, never changed.
    design : Design
        Columns as observed.
    response : ndarray, shape (n,)
        What is predicted.
    asked : tuple of Design
        Designs at which predictions are wanted.
    binary : bool
        Whether probabilities are wanted.
    path : tuple
        What the learner is for; its seed is derived from it.
    rows : ndarray of bool, shape (n,), or None
        Who may be learned from; None: everybody.
    what : str
        In words, for messages.
    """

    model: Any
    design: Design
    response: Array
    asked: tuple[Design, ...]
    binary: bool
    path: tuple[str | int, ...]
    rows: NDArray[np.bool_] | None = None
    what: str = "predictions"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OutOfFold:
    """Predictions of patients that the models had not seen.

    Attributes
    ----------
    values : tuple of ndarray, shape (n,)
        One for each design asked.
    weights : mapping of str to float
        Mean weight of each candidate of a super learner; empty for any other.
    """

    values: tuple[Array, ...]
    weights: Mapping[str, float]


def out_of_fold(task: Task, splits: Splits) -> OutOfFold:
    """Learn outside each fold, predict inside it.

    Raises
    ------
    NotEnoughEvents
        Outside a fold all have the same response.
    DataError
        The learner failed, or predicted what cannot be.
    """
    answers = tuple(np.empty(len(splits.fold)) for _ in task.asked)

    def one(k: int) -> Mapping[str, float] | None:
        inside, outside = splits.fold == k, splits.fold != k
        if not inside.any():
            return None
        rows = outside if task.rows is None else outside & task.rows
        model = fitted(
            task.model,
            task.design.matrix[rows],
            task.response[rows],
            classify=task.binary,
            seed=splits.seed,
            path=(*task.path, k),
            groups=splits.keys[rows],
            names=task.design.names,
        )
        for answer, design in zip(answers, task.asked, strict=True):
            answer[inside] = predictions(model, design.matrix[inside], probability=task.binary)
        return getattr(model, "weights_", None)

    weights = splits.executor.map(one, range(splits.folds))
    low, high = (0.0, 1.0) if task.binary else (-np.inf, np.inf)
    for answer in answers:
        if not np.isfinite(answer).all() or answer.min() < low or answer.max() > high:
            raise DataError(f"The learner returned {task.what} that are not finite or outside their range.")
    return OutOfFold(values=answers, weights=_mean_weights(weights))


def cross_fit_propensity(problem: Problem, learner: Any, splits: Splits) -> OutOfFold:
    """Return out-of-fold propensity scores.

    Parameters
    ----------
    problem : Problem
        The question.
    learner : scikit-learn classifier
        Cloned, never changed.
    splits : Splits
        Folds, seed, executor.

    Raises
    ------
    NotEnoughEvents
        The patients outside a fold are all exposed or all unexposed.
    """
    design = covariate_design(problem, learner)
    task = Task(
        model=learner,
        design=design,
        response=problem.exposed,
        asked=(design,),
        binary=True,
        path=("propensity",),
        what="propensity scores",
    )
    return out_of_fold(task, splits)


def cross_fit_outcome(problem: Problem, learner: Any, splits: Splits, *, by_arm: bool) -> OutOfFold:
    """Return out-of-fold outcome regressions under a and under b.

    Parameters
    ----------
    problem, learner, splits
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
    check_kind(learner, binary)
    common = {"model": learner, "response": problem.outcome, "binary": binary, "what": "outcome predictions"}
    if not by_arm:
        observed, a, b = exposure_designs(problem, learner, problem.exposed, 1.0, 0.0)
        return out_of_fold(Task(design=observed, asked=(a, b), path=("outcome",), **common), splits)
    X = covariate_design(problem, learner)
    arms = [
        out_of_fold(
            Task(design=X, asked=(X,), path=("outcome", arm), rows=problem.exposed == arm, **common), splits
        )
        for arm in (1, 0)
    ]
    return OutOfFold(
        values=(arms[0].values[0], arms[1].values[0]), weights=_mean_weights([arm.weights for arm in arms])
    )


def covariate_design(problem: Problem, model: Any) -> Design:
    """Return the adjustment set as a learner reads it: main effects, or a formula."""
    if isinstance(model, ParametricRegressor):
        recipe = DesignRecipe.learn(problem.covariates, formula=model.spec.formula)
    elif not problem.covariates:
        return Design(matrix=np.ones((problem.n, 1)), names=("Intercept",))
    else:
        recipe = DesignRecipe.learn(problem.covariates, intercept=False)
    return recipe.build(problem.covariates, rows=problem.n)


def exposure_designs(problem: Problem, model: Any, *exposures: Array | float) -> tuple[Design, ...]:
    """Return designs of exposure and adjustment set, one for each exposure the patients are given.

    Parameters
    ----------
    problem : Problem
        The question.
    model : learner
        Who will read it.
    *exposures : ndarray, shape (n,), or float
        Exposure of each patient, or of all, on the scale of ``problem.exposed``.
    """
    own = problem.exposure_column
    filled = [np.broadcast_to(np.asarray(value, dtype=np.float64), (problem.n,)) for value in exposures]
    if not isinstance(model, ParametricRegressor):
        X = covariate_design(problem, model)
        names = (own.name, *X.names)
        return tuple(Design(matrix=np.column_stack([value, X.matrix]), names=names) for value in filled)
    recipe = DesignRecipe.learn((own, *problem.covariates), formula=model.spec.formula)
    a, b = problem.contrast if own.kind == "binary" else (1.0, 0.0)
    answer = []
    for value in filled:
        given = SimpleNamespace(name=own.name, kind=own.kind, levels=own.levels, values=b + (a - b) * value)
        answer.append(recipe.build((given, *problem.covariates)))
    return tuple(answer)


def _mean_weights(each: list[Mapping[str, float] | None] | list[Mapping[str, float]]) -> Mapping[str, float]:
    known = [weights for weights in each if weights]
    names = dict.fromkeys(name for weights in known for name in weights)
    return {name: sum(weights.get(name, 0.0) for weights in known) / len(known) for name in names}
