"""The words around an effect on the time to infection."""

from __future__ import annotations

from causalmed.estimation.solving import Nuisances
from causalmed.estimation.specs import IPW, Estimator
from causalmed.estimation.statements import WHO
from causalmed.estimation.survival.posing import Timed
from causalmed.estimation.survival.standin import Wanted

__all__ = ["assumptions_of", "question_of"]


def question_of(timed: Timed, wanted: Wanted) -> str:
    """Return the question as a sentence: a total effect, no event eliminated."""
    exposure = timed.problem.estimand.exposure
    who = WHO[timed.problem.population]
    if wanted.lost:
        return (
            f"How much time {timed.by_when} is lost to {timed.outcome} because of {exposure}, "
            f"{_kept(timed)}? Asked about {who}."
        )
    if wanted.cause == 1:
        what = f"The total effect of {exposure} on {timed.outcome} {timed.by_when}, {_kept(timed)}."
    else:
        name = timed.causes[wanted.cause - 2]
        what = f"The total effect of {exposure} on {name} without {timed.outcome} before it, {timed.by_when}."
    return f"{what} Asked about {who}."


def assumptions_of(timed: Timed, spec: Estimator, nuisances: Nuisances) -> tuple[str, ...]:
    """Return what must hold: that of the estimand, of the models, of the censoring."""
    problem = timed.problem
    outcome, propensity = nuisances.working.m1 is not None, nuisances.working.e is not None
    if outcome and propensity:
        models = "The outcome model or the propensity model is right (one of the two is enough)."
    else:
        models = f"The {'outcome' if outcome else 'propensity'} model is right."
    answer = [*problem.estimand.assumptions, models]
    if (timed.seen.cause == 0).any():
        given = ", ".join(problem.estimand.adjustment_set)
        alike = (
            f"Among patients alike in exposure and {given}" if given else "Among patients alike in exposure"
        )
        answer.append(f"{alike}, those lost to follow-up have the same later course as those who stay.")
        both = isinstance(spec, IPW)
        answer.append(
            "The model of the censoring is right."
            if both
            else "The model of the censoring or the hazards of the events are right (one of the two is "
            "enough)."
        )
    if timed.causes:
        answer.append(
            f"{_listed(timed.causes).capitalize()} is part of the course, not prevented: an exposure that "
            "kills early leaves less time for infection. Read the effect on it beside this one."
        )
    return tuple(answer)


def _kept(timed: Timed) -> str:
    return f"{_listed(timed.causes)} not eliminated" if timed.causes else "from the first event on"


def _listed(names: tuple[str, ...]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
