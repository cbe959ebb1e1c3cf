"""What the scores need: out-of-fold predictions of the exposure and of the outcome."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from causalmed.errors import InvalidArgument
from causalmed.estimation.crossfit import (
    OutOfFold,
    Splits,
    Task,
    covariate_design,
    exposure_designs,
    out_of_fold,
)
from causalmed.estimation.debiased.logistic import Remainder, remainder_of_number, remainder_of_two
from causalmed.estimation.debiased.specs import DoubleML
from causalmed.estimation.learners import check_kind
from causalmed.estimation.parametric import as_learner
from causalmed.estimation.problem import Problem

__all__ = ["Residuals", "logistic_parts", "residuals", "two_valued"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Residuals:
    """Out-of-fold predictions.

    Attributes
    ----------
    exposure_mean : ndarray, shape (n,)
        The exposure from the adjustment set; in the logistic model among patients without the outcome.
    outcome_mean : ndarray, shape (n,), or None
        The outcome from the adjustment set alone.
    remainder : Remainder or None
        Of the logistic model.
    candidates : mapping of str to mapping
        Weights of super learners by nuisance.
    """

    exposure_mean: Array
    outcome_mean: Array | None
    remainder: Remainder | None
    candidates: Mapping[str, Mapping[str, float]]


def two_valued(problem: Problem) -> bool:
    """Return whether the exposure has two values."""
    return problem.exposure_column.kind == "binary"


def residuals(problem: Problem, spec: DoubleML, splits: Splits) -> Residuals:
    """Predict exposure and outcome from the adjustment set."""
    exposure = _exposure(problem, spec, splits)
    binary = problem.outcome_kind == "binary"
    learner = as_learner(spec.outcome, binary=binary)
    check_kind(learner, binary)
    X = covariate_design(problem, learner)
    task = Task(
        model=learner,
        design=X,
        response=problem.outcome,
        asked=(X,),
        binary=binary,
        path=("outcome", "alone"),
        what="outcome predictions",
    )
    outcome = out_of_fold(task, splits)
    return Residuals(
        exposure_mean=exposure.values[0],
        outcome_mean=outcome.values[0],
        remainder=None,
        candidates=_told(propensity=exposure, outcome=outcome),
    )


def logistic_parts(problem: Problem, spec: DoubleML, splits: Splits) -> Residuals:
    """Predict the exposure, overall and without the outcome, and the outcome under chosen exposures.

    Raises
    ------
    InvalidArgument
        The outcome is a number.
    """
    if problem.outcome_kind != "binary":
        raise InvalidArgument(
            f'DoubleML(model="logistic") needs a binary outcome; {problem.estimand.outcome!r} is a number. '
            'Use model="partially_linear".'
        )
    overall = _exposure(problem, spec, splits)
    without = _exposure(problem, spec, splits, rows=problem.outcome == 0)
    learner = as_learner(spec.outcome, binary=True)
    check_kind(learner, True)
    a = overall.values[0]
    distance = float(np.sqrt(np.mean((problem.exposed - a) ** 2)))
    places = (1.0, 0.0) if two_valued(problem) else (a + distance, a - distance)
    observed, first, second = exposure_designs(problem, learner, problem.exposed, *places)
    task = Task(
        model=learner,
        design=observed,
        response=problem.outcome,
        asked=(first, second),
        binary=True,
        path=("outcome",),
        what="outcome predictions",
    )
    outcome = out_of_fold(task, splits)
    high, low = outcome.values
    if two_valued(problem):
        remainder = remainder_of_two(under_a=high, under_b=low, propensity=a)
    else:
        remainder = remainder_of_number(above=high, below=low, distance=distance, exposure_mean=a)
    return Residuals(
        exposure_mean=without.values[0],
        outcome_mean=None,
        remainder=remainder,
        candidates=_told(propensity=overall, outcome=outcome),
    )


def _exposure(
    problem: Problem, spec: DoubleML, splits: Splits, rows: NDArray[np.bool_] | None = None
) -> OutOfFold:
    binary = two_valued(problem)
    learner = as_learner(spec.propensity, binary=binary)
    if binary != hasattr(learner, "predict_proba"):
        needed = "a classifier with predict_proba" if binary else "a regressor"
        raise InvalidArgument(
            f"propensity={type(learner).__name__} does not fit the exposure {problem.estimand.exposure!r}, "
            f"which is {'two-valued' if binary else 'a number'}. Use {needed}."
        )
    X = covariate_design(problem, learner)
    task = Task(
        model=learner,
        design=X,
        response=problem.exposed,
        asked=(X,),
        binary=binary,
        path=("propensity",) if rows is None else ("propensity", "without"),
        rows=rows,
        what="predictions of the exposure",
    )
    return out_of_fold(task, splits)


def _told(**each: OutOfFold) -> Mapping[str, Mapping[str, float]]:
    return {name: found.weights for name, found in each.items() if found.weights}
