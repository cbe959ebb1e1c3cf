"""An effect from its parts, where only a contrast was estimated."""

from __future__ import annotations

from causalmed.engine import Executor
from causalmed.errors import CausalmedError
from causalmed.estimation.asked import Asked
from causalmed.estimation.crude import crude_functionals
from causalmed.estimation.models import fit_propensity
from causalmed.estimation.positivity import truncate
from causalmed.estimation.problem import Problem
from causalmed.estimation.statements import question_of
from causalmed.regression import Logistic
from causalmed.results import Check, ConditionalEffects, Effect, Functionals, Gate, Provenance, State

__all__ = ["contrast_effect", "overlap_check", "provenance_of"]


def contrast_effect(
    asked: Asked,
    problem: Problem,
    functionals: Functionals,
    checks: tuple[Check | None, ...],
    *,
    assumed: tuple[str, ...],
    conditional: ConditionalEffects | None = None,
) -> Effect:
    """Put the parts together.

    Parameters
    ----------
    asked : Asked
        With the estimator that answered.
    problem : Problem
        The question.
    functionals : Functionals
        The one that was estimated.
    checks : tuple of Check or None
        The gate; None is left out.
    assumed : tuple of str
        What must hold beside the assumptions of the estimand.
    conditional : ConditionalEffects, optional
        The effect in each patient's stratum.
    """
    two_valued = problem.exposure_column.kind == "binary"
    return Effect(
        exposure=problem.estimand.exposure,
        outcome=problem.estimand.outcome,
        contrast=problem.contrast,
        population=problem.population,
        outcome_kind=problem.outcome_kind,
        question=question_of(problem),
        adjustment_set=problem.estimand.adjustment_set,
        functionals=functionals,
        crude=crude_functionals(problem) if two_valued else None,
        diagnostics=Gate(checks=tuple(check for check in checks if check is not None)),
        estimator=repr(asked.spec),
        n=problem.n,
        events=problem.events,
        clusters=problem.groups or None,
        assumptions=(*problem.estimand.assumptions, *assumed),
        overrides=tuple(problem.estimand.overrides),
        provenance=provenance_of(asked),
        outcome_unit=asked.cohort.column(problem.estimand.outcome).unit_label,
        conditional=conditional,
        spec=asked.spec,
    )


def overlap_check(problem: Problem, executor: Executor) -> Check | None:
    """Measure overlap with a logistic model of a two-valued exposure; None for a number."""
    if problem.exposure_column.kind != "binary":
        return None
    try:
        score = fit_propensity(problem, Logistic(), executor=executor).fit.mean
    except CausalmedError as error:
        return Check(
            name="overlap",
            state=State.FAIL,
            sentence=f"No model of who has {problem.estimand.exposure} could be fitted: {error!s:.150}",
            advice="Leave out the column that decides the exposure, or restrict the cohort.",
        )
    measured = truncate(score, problem, trim=None, refuse=False)
    count = int(measured.moved.sum())
    far = f"closer than {measured.bound:.2g} to 0 or 1"
    return Check(
        name="overlap",
        state=State.FAIL if count > 0.1 * problem.n else State.WARN if count else State.PASS,
        sentence=(
            f"{count:,} of {problem.n:,} patients have a propensity score {far} (logistic model): for them "
            "the learner guesses."
            if count
            else f"No propensity score is {far} (logistic model)."
        ),
        value=float(count),
        threshold=0.0,
        advice="Restrict the cohort to patients who could have had either, and say so.",
    )


def provenance_of(asked: Asked) -> Provenance:
    """Return data, specification and seed of a question."""
    return Provenance.collect(
        data_fingerprint=asked.cohort.fingerprint, spec=repr(asked.spec), seed=asked.seed
    )
