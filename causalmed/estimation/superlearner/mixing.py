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
    candidate j gave to what happened: the likelihood of a mixture whose components are known. With
    :math:`W_{ij} = p_{ij} / \sum_l \alpha_l p_{il}`, :math:`g = \operatorname{mean}_i W_i` and
    :math:`H = \operatorname{mean}_i W_i W_i^\top`, each step solves the quadratic problem
    :math:`\min_{a \ge 0} \tfrac12 a^\top H a - (2g - 1)^\top a`, again as non-negative least squares. The
    mean log likelihood is at most :math:`\max_j g_j - 1` below its maximum, which says when to stop.

van der Laan MJ, Polley EC, Hubbard AE (2007). Stat Appl Genet Mol Biol 6:25. Kim Y, Carbonetto P, Stephens M,
Anitescu M (2020). J Comput Graph Stat 29:261-273 (the steps).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["CLOSE", "losses", "weights_for_log", "weights_for_squares"]

Array = NDArray[np.float64]
CLOSE: Final = 1e-6
"""Predicted probabilities are kept this far from 0 and 1 where their logarithm is taken."""
_GAP: Final = 1e-8
_STEPS: Final = 200
_RIDGE: Final = 1e-7
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
        W = p / (p @ alpha)[:, None]
        gain = W.mean(axis=0)
        if gain.max() <= 1 + _GAP:
            break
        alpha = _climbed(p, alpha, _quadratic(W, gain) - alpha, alpha * gain)
    return _tidy(alpha)


def _quadratic(W: Array, gain: Array) -> Array:
    """Return the weights that maximise the quadratic model of the log likelihood."""
    from scipy.optimize import nnls

    k = W.shape[1]
    R = np.asarray(np.linalg.qr(np.vstack([W / np.sqrt(len(W)), _RIDGE * np.eye(k)]), mode="r"))
    found, _ = nnls(R, np.linalg.solve(R.T, 2 * gain - 1))
    return np.asarray(found / found.sum()) if found.sum() > 0 else np.full(k, 1 / k)


def _climbed(p: Array, alpha: Array, direction: Array, otherwise: Array) -> Array:
    """Return weights of higher likelihood: along a direction, or by a step that always climbs (EM)."""
    before, size = float(np.log(p @ alpha).mean()), 1.0
    while size > 1e-3:
        after = alpha + size * direction
        if float(np.log(p @ after).mean()) > before:
            return np.asarray(np.maximum(after, 0.0) / np.maximum(after, 0.0).sum())
        size /= 2
    return np.asarray(otherwise / otherwise.sum())


def _given(Z: Array, y: Array) -> Array:
    """Return the probability that each candidate gave to what happened."""
    p = np.clip(Z, CLOSE, 1 - CLOSE)
    return np.asarray(np.where(y[:, None] == 1, p, 1 - p))


def _tidy(alpha: Array) -> Array:
    """Drop weights too small to matter: their candidates need not be fitted."""
    kept = np.where(alpha < _NEGLIGIBLE, 0.0, alpha)
    return np.asarray(kept / kept.sum())
