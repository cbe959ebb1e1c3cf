"""Parametric nuisances on disk: the designs of a block, and the fits on all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from causalmed.errors import InvalidArgument
from causalmed.estimation.models import Regression
from causalmed.estimation.streaming.census import StreamedProblem
from causalmed.estimation.streaming.passes import Passes, Rows
from causalmed.regression import (
    ColumnLike,
    DesignRecipe,
    GLMFit,
    Linear,
    Logistic,
    fit_linear_blocks,
    fit_logistic_blocks,
)

__all__ = ["OutcomeDesign", "PropensityDesign", "fit_outcome_blocks", "fit_propensity_blocks"]

Array = NDArray[np.float64]
_EMPTY: Final = np.zeros(0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PropensityDesign:
    """The design of the propensity model."""

    recipe: DesignRecipe

    def matrix(self, rows: Rows) -> Array:
        """Return the design of a block."""
        return self.recipe.build(rows.problem.covariates, rows=rows.problem.n, known=True).matrix

    def response(self, rows: Rows) -> Array:
        """Return what is modelled."""
        return rows.problem.exposed


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OutcomeDesign:
    """The design of the outcome regression.

    Attributes
    ----------
    recipe : DesignRecipe
        Its coding.
    by_arm : bool
        Whether the exposure is left out, each arm having its own model.
    column : int or None
        The one column of the design that holds the exposure; None where it enters in other ways.
    """

    recipe: DesignRecipe
    by_arm: bool
    column: int | None = None

    def matrix(self, rows: Rows) -> Array:
        """Return the design of a block, the exposure as observed."""
        return self._plain(rows)

    def matrices(self, rows: Rows) -> tuple[Array, Array]:
        """Return the designs of a block with the exposure set to a, and to b."""
        problem = rows.problem
        if self.by_arm:
            X = self._plain(rows)
            return X, X
        if self.column is not None:
            pair = (self._plain(rows).copy(), self._plain(rows).copy())
            for X, value in zip(pair, problem.contrast, strict=True):
                X[:, self.column] = value
            return pair
        columns = (problem.exposure_column, *problem.covariates)
        name = problem.estimand.exposure
        first, second = (
            self.recipe.build(columns, override={name: value}, known=True).matrix
            for value in problem.contrast
        )
        return first, second

    def _plain(self, rows: Rows) -> Array:
        """Return the design of a block as its columns are, built once a block."""
        problem = rows.problem
        if id(self.recipe) not in rows.memory:
            columns = problem.covariates if self.by_arm else (problem.exposure_column, *problem.covariates)
            found = self.recipe.build(columns, rows=problem.n, known=True)
            rows.memory[id(self.recipe)] = found.matrix
        return np.asarray(rows.memory[id(self.recipe)])

    def response(self, rows: Rows) -> Array:
        """Return what is modelled."""
        return rows.problem.outcome


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _DesignRows:
    """The rows of one regression, as a regression asks for them."""

    passes: Passes
    design: PropensityDesign | OutcomeDesign

    @property
    def n(self) -> int:
        return self.passes.n

    @property
    def names(self) -> tuple[str, ...]:
        return self.design.recipe.names

    def total(self, statistic: Callable[[Array, Array], Array]) -> Array:
        return self.passes.total(_OfDesign(design=self.design, statistic=statistic))

    def every(self, stride: int) -> tuple[Array, Array]:
        parts = self.passes.every(stride)
        matrix = np.concatenate([self.design.matrix(rows) for rows in parts])
        return matrix, np.concatenate([self.design.response(rows) for rows in parts])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _OfDesign:
    design: PropensityDesign | OutcomeDesign
    statistic: Callable[[Array, Array], Array]

    def __call__(self, rows: Rows) -> Array:
        return self.statistic(self.design.matrix(rows), self.design.response(rows))


def fit_propensity_blocks(
    passes: Passes, problem: StreamedProblem, spec: Logistic
) -> tuple[PropensityDesign, Regression]:
    """Fit the model of the exposure given the adjustment set, block by block."""
    _refuse_firth(spec, "propensity")
    design = PropensityDesign(recipe=DesignRecipe.learn(problem.covariates, formula=spec.formula))
    return design, _regression(
        spec, design.recipe, fit_logistic_blocks(_DesignRows(passes=passes, design=design))
    )


def fit_outcome_blocks(
    passes: Passes, problem: StreamedProblem, spec: Logistic | Linear, *, by_arm: bool
) -> tuple[OutcomeDesign, Regression, Regression]:
    """Fit the outcome regression on everybody, or on each arm, block by block."""
    if isinstance(spec, Logistic):
        _refuse_firth(spec, "outcome")
        if problem.outcome_kind != "binary":
            raise InvalidArgument(
                f"A logistic model cannot describe {problem.estimand.outcome!r}, which is a number. Use "
                "outcome=Linear()."
            )
    columns: tuple[ColumnLike, ...] = problem.covariates
    if not by_arm:
        columns = (problem.exposure_column, *columns)
    recipe = DesignRecipe.learn(columns, formula=spec.formula)
    alone = spec.formula is None and not by_arm
    design = OutcomeDesign(
        recipe=recipe,
        by_arm=by_arm,
        column=recipe.names.index(problem.estimand.exposure) if alone else None,
    )
    if not by_arm and problem.estimand.exposure not in design.recipe.columns:
        raise InvalidArgument(
            f"The formula of the outcome model leaves out {problem.estimand.exposure!r}, so that setting it "
            "would change nothing. Add the column to the formula."
        )
    fits = [
        _regression(spec, design.recipe, _fit(rows, spec, design))
        for rows in ([passes.of_arm(1), passes.of_arm(0)] if by_arm else [passes])
    ]
    return design, fits[0], fits[-1]


def _fit(passes: Passes, spec: Logistic | Linear, design: OutcomeDesign) -> GLMFit:
    rows: Any = _DesignRows(passes=passes, design=design)
    return fit_linear_blocks(rows) if isinstance(spec, Linear) else fit_logistic_blocks(rows)


def _regression(spec: Logistic | Linear, recipe: DesignRecipe, fit: GLMFit) -> Regression:
    return Regression(
        spec=spec,
        design=np.zeros((0, len(recipe.names))),
        response=_EMPTY,
        rows=np.zeros(0, dtype=bool),
        fit=fit,
        columns=recipe.columns,
    )


def _refuse_firth(spec: Logistic, what: str) -> None:
    if spec.firth:
        raise InvalidArgument(
            f"{what}=Logistic(firth=True) needs its rows in memory: Firth's penalty is for few events. Use "
            "Logistic(), or collect() the cohort."
        )
