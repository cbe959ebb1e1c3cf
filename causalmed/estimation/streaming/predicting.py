"""What the fitted nuisances say about the rows of a block."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from causalmed.estimation import tmle
from causalmed.estimation.models import Regression
from causalmed.estimation.positivity import pulled
from causalmed.estimation.problem import Problem
from causalmed.estimation.streaming.fitting import OutcomeDesign, PropensityDesign
from causalmed.estimation.streaming.learning import LearnedOutcome, LearnedPropensity
from causalmed.estimation.streaming.passes import Rows
from causalmed.estimation.targets import Working

__all__ = ["Fitted", "Predicted"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Predicted:
    """One block with its nuisances.

    Attributes
    ----------
    problem : Problem
        The rows.
    working : Working
        Predictions, the propensity scores pulled to their bound.
    raw : ndarray, shape (rows,), or None
        Propensity scores before.
    moved : ndarray of bool, shape (rows,)
        Whose score was pulled.
    propensity : ndarray, shape (rows, p), or None
        Design of the propensity model.
    outcome : tuple of ndarray, shape (rows, q), or None
        Designs of the outcome regression with the exposure set to a, and to b.
    observed : ndarray, shape (rows, q), or None
        Its design with the exposure as it was, where its scores are asked for.
    """

    problem: Problem
    working: Working
    raw: Array | None
    moved: NDArray[np.bool_]
    propensity: Array | None
    outcome: tuple[Array, Array] | None
    observed: Array | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fitted:
    """Fitted nuisances without their rows; they survive pickling.

    Attributes
    ----------
    bound : float
        Smallest distance of a propensity score from 0 and 1.
    propensity : (PropensityDesign, Regression), LearnedPropensity or None
        Model of the exposure.
    outcome : (OutcomeDesign, Regression, Regression), LearnedOutcome or None
        Outcome regressions under a and under b.
    stacked : bool
        Whether the scores of the outcome regression are asked for.
    scale, fluctuation, epsilon
        The targeting step of TMLE, once it is known; see :mod:`causalmed.estimation.tmle`.
    """

    bound: float
    propensity: tuple[PropensityDesign, Regression] | LearnedPropensity | None
    outcome: tuple[OutcomeDesign, Regression, Regression] | LearnedOutcome | None
    stacked: bool = False
    scale: tuple[float, float] | None = None
    fluctuation: str = ""
    epsilon: tuple[float, float] | None = None

    def predict(self, rows: Rows) -> Predicted:
        """Return the nuisances of a block, before any targeting."""
        if id(self) not in rows.memory:
            rows.memory[id(self)] = self._predicted(rows)
        found: Predicted = rows.memory[id(self)]
        return found

    def _predicted(self, rows: Rows) -> Predicted:
        problem = rows.problem
        working = Working(population=problem.population, exposed=problem.exposed, outcome=problem.outcome)
        raw, X, pair, observed = None, None, None, None
        moved = np.zeros(problem.n, dtype=bool)
        if self.propensity is not None:
            if isinstance(self.propensity, LearnedPropensity):
                raw = self.propensity.scores(rows)
            else:
                design, model = self.propensity
                X = design.matrix(rows)
                raw = model.mean(X)
            e, moved = pulled(raw, self.bound, problem.population)
            working = replace(working, e=e)
        if isinstance(self.outcome, LearnedOutcome):
            m1, m0 = self.outcome.regressions(rows)
            working = replace(working, m1=m1, m0=m0)
        elif self.outcome is not None:
            outcome, under_a, under_b = self.outcome
            pair = outcome.matrices(rows)
            observed = outcome.matrix(rows) if self.stacked else None
            working = replace(working, m1=under_a.mean(pair[0]), m0=under_b.mean(pair[1]))
        return Predicted(
            problem=problem,
            working=working,
            raw=raw,
            moved=moved,
            propensity=X,
            outcome=pair,
            observed=observed,
        )

    def start(self, working: Working) -> tmle.Start:
        """Return the fluctuations of a block before they are fitted."""
        assert self.scale is not None
        return tmle.start_of(working, scale=self.scale, fluctuation=self.fluctuation)

    def targeted(self, working: Working) -> Working:
        """Return the regressions of a block after targeting, where there is any."""
        if self.epsilon is None:
            return working
        m1, m0 = self.start(working).moved(self.epsilon)
        return replace(working, m1=m1, m0=m0)
