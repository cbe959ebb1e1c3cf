r"""What if everybody's value of the exposure were moved a little?

With :math:`d(A)` the moved value, :math:`m(a, l) = E[Y \mid A = a, L = l]` and r the density of :math:`d(A)`
over that of A, given L, at the value that was observed,

.. math:: \psi = E[m(d(A), L)], \qquad \phi = r(A, L) \{Y - m(A, L)\} + m(d(A), L) - \psi

(Díaz Muñoz I, van der Laan MJ 2012. Biometrics 68:541-549; Haneuse S, Rotnitzky A 2013. Stat Med
32:5260-5277). r needs no density: stack each patient as observed and as moved; the odds of "moved", given
value and covariates, are r (Díaz I, Williams N, Hoffman KL, Schenck EJ 2023. J Am Stat Assoc
118:846-857, section 5.4). For a normal exposure of constant variance these log odds are linear, as
``Logistic()`` has them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from causalmed.engine import Executor
from causalmed.errors import CausalmedError, NotConverged, PositivityViolation
from causalmed.estimation.balance import effective_size
from causalmed.estimation.exposures.shift import Shift
from causalmed.estimation.specs import AIPW, IPW, TMLE, GComputation
from causalmed.regression import ColumnLike, DesignRecipe, GLMFit, Linear, Logistic, fit_linear, fit_logistic

__all__ = ["Moved", "Posed", "moved_values", "solve"]

Array = NDArray[np.float64]
_TOLERATED: Final = 0.01
_BOUND: Final = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Posed:
    """The arrays of one question about a shift.

    Attributes
    ----------
    exposure, moved : ColumnLike
        The exposure as observed and as moved.
    covariates : tuple of ColumnLike
        The adjustment set.
    outcome : ndarray, shape (n,)
        Y.
    binary : bool
        Whether Y is yes/no.
    """

    exposure: ColumnLike
    moved: ColumnLike
    covariates: tuple[ColumnLike, ...]
    outcome: Array
    binary: bool

    @property
    def n(self) -> int:
        """Number of patients."""
        return len(self.outcome)

    def take(self, rows: NDArray[np.bool_]) -> Posed:
        """Return the same for some rows."""
        return Posed(
            exposure=self.exposure.take(rows),  # type: ignore[attr-defined]
            moved=self.moved.take(rows),  # type: ignore[attr-defined]
            covariates=tuple(column.take(rows) for column in self.covariates),  # type: ignore[attr-defined]
            outcome=self.outcome[rows],
            binary=self.binary,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Moved:
    """An answered question about a shift.

    Attributes
    ----------
    psi : ndarray, shape (2,)
        Mean if everybody is moved, and as observed.
    influence : ndarray, shape (n, 2)
        Of each patient.
    source : str
        Where the influence comes from.
    ratio : ndarray, shape (n,), or None
        r, truncated.
    truncated : int
        Patients whose ratio was moved to the bound.
    bound : float
        Largest ratio that was let through.
    fits : tuple of GLMFit
        The regressions.
    parameters : int
        Coefficients of the outcome model; 0 without one.
    """

    psi: Array
    influence: Array
    source: str
    ratio: Array | None
    truncated: int
    bound: float
    fits: tuple[GLMFit, ...]
    parameters: int


def moved_values(values: Array, shift: Shift) -> Array:
    """Return the values after a shift; who would pass a bound stays.

    Examples
    --------
    >>> moved_values(np.array([85.0, 120.0]), Shift(by=-10, low=80)).tolist()
    [85.0, 110.0]
    """
    to = values + shift.by
    stays = np.zeros(len(values), dtype=bool)
    if shift.low is not None and shift.by < 0:
        stays |= to < shift.low
    if shift.high is not None and shift.by > 0:
        stays |= to > shift.high
    return np.asarray(np.where(stays, values, to))


def solve(posed: Posed, spec: Any, executor: Executor, *, refuse: bool = True) -> Moved:
    """Evaluate an estimator of the mean under a shift.

    Parameters
    ----------
    posed : Posed
        The question.
    spec : GComputation, IPW, AIPW or TMLE
        The estimator, with parametric nuisances.
    executor : Executor
        Runs the blocks.
    refuse : bool
        Whether too little support is refused.

    Returns
    -------
    Moved

    Raises
    ------
    PositivityViolation
        The answer would rest on fewer than 1 % of the patients.
    NotConverged, DataError
        A regression has no answer.
    """
    fits: list[GLMFit] = []
    ratio, truncated, bound = None, 0, float("inf")
    if isinstance(spec, IPW | AIPW | TMLE):
        raw, fit = _ratio(posed, spec.propensity, executor)
        fits.append(fit)
        ratio, truncated, bound = _bounded(raw, posed, spec.trim, refuse=refuse)
    if isinstance(spec, IPW):
        assert ratio is not None
        psi, phi, source = *_weighted(posed.outcome, ratio), "robust, weights taken as known"
        return _moved(posed, psi, phi, source, ratio, truncated, bound, tuple(fits), 0)
    model = _outcome_spec(spec, posed.binary)
    here, there, fit = _outcome(posed, model, executor)
    fits.append(fit)
    if isinstance(spec, GComputation):
        m = fit.predict(there)
        psi, source = float(m.mean()), "stacked sandwich"
        phi = m - psi + _along(fit, here, posed.outcome, _gradient(fit, there, m))
    else:
        assert ratio is not None
        m_here, m_there = fit.predict(here), fit.predict(there)
        if isinstance(spec, TMLE):
            m_here, m_there = _targeted(posed, m_here, m_there, ratio)
        part = ratio * (posed.outcome - m_here) + m_there
        psi, source = float(part.mean()), "influence function"
        phi = part - psi
    return _moved(posed, psi, phi, source, ratio, truncated, bound, tuple(fits), len(fit.coefficients))


def _moved(
    posed: Posed,
    psi: float,
    phi: Array,
    source: str,
    ratio: Array | None,
    truncated: int,
    bound: float,
    fits: tuple[GLMFit, ...],
    parameters: int,
) -> Moved:
    mean = float(posed.outcome.mean())
    return Moved(
        psi=np.array([psi, mean]),
        influence=np.column_stack([phi, posed.outcome - mean]),
        source=source,
        ratio=ratio,
        truncated=truncated,
        bound=bound,
        fits=fits,
        parameters=parameters,
    )


def _ratio(posed: Posed, spec: Logistic, executor: Executor) -> tuple[Array, GLMFit]:
    recipe = DesignRecipe.learn((posed.exposure, *posed.covariates), formula=spec.formula)
    here = recipe.build((posed.exposure, *posed.covariates)).matrix
    there = recipe.build((posed.moved, *posed.covariates)).matrix
    label = np.repeat([0.0, 1.0], posed.n)
    fit = fit_logistic(
        np.vstack([here, there]), label, names=recipe.names, firth=spec.firth, executor=executor
    )
    return np.exp(here @ fit.coefficients), fit


def _bounded(raw: Array, posed: Posed, trim: float | None, *, refuse: bool) -> tuple[Array, int, float]:
    n = posed.n
    bound = np.sqrt(n) * np.log(max(n, 3)) / 5 if trim is None else (np.inf if trim == 0 else 1 / trim)
    beyond = raw > bound
    size = effective_size(np.minimum(raw, bound))
    if refuse and trim is None and size < _TOLERATED * n:
        raise PositivityViolation(
            f"The answer would rest on {size:.0f} of {n:,} patients, because values of "
            f"{posed.exposure.name!r} like those after the shift hardly occur without it. Shift by less, "
            "or stop the shift at a bound "
            "(Shift(low=…) or Shift(high=…))."
        )
    return np.minimum(raw, bound), int(beyond.sum()), float(bound)


def _weighted(y: Array, ratio: Array) -> tuple[float, Array]:
    total = ratio.mean()
    psi = float((ratio * y).mean() / total)
    return psi, np.asarray(ratio * (y - psi) / total)


def _outcome_spec(spec: Any, binary: bool) -> Logistic | Linear:
    chosen: Logistic | Linear | None = spec.outcome
    if chosen is None:
        return Logistic() if binary else Linear()
    return chosen


def _outcome(posed: Posed, spec: Logistic | Linear, executor: Executor) -> tuple[Array, Array, GLMFit]:
    recipe = DesignRecipe.learn((posed.exposure, *posed.covariates), formula=spec.formula)
    here = recipe.build((posed.exposure, *posed.covariates)).matrix
    there = recipe.build((posed.moved, *posed.covariates)).matrix
    if isinstance(spec, Linear):
        return here, there, fit_linear(here, posed.outcome, names=recipe.names, executor=executor)
    fit = fit_logistic(here, posed.outcome, names=recipe.names, firth=spec.firth, executor=executor)
    return here, there, fit


def _slope(fit: GLMFit, mean: Array) -> Array:
    return mean * (1 - mean) if fit.family == "binomial" else np.ones_like(mean)


def _gradient(fit: GLMFit, design: Array, mean: Array) -> Array:
    return np.asarray(_slope(fit, mean) @ design) / len(mean)


def _along(fit: GLMFit, design: Array, y: Array, gradient: Array) -> Array:
    """Return what the estimation of the coefficients adds to the influence, along a gradient."""
    mean = fit.predict(design)
    root = np.asarray(np.linalg.qr(design * np.sqrt(_slope(fit, mean) / len(y))[:, None], mode="r"))
    direction = np.linalg.solve(root, np.linalg.solve(root.T, gradient))
    return np.asarray((y - mean) * (design @ direction))


def _targeted(posed: Posed, here: Array, there: Array, ratio: Array) -> tuple[Array, Array]:
    """Move the regression until the weighted residuals sum to zero; continuous outcomes on [0, 1]."""
    low, high = (0.0, 1.0) if posed.binary else (float(posed.outcome.min()), float(posed.outcome.max()))
    unit = (posed.outcome - low) / (high - low)
    start, other = (logit(np.clip((m - low) / (high - low), _BOUND, 1 - _BOUND)) for m in (here, there))
    epsilon = _root(lambda e: float(ratio @ (unit - expit(start + e))))
    return low + (high - low) * expit(start + epsilon), low + (high - low) * expit(other + epsilon)


def _root(score: Callable[[float], float]) -> float:
    from scipy.optimize import brentq

    if not score(-30.0) > 0 > score(30.0):
        raise NotConverged(
            "The targeting step has no finite answer: no patient that counts has the outcome, or all do. Use "
            "AIPW(), or widen the cohort."
        )
    return float(brentq(score, -30.0, 30.0, xtol=1e-14, rtol=1e-14))


def without_cluster(posed: Posed, spec: Any, keep: NDArray[np.bool_], executor: Executor) -> Array | None:
    """Return the two means without some rows; None where there is no answer."""
    try:
        return solve(posed.take(keep), spec, executor, refuse=False).psi
    except CausalmedError:
        return None
