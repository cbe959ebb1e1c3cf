"""Is the outcome predicted without error, so that no finite coefficient fits?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["Separation", "find_separation"]

_EDGE: Final = 1e-7
_FIRST_ROWS: Final = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Separation:
    """A direction along which the likelihood rises for ever.

    Attributes
    ----------
    columns : tuple of str
        Columns with a share in a shortest such direction.
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
    direction = _extreme_direction(signed, signed.sum(axis=0))
    if direction is None:
        return None
    margin = signed @ direction
    separated = margin > _EDGE * max(1.0, float(np.abs(margin).max()))
    sparse = _shortest_direction(signed, separated)
    chosen = [
        name for name, share in zip(names, sparse, strict=True) if abs(share) > 1e-6 * np.abs(sparse).max()
    ]
    meaningful = tuple(name for name in chosen if name != "Intercept") or tuple(chosen)
    return Separation(columns=meaningful, rows=int(separated.sum()), complete=bool(separated.all()))


def _signed_rows(matrix: NDArray[np.float64], outcome: NDArray[np.float64]) -> NDArray[np.float64]:
    events, others = matrix[outcome > 0], matrix[outcome < 1]
    return np.vstack([events, -others])


def _extreme_direction(
    signed: NDArray[np.float64], objective: NDArray[np.float64]
) -> NDArray[np.float64] | None:
    stride = max(1, len(signed) // _FIRST_ROWS)
    active = np.zeros(len(signed), dtype=bool)
    active[::stride] = True
    while True:
        rows = np.unique(signed[active], axis=0)
        direction = _solve(-objective, at_least_zero=rows, low=-1.0)
        margin = signed @ direction
        if objective @ direction <= _EDGE * max(1.0, np.abs(signed).max()):
            return None
        violated = (margin < -_EDGE) & ~active
        if not violated.any():
            return direction
        worst = np.flatnonzero(violated)[np.argsort(margin[violated], kind="stable")[:_FIRST_ROWS]]
        active[worst] = True


def _shortest_direction(signed: NDArray[np.float64], separated: NDArray[np.bool_]) -> NDArray[np.float64]:
    rows, counts = np.unique(signed, axis=0, return_counts=True)
    p = signed.shape[1]
    gain = counts @ rows
    from scipy.optimize import linprog

    answer = linprog(
        np.ones(2 * p),
        A_ub=-np.hstack([rows, -rows]),
        b_ub=np.zeros(len(rows)),
        A_eq=np.hstack([gain, -gain])[None, :],
        b_eq=[float(separated.sum())],
        bounds=(0, None),
        method="highs",
    )
    if answer.x is None:
        return _solve(-gain, at_least_zero=rows, low=-1.0)
    return np.asarray(answer.x[:p] - answer.x[p:])


def _solve(
    cost: NDArray[np.float64], *, at_least_zero: NDArray[np.float64], low: float
) -> NDArray[np.float64]:
    from scipy.optimize import linprog

    scale = max(1.0, float(np.abs(cost).max()))
    answer = linprog(
        cost / scale,
        A_ub=-at_least_zero,
        b_ub=np.zeros(len(at_least_zero)),
        bounds=(low, 1.0),
        method="highs",
    )
    return np.zeros(len(cost)) if answer.x is None else np.asarray(answer.x, dtype=np.float64)
