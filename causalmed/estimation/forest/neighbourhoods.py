r"""From the moments of little bags to effects with standard errors.

With the means W, Y, V, C of w, y, w², w y over a patient's neighbourhood, :math:`D = V - W^2`,

.. math:: \hat\tau = (C - W Y) / D, \qquad \hat\mu = Y - W \hat\tau, \qquad
          \psi_g = \{C_g - W Y_g - \hat\tau (V_g - W W_g) - \hat\mu (W_g - W)\} / D

for bag g. With J = 2 trees a bag the variance of :math:`\hat\tau` is the mean of :math:`\psi_g^2` less
what two trees of a bag disagree by. That difference can be negative; its posterior mean under a flat prior
on positive values is taken instead. The error that is left because the bags are finitely many, the mean
of :math:`\psi_g^2` over their number, is added.

Athey S, Tibshirani J, Wager S (2019). Ann Stat 47:1148-1178, section 4.1. Sexton J, Laake P (2009).
Comput Stat Data Anal 53:801-811.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from causalmed._kernels import forest_moments
from causalmed.engine import Executor
from causalmed.errors import NotEnoughEvents
from causalmed.estimation.forest.growing import Forest

__all__ = ["effects", "from_moments"]

Array = NDArray[np.float64]
_CHUNK: Final = 2048
_UPPER: Final = np.triu_indices(4)


def effects(
    forest: Forest,
    bins: NDArray[np.uint8],
    *,
    cluster: NDArray[np.int32] | None,
    executor: Executor,
) -> tuple[Array, Array]:
    """Return effects and standard errors.

    Parameters
    ----------
    forest : Forest
        Grown trees.
    bins : ndarray of uint8, shape (n, padded)
        Patients.
    cluster : ndarray of int32, shape (n,), or None
        For patients of the forest: their cluster; only bags that did not draw it speak. None: all do.
    executor : Executor
        Runs the chunks.

    Returns
    -------
    tuple of ndarray, shape (n,)

    Raises
    ------
    NotEnoughEvents
        The exposure does not vary in a neighbourhood, or a patient was in (almost) every bag.
    """

    def chunk(first: int) -> tuple[Array, Array]:
        rows = slice(first, first + _CHUNK)
        sums = forest_moments.moments(
            bins[rows],
            forest.nodes,
            forest.node_starts,
            forest.leaves,
            forest.leaf_starts,
            None if cluster is None else forest.drawn,
            None if cluster is None else cluster[rows],
        )
        return from_moments(sums)

    parts = executor.map(chunk, range(0, len(bins), _CHUNK))
    if not parts:
        return np.empty(0), np.empty(0)
    estimate = np.concatenate([estimate for estimate, _ in parts])
    return estimate, np.concatenate([error for _, error in parts])


def from_moments(sums: Array) -> tuple[Array, Array]:
    """Return effects and standard errors from the sums over bags, shape (n, 25).

    Raises
    ------
    NotEnoughEvents
        Fewer than two bags speak for a patient; the exposure does not vary around one.
    """
    bags = sums[:, 0]
    if bags.min() < 2:
        raise NotEnoughEvents(
            "Some patients were drawn into almost every bag of trees, so no trees are left to speak for "
            "them. Grow more trees (trees=), or draw fewer patients (subsample=)."
        )
    mean = (sums[:, 1:] / bags[:, None]).T
    W, Y, V, C = mean[:4]
    D = V - W * W
    if not D.min() > 0:
        raise NotEnoughEvents(
            "Around some patients the exposure does not vary, so there is nobody to compare. Use a larger "
            "min_leaf=, or restrict the cohort to patients who could have had either."
        )
    tau = (C - W * Y) / D
    mu = Y - W * tau
    weights = np.array([tau * W - mu, -W, -tau, np.ones_like(W)])
    between = np.maximum(_form(weights, mean[4:14]) - (mu * W) ** 2, 0.0) / D**2
    within = _form(weights, mean[14:24]) / D**2
    return tau, np.sqrt(_positive(between, within, bags) + between / bags)


def _form(weights: Array, upper: Array) -> Array:
    twice = np.where(_UPPER[0] == _UPPER[1], 1.0, 2.0)
    products = weights[_UPPER[0]] * weights[_UPPER[1]]
    return np.asarray((twice[:, None] * products * upper).sum(axis=0))


def _positive(between: Array, within: Array, bags: Array) -> Array:
    """Return the posterior mean of a variance that is known to be positive."""
    from scipy.special import log_ndtr

    raw = between - within
    error = np.maximum(np.maximum(between, within), np.finfo(float).tiny) * np.sqrt(2 / bags)
    ratio = raw / error
    hazard = np.exp(-0.5 * ratio**2 - 0.5 * np.log(2 * np.pi) - log_ndtr(ratio))
    return np.asarray(np.maximum(raw + error * hazard, 0.0))
