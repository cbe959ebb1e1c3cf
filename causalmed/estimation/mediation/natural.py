r"""The influence functions of :math:`E[Y(a, M(b))]`.

.. math:: \phi_{ab} = \frac{1\{A = a\}}{p(b \mid W)} \frac{p(b \mid M, W)}{p(a \mid M, W)} \{Y - \mu_a(M, W)\}
          + \frac{1\{A = b\}}{p(b \mid W)} \{\mu_a(M, W) - \eta_{ab}(W)\} + \eta_{ab}(W) - \psi_{ab}

Tchetgen Tchetgen EJ, Shpitser I (2012). Ann Stat 40:1816-1845, theorem 1, with the ratio of densities of the
mediators written as a ratio of odds of the exposure.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from causalmed.estimation.stacking import WeightedMean, weighted_mean

__all__ = ["LABELS", "NaturalParts", "Solution", "solve_natural"]

Array = NDArray[np.float64]
LABELS = ("both", "direct", "neither", "natural")
"""Y(a, M(a)), Y(a, M(b)), Y(b, M(b)), Y as observed."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NaturalParts:
    """Nuisances of natural effects, each of shape (n,).

    Attributes
    ----------
    exposed, outcome : ndarray
        1{A = a} and Y.
    e : ndarray
        p(a | W).
    r : ndarray
        p(a | M, W).
    mu : ndarray
        E[Y | a, M, W].
    eta : ndarray
        E[mu | b, W].
    m1, m0 : ndarray
        E[Y | a, W], E[Y | b, W].
    """

    exposed: Array
    outcome: Array
    e: Array
    r: Array
    mu: Array
    eta: Array
    m1: Array
    m0: Array

    @property
    def crossing(self) -> Array:
        """Weights that give the exposed the mediators of the unexposed; their mean is 1."""
        return self.exposed * (1 - self.r) / (self.r * (1 - self.e))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Solution:
    """Estimates, the influence of each patient, and derivatives by each prediction, shape (n, k)."""

    psi: Array
    influence: Array
    gradients: dict[str, Array]


def solve_natural(parts: NaturalParts) -> Solution:
    """Evaluate the four means of :data:`LABELS` and their influence functions.

    Parameters
    ----------
    parts : NaturalParts
        Out-of-sample, or parametric, nuisances.

    Returns
    -------
    Solution
    """
    A, Y, e = parts.exposed, parts.outcome, parts.e
    arm_a, arm_b = A / e, (1 - A) / (1 - e)
    both = weighted_mean(arm_a, Y - parts.m1), weighted_mean(None, parts.m1)
    direct = (
        weighted_mean(parts.crossing, Y - parts.mu),
        weighted_mean(arm_b, parts.mu - parts.eta),
        weighted_mean(None, parts.eta),
    )
    neither = weighted_mean(arm_b, Y - parts.m0), weighted_mean(None, parts.m0)
    rows: tuple[tuple[WeightedMean, ...], ...] = (both, direct, neither, (weighted_mean(None, Y),))
    psi = np.array([sum(term.value for term in row) for row in rows])
    influence = np.column_stack([np.sum([term.influence for term in row], axis=0) for row in rows])
    cross, second, last = direct
    by_e = (
        -both[0].by_weights * A / e**2,
        (cross.by_weights * parts.crossing + second.by_weights * arm_b) / (1 - e),
        neither[0].by_weights * arm_b / (1 - e),
        np.zeros_like(e),
    )
    gradients = {
        "e": np.column_stack(by_e),
        "r": _only(1, -cross.by_weights * A / (parts.r**2 * (1 - e))),
        "mu": _only(1, second.by_values - cross.by_values),
        "eta": _only(1, last.by_values - second.by_values),
        "m1": _only(0, both[1].by_values - both[0].by_values),
        "m0": _only(2, neither[1].by_values - neither[0].by_values),
    }
    return Solution(psi=psi, influence=influence, gradients=gradients)


def _only(column: int, gradient: Array) -> Array:
    """Put the derivative of one of the four means among zeros for the others."""
    whole = np.zeros((len(gradient), len(LABELS)))
    whole[:, column] = gradient
    return whole
