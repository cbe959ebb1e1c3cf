"""Machine learners on rows that stay on disk: learned from a share of them, asked about all.

The patients a learner sees are chosen by the hash of their id, the same whoever reads the file. Each fold's
learner sees those outside the fold; every patient is predicted by a learner that had not seen the patient or
anybody of the same cluster, as in memory. Of at most 500,000 patients all are seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from causalmed.engine import Executor, fold_of
from causalmed.errors import DataError
from causalmed.estimation.learners import check_kind, fitted, predictions
from causalmed.estimation.problem import Problem
from causalmed.estimation.streaming.census import StreamedProblem
from causalmed.estimation.streaming.passes import Passes, Rows
from causalmed.regression import DesignRecipe
from causalmed.results import Check, State

__all__ = [
    "LearnedOutcome",
    "LearnedPropensity",
    "Sample",
    "learn_outcome",
    "learn_propensity",
    "take_sample",
]

Array = NDArray[np.float64]
SEEN: Final = 500_000
"""Patients that learners are shown, about; all where there are fewer."""
_GRAIN: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Features:
    """How a learner reads the adjustment set: main effects."""

    recipe: DesignRecipe | None

    def of(self, problem: Problem) -> Array:
        """Return the columns of some rows; a column of ones where nothing is adjusted for."""
        if self.recipe is None:
            return np.ones((problem.n, 1))
        return self.recipe.build(problem.covariates, rows=problem.n, known=True).matrix


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Folds:
    """Learners by the fold they have not seen, and who is in which fold."""

    models: tuple[Any, ...]
    seed: int
    features: Features
    binary: bool

    def predict(self, rows: Rows, design: Array, *, what: str) -> Array:
        """Return out-of-fold predictions of a block."""
        fold = fold_of(rows.problem.fold_keys, folds=len(self.models), seed=self.seed)
        answer = np.empty(len(fold))
        for k in np.unique(fold):
            inside = fold == k
            answer[inside] = predictions(self.models[k], design[inside], probability=self.binary)
        low, high = (0.0, 1.0) if self.binary else (-np.inf, np.inf)
        if not np.isfinite(answer).all() or answer.min() < low or answer.max() > high:
            raise DataError(f"The learner returned {what} that are not finite or outside their range.")
        return answer


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LearnedPropensity:
    """A cross-fitted model of the exposure."""

    folds: Folds

    def scores(self, rows: Rows) -> Array:
        """Return the propensity scores of a block."""
        return self.folds.predict(rows, self.folds.features.of(rows.problem), what="propensity scores")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LearnedOutcome:
    """A cross-fitted outcome regression; one set of learners twice where one covers both arms."""

    folds: tuple[Folds, Folds]
    by_arm: bool

    def regressions(self, rows: Rows) -> tuple[Array, Array]:
        """Return the outcome regressions of a block under a and under b."""
        X = self.folds[0].features.of(rows.problem)
        found = []
        for folds, arm in zip(self.folds, (1.0, 0.0), strict=True):
            design = X if self.by_arm else np.column_stack([np.full(len(X), arm), X])
            found.append(folds.predict(rows, design, what="outcome predictions"))
        return found[0], found[1]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sample:
    """The patients that learners are shown.

    Attributes
    ----------
    problem : Problem
        Their rows.
    share : float
        Share of all patients, at most 1.
    features : Features
        How learners read them.
    """

    problem: Problem
    share: float
    features: Features

    @property
    def check(self) -> Check:
        """What the reader should know about it."""
        seen = self.problem.n
        return Check(
            name="learned from",
            state=State.PASS,
            sentence=(
                f"Learners were shown {seen:,} patients, a share of {self.share:.3g} chosen by the hash of "
                "their ids, outside each fold; they predicted all patients."
            ),
            value=self.share,
        )


def take_sample(passes: Passes, problem: StreamedProblem, *, seed: int) -> Sample:
    """Read the patients that learners are shown into memory."""
    share = min(1.0, SEEN / problem.n)
    parts: list[Problem] = passes.each(_Seen(share=share, seed=seed))
    recipe = DesignRecipe.learn(problem.covariates, intercept=False) if problem.covariates else None
    return Sample(problem=_joined(parts), share=share, features=Features(recipe=recipe))


def learn_propensity(
    sample: Sample, learner: Any, *, folds: int, seed: int, executor: Executor
) -> tuple[LearnedPropensity, Mapping[str, float]]:
    """Learn the propensity score outside each fold."""
    X = sample.features.of(sample.problem)
    names = () if sample.features.recipe is None else sample.features.recipe.names
    found = _learn(
        sample, learner, X, sample.problem.exposed, ("propensity",), folds, seed, executor, names=names
    )
    return LearnedPropensity(folds=found), _weights(found.models)


def learn_outcome(
    sample: Sample, learner: Any, *, by_arm: bool, folds: int, seed: int, executor: Executor
) -> tuple[LearnedOutcome, Mapping[str, float]]:
    """Learn the outcome regression outside each fold, on everybody or in each arm."""
    problem = sample.problem
    binary = problem.outcome_kind == "binary"
    check_kind(learner, binary)
    X = sample.features.of(problem)
    names = () if sample.features.recipe is None else sample.features.recipe.names
    common: dict[str, Any] = {"folds": folds, "seed": seed, "executor": executor, "binary": binary}
    if not by_arm:
        wide = np.column_stack([problem.exposed, X])
        columns = (problem.exposure_column.name, *names)
        both = _learn(sample, learner, wide, problem.outcome, ("outcome",), names=columns, **common)
        return LearnedOutcome(folds=(both, both), by_arm=False), _weights(both.models)
    pair = [
        _learn(
            sample,
            learner,
            X,
            problem.outcome,
            ("outcome", arm),
            names=names,
            rows=problem.exposed == arm,
            **common,
        )
        for arm in (1, 0)
    ]
    weights = _weights((*pair[0].models, *pair[1].models))
    return LearnedOutcome(folds=(pair[0], pair[1]), by_arm=True), weights


def _learn(
    sample: Sample,
    learner: Any,
    X: Array,
    y: Array,
    path: tuple[str | int, ...],
    folds: int,
    seed: int,
    executor: Executor,
    *,
    names: tuple[str, ...],
    binary: bool = True,
    rows: NDArray[np.bool_] | None = None,
) -> Folds:
    keys = sample.problem.fold_keys
    fold = fold_of(keys, folds=folds, seed=seed)

    def one(k: int) -> Any:
        use = fold != k if rows is None else (fold != k) & rows
        return fitted(
            learner,
            X[use],
            y[use],
            classify=binary,
            seed=seed,
            path=(*path, k),
            groups=keys[use],
            names=names,
        )

    models = tuple(executor.map(one, range(folds)))
    return Folds(models=models, seed=seed, features=sample.features, binary=binary)


def _weights(models: Sequence[Any]) -> dict[str, float]:
    known = [weights for model in models if (weights := getattr(model, "weights_", None))]
    names = dict.fromkeys(name for weights in known for name in weights)
    return {name: sum(weights.get(name, 0.0) for weights in known) / len(known) for name in names}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """The rows of a block that learners are shown."""

    share: float
    seed: int

    def __call__(self, rows: Rows) -> Problem:
        if self.share >= 1:
            return rows.problem
        grain = fold_of(rows.units, folds=_GRAIN, seed=self.seed + _GRAIN)
        return rows.part(np.flatnonzero(grain < self.share * _GRAIN)).problem


def _joined(parts: Sequence[Problem]) -> Problem:
    first = parts[0]

    def column(at: Any) -> Any:
        return at(first).replace_values(np.concatenate([at(part).values for part in parts]))

    return replace(
        first,
        exposed=np.concatenate([part.exposed for part in parts]),
        outcome=np.concatenate([part.outcome for part in parts]),
        exposure_column=column(lambda part: part.exposure_column),
        covariates=tuple(column(lambda part, k=k: part.covariates[k]) for k in range(len(first.covariates))),
        fold_keys=np.concatenate([part.fold_keys for part in parts]),
        clusters=None,
    )
