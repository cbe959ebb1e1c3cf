"""The regressions behind effects along some paths, stacked on each other without sharing patients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from causalmed.engine import Executor
from causalmed.estimation.mediation.controlled import ControlledParts
from causalmed.estimation.mediation.natural import NaturalParts
from causalmed.estimation.mediation.posing import PathProblem
from causalmed.estimation.mediation.specs import MediationAIPW
from causalmed.estimation.predicting import (
    ParametricPredictor,
    Part,
    Predictor,
    Regression,
    halves_of,
    is_parametric,
    parts_of,
    train,
)
from causalmed.estimation.stacking import Link
from causalmed.regression import ColumnLike

__all__ = ["Fitted", "fit_controlled", "fit_natural", "models_of"]

Array = NDArray[np.float64]
Rows = NDArray[np.bool_]
Columns = tuple[ColumnLike, ...]
_AS_IS: Mapping[str, float] = {}


def models_of(spec: MediationAIPW) -> tuple[Any, ...]:
    """Return every model of the estimator."""
    return (spec.propensity, spec.mediator_propensity, spec.outcome, spec.mean_outcome)


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

    problem: PathProblem
    spec: MediationAIPW
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
        base = self.problem.base
        rows = self.part.learn & (base.exposed == arm)
        self._keep(name, self._train(self._on_covariates(name), base.outcome, rows), _AS_IS)

    def nested(self, suffix: str, arm: int, columns: Columns, among: Rows, at: Mapping[str, float]) -> None:
        """Predict the outcome, and its mean given W among some patients.

        A learner's predictions for patients it has seen are too good; those that the second regression
        learns from are made by two halves for each other.
        """
        learn, base = self.part.learn, self.problem.base
        mu, eta = f"mu{suffix}", f"eta{suffix}"
        predict, extra = self._outcome(mu, arm, columns, learn)
        predicted = np.zeros(base.n)
        if is_parametric(self.spec.outcome):
            predicted[learn] = predict({**extra, **at}, learn)
        else:
            for use, other in halves_of(base, learn, seed=self.seed):
                half, extra = self._outcome(f"{mu}, half", arm, columns, use)
                predicted[other] = half({**extra, **at}, other)
        self._keep(mu, predict, {**extra, **at})
        mean = self._train(self._on_covariates(eta), predicted, learn & among, constant=True)
        self._keep(eta, mean, _AS_IS, mu)

    def _on_covariates(self, name: str) -> Regression:
        base = self.problem.base
        kind = "share" if base.outcome_kind == "binary" else "number"
        return Regression(model=self.spec.mean_outcome, columns=base.covariates, kind=kind, name=name)

    def _outcome(
        self, name: str, arm: int, columns: Columns, rows: Rows
    ) -> tuple[Predictor, Mapping[str, float]]:
        """Fit the outcome regression of an arm, there alone or on both with the exposure set."""
        base = self.problem.base
        kind = "binary" if base.outcome_kind == "binary" else "number"
        if self.spec.by_arm:
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
        values = self.into.values.setdefault(name, np.empty(self.problem.base.n))
        values[self.part.ask] = predict(override, self.part.ask)
        if self.part.number < 0 and isinstance(predict, ParametricPredictor):
            link = Link(name=name, predictor=predict, override=override, response_of=of)
            self.into.links.append(link)


def fit_natural(
    problem: PathProblem, spec: MediationAIPW, *, seed: int, executor: Executor
) -> tuple[NaturalParts, Fitted]:
    """Fit everything that natural effects need; probabilities as they come, not truncated."""
    base, found = problem.base, Fitted(values={})
    W, MW = base.covariates, (*problem.mediators, *base.covariates)
    for part in parts_of(base, models_of(spec), folds=spec.folds, seed=seed):
        fit = Fitter(problem=problem, spec=spec, part=part, seed=seed, executor=executor, into=found)
        fit.chance("e", spec.propensity, base.exposed, W, part.learn)
        fit.chance("r", spec.mediator_propensity, base.exposed, MW, part.learn)
        fit.nested("", 1, MW, ~problem.exposed, _AS_IS)
        fit.mean_outcome("m1", 1)
        fit.mean_outcome("m0", 0)
    return NaturalParts(exposed=base.exposed, outcome=base.outcome, **found.values), found


def fit_controlled(
    problem: PathProblem, spec: MediationAIPW, *, seed: int, executor: Executor
) -> tuple[ControlledParts, Fitted]:
    """Fit everything that a controlled direct effect needs; probabilities not truncated."""
    base, found = problem.base, Fitted(values={})
    assert problem.held is not None
    at, LW = problem.held.astype(np.float64), (*problem.after, *base.covariates)
    for part in parts_of(base, models_of(spec), folds=spec.folds, seed=seed):
        fit = Fitter(problem=problem, spec=spec, part=part, seed=seed, executor=executor, into=found)
        fit.chance("e", spec.propensity, base.exposed, base.covariates, part.learn)
        for number, arm in ((0, 1), (1, 0)):
            inside = base.exposed == arm
            fit.chance(f"g{number}", spec.mediator_propensity, at, LW, part.learn & inside)
            fit.nested(f"{number}", arm, (*problem.mediators, *LW), inside, problem.codes)
    v = found.values
    parts = ControlledParts(
        exposed=base.exposed,
        held=at,
        outcome=base.outcome,
        e=v["e"],
        g=(v["g0"], v["g1"]),
        mu=(v["mu0"], v["mu1"]),
        eta=(v["eta0"], v["eta1"]),
    )
    return parts, found
