"""Matching as one of the room's families of estimators."""

from __future__ import annotations

import numpy as np

from causalmed.errors import ColumnNotFound, DataError, InvalidArgument
from causalmed.estimation.asked import Asked
from causalmed.estimation.crude import crude_functionals
from causalmed.estimation.inference import check_clusters
from causalmed.estimation.matching.gate import balance_of, gate_of
from causalmed.estimation.matching.matched_effect import Comparison, compare, compare_pairs
from causalmed.estimation.matching.spec import Matching
from causalmed.estimation.matching.words import assumptions_of, overrides_of
from causalmed.estimation.models import Regression, fit_propensity
from causalmed.estimation.pictures import balance_picture, overlap_picture
from causalmed.estimation.problem import LARGEST, Problem, pose_problem
from causalmed.estimation.statements import question_of
from causalmed.estimation.targets import LABELS
from causalmed.results import Effect, Functionals, Provenance

__all__ = ["answer"]


def answer(asked: Asked) -> Effect:
    """Answer a question by matching.

    Parameters
    ----------
    asked : Asked
        With a back-door estimand and :class:`Matching`.

    Returns
    -------
    Effect

    Raises
    ------
    InvalidArgument, ColumnNotFound, DataError
        The specification does not suit the question or the cohort.
    PositivityViolation
        Nobody found a match.
    """
    spec = asked.spec
    assert isinstance(spec, Matching)
    problem = pose_problem(asked.estimand, asked.cohort, contrast=asked.contrast, population=asked.population)
    _check(asked, problem, spec)
    check_clusters(problem)
    propensity = fit_propensity(problem, spec.propensity, executor=asked.executor) if spec.scored else None
    if spec.replace:
        comparison = compare(problem, spec, propensity, executor=asked.executor)
    else:
        comparison = compare_pairs(problem, spec, propensity)
    return _effect(asked, problem, spec, propensity, comparison)


def _effect(
    asked: Asked, problem: Problem, spec: Matching, propensity: Regression | None, comparison: Comparison
) -> Effect:
    table = balance_of(problem, comparison.weights)
    functionals = Functionals(
        labels=LABELS,
        values=comparison.psi,
        covariance=comparison.covariance,
        source=comparison.source,
        degrees_of_freedom=comparison.degrees_of_freedom,
    )
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
        diagnostics=gate_of(problem, spec, propensity, comparison, table),
        estimator=repr(spec),
        n=problem.n,
        events=problem.events,
        clusters=problem.groups or None,
        assumptions=assumptions_of(problem, spec),
        overrides=overrides_of(problem, spec, propensity, comparison),
        provenance=Provenance.collect(
            data_fingerprint=asked.cohort.fingerprint, spec=repr(spec), seed=asked.seed
        ),
        outcome_unit=asked.cohort.column(problem.estimand.outcome).unit_label,
        overlap=overlap_picture(problem, None if propensity is None else propensity.fit.mean),
        balance=balance_picture(problem, table),
    )


def _check(asked: Asked, problem: Problem, spec: Matching) -> None:
    if asked.horizon is not None:
        raise InvalidArgument(
            f"horizon={asked.horizon!r}: Matching compares outcomes that everybody has, not times. Use an "
            "estimator for follow-up, or a yes/no outcome at the horizon."
        )
    if absent := [name for name in spec.exact if name not in problem.estimand.adjustment_set]:
        raise ColumnNotFound(
            f"exact= names {', '.join(map(repr, absent))}, which the adjustment set does not hold "
            f"({', '.join(problem.estimand.adjustment_set) or 'it is empty'}). Matching exactly on a column "
            "is adjusting for it: take one of the set, or identify the effect with a set that holds it."
        )
    if not spec.replace and problem.population == "all":
        raise InvalidArgument(
            "Matching(replace=False) pairs each exposed patient with one who is not, which says nothing "
            'about the others. Ask with population="exposed" or "unexposed", or use replace=True.'
        )
    if not spec.replace and problem.clusters is not None and problem.cluster_name not in spec.exact:
        raise InvalidArgument(
            "Matching(replace=False) has no sound standard error where the two of a pair may lie in two "
            f"clusters. Pair within them (exact=[{problem.cluster_name!r}], and adjust for it), or use "
            "replace=True."
        )
    if huge := [each.name for each in problem.covariates if not np.abs(each.values).max() < LARGEST]:
        raise DataError(
            f"{', '.join(huge)} in the adjustment set hold numbers so large that distances overflow. Rescale "
            "what you match on."
        )
