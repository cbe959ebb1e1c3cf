"""Answer a question where some outcomes were not recorded."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from causalmed.cohort import Cohort
from causalmed.errors import InvalidArgument
from causalmed.estimation import families
from causalmed.estimation.asked import Asked
from causalmed.estimation.backdoor import support
from causalmed.estimation.crude import crude_functionals
from causalmed.estimation.gate import gate_of
from causalmed.estimation.imputed.recorded import (
    Recording,
    fit_on_recorded,
    fit_recording,
    from_weights,
    standing_in,
)
from causalmed.estimation.inference import Inference, check_clusters, infer
from causalmed.estimation.pictures import balance_picture, overlap_picture
from causalmed.estimation.positivity import default_bound, refuse_holes
from causalmed.estimation.problem import Problem, pose_problem
from causalmed.estimation.solving import Nuisances, Solution, learns, solve
from causalmed.estimation.specs import AIPW, IPW, TMLE, Estimator, GComputation
from causalmed.estimation.statements import assumptions_of, overrides_of, question_of
from causalmed.estimation.suitability import check_suits
from causalmed.estimation.targets import LABELS
from causalmed.results import Check, Effect, Functionals, Gate, Provenance, State

__all__ = ["answer"]

_HEAVY: Final = 20.0
_AT_RANDOM: Final = (
    "Given exposure and adjustment set, whether an outcome was recorded has nothing to do with the outcome."
)
_EITHER: Final = (
    "The model of who has a recorded outcome or the outcome model is right (one of the two is enough)."
)
_WEIGHTS: Final = "The model of who has a recorded outcome is right."
_OUTCOME: Final = "The outcome model holds for patients without a recorded outcome too."


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Found:
    problem: Problem
    recording: Recording
    nuisances: Nuisances
    solution: Solution
    inference: Inference


def answer(asked: Asked) -> Effect:
    """Answer a question whose outcome has missing values, by weighting or from the recorded alone.

    Parameters
    ----------
    asked : Asked
        Of a cohort in which, of the columns of the question, the outcome alone has holes.

    Returns
    -------
    Effect

    Raises
    ------
    InvalidArgument
        An estimator or a population that cannot weight for missing outcomes.
    """
    cohort, name = asked.cohort, asked.estimand.outcome
    assert cohort.incomplete is not None
    if cohort.incomplete.spec.outcome == "complete":
        effect: Effect = families.answer(asked.of(cohort.where_recorded([name])))
        alike = f"The effect is about patients whose {name} was recorded."
        return replace(
            effect,
            assumptions=(*effect.assumptions, alike),
            missingness=cohort.missingness(),
            overrides=(
                *effect.overrides,
                f"{cohort.n - effect.n:,} of {cohort.n:,} patients without {name} were left out.",
            ),
        )
    spec = _checked(asked)
    known = cohort.recorded(name)
    found = _solved(asked, spec, known)
    return _effect(asked, spec, found)


def _checked(asked: Asked) -> Estimator:
    spec = TMLE() if asked.spec is None else asked.spec
    outcome = asked.estimand.outcome
    instead = (
        "Use Imputation(outcome='impute'), or leave those patients out with Imputation(outcome='complete')."
    )
    if not isinstance(spec, GComputation | IPW | AIPW | TMLE):
        raise InvalidArgument(
            f"{type(spec).__name__} cannot weight for patients whose {outcome!r} was not recorded; TMLE(), "
            f"AIPW(), IPW() and GComputation() can. {instead}"
        )
    check_suits(asked.estimand, spec, asked.population)
    if asked.population == "overlap":
        raise InvalidArgument(
            f'population="overlap" cannot be weighted for patients whose {outcome!r} was not recorded. '
            f'{instead} Or ask about population="all".'
        )
    if getattr(spec, "repeats", 1) != 1 and learns(spec):
        raise InvalidArgument(
            f"repeats= is not available where {outcome!r} has missing values. {instead} Or use repeats=1."
        )
    return spec


def _solved(asked: Asked, spec: Estimator, known: NDArray[np.bool_]) -> _Found:
    seed, executor = asked.seed, asked.executor
    problem = pose_problem(
        asked.estimand,
        _filled(asked.cohort, asked.estimand.outcome),
        contrast=asked.contrast,
        population=asked.population,
    )
    check_clusters(problem)
    if learns(spec):
        refuse_holes(problem)
    recording = fit_recording(problem, spec, known, seed=seed, executor=executor)
    nuisances = fit_on_recorded(problem, spec, recording, seed=seed, executor=executor)
    outcome = standing_in(nuisances, spec, recording)
    nuisances = replace(nuisances, working=replace(nuisances.working, outcome=outcome))
    standin = replace(problem, outcome=outcome)
    solution = solve(standin, spec, nuisances)
    if isinstance(spec, IPW) and spec.variance == "stacked":
        extra = from_weights(nuisances, spec, recording, solution, problem.outcome)
        solution = replace(solution, influence=solution.influence + extra)
    inference = infer(standin, spec, nuisances, solution, executor=executor)
    return _Found(
        problem=problem, recording=recording, nuisances=nuisances, solution=solution, inference=inference
    )


def _filled(cohort: Cohort, name: str) -> Cohort:
    """Put the smallest recorded outcome where there is none: no number of it reaches an estimate."""
    column, known = cohort.as_recorded(name), cohort.recorded(name)
    values = np.full(cohort.n, column.values.min())
    values[known] = column.values
    return cohort.assign(name, values, column.kind, levels=column.levels)


def _effect(asked: Asked, spec: Estimator, found: _Found) -> Effect:
    problem, nuisances, cohort = found.problem, found.nuisances, asked.cohort
    overlap, table = support(problem, nuisances, asked.executor)
    gate = gate_of(problem, nuisances, found.solution, found.inference, table, overlap)
    alone = pose_problem(
        asked.estimand,
        cohort.where_recorded([asked.estimand.outcome]),
        contrast=asked.contrast,
        population=asked.population,
    )
    stated = f"{spec!r}, missing={cohort.incomplete.spec!r}" if cohort.incomplete else repr(spec)
    return Effect(
        exposure=problem.estimand.exposure,
        outcome=problem.estimand.outcome,
        contrast=problem.contrast,
        population=problem.population,
        outcome_kind=problem.outcome_kind,
        question=question_of(problem),
        adjustment_set=problem.estimand.adjustment_set,
        functionals=_functionals(found),
        crude=crude_functionals(alone),
        diagnostics=Gate(checks=(_check(problem, found.recording), *_of_recorded(gate, alone))),
        estimator=stated,
        n=problem.n,
        events=alone.events,
        clusters=problem.groups or None,
        assumptions=(*assumptions_of(problem, nuisances), _AT_RANDOM, _models(spec)),
        overrides=overrides_of(problem, spec, nuisances),
        provenance=Provenance.collect(data_fingerprint=cohort.fingerprint, spec=stated, seed=asked.seed),
        outcome_unit=cohort.as_recorded(problem.estimand.outcome).unit_label,
        overlap=overlap_picture(problem, nuisances.raw),
        balance=balance_picture(problem, table),
        missingness=cohort.missingness(),
    )


def _functionals(found: _Found) -> Functionals:
    return Functionals(
        labels=LABELS,
        values=found.solution.psi,
        covariance=found.inference.covariance,
        source=found.inference.source,
        degrees_of_freedom=found.inference.degrees_of_freedom,
        influence=found.solution.influence,
    )


def _of_recorded(gate: Gate, alone: Problem) -> tuple[Check, ...]:
    """Count the share of outcomes among the patients in whom they were recorded."""
    share = alone.events / alone.n
    sentence = (
        f"{alone.estimand.outcome} occurs in {100 * share:.2g} of 100 patients with a recorded outcome."
    )
    return tuple(
        replace(check, sentence=sentence, value=share) if check.name == "rare outcome" else check
        for check in gate.checks
    )


def _models(spec: Estimator) -> str:
    if isinstance(spec, GComputation):
        return _OUTCOME
    return _WEIGHTS if isinstance(spec, IPW) else _EITHER


def _check(problem: Problem, recording: Recording) -> Check:
    gone, n = ~recording.known, problem.n
    shares = [100 * float(gone[problem.exposed == arm].mean()) for arm in (1, 0)]
    largest, raised = float(recording.weight.max()), int(recording.raised.sum())
    sentence = (
        f"{int(gone.sum()):,} of {n:,} patients have no recorded {problem.estimand.outcome} ({shares[0]:.2g} "
        f"of 100 exposed, {shares[1]:.2g} of 100 unexposed); those who have count for up to {largest:.2g} "
        "patients."
    )
    if raised:
        sentence += (
            f" For {raised:,} the chance of a record was below {default_bound(n):.2g} and was raised to it."
        )
    state = State.WARN if largest > _HEAVY or raised or max(shares) > 50 else State.PASS
    return Check(
        name="missing outcomes",
        state=State.FAIL if raised > 0.01 * n else state,
        sentence=sentence,
        value=float(gone.mean()),
        threshold=0.5,
        advice="Find out what became of these patients, or ask about patients who are always followed.",
    )
