"""One replicate at a time, every model fitted to the end: slow, general, the yardstick of the fast way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from causalmed.engine import Local
from causalmed.errors import CausalmedError
from causalmed.estimation import ipwra, tmle
from causalmed.estimation.models import Regression
from causalmed.estimation.problem import Problem
from causalmed.estimation.solving import Nuisances
from causalmed.estimation.specs import IPW, IPWRA, TMLE, Estimator, GComputation
from causalmed.estimation.targets import Working, tilt_of
from causalmed.regression import Linear, fit_linear, fit_logistic

__all__ = ["bounds_of", "refit", "weighted_values"]

Array = NDArray[np.float64]


def refit(problem: Problem, spec: Estimator, nuisances: Nuisances, weights: Array) -> Array | None:
    """Fit everything again with weights and estimate.

    Parameters
    ----------
    problem, spec, nuisances
        What was asked, with what, and the fit on all patients with weight one.
    weights : ndarray, shape (n,)
        Positive, any sum.

    Returns
    -------
    ndarray, shape (3,), or None
        The three means; None where a model has no answer (separation).
    """
    working = nuisances.working
    try:
        if nuisances.propensity is not None and nuisances.truncation is not None:
            model = nuisances.propensity
            e = model.mean_at(model.matrix, _coefficients(model, weights))
            low, high = bounds_of(nuisances.truncation.bound, problem.population)
            working = replace(working, e=np.clip(e, low, high))
        if nuisances.outcome is not None:
            m1, m0 = _regressions(spec, nuisances, working, weights)
            working = replace(working, m1=m1, m0=m0)
        if isinstance(spec, TMLE):
            scale = tmle.scale_of(problem.outcome, problem.outcome_kind)
            working = _targeted(working, weights, scale=scale, fluctuation=spec.fluctuation)
    except CausalmedError:
        return None
    return weighted_values(spec, working, weights)


def bounds_of(bound: float, population: str) -> tuple[float, float]:
    """Return the smallest and the largest propensity score that a population lets stand."""
    low = bound if population in ("all", "unexposed") else 0.0
    high = 1 - bound if population in ("all", "exposed") else 1.0
    return max(low, float(np.finfo(float).tiny)), min(high, 1 - float(np.finfo(float).epsneg))


def weighted_values(spec: Estimator, working: Working, weights: Array) -> Array:
    """Return the three means where patients count with weights, after any targeting."""
    Y = working.outcome
    if isinstance(spec, GComputation | IPWRA):
        t = weights * _plain_tilt(working)
        sums = [t @ working.regression(1), t @ working.regression(0), t @ Y]
        return np.asarray(sums / t.sum())
    tilt = tilt_of(working)
    t = weights * tilt.t
    natural = t * Y
    if isinstance(spec, IPW):
        masses = [weights * tilt.w1, weights * tilt.w0, t]
        if working.population == "overlap":
            masses[2] = weights * working.score * (1 - working.score)
        return np.array([float(w @ Y) / float(w.sum() if spec.stabilised else t.sum()) for w in masses])
    if working.population == "overlap":
        A, e = working.exposed, working.score
        mixed = e * working.regression(1) + (1 - e) * working.regression(0)
        natural = weights * (e * (1 - e) * Y + (1 - 2 * e) * (A - e) * mixed)
    arms = [
        t @ m + (weights * tilt.weights(arm)) @ (Y - m) for arm in (1, 0) for m in (working.regression(arm),)
    ]
    return np.asarray([*arms, natural.sum()] / t.sum())


def _coefficients(model: Regression, weights: Array) -> Array:
    rows = slice(None) if model.rows.all() else model.rows
    X, y, w, names = model.matrix[rows], model.response[rows], weights[rows], model.fit.names
    if isinstance(model.spec, Linear):
        return fit_linear(X, y, weights=w, names=names, executor=Local()).coefficients
    firth = model.spec.firth
    return fit_logistic(X, y, weights=w, names=names, firth=firth, executor=Local()).coefficients


def _regressions(
    spec: Estimator, nuisances: Nuisances, working: Working, weights: Array
) -> tuple[Array, Array]:
    outcome = nuisances.outcome
    assert outcome is not None
    by_arm = ipwra.weights_of(working) if isinstance(spec, IPWRA) else None

    def coefficients(model: Regression, arm: int | None) -> Array:
        if by_arm is None:
            return _coefficients(model, weights)
        inverse = by_arm[0] + by_arm[1] if arm is None else by_arm[1 - arm]
        return _coefficients(model, weights * inverse)

    found = outcome.each(coefficients)
    first, second = (
        model.mean_at(X, beta) for model, X, beta in zip(outcome.models, outcome.matrices, found, strict=True)
    )
    return first, second


def _targeted(working: Working, weights: Array, *, scale: tuple[float, float], fluctuation: str) -> Working:
    start = tmle.start_of(working, scale=scale, fluctuation=fluctuation)
    found = []
    tilt = tilt_of(working)
    for arm, fluctuated in zip((1, 0), start.arms, strict=True):
        in_arm = working.exposed if arm else 1 - working.exposed
        used = (in_arm if fluctuation == "covariate" else tilt.weights(arm)) > 0
        y, start_at, h, w = fluctuated.used
        one = replace(fluctuated, used=(y, start_at, h, w * weights[used]))
        search = tmle.newton(one.size)
        epsilon = next(search)
        try:
            while True:
                epsilon = search.send(one.sums(epsilon))
        except StopIteration as ended:
            found.append(float(ended.value))
    m1, m0 = start.moved((found[0], found[1]))
    return replace(working, m1=m1, m0=m0)


def _plain_tilt(working: Working) -> Array:
    if working.population == "exposed":
        return working.exposed
    return 1 - working.exposed if working.population == "unexposed" else np.ones_like(working.exposed)
