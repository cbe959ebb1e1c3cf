"""Columns as blocks of a design, and regressions that keep what matters."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from causalmed.discovery import Variables
from causalmed.errors import NotConverged
from causalmed.regression import GLMFit, fit_logistic

__all__ = ["Coded", "coded", "fitted", "p_values", "selected", "statistic"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Coded:
    """Columns of a cohort as they enter a regression.

    Parameters
    ----------
    n : int
        Patients.
    blocks : mapping of str to ndarray, shape (n, k)
        A number as itself, a category as indicators of all levels but the first.
    """

    n: int
    blocks: Mapping[str, FloatArray]

    def design(self, names: Sequence[str], *more: FloatArray) -> FloatArray:
        """Return an intercept, the blocks of some columns, and further columns."""
        return np.column_stack([np.ones(self.n), *(self.blocks[name] for name in names), *more])

    def response(self, name: str) -> FloatArray:
        """Return a yes/no column as 0 and 1, shape (n,)."""
        return np.ascontiguousarray(self.blocks[name][:, 0])


def coded(data: Variables) -> Coded:
    """Put variables into blocks.

    Examples
    --------
    >>> data = Variables(names=("ward",), values=np.array([[0.0], [1.0], [2.0]]), levels=np.array([3]))
    >>> coded(data).blocks["ward"].tolist()
    [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]
    """
    blocks = {}
    for place, name in enumerate(data.names):
        values, levels = data.values[:, [place]], int(data.levels[place])
        blocks[name] = (
            (values == np.arange(1, levels)).astype(np.float64) if levels else np.asarray(values, np.float64)
        )
    return Coded(n=data.n, blocks=blocks)


def fitted(data: Coded, names: Sequence[str], response: FloatArray, *more: FloatArray) -> GLMFit:
    """Regress a yes/no response; by Firth's likelihood where a column separates it."""
    design = data.design(names, *more)
    try:
        return fit_logistic(design, response)
    except NotConverged:
        return fit_logistic(design, response, firth=True)


def p_values(data: Coded, names: Sequence[str], response: FloatArray) -> dict[str, float]:
    """Return the Wald p-value of each column given the others."""
    from scipy.special import chdtrc

    fit = fitted(data, names, response)
    answer, start = {}, 1
    for name in names:
        stop = start + data.blocks[name].shape[1]
        part = fit.coefficients[start:stop]
        size = float(part @ np.linalg.solve(fit.covariance[start:stop, start:stop], part))
        answer[name] = float(chdtrc(stop - start, size))
        start = stop
    return answer


def selected(
    data: Coded, names: Sequence[str], response: FloatArray, *, alpha: float, kept: Collection[str] = ()
) -> tuple[str, ...]:
    """Leave out the column with the largest p-value until all that remain have one of at most alpha.

    Parameters
    ----------
    data : Coded
        The columns.
    names : sequence of str
        To begin with.
    response : ndarray, shape (n,)
        0 or 1.
    alpha : float
        Level of each test, in (0, 1).
    kept : collection of str
        Columns that are never left out.
    """
    left = list(names)
    while free := [name for name in left if name not in kept]:
        found = p_values(data, left, response)
        worst = max(free, key=lambda name: found[name])
        if found[worst] <= alpha:
            break
        left.remove(worst)
    return tuple(left)


def statistic(data: Coded, names: Sequence[str], response: FloatArray, column: FloatArray) -> float:
    """Return the coefficient of one more column over its standard error."""
    fit = fitted(data, names, response, column)
    return float(fit.coefficients[-1] / np.sqrt(fit.covariance[-1, -1]))
