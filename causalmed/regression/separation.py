"""Is the outcome predicted without error, so that no finite coefficient fits?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from causalmed.regression.design import INTERCEPT

__all__ = ["Separation", "find_separation"]

_EDGE: Final = 1e-7
_FIRST_ROWS: Final = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Separation:
    """A direction along which the likelihood rises for ever.

    Attributes
    ----------
    columns : tuple of str
        Columns that do so alone, beside an intercept; where none does, those of a shortest such direction.
    rows : int
        Rows whose fitted risk tends to zero or one along all such directions.
    complete : bool
        True where all rows do; otherwise the separation is quasi-complete.
    """

    columns: tuple[str, ...]
    rows: int
    complete: bool


def find_separation(
    matrix: NDArray[np.float64], outcome: NDArray[np.float64], names: Sequence[str]
) -> Separation | None:
    r"""Decide whether a logistic likelihood has its supremum at infinity.

    With :math:`s_i = 2 y_i - 1`, the maximum-likelihood estimate does not exist if and only if the
    linear program

    .. math:: \max_d \sum_i s_i x_i^\top d \quad\text{subject to}\quad s_i x_i^\top d \ge 0,\; |d_j| \le 1

    has a positive value. A row with a fractional outcome asks for :math:`x_i^\top d = 0`. Rows enter
    the program only once they are violated, so that it stays small.

    Parameters
    ----------
    matrix : ndarray, shape (n, p)
        Columns of comparable size.
    outcome : ndarray, shape (n,)
        y in [0, 1].
    names : sequence of str
        A name a column.

    Returns
    -------
    Separation or None
        None where a finite maximum exists.

    References
    ----------
    Albert A, Anderson JA (1984). Biometrika 71(1):1-10. Konis K (2007). Linear programming algorithms
    for detecting separated data in binary logistic regression models. DPhil thesis, Oxford, chapter 3.

    Examples
    --------
    >>> x = np.array([[1.0, 0], [1, 0], [1, 1], [1, 1]])
    >>> find_separation(x, np.array([0.0, 1, 1, 1]), ["Intercept", "mesh"])
    Separation(columns=('mesh',), rows=2, complete=False)
    >>> find_separation(x, np.array([0.0, 1, 0, 1]), ["Intercept", "mesh"]) is None
    True
    """
    signed = _signed_rows(matrix, outcome)
    left, separated = signed, 0
    while len(left):
        # Far along the directions found so far, rows they separate no longer bind: only the rest decides.
        direction = _extreme_direction(left)
        if direction is None:
            break
        margin = left @ direction
        away = margin > _EDGE * max(1.0, float(np.abs(margin).max()))
        if not away.any():
            break
        separated += int(away.sum())
        left = left[~away]
    if not separated:
        return None
    columns = _alone(matrix, outcome) or _shortest_direction(signed)
    chosen = [names[j] for j in columns]
    meaningful = tuple(name for name in chosen if name != INTERCEPT) or tuple(chosen)
    return Separation(columns=meaningful, rows=separated, complete=not len(left))


def _alone(matrix: NDArray[np.float64], outcome: NDArray[np.float64]) -> list[int]:
    """Find the columns that separate by themselves, beside an intercept."""
    low, high = matrix.min(axis=0), matrix.max(axis=0)
    events, others = matrix[outcome > 0], matrix[outcome < 1]
    if not np.any((low == high) & (low != 0)) or not len(events) or not len(others):
        return []
    above = events.min(axis=0) >= others.max(axis=0)
    below = events.max(axis=0) <= others.min(axis=0)
    return np.flatnonzero((above | below) & (low < high)).tolist()


def _signed_rows(matrix: NDArray[np.float64], outcome: NDArray[np.float64]) -> NDArray[np.float64]:
    events, others = matrix[outcome > 0], matrix[outcome < 1]
    return np.vstack([events, -others])


def _extreme_direction(signed: NDArray[np.float64]) -> NDArray[np.float64] | None:
    objective = signed.sum(axis=0)
    stride = max(1, len(signed) // _FIRST_ROWS)
    active = np.zeros(len(signed), dtype=bool)
    active[::stride] = True
    while True:
        rows = np.unique(signed[active], axis=0)
        direction = _solve(-objective, rows=rows)
        margin = signed @ direction
        if objective @ direction <= _EDGE * max(1.0, np.abs(signed).max()):
            return None
        violated = (margin < -_EDGE) & ~active
        if not violated.any():
            return direction
        worst = np.flatnonzero(violated)[np.argsort(margin[violated], kind="stable")[:_FIRST_ROWS]]
        active[worst] = True


def _shortest_direction(signed: NDArray[np.float64]) -> list[int]:
    """Find the columns of a direction of total margin one and least sum of absolute shares."""
    from scipy.optimize import linprog

    rows, counts = np.unique(signed, axis=0, return_counts=True)
    gain, p = counts @ rows, signed.shape[1]
    answer = linprog(
        np.ones(2 * p),
        A_ub=-np.hstack([rows, -rows]),
        b_ub=np.zeros(len(rows)),
        A_eq=np.hstack([gain, -gain])[None, :] / max(1.0, float(np.abs(gain).max())),
        b_eq=[1.0],
        bounds=(0, None),
        method="highs",
    )
    direction = _solve(-gain, rows=rows) if answer.x is None else answer.x[:p] - answer.x[p:]
    return np.flatnonzero(np.abs(direction) > 1e-6 * np.abs(direction).max()).tolist()


def _solve(cost: NDArray[np.float64], *, rows: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.optimize import linprog

    scale = max(1.0, float(np.abs(cost).max()))
    answer = linprog(cost / scale, A_ub=-rows, b_ub=np.zeros(len(rows)), bounds=(-1.0, 1.0), method="highs")
    return np.zeros(len(cost)) if answer.x is None else np.asarray(answer.x, dtype=np.float64)
