r"""Risks among compliers from the effects of the instrument on parts of the outcome.

With a yes/no instrument Z that moves nobody's exposure A the other way, patients are always exposed, never,
or follow Z (*compliers*). Y A changes with Z only through compliers, who then contribute Y(1); so
:math:`\Delta_{YA} = P(\text{complier})\, E[Y(1) \mid \text{complier}]`, and likewise for Y (1 - A) and for A.

Angrist JD, Imbens GW, Rubin DB (1996). J Am Stat Assoc 91:444-455. Abadie A (2003). J Econometrics
113:231-263. Frölich M (2007). J Econometrics 139:35-75.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from causalmed.estimation.mediation.natural import Solution
from causalmed.estimation.stacking import weighted_mean

__all__ = ["COMPLIER_LABELS", "RESPONSES", "ComplierParts", "solve_compliers"]

Array = NDArray[np.float64]
RESPONSES = ("with", "without", "taken")
"""Y A, Y (1 - A), A: what the instrument acts on."""
COMPLIER_LABELS = ("exposed", "unexposed", "reduced_form", "first_stage")
"""Means of compliers; effect of the instrument on the outcome and on the exposure."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ComplierParts:
    """Nuisances, each of shape (n,).

    Attributes
    ----------
    instrument : ndarray
        Z.
    pi : ndarray
        P(Z = 1 | W).
    responses : dict of str to ndarray
        The three of :data:`RESPONSES`.
    means : dict of str to ndarray
        ``"with1"`` … ``"taken0"``: the mean of each given W and Z = 1, 0.
    """

    instrument: Array
    pi: Array
    responses: dict[str, Array]
    means: dict[str, Array]


def solve_compliers(parts: ComplierParts) -> Solution:
    """Evaluate the functionals of :data:`COMPLIER_LABELS`, their influence and derivatives."""
    Z, pi, n = parts.instrument, parts.pi, len(parts.pi)
    deltas, phis = np.zeros(3), np.zeros((n, 3))
    gradients = {name: np.zeros((n, 3)) for name in ("pi", *parts.means)}
    for column, name in enumerate(RESPONSES):
        R, m1, m0 = parts.responses[name], parts.means[f"{name}1"], parts.means[f"{name}0"]
        yes, no = weighted_mean(Z / pi, R - m1), weighted_mean((1 - Z) / (1 - pi), R - m0)
        plain = weighted_mean(None, m1 - m0)
        deltas[column] = plain.value + yes.value - no.value
        phis[:, column] = plain.influence + yes.influence - no.influence
        gradients[f"{name}1"][:, column] = plain.by_values - yes.by_values
        gradients[f"{name}0"][:, column] = no.by_values - plain.by_values
        by_pi = yes.by_weights * Z / pi**2 + no.by_weights * (1 - Z) / (1 - pi) ** 2
        gradients["pi"][:, column] = -by_pi
    psi, jacobian = _ratios(deltas)
    return Solution(
        psi=psi,
        influence=phis @ jacobian.T,
        gradients={name: gradient @ jacobian.T for name, gradient in gradients.items()},
    )


def _ratios(deltas: Array) -> tuple[Array, Array]:
    """Return the four functionals of the three effects of the instrument, and their derivatives."""
    with_it, without, taken = deltas
    exposed, unexposed = with_it / taken, -without / taken
    psi = np.array([exposed, unexposed, with_it + without, taken])
    jacobian = np.array(
        [
            [1 / taken, 0.0, -exposed / taken],
            [0.0, -1 / taken, -unexposed / taken],
            [1.0, 1.0, 0.0],
            [0.0, 0.0, 1.0],
        ]
    )
    return psi, jacobian
