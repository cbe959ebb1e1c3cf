r"""Hospitals as a shared effect: a random intercept, its variance estimated, their effects shrunk.

.. math:: \eta = x^\top \beta + b_g, \qquad b_g \sim N(0, \tau^2)

Linear nodes: :math:`\tau^2 / \sigma^2` by restricted maximum likelihood (Patterson and Thompson 1971), then
:math:`\beta` and the best linear unbiased predictions of b. Logistic nodes: :math:`\tau^2` by Laplace's
approximation with :math:`\beta` integrated too, then the mode of :math:`\beta` and b given it (Breslow and
Clayton 1993). The hospitals' block of the information is diagonal and is eliminated first, so the cost grows
with patients and hospitals, not with their product.

References
----------
Patterson HD, Thompson R (1971). Recovery of inter-block information when block sizes are unequal. Biometrika
58(3):545-554.
Breslow NE, Clayton DG (1993). Approximate inference in generalized linear mixed models. J Am Stat Assoc
88(421):9-25.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, log_expit

from causalmed.errors import DataError, NotConverged
from causalmed.scm.mechanism import Mechanism
from causalmed.scm.mechanisms.gaussian import LinearGaussian
from causalmed.scm.mechanisms.logistic import LogisticBinary
from causalmed.scm.mechanisms.task import Task, standardised
from causalmed.scm.terms import Factor, FloatArray, Predictor, Term

__all__ = ["fit_pooled"]

_FEWEST: Final = 3
_NARROW: Final = (-6.0, 2.5)
_WIDE: Final = (-12.0, 20.0)
_STEPS: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Groups:
    """A design with its intercept, and who belongs to which of the pooled levels."""

    x: FloatArray
    y: FloatArray
    group: NDArray[np.intp]
    count: int

    def sums(self, values: FloatArray) -> FloatArray:
        """Return sums of values by group, shape (groups,) or (groups, p)."""
        if values.ndim == 1:
            return np.asarray(np.bincount(self.group, values, self.count), dtype=np.float64)
        return np.column_stack([np.bincount(self.group, column, self.count) for column in values.T])

    def solve(
        self, weight: FloatArray, on_x: FloatArray, on_group: FloatArray, ridge: float
    ) -> tuple[FloatArray, FloatArray, float]:
        """Solve (information + ridge on the groups) d = (on_x, on_group); also the log determinant."""
        weighted = self.x * weight[:, np.newaxis]
        across, own = self.sums(weighted), self.sums(weight) + ridge
        left = self.x.T @ weighted - across.T @ (across / own[:, np.newaxis])
        slopes = np.asarray(np.linalg.solve(left, on_x - across.T @ (on_group / own)), dtype=np.float64)
        determinant = float(np.linalg.slogdet(left)[1] + np.log(own).sum())
        return slopes, (on_group - across @ slopes) / own, determinant


def fit_pooled(task: Task) -> Mechanism:
    """Fit a logistic or (log-)linear node with one column's levels as a random intercept.

    Raises
    ------
    DataError
        The column has fewer than 3 levels.
    """
    column = task.table[task.pooled]
    codes, group = np.unique(column, return_inverse=True)
    if len(codes) < _FEWEST:
        raise DataError(
            f"pooled={task.pooled!r} has {len(codes)} levels; how much they differ can be estimated from "
            f"{_FEWEST} on. Leave pooled= out, and its levels get effects of their own."
        )
    inner, centre, scale = standardised(task.design()[:, 1:])
    x = np.column_stack([np.ones(len(inner)), inner])

    def predictor(slopes: FloatArray, effects: FloatArray) -> Predictor:
        raw = slopes[1:] / scale
        fixed = task.predictor.with_coefficients([float(slopes[0] - centre @ raw), *raw.tolist()])
        more = tuple(
            Term(coefficient=float(effect), factors=(Factor(column=task.pooled, code=float(code)),))
            for code, effect in zip(codes, effects, strict=True)
        )
        return Predictor(intercept=fixed.intercept, terms=(*fixed.terms, *(more if len(effects) else ())))

    y, log = task.values, task.family == "lognormal"
    if log and np.any(y <= 0):
        raise DataError("A lognormal mechanism needs positive values.")
    groups = _Groups(x=x, y=np.log(y) if log else y, group=group.reshape(-1), count=len(codes))
    if task.family == "logistic":
        return _logistic(groups, predictor)
    return _linear(groups, predictor, log=log)


def _penalty(predictor: Predictor, pooled: int, ridge: float) -> tuple[float, ...]:
    return (0.0,) * (1 + len(predictor.terms) - pooled) + (ridge,) * pooled


def _linear(groups: _Groups, predictor: Callable[..., Predictor], *, log: bool) -> LinearGaussian:
    n, p = groups.x.shape
    ones, unit = np.ones(n), float(groups.y.std()) or 1.0
    y = groups.y / unit
    on_x, on_group = groups.x.T @ y, groups.sums(y)

    def at(log_ratio: float) -> tuple[float, FloatArray, FloatArray, float]:
        ratio = float(np.exp(log_ratio))
        slopes, effects, determinant = groups.solve(ones, on_x, on_group, ratio)
        squares = float(y @ y - on_x @ slopes - on_group @ effects)
        minus = (n - p) * np.log(max(squares, 1e-300)) + determinant - groups.count * log_ratio
        return minus, slopes, effects, squares

    best = _least(lambda value: at(value)[0], _WIDE)
    _, slopes, effects, squares = at(best)
    sd = unit * float(np.sqrt(max(squares, 0.0) / (n - p)))
    if not sd > 1e-9 * max(1.0, unit):
        raise DataError("It is an exact function of its causes: there is no noise to fit.")
    found = predictor(slopes * unit, effects * unit)
    penalty = _penalty(found, groups.count, float(np.exp(best)))
    return LinearGaussian(predictor=found, sd=sd, log=log, penalty=penalty)


def _logistic(groups: _Groups, predictor: Callable[..., Predictor]) -> LogisticBinary:
    if not 0 < groups.y.mean() < 1:
        raise DataError("The column is constant, so nothing can be learned about its causes.")
    share = groups.y.mean()
    start = np.zeros(groups.x.shape[1])
    start[0] = np.log(share / (1 - share))
    memory = [start, np.zeros(groups.count)]

    def at(log_sd: float) -> float:
        ridge = float(np.exp(-2 * log_sd))
        memory[0], memory[1], height, determinant = _mode(groups, memory[0], memory[1], ridge)
        return -(height - groups.count * log_sd - determinant / 2)

    best = _least(at, _NARROW)
    ridge = float(np.exp(-2 * best))
    slopes, effects, _, _ = _mode(groups, memory[0], memory[1], ridge)
    found = predictor(slopes, effects)
    return LogisticBinary(predictor=found, penalty=_penalty(found, groups.count, ridge))


def _mode(
    groups: _Groups, slopes: FloatArray, effects: FloatArray, ridge: float
) -> tuple[FloatArray, FloatArray, float, float]:
    """Return the penalised maximum, its height and the log determinant of its information."""

    def height(a: FloatArray, b: FloatArray) -> float:
        eta = groups.x @ a + b[groups.group]
        return float(log_expit(np.where(groups.y == 1, eta, -eta)).sum() - ridge * (b @ b) / 2)

    now = height(slopes, effects)
    for _ in range(_STEPS):
        risk = expit(groups.x @ slopes + effects[groups.group])
        left = groups.y - risk
        on_x, on_group = groups.x.T @ left, groups.sums(left) - ridge * effects
        da, db, determinant = groups.solve(risk * (1 - risk), on_x, on_group, ridge)
        gain = float(on_x @ da + on_group @ db)
        if gain < 1e-10:
            return slopes, effects, now, determinant
        length = 1.0
        while (then := height(slopes + length * da, effects + length * db)) < now and length > 1e-6:
            length /= 2
        slopes, effects, now = slopes + length * da, effects + length * db, then
    raise NotConverged(
        "The likelihood with pooled levels has no maximum that could be found: the outcome is predicted "
        "perfectly by other causes, or two of them carry the same information. State fewer terms."
    )


def _least(function: Callable[[float], float], bounds: tuple[float, float]) -> float:
    from scipy.optimize import minimize_scalar

    grid = np.linspace(*bounds, 9)
    at = int(np.argmin([function(float(value)) for value in grid]))
    around = (float(grid[max(0, at - 1)]), float(grid[min(8, at + 1)]))
    return float(minimize_scalar(function, bounds=around, method="bounded", options={"xatol": 1e-5}).x)
