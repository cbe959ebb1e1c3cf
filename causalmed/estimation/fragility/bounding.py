"""The two doors of omitted-variable bias: a linear model, and a doubly robust effect."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from causalmed.arguments import require_names, require_seed, require_share
from causalmed.cohort import Cohort
from causalmed.engine import Local
from causalmed.errors import ColumnNotFound, InvalidArgument, RoleConflict
from causalmed.estimation.covariance import clustered, independent
from causalmed.estimation.fragility.linear import LinearFragility, fragility_of_fit
from causalmed.estimation.fragility.omitted import (
    ConfoundingBounds,
    ConfoundingMark,
    Moments,
    check_named,
    check_shares,
    moments_of,
)
from causalmed.estimation.problem import Problem, pose_problem
from causalmed.estimation.solving import fit_nuisances
from causalmed.estimation.specs import AIPW, TMLE
from causalmed.estimation.suitability import check_suits
from causalmed.identification import Estimand
from causalmed.regression import DesignRecipe
from causalmed.results import Functionals

__all__ = ["confounding_bounds", "linear_fragility"]

Array = NDArray[np.float64]
Groups = Iterable[str | Sequence[str]]


def linear_fragility(
    cohort: Cohort,
    *,
    exposure: str,
    outcome: str,
    covariates: Iterable[str] = (),
    benchmarks: Groups = (),
    times: Sequence[float] = (1.0, 2.0, 3.0),
    level: float = 0.95,
) -> LinearFragility:
    r"""Say how strong a confounder must be to explain a coefficient of a linear model away.

    Parameters
    ----------
    cohort : Cohort
        The patients.
    exposure, outcome : str
        A column of numbers (or yes/no) each.
    covariates : iterable of str
        What the model adjusts for.
    benchmarks : iterable of str or of sequences of str
        Covariates to compare a confounder with, alone or several together.
    times : sequence of float
        How many times as strong as the benchmark.
    level : float
        Confidence level, in (0, 1).

    Returns
    -------
    LinearFragility

    Raises
    ------
    ColumnNotFound, RoleConflict, InvalidArgument, DataError
        The columns are not there or play two roles; the model has no residual degrees of freedom.

    References
    ----------
    Cinelli C, Hazlett C (2020). J R Stat Soc B 82:39-67.

    Examples
    --------
    >>> import pandas as pd
    >>> rng = np.random.default_rng(1)
    >>> age = rng.normal(size=500)
    >>> hours = age + rng.normal(size=500)
    >>> frame = pd.DataFrame({"age": age, "hours": hours, "stay": 0.5 * hours + age + rng.normal(size=500)})
    >>> found = linear_fragility(Cohort.from_frame(frame), exposure="hours", outcome="stay",
    ...                          covariates=["age"], benchmarks=["age"], times=[0.5])
    >>> round(found.robustness_value, 2), round(found.benchmarks[0].estimate, 2)
    (0.44, -0.04)
    """
    require_share("level", level, example=0.95)
    names = tuple(dict.fromkeys(require_names("covariates", covariates)))
    if absent := [name for name in (exposure, outcome, *names) if name not in cohort]:
        raise ColumnNotFound.among(absent, cohort.names, where="linear_fragility")
    if exposure == outcome or {exposure, outcome} & set(names):
        raise RoleConflict(
            f"{exposure!r} and {outcome!r} must be two columns, and neither may be adjusted for."
        )
    groups = _grouped(benchmarks)
    check_named(groups, names)
    recipe = DesignRecipe.learn([cohort.column(name) for name in names])
    design = recipe.build([cohort.column(name) for name in names], rows=cohort.n).matrix
    where = {group: np.concatenate([_columns_of(cohort, names, name) for name in group]) for group in groups}
    return Local().map(
        lambda _: fragility_of_fit(
            design=design,
            exposure=cohort.values(exposure),
            outcome=cohort.values(outcome),
            groups=where,
            times=tuple(float(value) for value in times),
            names=(exposure, outcome),
            level=float(level),
        ),
        [0],
    )[0]


def confounding_bounds(
    estimand: Estimand,
    cohort: Cohort,
    estimator: AIPW | TMLE | None = None,
    *,
    outcome_share: float = 0.03,
    exposure_share: float = 0.03,
    rho: float = 1.0,
    benchmarks: Groups = (),
    contrast: tuple[float, float] = (1, 0),
    level: float = 0.95,
    seed: int = 0,
    n_jobs: int = 1,
) -> ConfoundingBounds:
    """Bound an average effect under confounding of stated strength, by debiased machine learning.

    Parameters
    ----------
    estimand : Estimand
        Identified by adjustment.
    cohort : Cohort
        The patients.
    estimator : AIPW, TMLE or None
        Whose nuisances are used; None: ``AIPW()``.
    outcome_share, exposure_share : float
        C_Y and C_D, in [0, 1): what a confounder would account for, beyond what was adjusted for.
    rho : float
        Correlation of its two errors; 1 is the worst case.
    benchmarks : iterable of str or of sequences of str
        Columns of the adjustment set whose own strength is measured by leaving them out.
    contrast, level, seed, n_jobs
        As for :func:`causalmed.estimate`.

    Returns
    -------
    ConfoundingBounds

    Raises
    ------
    InvalidArgument, ColumnNotFound
        An argument outside its range; a yardstick that was not adjusted for.
    CausalmedError
        Whatever estimating the effect raises.

    Examples
    --------
    >>> import pandas as pd
    >>> rng = np.random.default_rng(1)
    >>> age = rng.normal(size=3000)
    >>> late = rng.random(3000) < 1 / (1 + np.exp(-age))
    >>> ssi = rng.random(3000) < 1 / (1 + np.exp(1.5 - late - 0.5 * age))
    >>> cohort = Cohort.from_frame(pd.DataFrame({"age": age, "late": late, "ssi": ssi}))
    >>> question = Estimand.given(exposure="late", outcome="ssi", adjustment_set=["age"])
    >>> bounds = confounding_bounds(question, cohort, benchmarks=["age"])
    >>> 0.1 < bounds.low < bounds.estimate < bounds.high < 0.3
    True
    """
    spec = _checked(estimand, estimator, level, seed)
    check_shares(outcome_share, exposure_share, rho)
    groups = _grouped(benchmarks)
    check_named(groups, estimand.adjustment_set)
    executor = Local(n_jobs=n_jobs)

    def moments(asked: Estimand) -> Moments:
        problem = pose_problem(asked, cohort, contrast=contrast, population="all")
        return _moments(problem, spec, seed, executor, level)

    full = executor.map(moments, [estimand])[0]
    marks = tuple(_mark(group, full, moments(_leaving_out(estimand, group))) for group in groups)
    theta = float(full.values[0])
    found = ConfoundingBounds(
        exposure=estimand.exposure,
        outcome=estimand.outcome,
        moments=full,
        estimate=theta,
        low=theta,
        high=theta,
        conf_low=float("nan"),
        conf_high=float("nan"),
        outcome_share=0.0,
        exposure_share=0.0,
        rho=1.0,
        robustness_value=full.robustness(with_interval=False),
        robustness_value_limit=full.robustness(with_interval=True),
        marks=marks,
    )
    return found.at(outcome_share=outcome_share, exposure_share=exposure_share, rho=rho)


def _checked(estimand: Estimand, estimator: AIPW | TMLE | None, level: float, seed: int) -> AIPW | TMLE:
    spec = AIPW() if estimator is None else estimator
    if not isinstance(spec, AIPW | TMLE):
        raise InvalidArgument(
            f"confounding_bounds() needs AIPW() or TMLE(), not {spec!r}: it uses both models."
        )
    if not isinstance(estimand, Estimand):
        raise InvalidArgument(f"estimand= must be an Estimand, not {type(estimand).__name__}.")
    check_suits(estimand, spec, "all")
    require_share("level", level, example=0.95)
    require_seed(seed)
    return spec


def _moments(problem: Problem, spec: Any, seed: int, executor: Local, level: float) -> Moments:
    working = fit_nuisances(problem, spec, seed=seed, executor=executor).working
    values, phi = moments_of(
        exposed=working.exposed,
        outcome=working.outcome,
        m1=working.regression(1),
        m0=working.regression(0),
        e=working.score,
    )
    if problem.clusters is None:
        covariance, degrees = independent(phi), float("inf")
    else:
        covariance = clustered(phi, problem.clusters, problem.groups)
        degrees = problem.groups - 1.0
    parts = Functionals(
        labels=("effect", "residual", "representer"),
        values=values,
        covariance=covariance,
        source="influence function",
        degrees_of_freedom=degrees,
    )
    return Moments(values=values, covariance=covariance, quantile=parts.quantile(level))


def _mark(group: tuple[str, ...], full: Moments, short: Moments) -> ConfoundingMark:
    """Measure a yardstick; Chernozhukov and others (2022), section 4.3."""
    theta, sigma2, nu2 = full.values
    theta_s, sigma2_s, nu2_s = short.values
    outcome_share = float(np.clip((sigma2_s - sigma2) / sigma2_s, 0.0, 1 - 1e-9))
    exposure_share = float(np.clip(1 - nu2_s / nu2, 0.0, 1 - 1e-9))
    error = np.sqrt(max(sigma2_s - sigma2, 0.0) * max(nu2 - nu2_s, 0.0))
    rho = float(np.clip((theta_s - theta) / error, -1.0, 1.0)) if error > 0 else 0.0
    # the same share of what is still left, for a confounder beyond the measured ones
    ends, _ = full.bounds(outcome_share=outcome_share, exposure_share=exposure_share, rho=1.0)
    return ConfoundingMark(
        covariates=group,
        outcome_share=outcome_share,
        exposure_share=exposure_share,
        rho=rho,
        change=float(theta_s - theta),
        low=float(ends[0]),
        high=float(ends[1]),
    )


def _leaving_out(estimand: Estimand, group: tuple[str, ...]) -> Estimand:
    rest = tuple(name for name in estimand.adjustment_set if name not in group)
    return replace(estimand, adjustment_set=rest)


def _grouped(benchmarks: Groups) -> tuple[tuple[str, ...], ...]:
    if isinstance(benchmarks, str):
        benchmarks = (benchmarks,)
    return tuple((group,) if isinstance(group, str) else tuple(group) for group in benchmarks)


def _columns_of(cohort: Cohort, names: tuple[str, ...], wanted: str) -> NDArray[np.intp]:
    """Return which columns of the design belong to a covariate."""
    at = 1
    for name in names:
        width = len(DesignRecipe.learn([cohort.column(name)], intercept=False).names)
        if name == wanted:
            return np.arange(at, at + width)
        at += width
    raise ColumnNotFound.among([wanted], names, where="benchmarks=")
