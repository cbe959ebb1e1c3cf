r"""The influence function of the front-door formula.

.. math:: \phi_a = \frac{f(M \mid a, W)}{f(M \mid A, W)} \{Y - \mu_A(M, W)\}
          + \frac{1\{A = a\}}{p(a \mid W)} \sum_{a'} p(a' \mid W) \{\mu_{a'}(M, W) - \xi_{a'a}(W)\}
          + \xi_{Aa}(W) - \psi_a

with :math:`\xi_{a'a}(w) = E[\mu_{a'}(M, w) \mid a, w]`, and the ratio of densities written as
:math:`p(a \mid M, W)\, p(A \mid W) / \{p(A \mid M, W)\, p(a \mid W)\}`, which is 1 where A = a.

Fulcher IR, Shpitser I, Marealle S, Tchetgen Tchetgen EJ (2020). JRSS B 82:199-214, theorem 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from causalmed.estimation.mediation.natural import Solution
from causalmed.estimation.stacking import weighted_mean

__all__ = ["FrontDoorParts", "ratio_of_densities", "solve_front_door"]

Array = NDArray[np.float64]
Pair = tuple[Array, Array]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FrontDoorParts:
    """Nuisances, each of shape (n,); pairs are under the exposures a and b.

    Attributes
    ----------
    exposed, outcome : ndarray
        1{A = a} and Y.
    e, r : ndarray
        p(a | W) and p(a | M, W).
    mu : pair of ndarray
        Outcome regressions at M, W.
    xi : pair of pairs of ndarray
        ``xi[k][j]``: mean of the j-th outcome regression given W among patients with the k-th exposure.
    """

    exposed: Array
    outcome: Array
    e: Array
    r: Array
    mu: Pair
    xi: tuple[Pair, Pair]


def ratio_of_densities(parts: FrontDoorParts, arm: int) -> Array:
    """Return f(M | arm, W) / f(M | A, W); 1 for patients of the arm."""
    odds = parts.r * (1 - parts.e) / ((1 - parts.r) * parts.e)
    A = parts.exposed
    return A + (1 - A) * odds if arm == 0 else (1 - A) + A / odds


def solve_front_door(parts: FrontDoorParts) -> Solution:
    """Evaluate the means under a, under b and as observed, with influence and derivatives."""
    A, e, n = parts.exposed, parts.e, len(parts.outcome)
    shares, seen = (e, 1 - e), (A, 1 - A)
    psi, influence = np.zeros(3), np.zeros((n, 3))
    names = ("mu0", "mu1", *(f"xi{k}{j}" for k in (0, 1) for j in (0, 1)))
    gradients = {name: np.zeros((n, 3)) for name in ("e", "r", *names)}
    own = A * parts.mu[0] + (1 - A) * parts.mu[1]
    for k in (0, 1):
        ratio = ratio_of_densities(parts, k)
        weights = seen[k] / shares[k]
        spread = sum(shares[j] * (parts.mu[j] - parts.xi[k][j]) for j in (0, 1))
        first, second = weighted_mean(ratio, parts.outcome - own), weighted_mean(weights, np.asarray(spread))
        last = weighted_mean(None, A * parts.xi[k][0] + (1 - A) * parts.xi[k][1])
        psi[k] = first.value + second.value + last.value
        influence[:, k] = first.influence + second.influence + last.influence
        for j in (0, 1):
            gradients[f"mu{j}"][:, k] = second.by_values * shares[j] - first.by_values * seen[j]
            gradients[f"xi{k}{j}"][:, k] = last.by_values * seen[j] - second.by_values * shares[j]
        # patients of the other arm carry the odds of the densities, or their inverse
        sign = (1 - A) * ratio if k == 0 else -A * ratio
        gradients["r"][:, k] = first.by_weights * sign / (parts.r * (1 - parts.r))
        difference = (parts.mu[0] - parts.xi[k][0]) - (parts.mu[1] - parts.xi[k][1])
        own_weight = -weights / shares[k] if k == 0 else weights / shares[k]
        gradients["e"][:, k] = (
            -first.by_weights * sign / (e * (1 - e))
            + second.by_weights * own_weight
            + second.by_values * difference
        )
    natural = weighted_mean(None, parts.outcome)
    psi[2], influence[:, 2] = natural.value, natural.influence
    return Solution(psi=psi, influence=influence, gradients=gradients)
