"""The words around a matched effect."""

from __future__ import annotations

from causalmed.estimation.matching.matched_effect import Comparison
from causalmed.estimation.matching.spec import Matching
from causalmed.estimation.models import Regression
from causalmed.estimation.problem import Problem

__all__ = ["assumptions_of", "left_out", "overrides_of"]

WHO = {"all": "patients", "exposed": "exposed patients", "unexposed": "unexposed patients"}


def assumptions_of(problem: Problem, spec: Matching) -> tuple[str, ...]:
    """Return what must hold: the estimand's assumptions and that matches are alike."""
    if spec.scored:
        alike = "The propensity model is right, and patients matched on it have nearly the same score."
    elif spec.corrects:
        alike = "Matched patients are alike, but for what a linear correction mends."
    else:
        alike = "Matched patients are alike in the adjustment set."
    return (*problem.estimand.assumptions, alike)


def overrides_of(
    problem: Problem, spec: Matching, propensity: Regression | None, comparison: Comparison
) -> tuple[str, ...]:
    """Return which safeguards the analyst set aside, in sentences."""
    answer = list(problem.estimand.overrides)
    if sentence := left_out(problem, spec, comparison):
        answer.append(sentence)
    if propensity is not None:
        unread = [column.name for column in problem.covariates if column.name not in propensity.columns]
        if unread:
            answer.append(f"The formula of the propensity model leaves out {', '.join(unread)}.")
    if propensity is not None and spec.replace and spec.variance == "known":
        answer.append("The standard error takes the propensity score as known, though it was estimated.")
    return tuple(answer)


def left_out(problem: Problem, spec: Matching, comparison: Comparison) -> str:
    """Say how many patients found no match, and about whom the effect is then; empty where all did."""
    asked, kept = int(comparison.asked.sum()), int(comparison.kept.sum())
    if kept == asked:
        return ""
    reasons = []
    if spec.caliper is not None:
        unit = {"propensity": "the propensity score", "logit": "the logit of the propensity score"}
        of = f" SD of {unit[spec.on]}" if spec.scored else ""
        reasons.append(f"within {spec.caliper:g}{of}")
    if spec.exact:
        reasons.append(f"with the same {', '.join(spec.exact)}")
    if not spec.replace:
        reasons.append("that was still free")
    where = " ".join(reasons) or "in the other arm"
    return (
        f"{asked - kept:,} of {asked:,} {WHO[problem.population]} found no match {where}: the effect is "
        f"about the {kept:,} who did."
    )
