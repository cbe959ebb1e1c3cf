r"""Two levels of an exposure that has several.

Each level a is a yes/no exposure :math:`A_a = 1\{A = a\}` of its own. With :math:`g_a(L) = P(A = a \mid L)`
and :math:`m_a(L) = E[Y \mid A = a, L]`, fitted among the patients of that level alone, every estimator of a
two-valued exposure gives :math:`E[Y(a)]` with the influence of each patient; the influences of two levels,
side by side, give their joint covariance (Imbens GW 2000. Biometrika 87:706-710: the propensity score of one
level at a time is enough).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from causalmed.cohort import Cohort
from causalmed.errors import ColumnNotFound, InvalidArgument, NotEnoughEvents
from causalmed.estimation import aipw
from causalmed.estimation.asked import Asked
from causalmed.estimation.backdoor import support
from causalmed.estimation.covariance import clustered, independent, spread_of
from causalmed.estimation.exposures.gates import merged
from causalmed.estimation.gate import gate_of
from causalmed.estimation.inference import RARE, Inference, check_clusters
from causalmed.estimation.positivity import refuse_holes
from causalmed.estimation.problem import Problem, pose_problem
from causalmed.estimation.solving import (
    Nuisances,
    Solution,
    fit_nuisances,
    learns,
    solve,
    values_without_each,
)
from causalmed.estimation.specs import AIPW, IPW, IPWRA, TMLE, Estimator, GComputation
from causalmed.estimation.statements import assumptions_of, overrides_of
from causalmed.estimation.suitability import check_suits
from causalmed.estimation.targets import LABELS
from causalmed.results import Effect, Functionals, Gate, Provenance

__all__ = ["answer"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Arm:
    """One level, answered.

    Attributes
    ----------
    label : str
        The level.
    problem, nuisances, solution : see :mod:`causalmed.estimation.backdoor`
        Of "has this level" against the rest.
    spec : Estimator
        The estimator, with one outcome model a level.
    """

    label: str
    problem: Problem
    nuisances: Nuisances
    solution: Solution
    spec: Estimator


def answer(asked: Asked) -> Effect:
    """Compare two levels.

    Parameters
    ----------
    asked : Asked
        ``contrast`` names two levels; GComputation, IPW, AIPW or TMLE (None: TMLE), all patients.

    Returns
    -------
    Effect

    Raises
    ------
    InvalidArgument
        No such level; a population other than all patients.
    """
    spec: Any = TMLE() if asked.spec is None else asked.spec
    check_suits(asked.estimand, spec, asked.population)
    if not isinstance(spec, GComputation | IPW | IPWRA | AIPW | TMLE):
        raise InvalidArgument(
            f"{type(spec).__name__} compares two values only. Use TMLE(), AIPW(), IPW() or GComputation() "
            "for an exposure of several levels, or restrict the cohort to two of them."
        )
    if asked.population != "all":
        raise InvalidArgument(
            f"population={asked.population!r} is not available for an exposure of several levels: the "
            "patients of a third level belong to neither side. Ask about population='all', or restrict the "
            "cohort to two levels (cohort.where) and make a yes/no column of them (cohort.assign)."
        )
    labels = _levels(asked)
    arms = [_arm(asked, label, spec) for label in labels]
    functionals, inference = _joint(arms, asked)
    gate = merged([_gate(arm, inference, asked) for arm in arms])
    return _effect(asked, spec, arms, functionals, gate)


def _levels(asked: Asked) -> tuple[str, str]:
    column = asked.cohort.column(asked.estimand.exposure)
    try:
        first, second = (str(value) for value in asked.contrast)
    except (TypeError, ValueError):
        raise InvalidArgument(
            f"contrast={asked.contrast!r} must name two levels of {column.name!r}."
        ) from None
    for label in (first, second):
        if label not in column.levels:
            known = ", ".join(column.levels)
            raise InvalidArgument(
                f"contrast={asked.contrast!r}: {column.name!r} has no level {label!r}. Its levels: {known}."
            )
    if first == second:
        raise InvalidArgument(f"contrast={asked.contrast!r} compares a level with itself; name two.")
    return first, second


def _arm(asked: Asked, label: str, spec: Any) -> Arm:
    problem = _posed(asked.estimand, asked.cohort, label)
    alone = replace(spec, by_arm=True) if hasattr(spec, "by_arm") else spec
    check_clusters(problem)
    if learns(alone):
        refuse_holes(problem)
    nuisances = fit_nuisances(problem, alone, seed=asked.seed, executor=asked.executor)
    solution = solve(problem, alone, nuisances)
    return Arm(label=label, problem=problem, nuisances=nuisances, solution=solution, spec=alone)


def _gate(arm: Arm, inference: Inference, asked: Asked) -> Gate:
    overlap, table = support(arm.problem, arm.nuisances, asked.executor)
    return gate_of(arm.problem, arm.nuisances, arm.solution, inference, table, overlap)


def _posed(estimand: Any, cohort: Cohort, label: str) -> Problem:
    """Return the question "has this level" against the rest."""
    column = cohort.column(estimand.exposure)
    has = (column.values == column.levels.index(label)).astype(np.float64)
    if has.sum() < 2:
        raise NotEnoughEvents(
            f"{int(has.sum())} of {cohort.n:,} patients have {column.name} = {label}: no spread can be "
            "estimated. Join levels with cohort.assign, or widen the cohort."
        )
    name = f"{column.name} = {label}"
    if name in cohort:
        raise ColumnNotFound(f"A column called {name!r} is in the way of the level of that name. Rename it.")
    one = replace(estimand, exposure=name)
    return pose_problem(one, cohort.assign(name, has, "binary"), contrast=(1, 0), population="all")


def _joint(arms: list[Arm], asked: Asked) -> tuple[Functionals, Inference]:
    first, second = (arm.solution for arm in arms)
    problem = arms[0].problem
    phi = np.column_stack([first.influence[:, 0], second.influence[:, 0], first.influence[:, 2]])
    psi = np.array([first.psi[0], second.psi[0], first.psi[2]])
    learned = any(arm.nuisances.cross_fitted for arm in arms)
    found = spread_of(
        psi,
        phi,
        clusters=problem.clusters,
        groups=problem.groups,
        source=first.source,
        refits=None if learned else lambda: _without_each(arms, asked),
    )
    rare = problem.outcome_kind == "binary" and problem.events < RARE * problem.n
    wider = _at_least_the_models(arms, found.covariance) if rare else found.covariance
    inference = Inference(
        covariance=wider,
        degrees_of_freedom=found.degrees_of_freedom,
        source=found.source
        if wider is found.covariance
        else f"model-based variance, larger than {found.source}",
        not_refitted=tuple(problem.cluster_labels[group] for group in found.not_refitted),
        rare=rare,
    )
    functionals = Functionals(
        labels=LABELS,
        values=psi,
        covariance=wider,
        source=inference.source,
        degrees_of_freedom=inference.degrees_of_freedom,
        influence=phi,
    )
    return functionals, inference


def _without_each(arms: list[Arm], asked: Asked) -> list[Array | None]:
    """Return the three means without each cluster in turn; None where a level has no answer."""
    found = [
        values_without_each(arm.problem, arm.spec, arm.nuisances, executor=asked.executor) for arm in arms
    ]
    return [
        None if one is None or two is None else np.array([one[0], two[0], one[2]])
        for one, two in zip(*found, strict=True)
    ]


def _at_least_the_models(arms: list[Arm], covariance: Array) -> Array:
    """Widen a level whose rare outcome makes its own variance too small to be trusted."""
    problem = arms[0].problem
    if not isinstance(arms[0].spec, AIPW | TMLE):
        return covariance
    stretch = np.ones(3)
    for at, arm in enumerate(arms):
        model = aipw.model_covariance(arm.solution.working, arm.solution.psi)[0, 0] / problem.n
        if model > covariance[at, at] > 0:
            stretch[at] = np.sqrt(model / covariance[at, at])
    return covariance if (stretch == 1).all() else covariance * np.outer(stretch, stretch)


def _effect(asked: Asked, spec: Any, arms: list[Arm], functionals: Functionals, gate: Gate) -> Effect:
    estimand, problem, cohort = asked.estimand, arms[0].problem, asked.cohort
    a, b = (arm.label for arm in arms)
    stated = (
        estimand.question or f"What would change in {estimand.outcome} if {estimand.exposure} were changed?"
    )
    overrides = dict.fromkeys(
        words for arm in arms for words in overrides_of(arm.problem, arm.spec, arm.nuisances)
    )
    return Effect(
        exposure=estimand.exposure,
        outcome=estimand.outcome,
        contrast=(a, b),
        population="all",
        outcome_kind=problem.outcome_kind,
        question=f"{stated} All patients with {estimand.exposure} = {a}, against all with {b}.",
        adjustment_set=estimand.adjustment_set,
        functionals=functionals,
        crude=_crude(arms, problem),
        diagnostics=gate,
        estimator=repr(spec),
        n=problem.n,
        events=problem.events,
        clusters=problem.groups or None,
        assumptions=assumptions_of(problem, arms[0].nuisances),
        overrides=tuple(overrides),
        provenance=Provenance.collect(data_fingerprint=cohort.fingerprint, spec=repr(spec), seed=asked.seed),
        outcome_unit=cohort.column(estimand.outcome).unit_label,
    )


def _crude(arms: list[Arm], problem: Problem) -> Functionals:
    """Return the plain means of the two levels, and of everybody."""
    columns, values = [], []
    for member in (*(arm.problem.exposed for arm in arms), np.ones(problem.n)):
        mean = float(member @ problem.outcome / member.sum())
        values.append(mean)
        columns.append(member * (problem.outcome - mean) / member.mean())
    phi = np.column_stack(columns)
    clusters = problem.clusters
    plain = clusters is None
    covariance = independent(phi) if clusters is None else clustered(phi, clusters, problem.groups)
    return Functionals(
        labels=LABELS,
        values=np.array(values),
        covariance=covariance,
        source="influence function" if plain else "influence function, clustered",
        degrees_of_freedom=float("inf") if plain else problem.groups - 1.0,
    )
