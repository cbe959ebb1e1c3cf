"""From an estimand and a cohort to an effect."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import cast, overload

from causalmed.arguments import require_seed, require_share
from causalmed.cohort import Cohort, StreamedCohort
from causalmed.engine import Local
from causalmed.errors import InvalidArgument, PositivityWarning, RareEventWarning
from causalmed.estimation.asked import Asked
from causalmed.estimation.exposures.shift import Shift
from causalmed.estimation.families import answer
from causalmed.estimation.power import detectable_check, equipoise_check
from causalmed.estimation.repeats import with_checks
from causalmed.estimation.specs import Estimator
from causalmed.estimation.subgroup_effects import SubgroupEffects
from causalmed.estimation.subgroups import within_levels
from causalmed.estimation.suitability import check_is_estimator, check_suits
from causalmed.identification import Estimand
from causalmed.results import Effect, State

__all__ = ["estimate"]

Contrast = tuple[float | str, float | str] | Shift


@overload
def estimate(
    estimand: Estimand,
    cohort: Cohort | StreamedCohort,
    estimator: Estimator | None = None,
    *,
    contrast: Contrast = (1, 0),
    population: str = "all",
    by: None = None,
    horizon: float | None = None,
    level: float = 0.95,
    seed: int = 0,
    n_jobs: int = 1,
) -> Effect: ...


@overload
def estimate(
    estimand: Estimand,
    cohort: Cohort | StreamedCohort,
    estimator: Estimator | None = None,
    *,
    contrast: Contrast = (1, 0),
    population: str = "all",
    by: str,
    horizon: float | None = None,
    level: float = 0.95,
    seed: int = 0,
    n_jobs: int = 1,
) -> SubgroupEffects: ...


def estimate(
    estimand: Estimand,
    cohort: Cohort | StreamedCohort,
    estimator: Estimator | None = None,
    *,
    contrast: Contrast = (1, 0),
    population: str = "all",
    by: str | None = None,
    horizon: float | None = None,
    level: float = 0.95,
    seed: int = 0,
    n_jobs: int = 1,
) -> Effect | SubgroupEffects:
    r"""Estimate an identified effect.

    The answer is the joint estimate of :math:`E[Y(a)], E[Y(b)], E[Y]` in the population, with the
    covariance of the three; every scale of :class:`~causalmed.Effect` is arithmetic on it.

    Parameters
    ----------
    estimand : Estimand
        From :func:`causalmed.identify`, or stated with ``Estimand.given``. Its adjustment set is used as
        it is.
    cohort : Cohort or StreamedCohort
        The patients. Never changed. The rows of a cohort on disk (``Cohort.from_parquet``) are read block
        by block, by the workers of joblib's backend where ``joblib.parallel_config`` is in force.
    estimator : Estimator or None
        How; None: the usual one for this kind of effect, ``TMLE()`` for adjustment.
    contrast : tuple or Shift
        (a, b): the two values of the exposure that are compared: (1, 0) or (0, 1); two levels of an exposure
        that has several; or :class:`~causalmed.estimation.Shift`, a small change of everybody's number.
    population : {"all", "exposed", "unexposed", "overlap"}
        About whom: everybody, those with exposure a, those with b, or those who could have had either
        (weights e (1 - e)).
    by : str or None
        A column of the adjustment set with a few levels: one effect within each, everything fitted again
        there.
    horizon : float or None
        Time since time zero within which the outcome counts, in the unit of the cohort's follow-up
        (``FollowUp``); competing events such as death, and discharge, are what the follow-up says they are.
    level : float
        Confidence level, in (0, 1).
    seed : int
        Seed of folds and learners; parametric nuisances do not use it.
    n_jobs : int
        Threads; never changes a result.

    Returns
    -------
    Effect
        With ``by``, :class:`~causalmed.estimation.SubgroupEffects`.

    Raises
    ------
    InvalidArgument
        An option outside its list; an estimand this estimator cannot evaluate.
    PositivityViolation
        More than 1 % of the patients could hardly have been treated otherwise.
    NotEnoughEvents, DataError, NotConverged
        The data cannot answer; the message says why and what to do.

    Warns
    -----
    PositivityWarning
        Some propensity scores were truncated.
    RareEventWarning
        Fewer than 3 % of the patients have the outcome.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from causalmed import Cohort, Estimand, estimate
    >>> rng = np.random.default_rng(1)
    >>> age = rng.normal(60, 10, 4000)
    >>> late = rng.random(4000) < 1 / (1 + np.exp(-(age - 60) / 20))
    >>> risk = 1 / (1 + np.exp(2.2 - 0.6 * late - (age - 60) / 20))
    >>> frame = pd.DataFrame({"age": age, "late": late, "ssi": rng.random(4000) < risk})
    >>> question = Estimand.given(exposure="late", outcome="ssi", adjustment_set=["age"])
    >>> effect = estimate(question, Cohort.from_frame(frame))
    >>> print(effect.risk_difference)
    0.067 (95 % CI 0.045 to 0.089)
    """
    _check_arguments(estimand, cohort, estimator, population=population, level=level, seed=seed)
    everybody = cast(Cohort, cohort)
    asked = Asked(
        estimand=estimand,
        cohort=everybody,
        spec=estimator,
        contrast=contrast,
        population=population,
        horizon=_checked_horizon(horizon),
        level=float(level),
        seed=seed,
        executor=Local(n_jobs=n_jobs),
    )

    def one(inside: Estimand, patients: Cohort) -> Effect:
        # The outer map holds BLAS to one thread, so that no sum depends on the machine's load.
        found = Local().map(answer, [asked.of(patients, inside)])
        told = with_checks(found[0], equipoise_check(found[0].overlap), detectable_check(found[0]))
        return replace(told, level=asked.level, horizon=asked.horizon, spec=estimator, change=contrast)

    if by is not None:
        groups = within_levels(estimand, everybody, by, one=one)
        for label, effect in groups.effects.items():
            _warn(effect, f"For {by} = {label}: ")
        return groups
    effect = one(estimand, everybody)
    _warn(effect)
    return effect


def _check_arguments(
    estimand: Estimand,
    cohort: Cohort | StreamedCohort,
    spec: Estimator | None,
    *,
    population: str,
    level: float,
    seed: int,
) -> None:
    if not isinstance(estimand, Estimand):
        raise InvalidArgument(
            f"estimate() needs an Estimand, not {type(estimand).__name__}. Get one from "
            "identify(graph, exposure=…, outcome=…), or state one with Estimand.given(…)."
        )
    if not isinstance(cohort, Cohort | StreamedCohort):
        raise InvalidArgument(
            f"estimate() needs a Cohort, not {type(cohort).__name__}: Cohort.from_frame(frame, …)."
        )
    if spec is not None:
        check_is_estimator(spec)
        check_suits(estimand, spec, population)
    require_share("level", level, example=0.95)
    require_seed(seed)


def _checked_horizon(horizon: float | None) -> float | None:
    if horizon is None:
        return None
    if isinstance(horizon, bool) or not isinstance(horizon, int | float) or not 0 < horizon < float("inf"):
        raise InvalidArgument(f"horizon={horizon!r} must be a time above 0, in the unit of the follow-up.")
    return float(horizon)


def _warn(effect: Effect, where: str = "") -> None:
    for name, category in (("truncation", PositivityWarning), ("rare outcome", RareEventWarning)):
        for check in effect.diagnostics.checks:
            if check.name == name and check.state is not State.PASS:
                warnings.warn(f"{where}{check.sentence} {check.advice}", category, stacklevel=3)
