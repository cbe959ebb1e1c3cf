"""The words around an effect: the question, what must hold, what was switched off."""

from __future__ import annotations

from causalmed.estimation.problem import Problem
from causalmed.estimation.solving import Nuisances
from causalmed.estimation.specs import Estimator

__all__ = ["WHO", "assumptions_of", "overrides_of", "question_of"]

WHO = {
    "all": "all patients",
    "exposed": "the patients who were exposed",
    "unexposed": "the patients who were not exposed",
    "overlap": "the patients who could have been treated either way",
}


def question_of(problem: Problem) -> str:
    """Return the question as a sentence with its population."""
    stated = problem.estimand.question or (
        f"What would change in {problem.estimand.outcome} if {problem.estimand.exposure} were changed?"
    )
    return f"{stated} Asked about {WHO[problem.population]}."


def assumptions_of(problem: Problem, nuisances: Nuisances) -> tuple[str, ...]:
    """Return what must hold: the estimand's assumptions and those of the models."""
    outcome, propensity = nuisances.working.m1 is not None, nuisances.working.e is not None
    if outcome and propensity:
        models = "The outcome model or the propensity model is right (one of the two is enough)."
    elif outcome:
        models = "The outcome model is right."
    else:
        models = "The propensity model is right."
    return (*problem.estimand.assumptions, models)


def overrides_of(problem: Problem, spec: Estimator, nuisances: Nuisances) -> tuple[str, ...]:
    """Return which safeguards the analyst set aside, in sentences."""
    answer = list(problem.estimand.overrides)
    trim = getattr(spec, "trim", None)
    if trim is not None:
        answer.append(
            f"Propensity scores were bounded at a stated trim={trim:g}, not by the sample-size rule."
        )
    fitted = {"propensity": nuisances.propensity}
    fitted["outcome"] = None if nuisances.outcome is None else nuisances.outcome.models[0]
    for name, model in fitted.items():
        read = () if model is None else model.columns
        left_out = [column.name for column in problem.covariates if column.name not in read]
        if model is not None and left_out:
            answer.append(f"The formula of the {name} model leaves out {', '.join(left_out)}.")
    return tuple(answer)
