r"""Standardised mean differences, all with one denominator.

For a number or a proportion

.. math:: d = (m_1 - m_0) / \sqrt{(s_1^2 + s_0^2) / 2},

with :math:`s_g^2` the sample variance of group g (:math:`p_g (1 - p_g)` for a proportion), and for L levels

.. math:: d = \sqrt{(p_1 - p_0)^\top S^{-1} (p_1 - p_0)}, \qquad S = (S_1 + S_0) / 2,

with :math:`p_g` the proportions of all levels but one and :math:`S_g` their multinomial covariance (Yang and
Dalton 2012, SAS Global Forum, paper 335-2012). Variances are always those of the unweighted groups:
weights change the numerator only, so a weighted and an unweighted difference are on one scale.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["level_shares", "smd_of_levels", "smd_of_numbers", "smd_of_proportions"]

Floats = NDArray[np.float64]


def smd_of_numbers(
    *, values: Floats, second: NDArray[np.bool_], first: NDArray[np.bool_], weights: Floats
) -> float:
    r"""Return :math:`(m_1 - m_0) / \sqrt{(s_1^2 + s_0^2) / 2}`.

    Parameters
    ----------
    values : ndarray of float, shape (n,)
        The numbers.
    second, first : ndarray of bool, shape (n,)
        Masks of group 1 and group 0.
    weights : ndarray of float, shape (n,)
        Weights of the means; the variances are unweighted.

    Returns
    -------
    float
        0 where both groups are one constant, infinite where they are different constants.

    Examples
    --------
    >>> x, late = np.array([1.0, 3.0, 2.0, 6.0]), np.array([False, False, True, True])
    >>> smd = smd_of_numbers(values=x, second=late, first=~late, weights=np.ones(4))
    >>> round(smd, 4), round(2 / ((8 + 2) / 2) ** 0.5, 4)
    (0.8944, 0.8944)
    """
    means = [np.average(values[group], weights=weights[group]) for group in (second, first)]
    spread = [values[group].var(ddof=1) if group.sum() > 1 else 0.0 for group in (second, first)]
    return _ratio(float(means[0] - means[1]), float(np.sqrt(np.mean(spread))))


def smd_of_proportions(
    *, values: Floats, second: NDArray[np.bool_], first: NDArray[np.bool_], weights: Floats
) -> float:
    r"""Return :math:`(p_1 - p_0) / \sqrt{(p_1 (1 - p_1) + p_0 (1 - p_0)) / 2}` of a 0/1 column.

    Parameters are those of :func:`smd_of_numbers`.

    Examples
    --------
    >>> x, late = np.array([0.0, 1, 0, 0, 1, 1, 1, 0]), np.arange(8) > 3  # 1/4 against 3/4
    >>> round(smd_of_proportions(values=x, second=late, first=~late, weights=np.ones(8)), 4)
    1.1547
    """
    weighted = [np.average(values[group], weights=weights[group]) for group in (second, first)]
    plain = np.array([values[group].mean() for group in (second, first)])
    return _ratio(float(weighted[0] - weighted[1]), float(np.sqrt(np.mean(plain * (1 - plain)))))


def smd_of_levels(
    *,
    codes: NDArray[np.intp],
    levels: int,
    second: NDArray[np.bool_],
    first: NDArray[np.bool_],
    weights: Floats,
) -> float:
    r"""Return :math:`\sqrt{(p_1 - p_0)^\top S^{-1} (p_1 - p_0)}`, never negative.

    Levels that occur in neither group are left out; then any one of the others may be left out without
    changing the value.

    Parameters
    ----------
    codes : ndarray of int, shape (n,)
        Level of each row, in 0..levels-1.
    levels : int
        Number of levels, L.
    second, first, weights : ndarray, shape (n,)
        As in :func:`smd_of_numbers`.

    Returns
    -------
    float
        Infinite where a difference lies in a direction without variance (groups that share no level).

    Examples
    --------
    >>> codes, late = np.array([0, 1, 0, 0, 1, 1, 1, 0]), np.arange(8) > 3
    >>> round(smd_of_levels(codes=codes, levels=2, second=late, first=~late, weights=np.ones(8)), 4)
    1.1547
    """
    plain = [level_shares(codes[group], levels, np.ones(int(group.sum()))) for group in (second, first)]
    kept = np.flatnonzero(plain[0] + plain[1] > 0)[1:]
    weighted = [level_shares(codes[group], levels, weights[group])[kept] for group in (second, first)]
    difference = weighted[0] - weighted[1]
    covariance = sum(np.diag(p[kept]) - np.outer(p[kept], p[kept]) for p in plain) / 2
    if not len(kept) or not np.any(difference):
        return 0.0
    solved = np.linalg.lstsq(covariance, difference, rcond=1e-12)[0]
    if not np.allclose(covariance @ solved, difference, rtol=1e-9, atol=1e-12):
        return float("inf")
    return float(np.sqrt(difference @ solved))


def level_shares(codes: NDArray[np.intp], levels: int, weights: Floats) -> Floats:
    """Return the (weighted) share of each level, shape (levels,)."""
    counts = np.bincount(codes, weights=weights, minlength=levels)
    return np.asarray(counts / counts.sum(), dtype=np.float64)


def _ratio(difference: float, spread: float) -> float:
    if difference == 0:
        return 0.0
    return difference / spread if spread > 0 else float(np.copysign(np.inf, difference))
