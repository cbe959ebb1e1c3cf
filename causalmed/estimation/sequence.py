"""Regressions stacked on each other: what one predicts, the next may learn from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from causalmed.engine import Executor
from causalmed.estimation.predicting import (
    ParametricPredictor,
    Part,
    Predictor,
    Regression,
    halves_of,
    is_parametric,
    train,
)
from causalmed.estimation.problem import Problem
from causalmed.estimation.stacking import Link
from causalmed.regression import ColumnLike

__all__ = ["Fitted", "Fitter", "Nested"]

Array = NDArray[np.float64]
Rows = NDArray[np.bool_]
Columns = tuple[ColumnLike, ...]
_AS_IS: Mapping[str, float] = {}


class Nested(Protocol):
    """An estimator with an outcome regression and one of what it predicts."""

    @property
    def outcome(self) -> Any:
        """On mediators and covariates."""
        ...

    @property
    def mean_outcome(self) -> Any:
        """On covariates alone."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fitted:
    """Predictions of all patients by name, and where they came from.

    Attributes
    ----------
    values : dict of str to ndarray, shape (n,)
        The predictions.
    links : list of Link
        The parametric regressions in the order of fitting; empty where a learner takes part.
    """

    values: dict[str, Array]
    links: list[Link] = field(default_factory=list)

    @property
    def largest(self) -> int:
        """Coefficients of the largest regression on mediators; 0 where none is parametric."""
        sizes = [link.predictor.fit.parameters for link in self.links if link.name.startswith("mu")]
        return max(sizes, default=0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fitter:
    """Fits the regressions of one fold and keeps what they predict there."""

    base: Problem
    spec: Nested
    by_arm: bool
    part: Part
    seed: int
    executor: Executor
    into: Fitted

    def chance(self, name: str, model: Any, of: Array, columns: Columns, rows: Rows) -> None:
        """Predict the probability of a yes/no column."""
        regression = Regression(model=model, columns=columns, kind="binary", name=name)
        self._keep(name, self._train(regression, of, rows), _AS_IS)

    def mean_outcome(self, name: str, arm: int) -> None:
        """Predict the outcome in an arm from the covariates alone."""
        base = self.base
        rows = self.part.learn & (base.exposed == arm)
        self._keep(name, self._train(self._on_covariates(name), base.outcome, rows), _AS_IS)

    def outcome(self, name: str, arm: int, columns: Columns, at: Mapping[str, float]) -> Array:
        """Predict the outcome in an arm; return predictions for those whom a second regression learns from.

        A learner's predictions for patients it has seen are too good; those that are learned from are made
        by two halves for each other.
        """
        learn = self.part.learn
        predict, extra = self._outcome(name, arm, columns, learn)
        predicted = np.zeros(self.base.n)
        if is_parametric(self.spec.outcome):
            predicted[learn] = predict({**extra, **at}, learn)
        else:
            for use, other in halves_of(self.base, learn, seed=self.seed):
                half, extra = self._outcome(f"{name}, half", arm, columns, use)
                predicted[other] = half({**extra, **at}, other)
        self._keep(name, predict, {**extra, **at})
        return predicted

    def mean_of(self, name: str, predicted: Array, among: Rows, *, of: str) -> None:
        """Predict the mean of a predicted outcome given the covariates, among some patients."""
        mean = self._train(self._on_covariates(name), predicted, self.part.learn & among, constant=True)
        self._keep(name, mean, _AS_IS, of)

    def _on_covariates(self, name: str) -> Regression:
        base = self.base
        kind = "share" if base.outcome_kind == "binary" else "number"
        return Regression(model=self.spec.mean_outcome, columns=base.covariates, kind=kind, name=name)

    def _outcome(
        self, name: str, arm: int, columns: Columns, rows: Rows
    ) -> tuple[Predictor, Mapping[str, float]]:
        """Fit the outcome regression of an arm, there alone or on both with the exposure set."""
        base = self.base
        kind = "binary" if base.outcome_kind == "binary" else "number"
        if self.by_arm:
            regression = Regression(model=self.spec.outcome, columns=columns, kind=kind, name=name)
            return self._train(regression, base.outcome, rows & (base.exposed == arm)), _AS_IS
        both = (base.exposure_column, *columns)
        regression = Regression(model=self.spec.outcome, columns=both, kind=kind, name=name)
        value = base.contrast[0] if arm else base.contrast[1]
        return self._train(regression, base.outcome, rows), {base.estimand.exposure: float(value)}

    def _train(
        self, regression: Regression, response: Array, rows: Rows, *, constant: bool = False
    ) -> Predictor:
        return train(
            regression,
            response,
            rows,
            part=self.part,
            seed=self.seed,
            executor=self.executor,
            constant=constant,
        )

    def _keep(self, name: str, predict: Predictor, override: Mapping[str, float], of: str = "") -> None:
        values = self.into.values.setdefault(name, np.empty(self.base.n))
        values[self.part.ask] = predict(override, self.part.ask)
        if self.part.number < 0 and isinstance(predict, ParametricPredictor):
            link = Link(name=name, predictor=predict, override=override, response_of=of)
            self.into.links.append(link)
