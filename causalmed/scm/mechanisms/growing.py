"""Boosted mechanisms grown on four fifths of the patients and calibrated on the fifth that a hash picks."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from scipy.special import log_softmax

from causalmed.engine import generator
from causalmed.errors import DataError, NotEnoughEvents
from causalmed.regression import fit_logistic
from causalmed.scm.mechanism import Mechanism, positions
from causalmed.scm.mechanisms.boosted import BoostedBinary, BoostedLevels, BoostedMean, BoostedQuantiles
from causalmed.scm.mechanisms.quantiles import calibrated, residual_law
from causalmed.scm.mechanisms.task import Task, observed_codes
from causalmed.scm.mechanisms.trees import Trees, grown, one_thread
from causalmed.scm.terms import FloatArray, Values

__all__ = ["fit_boosted", "fit_boosted_mean"]

_QUANTILES: Final = (0.025, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.975)
_SLOPES: Final = (0.05, 3.0)
_GAP: Final = 1e-3


def fit_boosted(task: Task) -> Mechanism:
    """Grow probabilities of levels, or the quantiles of a number."""
    if task.kind in {"continuous", "count"}:
        return _quantiles(task)
    return _binary(task) if task.kind == "binary" else _levels(task)


def fit_boosted_mean(task: Task) -> BoostedMean:
    """Grow the mean of a number; the noise is what is left among patients kept out."""
    out = task.calibrating()
    (trees,) = _trees(task, ~out, classify=False)
    residuals, law = residual_law(task.values[out] - trees(_rows(task.table, out)))
    return BoostedMean(trees=trees, residuals=residuals, law=law)


def _quantiles(task: Task) -> BoostedQuantiles:
    out = task.calibrating()
    trees = tuple(
        _trees(task, ~out, classify=False, loss="quantile", quantile=level)[0] for level in _QUANTILES
    )
    seen = _rows(task.table, out)
    grid = np.stack([each(seen) for each in trees], axis=-1)
    gap = _GAP * float(task.values.std())
    if not gap > 0:
        raise DataError("The column is constant, so nothing can be learned about its causes.")
    return BoostedQuantiles(trees=trees, law=calibrated(grid, task.values[out], gap=gap))


def _binary(task: Task) -> BoostedBinary:
    out = task.calibrating()
    for rows, what in ((~out, "grow trees on"), (out, "calibrate them on")):
        if not 0 < task.values[rows].mean() < 1:
            raise NotEnoughEvents(f"The patients to {what} all have the same value. State a regression.")
    (trees,) = _trees(task, ~out, classify=True)
    raw = trees(_rows(task.table, out))
    if raw.std() < 1e-12:
        return BoostedBinary(trees=trees)
    fit = fit_logistic(np.column_stack([np.ones(len(raw)), raw]), task.values[out], firth=True)
    intercept, slope = (float(value) for value in fit.coefficients)
    return BoostedBinary(trees=trees, intercept=intercept, slope=slope)


def _levels(task: Task) -> BoostedLevels:
    codes, out = observed_codes(task), task.calibrating()
    if len(np.unique(task.values[~out])) != len(codes):
        raise DataError("A level is so rare that the patients to grow trees on lack it. Merge rare levels.")
    if len(codes) == 2:
        raise DataError("Only two levels occur. Declare the column binary, or state a logistic mechanism.")
    trees = _trees(task, ~out, classify=True)
    seen, place = _rows(task.table, out), positions(task.values[out], codes)
    raw = np.stack([each(seen) for each in trees], axis=-1)
    return BoostedLevels(trees=trees, codes=codes, slope=_temperature(raw, place))


def _temperature(raw: FloatArray, place: np.ndarray) -> float:
    """Return the slope of greatest likelihood."""
    from scipy.optimize import minimize_scalar

    rows = np.arange(len(place))
    found = minimize_scalar(
        lambda slope: -float(log_softmax(slope * raw, axis=1)[rows, place].sum()),
        bounds=_SLOPES,
        method="bounded",
    )
    return float(found.x)


def _trees(task: Task, rows: np.ndarray, *, classify: bool, **more: Any) -> tuple[Trees, ...]:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    kind = HistGradientBoostingClassifier if classify else HistGradientBoostingRegressor
    state = int(generator(task.seed, "boosted", task.node).integers(2**31))
    booster = kind(
        max_iter=task.trees,
        max_depth=task.depth,
        max_leaf_nodes=2**task.depth,
        early_stopping=False,
        random_state=state,
        **more,
    )
    columns = tuple(task.table)
    X = np.column_stack([task.table[name] for name in columns])[rows]
    with one_thread():
        booster.fit(X, task.values[rows])
    return grown(booster, columns, task.depth)


def _rows(table: Values, rows: np.ndarray) -> dict[str, FloatArray]:
    return {name: column[rows] for name, column in table.items()}
