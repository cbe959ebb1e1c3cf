"""One call of :func:`causalmed.estimate` as a value."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from causalmed.cohort import Cohort
from causalmed.engine import Executor
from causalmed.estimation.specs import Estimator
from causalmed.identification import Estimand

__all__ = ["Asked"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Asked:
    """What was asked, of whom, and how.

    Attributes
    ----------
    estimand : Estimand
        An identified effect.
    cohort : Cohort
        The patients.
    spec : Estimator or None
        The estimator; None: the usual one for this kind of effect.
    contrast : object
        The two values of the exposure, or another change of it that a family of estimators understands.
    population : str
        About whom.
    horizon : float or None
        Time within which the outcome counts.
    level : float
        Confidence level.
    seed : int
        Seed of folds, learners, draws.
    executor : Executor
        Runs blocks, folds, replicates.
    """

    estimand: Estimand
    cohort: Cohort
    spec: Estimator | None
    contrast: Any
    population: str
    horizon: float | None
    level: float
    seed: int
    executor: Executor

    def of(self, cohort: Cohort, estimand: Estimand | None = None) -> Asked:
        """Return the same question asked of other patients, or about another estimand."""
        return replace(self, cohort=cohort, estimand=self.estimand if estimand is None else estimand)
