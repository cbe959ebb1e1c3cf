r"""Chord Newton for 64 replicates at once.

The factor of the full fit serves all replicates and steps (:math:`d \leftarrow d + \sum_i w_i g_i z_i /
\sum_i w_i`). A replicate's own information differs from it by about :math:`\sqrt{p/n}` of itself, so each
step is that much shorter than the one before; where n is small, more steps are taken. The last step is not
followed by a pass: its effect on the means is added by their derivative.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from causalmed.estimation.bootstrap.equations import Equations, Lines
from causalmed.estimation.bootstrap.mixing import Mixing
from causalmed.estimation.bootstrap.weights import LANES

__all__ = ["ENOUGH", "Chords", "approach"]

Array = NDArray[np.float64]
ENOUGH: Final = 1e-3
"""Standard errors of the coefficients, taken together, that the next step may still be expected to move."""
_PASSES: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Chords:
    """Where the replicates of a group arrived.

    Attributes
    ----------
    values : ndarray, shape (64, 3)
        The three means, in units of the outcome.
    left : ndarray, shape (64,)
        Length of the step that is still to be expected, in standard errors.
    passes : int
        Passes over the rows.
    """

    values: Array
    left: Array
    passes: int


def approach(equations: Equations, group: int, *, enough: float = ENOUGH, passes: int = _PASSES) -> Chords:
    """Fit all models in 64 replicates and estimate the means.

    Parameters
    ----------
    equations : Equations
        The full fit.
    group : int
        Replicates 64 group … 64 group + 63.
    enough : float
        Stop when no replicate is expected to move further, in standard errors.
    passes : int
        Stop after so many passes whatever is left.
    """
    known, epsilon = equations.derivatives, np.tile(equations.epsilon[:, None], LANES)
    first = equations.lines(group, None, epsilon)
    weight = first.head[0] + first.head[1]
    d = _step(equations, first, weight)
    # the spread of the first steps over replicates is the standard error of a coordinate, near enough
    unit = float(np.sqrt(np.mean(np.square(d)))) if d.size else 1.0
    last, left, taken = _length(d, unit), np.full(LANES, np.inf), 1
    means = np.empty((3, LANES))
    models = [(part, Mixing()) for part in equations.models]
    _mixed(models, np.zeros_like(d), d)
    with np.errstate(all="ignore"):  # replicates that run away are fitted one by one afterwards
        while taken < passes and not left.max() <= enough:
            lines = equations.lines(group, d, epsilon)
            taken += 1
            chord = _step(equations, lines, weight)
            step = _mixed(models, d, chord)
            moved = _fluctuation(equations, lines, weight, step)
            means = equations.means(lines, first)
            means[:2] += known.to_means @ step + known.epsilon_to_means[:, None] * moved
            length = _length(chord, unit)
            left = np.where(np.isfinite(length), length * np.minimum(1.0, length / last), np.inf)
            d, epsilon, last = d + step, epsilon + moved, length
    return Chords(values=equations.in_units(means).T, left=left, passes=taken)


def _step(equations: Equations, lines: Lines, weight: Array) -> Array:
    step, coupling = lines.scores / weight, equations.derivatives.coupling
    return step if coupling is None else step + coupling @ step


def _mixed(models: list[tuple[slice, Mixing]], d: Array, step: Array) -> Array:
    """Return the accelerated steps, model by model."""
    return np.vstack([mixing.step(d[part], step[part]) for part, mixing in models])


def _fluctuation(equations: Equations, lines: Lines, weight: Array, step: Array) -> Array:
    if not equations.targeted:
        return np.zeros((2, LANES))
    shifted = lines.head[6:8] + weight * (equations.derivatives.to_targets @ step)
    return np.asarray(shifted / lines.head[8:10])


def _length(step: Array, unit: float) -> Array:
    return np.asarray(np.maximum(np.abs(step).max(axis=0, initial=0.0) / unit, 1e-300))
