r"""Derivatives of the means at the full fit, by the coordinates of its models.

With h the weight of a patient in his own arm, :math:`\dot h` its derivative by the linear predictor of the
propensity model (zero where the score was moved to the bound), t the tilt and :math:`v_a` the slope of the
regression of arm a:

.. math:: \frac{\partial \psi_a}{\partial d} =
          \frac1{n \bar t} \sum_i 1_{A_i = a} \dot h_i \{Y_i - m_a\} z_i^e
          + (t_i - 1_{A_i = a} h_i)\, v_{a,i}\, z_i^a

for AIPW and TMLE; the other estimators have one of the terms.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from causalmed.estimation import ipw, tmle
from causalmed.estimation.bootstrap.fullfit import FullFit, Whitened
from causalmed.estimation.specs import IPW, IPWRA, TMLE, Estimator, GComputation

__all__ = ["Derivatives", "derivatives_of"]

Array = NDArray[np.float64]
_CHUNK = 4_096


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Derivatives:
    """First derivatives at the full fit, a mean each.

    Attributes
    ----------
    to_means : ndarray, shape (2, parameters)
        Of the two means by d.
    epsilon_to_means : ndarray, shape (2,)
        Of each mean by its own fluctuation.
    to_targets : ndarray, shape (2, parameters)
        Of the targeting equations by d.
    coupling : ndarray, shape (parameters, parameters), or None
        Of a step of the outcome model by a step of the propensity model that makes its weights.
    """

    to_means: Array
    epsilon_to_means: Array
    to_targets: Array
    coupling: Array | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Rows:
    """Row vectors at the full fit, exposed first: (under a, under b) where there are two."""

    y: Array
    arm: tuple[Array, Array]
    tilt: Array
    weight: Array
    weight_slope: Array
    targeted: tuple[Array, Array]
    slope: tuple[Array, Array]
    psi: tuple[float, float]


def derivatives_of(full: FullFit, models: Whitened, order: NDArray[np.intp]) -> Derivatives:
    """Compute the derivatives.

    Parameters
    ----------
    full : FullFit
        What was fitted, rows in the order of the problem.
    models : Whitened
        Designs, rows of the exposed first.
    order : ndarray of int, shape (n,)
        Their order.
    """
    rows, targeted = _rows(full, order), isinstance(full.spec, TMLE)
    mass = float(rows.tilt.mean())
    to_means, to_targets, own = [], [], []
    for k in (0, 1):
        of_e, of_m = _of_mean(full.spec, rows, k, mass=mass)
        to_means.append(_along(models, of_e, of_m, k))
        inside, m = rows.arm[k], rows.targeted[k]
        residual = inside * rows.weight_slope * (rows.y - m)
        to_targets.append(_along(models, residual, -inside * rows.weight * rows.slope[k], k))
        own.append(float(np.mean((rows.tilt - inside * rows.weight) * m * (1 - m))) / mass)
    nothing = np.zeros_like(np.array(to_targets))
    return Derivatives(
        to_means=np.array(to_means),
        epsilon_to_means=np.array(own) if targeted else np.zeros(2),
        to_targets=np.array(to_targets) if targeted else nothing,
        coupling=_coupling(models, rows) if isinstance(full.spec, IPWRA) else None,
    )


def _rows(full: FullFit, order: NDArray[np.intp]) -> _Rows:
    A, none = full.problem.exposed[order], np.zeros(len(order))
    tilt = {"all": none + 1, "exposed": A, "unexposed": 1 - A}[full.problem.population]
    weight_slope, targeted, slope = none, (none, none), (none, none)
    nuisances = full.nuisances
    if nuisances.truncation is not None:
        of_a, of_b, _ = ipw.slopes(nuisances.working)
        weight_slope = np.where(nuisances.truncation.moved, 0.0, of_a + of_b)[order]
    if nuisances.outcome is not None:
        initial = [m[order] for m in full.means(nuisances.working)]
        after = [m[order] for m in full.means(full.solution.working)]
        targeted = (after[0], after[1])
        slopes = [_slope(full, m, star) for m, star in zip(initial, after, strict=True)]
        slope = (slopes[0], slopes[1])
    psi = full.unit(full.solution.psi)
    return _Rows(
        y=full.unit(full.problem.outcome)[order],
        arm=(A, 1 - A),
        tilt=tilt,
        weight=full.inverse_weights()[order],
        weight_slope=weight_slope,
        targeted=targeted,
        slope=slope,
        psi=(float(psi[0]), float(psi[1])),
    )


def _slope(full: FullFit, initial: Array, after: Array) -> Array:
    """Return the derivative of the (targeted) mean by the linear predictor."""
    own = initial * (1 - initial) if full.logistic else np.ones_like(initial)
    if not isinstance(full.spec, TMLE):
        return own
    inside = (initial > tmle.BOUND) & (initial < 1 - tmle.BOUND)
    m = np.clip(initial, tmle.BOUND, 1 - tmle.BOUND)
    return np.where(inside, own * after * (1 - after) / (m * (1 - m)), 0.0)


def _of_mean(spec: Estimator, rows: _Rows, k: int, *, mass: float) -> tuple[Array, Array]:
    """Return what a patient's linear predictors, of propensity and outcome, add to a mean, times n."""
    inside, none = rows.arm[k], np.zeros_like(rows.y)
    if isinstance(spec, GComputation | IPWRA):
        return none, rows.tilt * rows.slope[k] / mass
    if isinstance(spec, IPW):
        centred = rows.y - rows.psi[k] if spec.stabilised else rows.y
        size = float(np.mean(inside * rows.weight)) if spec.stabilised else mass
        return inside * rows.weight_slope * centred / size, none
    residual = inside * rows.weight_slope * (rows.y - rows.targeted[k])
    return residual / mass, (rows.tilt - inside * rows.weight) * rows.slope[k] / mass


def _along(models: Whitened, on_propensity: Array, on_outcome: Array, k: int) -> Array:
    """Return the mean of z times row vectors, in the order of d."""
    n = len(on_propensity)
    propensity, of_a, of_b = models.matrices
    parts = [] if propensity is None else [_times(propensity, on_propensity)]
    if models.separate:
        for slot, z in enumerate((of_a, of_b)):
            assert z is not None
            parts.append(_times(z, on_outcome) if slot == k else np.zeros(z.shape[1]))
    elif of_b is not None:
        if k == 0 and of_a is not None:
            parts.append(_times(of_a, on_outcome))
        else:
            moved = models.shift * on_outcome.sum() if k == 0 and models.shift is not None else 0.0
            parts.append(_times(of_b, on_outcome) + moved)
    return np.concatenate(parts) / n


def _coupling(models: Whitened, rows: _Rows) -> Array:
    """Return the derivative of the outcome model's scores by the propensity model, as a mean."""
    propensity, of_a, of_b = models.matrices
    assert propensity is not None
    assert of_b is not None
    n, first = propensity.shape
    size = first + of_b.shape[1] + (of_a.shape[1] if models.separate and of_a is not None else 0)
    answer = np.zeros((size, size))
    for k, z in ((0, of_b if of_a is None else of_a), (1, of_b)):
        row = rows.arm[k] * rows.weight_slope * (rows.y - rows.targeted[k])
        start = first + (z.shape[1] if models.separate and k else 0)
        moved = models.shift if k == 0 and of_a is None else None
        answer[start : start + z.shape[1], :first] += _between(z, propensity, row, moved) / n
    return answer


def _times(z: NDArray[np.float32], row: Array) -> Array:
    chunks = (slice(start, start + _CHUNK) for start in range(0, len(row), _CHUNK))
    return np.asarray(sum(row[chunk] @ z[chunk].astype(np.float64) for chunk in chunks))


def _between(z: NDArray[np.float32], other: NDArray[np.float32], row: Array, moved: Array | None) -> Array:
    chunks = (slice(start, start + _CHUNK) for start in range(0, len(row), _CHUNK))
    parts = []
    for chunk in chunks:
        one = z[chunk].astype(np.float64)
        one = one if moved is None else one + moved
        parts.append((one * row[chunk, None]).T @ other[chunk].astype(np.float64))
    return np.asarray(sum(parts))
