"""From an estimand and a cohort to an effect."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import overload

from causalmed.arguments import require_seed, require_share
from causalmed.cohort import Cohort
from causalmed.engine import Executor, Local
from causalmed.errors import (
    CausalmedError,
    InvalidArgument,
    PositivityWarning,
    RareEventWarning,
)
from causalmed.estimation.balance import BalanceTable, balance
from causalmed.estimation.crude import crude_functionals
from causalmed.estimation.gate import gate_of
from causalmed.estimation.inference import Inference, check_clusters, infer
from causalmed.estimation.models import fit_propensity
from causalmed.estimation.pictures import balance_picture, overlap_picture
from causalmed.estimation.positivity import Truncation, refuse_holes, truncate
from causalmed.estimation.problem import Problem, pose_problem
from causalmed.estimation.solving import Nuisances, Solution, fit_nuisances, learns, solve
from causalmed.estimation.specs import AIPW, IPW, IPWRA, TMLE, Estimator, GComputation
from causalmed.estimation.statements import assumptions_of, overrides_of, question_of
from causalmed.estimation.subgroup_effects import SubgroupEffects
from causalmed.estimation.subgroups import within_levels
from causalmed.estimation.targets import LABELS
from causalmed.identification import Estimand
from causalmed.regression import Logistic
from causalmed.results import Effect, Functionals, Provenance, State

__all__ = ["estimate"]


@overload
def estimate(
    estimand: Estimand,
    cohort: Cohort,
    estimator: Estimator | None = None,
    *,
    contrast: tuple[float, float] = (1, 0),
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
    cohort: Cohort,
    estimator: Estimator | None = None,
    *,
    contrast: tuple[float, float] = (1, 0),
    population: str = "all",
    by: str,
    horizon: float | None = None,
    level: float = 0.95,
    seed: int = 0,
    n_jobs: int = 1,
) -> SubgroupEffects: ...


def estimate(
    estimand: Estimand,
    cohort: Cohort,
    estimator: Estimator | None = None,
    *,
    contrast: tuple[float, float] = (1, 0),
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
    cohort : Cohort
        The patients. Never changed.
    estimator : GComputation, IPW, IPWRA, AIPW, TMLE or None
        How; None: ``TMLE()``.
    contrast : tuple of float
        (a, b): the two values of the exposure that are compared; (1, 0) or (0, 1).
    population : {"all", "exposed", "unexposed", "overlap"}
        About whom: everybody, those with exposure a, those with b, or those who could have had either
        (weights e (1 - e)).
    by : str or None
        A column of the adjustment set with a few levels: one effect within each, everything fitted again
        there.
    horizon : None
        Not available yet: for outcomes with a time.
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
    spec = TMLE() if estimator is None else estimator
    _check_arguments(estimand, cohort, spec, population=population, horizon=horizon, level=level, seed=seed)
    executor = Local(n_jobs=n_jobs)

    def one(asked: Estimand, patients: Cohort) -> Effect:
        problem = pose_problem(asked, patients, contrast=contrast, population=population)
        # The outer map holds BLAS to one thread, so that no sum depends on the machine's load.
        found = Local().map(lambda _: _answer(problem, patients, spec, seed=seed, executor=executor), [0])
        return replace(found[0], level=float(level))

    if by is not None:
        groups = within_levels(estimand, cohort, by, one=one)
        for label, effect in groups.effects.items():
            _warn(effect, f"For {by} = {label}: ")
        return groups
    effect = one(estimand, cohort)
    _warn(effect)
    return effect


def _answer(problem: Problem, cohort: Cohort, spec: Estimator, *, seed: int, executor: Executor) -> Effect:
    check_clusters(problem)
    if learns(spec):
        refuse_holes(problem)
    nuisances = fit_nuisances(problem, spec, seed=seed, executor=executor)
    solution = solve(problem, spec, nuisances)
    inference = infer(problem, spec, nuisances, solution, executor=executor)
    overlap, table = _support(problem, nuisances, executor)
    functionals = Functionals(
        labels=LABELS,
        values=solution.psi,
        covariance=inference.covariance,
        source=inference.source,
        degrees_of_freedom=inference.degrees_of_freedom,
        influence=solution.influence,
    )
    return _effect(problem, cohort, spec, seed, functionals, nuisances, solution, inference, table, overlap)


def _effect(
    problem: Problem,
    cohort: Cohort,
    spec: Estimator,
    seed: int,
    functionals: Functionals,
    nuisances: Nuisances,
    solution: Solution,
    inference: Inference,
    table: BalanceTable | None,
    overlap: Truncation | None,
) -> Effect:
    return Effect(
        exposure=problem.estimand.exposure,
        outcome=problem.estimand.outcome,
        contrast=problem.contrast,
        population=problem.population,
        outcome_kind=problem.outcome_kind,
        question=question_of(problem),
        adjustment_set=problem.estimand.adjustment_set,
        functionals=functionals,
        crude=crude_functionals(problem),
        diagnostics=gate_of(problem, nuisances, solution, inference, table, overlap),
        estimator=repr(spec),
        n=problem.n,
        events=problem.events,
        clusters=problem.groups or None,
        assumptions=assumptions_of(problem, nuisances),
        overrides=overrides_of(problem, spec, nuisances),
        provenance=Provenance.collect(data_fingerprint=cohort.fingerprint, spec=repr(spec), seed=seed),
        outcome_unit=cohort.column(problem.estimand.outcome).unit_label,
        overlap=overlap_picture(problem, nuisances.raw),
        balance=balance_picture(problem, table),
    )


def _support(
    problem: Problem, nuisances: Nuisances, executor: Executor
) -> tuple[Truncation | None, BalanceTable | None]:
    """Measure overlap and balance; for g-computation with a propensity model fitted for that alone."""
    if nuisances.truncation is not None:
        return nuisances.truncation, balance(problem, nuisances.working)
    try:
        model = fit_propensity(problem, Logistic(), executor=executor)
    except CausalmedError:
        return None, None  # the check of empty strata names what separates the arms
    return truncate(model.fit.mean, problem, trim=None, refuse=False), None


def _check_arguments(
    estimand: Estimand,
    cohort: Cohort,
    spec: Estimator,
    *,
    population: str,
    horizon: float | None,
    level: float,
    seed: int,
) -> None:
    if not isinstance(estimand, Estimand):
        raise InvalidArgument(
            f"estimate() needs an Estimand, not {type(estimand).__name__}. Get one from "
            "identify(graph, exposure=…, outcome=…), or state one with Estimand.given(…)."
        )
    if not isinstance(cohort, Cohort):
        raise InvalidArgument(
            f"estimate() needs a Cohort, not {type(cohort).__name__}: Cohort.from_frame(frame, …)."
        )
    if not isinstance(spec, GComputation | IPW | IPWRA | AIPW | TMLE):
        raise InvalidArgument(
            f"estimator={spec!r} is not an estimator. Use GComputation(), IPW(), IPWRA(), AIPW() or TMLE()."
        )
    _check_fit(estimand, spec, population)
    if horizon is not None:
        raise InvalidArgument(
            f"horizon={horizon!r} is not available yet: outcomes with a time cannot be estimated."
        )
    require_share("level", level, example=0.95)
    require_seed(seed)


def _check_fit(estimand: Estimand, spec: Estimator, population: str) -> None:
    if estimand.kind not in spec.targets:
        able = ", ".join(sorted(spec.targets))
        raise InvalidArgument(
            f"{type(spec).__name__} cannot evaluate an effect identified by {estimand.kind!r}; it evaluates: "
            f"{able}. Measure what would allow adjustment, or read the formula of the estimand."
        )
    if not isinstance(population, str) or population not in spec.populations:
        raise InvalidArgument.option("population", population, sorted(spec.populations))
    if population == "overlap" and not getattr(spec, "stabilised", True):
        raise InvalidArgument(
            "IPW(stabilised=False) has no overlap population: its size must be estimated too."
        )


def _warn(effect: Effect, where: str = "") -> None:
    for name, category in (("truncation", PositivityWarning), ("rare outcome", RareEventWarning)):
        for check in effect.diagnostics.checks:
            if check.name == name and check.state is not State.PASS:
                warnings.warn(f"{where}{check.sentence} {check.advice}", category, stacklevel=3)
