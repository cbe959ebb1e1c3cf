"""What a block adds to each of the sums that an effect needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from causalmed.estimation import aipw, gcomputation, ipw, tmle
from causalmed.estimation.balance import balance_sums, spread_sums
from causalmed.estimation.covariance import cluster_part, products
from causalmed.estimation.crude import crude_influence
from causalmed.estimation.models import score_along
from causalmed.estimation.pictures import overlap_counts
from causalmed.estimation.positivity import largest_weight
from causalmed.estimation.problem import Problem
from causalmed.estimation.streaming.passes import Rows
from causalmed.estimation.streaming.predicting import Fitted, Predicted
from causalmed.estimation.targets import Working
from causalmed.regression import DesignRecipe

__all__ = ["Fluctuation", "Gradients", "Influences", "Means", "Roots", "Support", "Targeting"]

Array = NDArray[np.float64]
NOTHING: Final = np.zeros(0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Support:
    """Overlap and balance: who was truncated, the histogram of the scores, the weighted columns.

    Gives counts of moved patients by arm, by side and in all; the histogram; the sums of balance; the
    largest weight among the moved.
    """

    fitted: Fitted
    recipe: DesignRecipe | None

    def __call__(self, rows: Rows) -> tuple[Array, ...]:
        """Return the counts, the histogram, the sums and the largest weight."""
        seen = self.fitted.predict(rows)
        assert seen.raw is not None
        exposed, moved, raw = rows.problem.exposed, seen.moved, seen.raw
        counts = [np.count_nonzero(moved & (exposed == arm)) for arm in (1, 0)]
        sides = [
            np.count_nonzero(moved & (raw < self.fitted.bound)),
            np.count_nonzero(moved & (raw > 1 - self.fitted.bound)),
        ]
        sums = balance_sums(seen.working, _columns(self.recipe, rows.problem))
        largest = np.array([largest_weight(raw, moved, exposed)])
        return np.array([*counts, *sides], dtype=np.float64), overlap_counts(raw, exposed), sums, largest


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Means:
    """The sums behind the three means: ``"ipw"``, ``"gcomputation"`` or ``"aipw"``."""

    fitted: Fitted
    how: str

    def __call__(self, rows: Rows) -> Array:
        """Return what the block adds."""
        working = self.fitted.targeted(self.fitted.predict(rows).working)
        if self.how == "ipw":
            return ipw.sums(working)
        return gcomputation.sums(working) if self.how == "gcomputation" else aipw.sums(working)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Targeting:
    """What the fluctuations start from: sizes of both arms, and how many regressions were bounded."""

    fitted: Fitted

    def __call__(self, rows: Rows) -> tuple[Array, Array]:
        """Return what the block adds."""
        start = self.fitted.start(self.fitted.predict(rows).working)
        return np.array([arm.size for arm in start.arms]), np.array([float(start.outside.sum())])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fluctuation:
    """Score and information of the fluctuation of each arm, shape (2, 2)."""

    fitted: Fitted
    epsilon: tuple[float, float]

    def __call__(self, rows: Rows) -> Array:
        """Return what the block adds."""
        start = self.fitted.start(self.fitted.predict(rows).working)
        return np.array([arm.sums(e) for arm, e in zip(start.arms, self.epsilon, strict=True)])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Gradients:
    """Derivatives of the means by the coefficients."""

    fitted: Fitted
    how: str
    psi: Array
    stabilised: bool = True

    def __call__(self, rows: Rows) -> Array:
        """Return what the block adds."""
        seen = self.fitted.predict(rows)
        if self.how == "ipw":
            assert seen.propensity is not None
            return ipw.gradient_sums(
                seen.working, seen.propensity, self.psi, seen.moved, stabilised=self.stabilised
            )
        assert isinstance(self.fitted.outcome, tuple)
        assert seen.outcome is not None
        return gcomputation.gradient_sums(seen.working, seen.outcome, self.fitted.outcome[1].slope)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Roots:
    """The triangle of the information of each regression in one block, in the order of the arms."""

    fitted: Fitted
    how: str

    def __call__(self, rows: Rows) -> list[Array]:
        """Return what the block adds."""
        exposed = rows.problem.exposed
        if self.how == "ipw":
            assert isinstance(self.fitted.propensity, tuple)
            design, model = self.fitted.propensity
            return [model.root_part(design.matrix(rows), np.ones_like(exposed))]
        assert isinstance(self.fitted.outcome, tuple)
        outcome, *models = self.fitted.outcome
        X = outcome.matrix(rows)
        if not outcome.by_arm:
            return [models[0].root_part(X, np.ones_like(exposed))]
        arms = (exposed, 1 - exposed)
        return [model.root_part(X, arm) for model, arm in zip(models, arms, strict=True)]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Influences:
    """Products of the influences, of the means and of the crude means, and what rests on the first sums.

    Attributes
    ----------
    how : str
        ``"ipw"``, ``"gcomputation"`` or ``"aipw"``.
    psi : ndarray, shape (3,)
        The three means.
    masses : ndarray
        What the influences are divided by.
    along : tuple of ndarray
        What the scores of the regressions are multiplied by; empty where they do not count.
    crude : ndarray, shape (6,)
        The crude sums.
    n, groups : int
        Patients, and clusters.
    recipe : DesignRecipe or None
        Columns of the balance table.
    means : ndarray, shape (2, k)
        Their means in the arms.
    rare, targeted : bool
        Whether the model-based variance is wanted, and what targeting left.
    """

    fitted: Fitted
    how: str
    psi: Array
    masses: Array
    along: tuple[Array, ...]
    crude: Array
    n: int
    groups: int
    recipe: DesignRecipe | None
    means: Array | None
    rare: bool
    targeted: bool
    stabilised: bool = True

    def __call__(self, rows: Rows) -> tuple[Array, ...]:
        """Return what the block adds."""
        seen = self.fitted.predict(rows)
        after = self.fitted.targeted(seen.working)
        problem = rows.problem
        unadjusted = crude_influence(problem.exposed, problem.outcome, self.crude, self.n)
        spread = NOTHING
        if self.means is not None:
            spread = spread_sums(problem.exposed, _columns(self.recipe, problem), self.means)
        return (
            self._summed(self._influence(seen, after), problem),
            self._crude(unadjusted, problem),
            spread,
            aipw.model_sums(after, self.psi) if self.rare else NOTHING,
            tmle.remaining_sums(after, self.psi, float(self.masses[0])) if self.targeted else NOTHING,
        )

    def values(self, rows: Rows) -> Array:
        """Return the influence of each patient of the block, shape (rows, 3)."""
        seen = self.fitted.predict(rows)
        return self._influence(seen, self.fitted.targeted(seen.working))

    def _influence(self, seen: Predicted, after: Working) -> Array:
        exposed, outcome = seen.problem.exposed, seen.problem.outcome
        if self.how == "aipw":
            return aipw.influence_of(after, self.psi, float(self.masses[0]))
        if self.how == "ipw":
            known = ipw.influence_of(seen.working, self.psi, self.masses, stabilised=self.stabilised)
            if not self.along:
                return known
            assert seen.propensity is not None
            assert seen.raw is not None
            return known + score_along(seen.propensity, exposed - seen.raw, self.along[0])
        assert isinstance(self.fitted.outcome, tuple)
        design, *models = self.fitted.outcome
        assert seen.observed is not None
        X = seen.observed
        used = (exposed, 1 - exposed) if design.by_arm else (np.ones_like(exposed),) * 2
        fitted = [
            score_along(X, weight * (outcome - model.mean(X)), along)
            for weight, model, along in zip(used, models, self.along, strict=True)
        ]
        return gcomputation.influence_of(
            seen.working, self.psi, float(self.masses[0]), (fitted[0], fitted[1])
        )

    def _summed(self, influence: Array, problem: Problem) -> Array:
        if problem.clusters is None:
            return products(influence)
        return cluster_part(influence, problem.clusters, self.groups)

    def _crude(self, influence: Array, problem: Problem) -> Array:
        if problem.clusters is None:
            return products(influence)
        each = np.column_stack([influence, _crude_parts(problem)])
        return cluster_part(each, problem.clusters, self.groups)


def _crude_parts(problem: Problem) -> Array:
    weights = np.column_stack([problem.exposed, 1 - problem.exposed, np.ones_like(problem.exposed)])
    return np.column_stack([weights * problem.outcome[:, None], weights])


def _columns(recipe: DesignRecipe | None, problem: Problem) -> Array:
    if recipe is None:
        return np.empty((problem.n, 0))
    return recipe.build(problem.covariates, rows=problem.n, known=True).matrix
