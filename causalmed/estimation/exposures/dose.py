r"""How the mean outcome runs along the dose of an exposure.

.. math:: \hat\psi(a) = \frac1n \sum_i m(a, L_i; \hat\beta)

with m a regression on the adjustment set and a restricted cubic spline of the exposure (Harrell FE 2001.
Regression Modeling Strategies, section 2.4.4: knots at quantiles, linear beyond the outer ones). The
values of all doses have one joint covariance, stacked with the estimation of :math:`\beta`. The uniform
band holds the whole curve at once: its half-width is c standard errors, with c the quantile of the largest
of the standardised errors, drawn from their joint normal (or t) distribution.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from causalmed.arguments import require_instance, require_seed, require_share
from causalmed.cohort import Cohort
from causalmed.engine import Executor, Local, generator
from causalmed.errors import CausalmedError, ColumnNotFound, DataError, InvalidArgument
from causalmed.estimation.covariance import Spread, spread_of
from causalmed.estimation.exposures.gates import clusters_check, events_check
from causalmed.estimation.outcome_checks import rare_check
from causalmed.identification import Estimand
from causalmed.regression import DesignRecipe, fit_linear, fit_logistic
from causalmed.results import Check, Curve, Gate, Provenance, State

__all__ = ["dose_response", "spline"]

Array = NDArray[np.float64]
_KNOTS: Final = {3: (0.1, 0.5, 0.9), 4: (0.05, 0.35, 0.65, 0.95), 5: (0.05, 0.275, 0.5, 0.725, 0.95)}
_DRAWS: Final = 20_000
_MOST: Final = 200
_FEWEST_BEYOND: Final = 10


def dose_response(
    estimand: Estimand,
    cohort: Cohort,
    *,
    at: Sequence[float] | None = None,
    knots: int = 4,
    level: float = 0.95,
    seed: int = 0,
    n_jobs: int = 1,
) -> Curve:
    """Estimate the mean outcome at each dose of a continuous exposure, by standardisation.

    Parameters
    ----------
    estimand : Estimand
        Identified by adjustment; the exposure a number.
    cohort : Cohort
        The patients.
    at : sequence of float or None
        Doses, increasing, within the observed range; None: 25 between the 2.5 and 97.5 % quantiles.
    knots : {3, 4, 5}
        Knots of the spline.
    level : float
        Confidence level of the pointwise intervals and of the uniform band.
    seed : int
        Of the draws behind the uniform band.
    n_jobs : int
        Threads; never changes a result.

    Returns
    -------
    Curve
        With pointwise limits and a band that holds the whole curve.

    Raises
    ------
    InvalidArgument, DataError, ColumnNotFound
        An exposure that is no number, a dose nobody had, too few distinct values for the knots.

    Examples
    --------
    >>> import pandas as pd
    >>> rng = np.random.default_rng(1)
    >>> age = rng.normal(size=3000)
    >>> glucose = 120 + 20 * age + 20 * rng.normal(size=3000)
    >>> risk = 1 / (1 + np.exp(3 - 0.01 * glucose - 0.5 * age))
    >>> frame = pd.DataFrame({"age": age, "glucose": glucose, "ssi": rng.random(3000) < risk})
    >>> question = Estimand.given(exposure="glucose", outcome="ssi", adjustment_set=["age"])
    >>> curve = dose_response(question, Cohort.from_frame(frame), at=[100, 120, 140])
    >>> bool((np.diff(curve.estimate) > 0).all())
    True
    """
    require_instance("estimand", estimand, Estimand, how="identify(…)")
    require_instance("cohort", cohort, Cohort, how="Cohort.from_frame(…)")
    require_share("level", level, example=0.95)
    require_seed(seed)
    _check(estimand, cohort, knots)
    doses = _doses(cohort.values(estimand.exposure), at)
    executor = Local(n_jobs=n_jobs)
    found = Local().map(lambda _: _standardised(estimand, cohort, doses, knots, executor), [0])[0]
    return _curve(estimand, cohort, doses, found, level, seed, knots)


def spline(values: Array, knots: Array) -> Array:
    """Return the restricted cubic spline of values, without the intercept: one column fewer than knots.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Doses.
    knots : ndarray, shape (k,)
        Increasing.

    Returns
    -------
    ndarray, shape (n, k - 1)
        The value itself, then the cubic terms, which are linear beyond the outer knots.
    """
    size = (knots[-1] - knots[0]) ** 2
    last, before = knots[-1], knots[-2]

    def cube(knot: float) -> Array:
        return np.asarray(np.maximum(values - knot, 0.0) ** 3)

    columns = [values]
    for knot in knots[:-2]:
        tail = (last - knot) / (last - before)
        end = (before - knot) / (last - before)
        columns.append((cube(knot) - cube(before) * tail + cube(last) * end) / size)
    return np.column_stack(columns)


def _check(estimand: Estimand, cohort: Cohort, knots: int) -> None:
    if estimand.kind != "backdoor" or estimand.effect != "total":
        raise InvalidArgument("dose_response() needs a total effect identified by adjustment.")
    needed = (estimand.exposure, estimand.outcome, *estimand.adjustment_set)
    if absent := [name for name in needed if name not in cohort]:
        raise ColumnNotFound.among(absent, cohort.names, where="dose_response")
    if cohort.weights is not None:
        raise InvalidArgument("Sampling weights are not used here; build the cohort without them.")
    if cohort.column(estimand.exposure).kind not in ("continuous", "count"):
        raise DataError(
            f"{estimand.exposure!r} is {cohort.column(estimand.exposure).kind}; a curve needs a number. "
            "Compare levels with estimate(contrast=…)."
        )
    if cohort.column(estimand.outcome).kind not in ("binary", "continuous", "count"):
        raise DataError(f"The outcome {estimand.outcome!r} must be yes/no or a number.")
    if knots not in _KNOTS or isinstance(knots, bool):
        raise InvalidArgument.option("knots", knots, tuple(_KNOTS))


def _doses(values: Array, at: Sequence[float] | None) -> Array:
    if at is None:
        low, high = np.quantile(values, (0.025, 0.975))
        return np.linspace(float(low), float(high), 25)
    try:
        doses = np.array([float(dose) for dose in at])
    except (TypeError, ValueError):
        raise InvalidArgument(f"at={at!r} must be a sequence of doses.") from None
    if not 1 <= len(doses) <= _MOST or not np.isfinite(doses).all() or (np.diff(doses) <= 0).any():
        raise InvalidArgument(f"at= must hold 1 to {_MOST} finite doses in increasing order.")
    low, high = float(values.min()), float(values.max())
    if doses[0] < low or doses[-1] > high:
        raise InvalidArgument(
            f"at= asks for doses from {doses[0]:g} to {doses[-1]:g}, but patients had {low:g} to {high:g}: "
            "beyond that a curve is a guess."
        )
    return doses


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Standardised:
    """Means at the doses, their covariance, and the coefficients behind them."""

    values: Array
    spread: Spread
    parameters: int


def _standardised(
    estimand: Estimand, cohort: Cohort, doses: Array, knots: int, executor: Executor
) -> _Standardised:
    column = cohort.values(estimand.exposure)
    at_knots = np.unique(np.quantile(column, _KNOTS[knots]))
    if len(at_knots) < 3:
        raise DataError(
            f"{estimand.exposure!r} has too few distinct values for a curve. Make levels of it "
            "(cohort.assign) and compare them."
        )
    covariates = [cohort.column(name) for name in estimand.adjustment_set]
    recipe = DesignRecipe.learn(covariates)
    rest = recipe.build(covariates, rows=cohort.n).matrix
    y, binary = cohort.values(estimand.outcome), cohort.column(estimand.outcome).kind == "binary"
    size = float(column.std()) or 1.0
    basis = spline(column / size, at_knots / size)
    grid = spline(doses / size, at_knots / size)
    X = np.ascontiguousarray(np.column_stack([rest, basis]))
    names = (*recipe.names, *(f"{estimand.exposure}, term {k + 1}" for k in range(basis.shape[1])))

    def fitted(rows: NDArray[np.bool_] | slice) -> tuple[Array, Array]:
        fit = fit_logistic if binary else fit_linear
        beta = fit(np.ascontiguousarray(X[rows]), y[rows], names=names, executor=executor).coefficients
        return beta, _means(rest[rows], grid, beta, binary)

    beta, psi = fitted(slice(None))
    phi = _influence(X, rest, grid, y, beta, psi, binary)
    return _Standardised(values=psi, spread=_spread(cohort, psi, phi, fitted), parameters=len(beta))


def _eta(rest: Array, line: Array, beta: Array) -> Array:
    k = rest.shape[1]
    return np.asarray(rest @ beta[:k] + line @ beta[k:])


def _inverse(eta: Array, binary: bool) -> Array:
    from scipy.special import expit

    return np.asarray(expit(eta)) if binary else eta


def _means(rest: Array, grid: Array, beta: Array, binary: bool) -> Array:
    return np.array([_inverse(_eta(rest, line, beta), binary).mean() for line in grid])


def _influence(X: Array, rest: Array, grid: Array, y: Array, beta: Array, psi: Array, binary: bool) -> Array:
    """Return the influence of each patient on the mean at each dose, shape (n, doses)."""
    mean = _inverse(X @ beta, binary)
    slope = mean * (1 - mean) if binary else np.ones_like(mean)
    root = np.asarray(np.linalg.qr(X * np.sqrt(slope / len(y))[:, None], mode="r"))
    residual = y - mean
    answer = np.empty((len(y), len(grid)))
    for k, line in enumerate(grid):
        m = _inverse(_eta(rest, line, beta), binary)
        d = m * (1 - m) if binary else np.ones_like(m)
        gradient = np.concatenate([d @ rest, d.sum() * line]) / len(y)
        direction = np.linalg.solve(root, np.linalg.solve(root.T, gradient))
        answer[:, k] = m - psi[k] + residual * (X @ direction)
    return answer


def _spread(cohort: Cohort, psi: Array, phi: Array, fitted: Callable[[Any], tuple[Array, Array]]) -> Spread:
    codes = cohort.cluster_codes
    present, dense = np.unique(np.zeros(1) if codes is None else codes, return_inverse=True)
    groups = len(present)
    if codes is not None and groups < 2:
        raise DataError("All patients are of one cluster; differences between clusters cannot be estimated.")

    def refits() -> list[Array | None]:
        return [_or_none(fitted, dense != group) for group in range(groups)]

    return spread_of(
        psi,
        phi,
        clusters=None if codes is None else dense.astype(np.intp),
        groups=groups,
        source="stacked sandwich",
        refits=refits,
    )


def _or_none(fitted: Callable[[Any], tuple[Array, Array]], rows: NDArray[np.bool_]) -> Array | None:
    try:
        return fitted(rows)[1]
    except CausalmedError:
        return None


def _curve(
    estimand: Estimand,
    cohort: Cohort,
    doses: Array,
    found: _Standardised,
    level: float,
    seed: int,
    knots: int,
) -> Curve:
    values, covariance = found.values, found.spread.covariance
    error = np.sqrt(np.diagonal(covariance))
    pointwise, uniform = _quantiles(covariance, found.spread.degrees_of_freedom, level, seed)
    binary = cohort.column(estimand.outcome).kind == "binary"
    name, unit = cohort.column(estimand.exposure).name, cohort.column(estimand.exposure).unit_label
    adjusted = ", ".join(estimand.adjustment_set) or "nothing"
    low, high, wide_low, wide_high = (
        values + sign * quantile * error for quantile in (pointwise, uniform) for sign in (-1, 1)
    )
    if binary:
        low, high, wide_low, wide_high = (np.clip(line, 0, 1) for line in (low, high, wide_low, wide_high))
    return Curve(
        label=estimand.outcome,
        x=doses,
        estimate=values,
        low=low,
        high=high,
        uniform_low=wide_low,
        uniform_high=wide_high,
        x_label=f"{name} {unit}".rstrip(),
        y_label=f"{estimand.outcome}, per 100 patients" if binary else f"mean {estimand.outcome}",
        question=f"If everybody's {name} were at the value below, adjusted for {adjusted}.",
        n=cohort.n,
        level=level,
        per=100.0 if binary else 1.0,
        diagnostics=_gate(estimand, cohort, doses, found, binary=binary),
        provenance=Provenance.collect(
            data_fingerprint=cohort.fingerprint, spec=f"dose_response(knots={knots})", seed=seed
        ),
    )


def _gate(estimand: Estimand, cohort: Cohort, doses: Array, found: _Standardised, *, binary: bool) -> Gate:
    outcome = cohort.values(estimand.outcome)
    checks = [
        events_check(outcome, binary=binary, parameters=found.parameters),
        _support_check(cohort.values(estimand.exposure), doses),
    ]
    if binary:
        checks.append(rare_check(estimand.outcome, float(outcome.mean())))
    if cohort.cluster is not None:
        checks.append(clusters_check(cohort.cluster, cohort.clusters, found.spread))
    return Gate(checks=tuple(checks))


def _support_check(values: Array, doses: Array) -> Check:
    """Say how many patients lie beyond the outermost doses: there the curve rests on its straight tails."""
    beyond = min(int((values <= doses[0]).sum()), int((values >= doses[-1]).sum()))
    return Check(
        name="support",
        state=State.PASS if beyond >= _FEWEST_BEYOND else State.WARN,
        sentence=f"At least {beyond:,} patients have a value as far out as each end of the curve.",
        value=float(beyond),
        threshold=float(_FEWEST_BEYOND),
        advice="The ends rest on few patients and on a straight line: ask about doses nearer to the middle.",
    )


def _quantiles(covariance: Array, degrees: float, level: float, seed: int) -> tuple[float, float]:
    """Return the quantile of one standardised error, and of the largest of all."""
    from scipy.special import ndtri, stdtrit

    upper = 0.5 + level / 2
    single = float(ndtri(upper)) if np.isinf(degrees) else float(stdtrit(degrees, upper))
    error = np.sqrt(np.diagonal(covariance))
    size = np.where(error > 0, error, 1.0)
    values, vectors = np.linalg.eigh(covariance / np.outer(size, size))
    rng = generator(seed, "dose response", "uniform band")
    draws = rng.standard_normal((_DRAWS, len(values))) * np.sqrt(np.maximum(values, 0.0)) @ vectors.T
    if not np.isinf(degrees):
        draws /= np.sqrt(rng.chisquare(degrees, (_DRAWS, 1)) / degrees)
    largest = float(np.quantile(np.abs(draws).max(axis=1), level))
    return single, max(single, largest)
