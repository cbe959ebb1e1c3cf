r"""Which convex combination of predictions has the smallest loss.

With :math:`z_{ij}` the out-of-fold prediction of candidate j for patient i and weights
:math:`\alpha_j \ge 0`, :math:`\sum_j \alpha_j = 1`:

squared loss
    :math:`\min_\alpha \sum_i (y_i - \sum_j \alpha_j z_{ij})^2`. On the simplex this is
    :math:`\min \lVert R \alpha \rVert^2` with :math:`R_{ij} = y_i - z_{ij}`, and its solution is the
    normalised solution of the non-negative least squares problem
    :math:`\lVert R a \rVert^2 + (1 - \sum_j a_j)^2`: along any direction :math:`a = s \alpha` the best s
    leaves :math:`q / (1 + q)`, q the loss at :math:`\alpha`.

log loss
    :math:`\max_\alpha \sum_i \log \sum_j \alpha_j p_{ij}` with :math:`p_{ij}` the probability that
    candidate j gave to what happened. That is the likelihood of a mixture whose components are known, and the
    EM steps :math:`\alpha_j \leftarrow \alpha_j g_j`,
    :math:`g_j = \operatorname{mean}_i p_{ij} / \sum_l \alpha_l p_{il}`, climb it; the mean log likelihood is
    at most :math:`\max_j g_j - 1` below its maximum.

van der Laan MJ, Polley EC, Hubbard AE (2007). Stat Appl Genet Mol Biol 6:25. Dempster AP, Laird NM, Rubin DB
(1977). J R Stat Soc B 39:1-38, section 4.3.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["CLOSE", "losses", "weights_for_log", "weights_for_squares"]

Array = NDArray[np.float64]
CLOSE: Final = 1e-6
"""Predicted probabilities are kept this far from 0 and 1 where their logarithm is taken."""
_GAP: Final = 1e-6
_STEPS: Final = 5000
_NEGLIGIBLE: Final = 1e-4


def losses(Z: Array, y: Array, *, loss: str) -> Array:
    """Return the mean loss of each candidate, shape (J,)."""
    if loss == "log":
        return np.asarray(-np.log(_given(Z, y)).mean(axis=0))
    return np.asarray(((y[:, None] - Z) ** 2).mean(axis=0))


def weights_for_squares(Z: Array, y: Array) -> Array:
    """Return the convex weights of least squared loss.

    Parameters
    ----------
    Z : ndarray, shape (n, J)
        Out-of-fold predictions.
    y : ndarray, shape (n,)
        What was observed.

    Returns
    -------
    ndarray, shape (J,)

    Examples
    --------
    >>> y = np.array([0.0, 1, 2, 3])
    >>> weights_for_squares(np.column_stack([y + 1, y - 1]), y).round(6).tolist()
    [0.5, 0.5]
    """
    from scipy.optimize import nnls

    residual = y[:, None] - Z
    scale = float(np.sqrt((residual**2).sum(axis=0).min()))
    if scale == 0:
        perfect = np.asarray((residual == 0).all(axis=0), dtype=np.float64)
        return perfect / float(perfect.sum())
    R = np.linalg.qr(residual / scale, mode="r")
    k = Z.shape[1]
    found, _ = nnls(np.vstack([R, np.ones((1, k))]), np.concatenate([np.zeros(len(R)), [1.0]]))
    return _tidy(np.asarray(found / found.sum()))


def weights_for_log(Z: Array, y: Array) -> Array:
    """Return the convex weights of least log loss.

    Parameters
    ----------
    Z : ndarray, shape (n, J)
        Out-of-fold probabilities of 1.
    y : ndarray, shape (n,)
        0 or 1.

    Returns
    -------
    ndarray, shape (J,)

    Examples
    --------
    >>> y = np.array([1.0, 1, 0, 0])
    >>> weights_for_log(np.column_stack([[0.9, 0.9, 0.1, 0.1], [0.5, 0.5, 0.5, 0.5]]), y).tolist()
    [1.0, 0.0]
    """
    p = _given(Z, y)
    alpha = np.full(Z.shape[1], 1 / Z.shape[1])
    for _ in range(_STEPS):
        gain = (p / (p @ alpha)[:, None]).mean(axis=0)
        alpha = alpha * gain
        if gain.max() <= 1 + _GAP:
            break
    return _tidy(alpha / alpha.sum())


def _given(Z: Array, y: Array) -> Array:
    """Return the probability that each candidate gave to what happened."""
    p = np.clip(Z, CLOSE, 1 - CLOSE)
    return np.asarray(np.where(y[:, None] == 1, p, 1 - p))


def _tidy(alpha: Array) -> Array:
    """Drop weights too small to matter: their candidates need not be fitted."""
    kept = np.where(alpha < _NEGLIGIBLE, 0.0, alpha)
    return np.asarray(kept / kept.sum())
