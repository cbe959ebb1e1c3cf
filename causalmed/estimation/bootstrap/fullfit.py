"""The full fit, as its replicates see it: outcomes between 0 and 1, designs whitened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from causalmed.engine import block_slices
from causalmed.estimation import tmle
from causalmed.estimation.bootstrap.whitening import constant_gap, into, whitening
from causalmed.estimation.coded import block_of
from causalmed.estimation.problem import Problem
from causalmed.estimation.solving import Nuisances, Solution
from causalmed.estimation.specs import IPW, IPWRA, Estimator
from causalmed.estimation.targets import Working, tilt_of
from causalmed.regression import Logistic

__all__ = ["FullFit", "Whitened", "scale_of", "whiten"]

Array = NDArray[np.float64]
Single = NDArray[np.float32]
Rows = Callable[[slice], Array]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Whitened:
    """The designs of the models in the coordinates of the replicates; see ``Equations``."""

    matrices: list[Single | None]
    shift: Array | None
    separate: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FullFit:
    """The full fit, outcomes on the unit scale, rows in the order of the problem."""

    problem: Problem
    spec: Estimator
    nuisances: Nuisances
    solution: Solution
    scale: tuple[float, float]

    @property
    def logistic(self) -> bool:
        """Whether the outcome model is logistic."""
        outcome = self.nuisances.outcome
        return outcome is not None and isinstance(outcome.models[0].spec, Logistic)

    def unit(self, values: Array) -> Array:
        """Return outcomes, or means of them, between 0 and 1."""
        low, high = self.scale
        return np.asarray((values - low) / (high - low))

    def inverse_weights(self) -> Array:
        """Weight of each patient in his own arm; one without a propensity model."""
        if self.nuisances.propensity is None:
            return np.ones(self.problem.n)
        tilt = tilt_of(self.nuisances.working)
        return tilt.w1 + tilt.w0

    def own(self, of_a: Array, of_b: Array) -> Array:
        """Return each patient's value of his own arm."""
        return np.where(self.problem.exposed == 1, of_a, of_b)

    def means(self, working: Working) -> tuple[Array, Array]:
        """Return the regressions under a and under b between 0 and 1."""
        return self.unit(working.regression(1)), self.unit(working.regression(0))

    def base(self) -> Array:
        """Return the linear predictors of propensity, outcome under a, under b, shape (3, n)."""
        answer = np.zeros((3, self.problem.n))
        if self.nuisances.propensity is not None:
            answer[0] = self.nuisances.propensity.fit.linear_predictor
        outcome = self.nuisances.outcome
        if outcome is not None:
            for block in block_slices(self.problem.n):
                for line, model, X in zip((1, 2), outcome.models, outcome.block(block), strict=True):
                    eta = np.einsum("ij,j->i", X, model.fit.coefficients)
                    answer[line, block] = eta if self.logistic else self.unit(eta)
        return answer

    def residuals(self) -> Array:
        """Return the residuals of propensity and, in its own weights, outcome, shape (2, n)."""
        answer = np.zeros((2, self.problem.n))
        if self.nuisances.raw is not None:
            answer[0] = self.problem.exposed - self.nuisances.raw
        if self.nuisances.outcome is not None:
            fitted = self.own(*self.means(self.nuisances.working))
            weight = self.inverse_weights() if isinstance(self.spec, IPWRA) else 1.0
            answer[1] = weight * (self.unit(self.problem.outcome) - fitted)
        return answer


def scale_of(problem: Problem, spec: Estimator) -> tuple[float, float]:
    """Return what becomes 0 and what becomes 1."""
    if isinstance(spec, IPW):  # without a sum of weights below, only a change of unit is harmless
        return 0.0, float(np.abs(problem.outcome).max())
    return tmle.scale_of(problem.outcome, problem.outcome_kind)


def whiten(full: FullFit, rank: NDArray[np.intp]) -> Whitened:
    """Bring the designs into the coordinates of the replicates, row i at place ``rank[i]``."""
    matrices: list[Single | None] = [None, None, None]
    propensity, outcome = full.nuisances.propensity, full.nuisances.outcome
    if propensity is not None:
        rows, mean = partial(block_of, propensity.design), propensity.fit.mean
        matrices[0] = into(rows, whitening(rows, mean * (1 - mean)), rank)
    if outcome is None:
        return Whitened(matrices=matrices, shift=None, separate=False)
    weight = full.inverse_weights() if isinstance(full.spec, IPWRA) else np.ones(full.problem.n)
    slopes = [weight * _slope(m, full.logistic) for m in full.means(full.nuisances.working)]
    A, (of_a, of_b) = full.problem.exposed, (partial(block_of, design) for design in outcome.designs)
    if outcome.separate:
        for slot, rows, slope, arm in ((1, of_a, slopes[0], A), (2, of_b, slopes[1], 1 - A)):
            matrices[slot] = into(rows, whitening(rows, slope * arm), rank)
        return Whitened(matrices=matrices, shift=None, separate=True)
    gap = constant_gap(of_a, of_b, full.problem.n)
    back = whitening(_observed(of_a, of_b, A), full.own(*slopes))
    matrices[2] = shared = into(of_b, back, rank)
    if gap is None:
        matrices[1] = into(of_a, back, rank)
        return Whitened(matrices=matrices, shift=None, separate=False)
    padding = np.zeros(shared.shape[1] - len(gap))
    return Whitened(matrices=matrices, shift=np.concatenate([gap @ back, padding]), separate=False)


def _observed(of_a: Rows, of_b: Rows, exposed: Array) -> Rows:
    return lambda block: np.where(exposed[block, None] == 1, of_a(block), of_b(block))


def _slope(mean: Array, logistic: bool) -> Array:
    return mean * (1 - mean) if logistic else np.ones_like(mean)
