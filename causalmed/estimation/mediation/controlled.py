r"""The influence function of :math:`E[Y(a, m)]`, covariates after the exposure allowed.

.. math:: \phi_a = \frac{1\{A = a, M = m\}}{p(a \mid W)\, p(m \mid a, L, W)} \{Y - \mu_a(L, W)\}
          + \frac{1\{A = a\}}{p(a \mid W)} \{\mu_a(L, W) - \eta_a(W)\} + \eta_a(W) - \psi_a

with :math:`\mu_a(L, W) = E[Y \mid a, m, L, W]` and :math:`\eta_a(W) = E[\mu_a \mid a, W]`: two exposures in
sequence, the second given to everybody alike (Bang H, Robins JM 2005. Biometrics 61:962-973).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from causalmed.estimation.mediation.natural import Solution
from causalmed.estimation.stacking import weighted_mean

__all__ = ["ControlledParts", "solve_controlled"]

Array = NDArray[np.float64]
Pair = tuple[Array, Array]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ControlledParts:
    """Nuisances of a controlled effect, each of shape (n,), in pairs under a and under b.

    Attributes
    ----------
    exposed, held, outcome : ndarray
        1{A = a}, 1{M = m} and Y.
    e : ndarray
        p(a | W).
    g, mu, eta : pair of ndarray
        p(m | A, L, W), E[Y | A, m, L, W], E[mu | A, W].
    """

    exposed: Array
    held: Array
    outcome: Array
    e: Array
    g: Pair
    mu: Pair
    eta: Pair

    def arm(self, number: int) -> Pair:
        """Return 1{A} and p(A | W) of an arm: 0 for a, 1 for b."""
        return (1 - self.exposed, 1 - self.e) if number else (self.exposed, self.e)

    def weights(self, number: int) -> Array:
        """Return the weights that give everybody the exposure of an arm and the mediators."""
        inside, chance = self.arm(number)
        return inside * self.held / (chance * self.g[number])


def solve_controlled(parts: ControlledParts) -> Solution:
    """Evaluate the means under a and under b, their influence and their derivatives."""
    n = len(parts.outcome)
    psi, influence = np.zeros(2), np.zeros((n, 2))
    names = [f"{name}{number}" for number in (0, 1) for name in ("g", "mu", "eta")]
    gradients = {name: np.zeros((n, 2)) for name in ("e", *names)}
    for number in (0, 1):
        (inside, chance), weights = parts.arm(number), parts.weights(number)
        mu, eta, g = parts.mu[number], parts.eta[number], parts.g[number]
        first = weighted_mean(weights, parts.outcome - mu)
        second, last = weighted_mean(inside / chance, mu - eta), weighted_mean(None, eta)
        psi[number] = first.value + second.value + last.value
        influence[:, number] = first.influence + second.influence + last.influence
        by_chance = -(first.by_weights * weights + second.by_weights * inside / chance) / chance
        gradients["e"][:, number] = by_chance if number == 0 else -by_chance
        gradients[f"g{number}"][:, number] = -first.by_weights * weights / g
        gradients[f"mu{number}"][:, number] = second.by_values - first.by_values
        gradients[f"eta{number}"][:, number] = last.by_values - second.by_values
    return Solution(psi=psi, influence=influence, gradients=gradients)
