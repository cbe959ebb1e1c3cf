"""Slow NumPy twins: what each compiled kernel must return, written to be read."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["logistic_statistics"]


def logistic_statistics(
    matrix: NDArray[np.float64],
    outcome: NDArray[np.float64],
    weights: NDArray[np.float64] | None,
    offset: NDArray[np.float64] | None,
    coefficients: NDArray[np.float64],
    centre: NDArray[np.float64],
    scale: NDArray[np.float64],
    rows: NDArray[np.intp] | None,
    starts: NDArray[np.intp],
    far: float = 30.0,
    information: bool = True,
) -> NDArray[np.float64]:
    r"""Log-likelihood, score and information of logistic regressions, a line a group of rows.

    .. math::

        \ell_g = \sum_i w_i \{y_i \eta_i - \log(1 + e^{\eta_i})\}, \quad
        U_g = \sum_i w_i (y_i - \mu_i) z_i, \quad
        I_g = \sum_i w_i \mu_i (1 - \mu_i) z_i z_i^\top

    with :math:`z_{ij} = (x_{ij} - c_j) s_j` and :math:`\eta_i = o_i + z_i^\top b_g`.

    Parameters
    ----------
    matrix : ndarray, shape (n, p)
        x.
    outcome, weights, offset : ndarray, shape (n,)
        y in [0, 1], w at least 0 (None: one), o (None: zero).
    coefficients : ndarray, shape (groups, p)
        b, on the scale of z.
    centre, scale : ndarray, shape (p,)
        c and s.
    rows : ndarray of int or None
        Row numbers, group after group; None: 0, 1, …, n - 1.
    starts : ndarray of int, shape (groups + 1,)
        Group g is ``rows[starts[g]:starts[g + 1]]``.
    far : float
        Rows with positive weight and a linear predictor beyond ``far`` either way are counted.

    information : bool
        Whether I is wanted; without it a line ends with the score.

    Returns
    -------
    ndarray, shape (groups, 2 + p + p (p + 1) / 2), or (groups, 2 + p)
        Log-likelihood, count of far rows, score, upper triangle of the information row by row.

    Examples
    --------
    >>> one = np.ones((4, 1))
    >>> logistic_statistics(one, np.array([1.0, 0, 0, 0]), None, None, np.zeros((1, 1)), np.zeros(1),
    ...                     np.ones(1), None, np.array([0, 4])).round(4)
    array([[-2.7726,  0.    , -1.    ,  1.    ]])
    """
    n, p = matrix.shape
    w = np.ones(n) if weights is None else weights
    o = np.zeros(n) if offset is None else offset
    order = np.arange(n) if rows is None else rows
    upper = np.triu_indices(p)
    lines = []
    for g, b in enumerate(coefficients):
        take = order[starts[g] : starts[g + 1]]
        z, y = (matrix[take] - centre) * scale, outcome[take]
        eta = o[take] + z @ b
        t = np.exp(-np.minimum(np.abs(eta), 708.0))
        large, small = 1.0 / (1.0 + t), t / (1.0 + t)
        mu, not_mu = np.where(eta < 0, small, large), np.where(eta < 0, large, small)
        likelihood = y * np.minimum(eta, 0) - (1 - y) * np.maximum(eta, 0) - np.log1p(t)
        score = z.T @ (w[take] * (y * not_mu - (1 - y) * mu))
        far_rows = float(np.sum((np.abs(eta) > far) & (w[take] > 0)))
        line = np.concatenate([[w[take] @ likelihood, far_rows], score])
        if information:
            line = np.concatenate([line, ((z * (w[take] * mu * not_mu)[:, None]).T @ z)[upper]])
        lines.append(line)
    return np.array(lines)
