"""Weights that make the patients of one place look like those of another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from causalmed.errors import DataError, NotConverged

__all__ = ["BalancingWeights", "balancing_weights"]

RIDGE: Final = 1e-4
_STEPS: Final = 60
_FURTHEST: Final = 30.0

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BalancingWeights:
    r"""Weights of source patients, with what is needed to carry their uncertainty on.

    Parameters
    ----------
    weights : ndarray, shape (n,)
        Of the source patients; their mean is 1.
    source, target : ndarray, shape (n, d + 1) and (m, d + 1)
        A column of ones and the standardised columns that were balanced.
    curvature : ndarray, shape (d + 1, d + 1)
        :math:`A`, the derivative of the balancing equations.
    imbalance : float
        The largest standardised difference that is left.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> found = balancing_weights(rng.normal(size=(500, 1)), rng.normal(0.5, 1, size=(300, 1)))
    >>> round(found.effective), round(found.imbalance, 3)
    (406, 0.0)
    """

    weights: Array
    source: Array
    target: Array
    curvature: Array
    imbalance: float

    @property
    def effective(self) -> float:
        r"""How many source patients the weights leave: :math:`(\sum w)^2/\sum w^2` (Kish 1965)."""
        return float(self.weights.sum() ** 2 / (self.weights**2).sum())


def balancing_weights(source: Array, target: Array) -> BalancingWeights:
    r"""Return the weights nearest to equal ones that give source patients the target's means.

    The weights are :math:`w_i = e^{\gamma^\top x_i}` with x the standardised columns and a one, and
    :math:`\gamma` solves

    .. math:: \frac1n \sum_{i \in S} w_i x_i + \lambda\gamma = \frac1m \sum_{j \in T} x_j,

    the dual of entropy balancing (Hainmueller 2012, Political Analysis 20:25-46), with a small
    :math:`\lambda` that does not touch the constant, so that a solution exists wherever the target lies.
    If the log ratio of the two densities is linear in x, they estimate that ratio.

    Parameters
    ----------
    source, target : ndarray, shape (n, d) and (m, d)
        The columns to be balanced, numbers.

    Returns
    -------
    BalancingWeights

    Raises
    ------
    DataError
        If the two have other columns, or one has no row.
    NotConverged
        If no weights were found: the target lies outside what the source holds.

    Examples
    --------
    >>> age = np.array([[50.0], [60.0], [70.0], [80.0]])
    >>> found = balancing_weights(age, np.array([[70.0], [72.0]]))
    >>> round(float((found.weights * age[:, 0]).mean()), 2)
    71.0
    """
    if source.ndim != 2 or target.ndim != 2 or source.shape[1] != target.shape[1]:
        raise DataError(f"source has shape {source.shape} and target {target.shape}: give the same columns.")
    if not len(source) or not len(target):
        raise DataError("Weights need patients on both sides; one of the two tables has no row.")
    centre, spread = source.mean(axis=0), source.std(axis=0)
    spread = np.where(spread > 0, spread, np.where(target.std(axis=0) > 0, target.std(axis=0), 1.0))
    here, there = _with_ones((source - centre) / spread), _with_ones((target - centre) / spread)
    aim = there.mean(axis=0)
    penalty = np.full(here.shape[1], RIDGE)
    penalty[0] = 0.0
    gamma = _solved(here, aim, penalty)
    weights = np.exp(here @ gamma)
    curvature = (here.T * weights) @ here / len(here) + np.diag(penalty)
    left = np.abs((weights @ here) / len(here) - aim)[1:]
    return BalancingWeights(
        weights=weights,
        source=here,
        target=there,
        curvature=curvature,
        imbalance=float(left.max(initial=0.0)),
    )


def _solved(here: Array, aim: Array, penalty: Array) -> Array:
    """Minimise mean exp(x'g) - aim'g + the penalty, by Newton steps that never go uphill."""
    gamma = np.zeros(here.shape[1])
    value = _height(here, aim, penalty, gamma)
    for _ in range(_STEPS):
        weights = np.exp(here @ gamma)
        slope = weights @ here / len(here) - aim + penalty * gamma
        if np.abs(slope).max() < 1e-10:
            return gamma
        step = np.linalg.solve((here.T * weights) @ here / len(here) + np.diag(penalty + 1e-12), slope)
        step *= min(1.0, 4.0 / max(float(np.abs(here @ step).max()), 1e-300))
        while (lower := _height(here, aim, penalty, gamma - step)) > value + 1e-14 * abs(value):
            step /= 2
            if np.abs(step).max() < 1e-14:
                return _accepted(gamma, slope)
        gamma, value = gamma - step, lower
    return _accepted(gamma, slope)


def _accepted(gamma: Array, slope: Array) -> Array:
    if np.abs(slope).max() > 1e-6:
        raise NotConverged(
            "No weights make the patients with known outcomes look like the new ones (means are off by "
            f"{np.abs(slope).max():.2g} SD): some of the new patients lie outside what was seen."
        )
    return gamma


def _height(here: Array, aim: Array, penalty: Array, gamma: Array) -> float:
    score = here @ gamma
    if score.max() > _FURTHEST:
        return float("inf")
    return float(np.exp(score).mean() - aim @ gamma + (penalty * gamma**2).sum() / 2)


def _with_ones(matrix: Array) -> Array:
    return np.hstack([np.ones((len(matrix), 1)), matrix])
