"""The gate of effects along some paths."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from causalmed.estimation.balance import effective_size
from causalmed.estimation.covariance import FEW
from causalmed.estimation.mediation.overlapping import Raised
from causalmed.estimation.outcome_checks import one_sided_check, rare_check_of
from causalmed.estimation.positivity import Truncation, structural_holes
from causalmed.estimation.problem import Problem
from causalmed.results import Check, State

__all__ = ["base_checks", "cluster_check", "events_check", "raised_check", "truncation_check", "weight_check"]

Array = NDArray[np.float64]


def base_checks(problem: Problem) -> list[Check]:
    """Run the checks that need no fit: rare outcome, one-sided arms, empty strata, clusters."""
    found = [rare_check_of(problem), one_sided_check(problem), _holes(problem), cluster_check(problem)]
    return [check for check in found if check is not None]


def events_check(problem: Problem, rows: NDArray[np.bool_], parameters: int, where: str) -> Check:
    """Hold the events behind the outcome regression against what it estimates."""
    y = problem.outcome[rows]
    binary = problem.outcome_kind == "binary"
    rarer = int(min(y.sum(), len(y) - y.sum())) if binary else len(y)
    what = f"patients with {problem.estimand.outcome}" if binary else "patients"
    if binary and rarer < y.sum():
        what = f"patients without {problem.estimand.outcome}"
    per = rarer / max(parameters, 1)
    if not parameters:
        return Check(
            name="events",
            state=State.PASS if rarer >= 50 else State.WARN if rarer >= 10 else State.FAIL,
            sentence=f"{where} there are {rarer:,} {what}.",
            value=float(rarer),
            threshold=50.0,
            advice="Learners need many events. Use Logistic() nuisances, or collect more patients.",
        )
    return Check(
        name="events per parameter",
        state=State.PASS if per >= 10 else State.WARN if per >= 3 else State.FAIL,
        sentence=f"{where} there are {rarer:,} {what} for {parameters} numbers of the outcome model, "
        f"{per:.1f} for each.",
        value=per,
        threshold=10.0,
        advice="Use by_arm=False, fewer levels or Logistic(firth=True), or collect more patients.",
    )


def truncation_check(problem: Problem, overlap: Truncation) -> Check:
    """Count propensity scores at the bound."""
    count = int(overlap.moved.sum())
    sentence = f"No propensity score is closer than {overlap.bound:.2g} to 0 or 1."
    if count:
        sentence = (
            f"{count:,} of {problem.n:,} patients have a propensity score closer than {overlap.bound:.2g} to "
            "0 or 1. They were moved to the bound."
        )
    return Check(
        name="truncation",
        state=State.WARN if count else State.PASS,
        sentence=sentence,
        value=float(count),
        threshold=0.0,
        advice="Report the count. If it is large, restrict the cohort to patients who could have had either.",
    )


def raised_check(problem: Problem, raised: Raised, what: str) -> Check:
    """Count probabilities of the mediators, or of the exposure given them, at the bound."""
    sentence = f"No probability of {what} is below {raised.bound:.2g}."
    if raised.moved:
        sentence = (
            f"For {raised.moved:,} of {problem.n:,} patients the probability of {what} is below "
            f"{raised.bound:.2g}. It was raised to that."
        )
    return Check(
        name="overlap of mediators",
        state=State.WARN if raised.moved else State.PASS,
        sentence=sentence,
        value=float(raised.moved),
        threshold=0.0,
        advice="Report the count. If it is large, merge levels of the mediators or ask about fewer of them.",
    )


def weight_check(weights: Array, size: int, who: str) -> Check:
    """Say how many patients the weighted ones count as, and whether the weights add up.

    The mean weight is 1 where the models behind it are right.
    """
    kept = effective_size(weights)
    mean = float(weights.mean())
    error = float(weights.std()) / np.sqrt(len(weights))
    off = abs(mean - 1) > 0.1 and abs(mean - 1) > 3 * error
    thin = kept < 30 or kept < 0.2 * size
    state = State.FAIL if kept < 5 else State.WARN if thin or off else State.PASS
    return Check(
        name="overlap",
        state=state,
        sentence=f"After weighting, {who} count as {kept:,.0f} patients ({100 * kept / size:.0f} % of them); "
        f"their weights average {mean:.2f} and should average 1.",
        value=kept,
        threshold=30.0,
        advice=(
            "The two models of the exposure disagree: give one of them a richer formula."
            if off and not thin
            else "A few patients carry the weight. Merge levels of the mediators, or ask about fewer of them."
        ),
    )


def cluster_check(problem: Problem) -> Check | None:
    """Say how clusters were allowed for: by sums of the influence, nothing being fitted again."""
    if problem.clusters is None:
        return None
    return Check(
        name="clusters",
        state=State.WARN if problem.groups < FEW else State.PASS,
        sentence=(
            f"{problem.groups} groups of {problem.cluster_name}; the interval allows for them by their sums, "
            f"with {problem.groups - 1} degrees of freedom."
        ),
        value=float(problem.groups),
        threshold=float(FEW),
        advice="With few groups such intervals can be too narrow; more groups help, more patients do not.",
    )


def _holes(problem: Problem) -> Check:
    holes = structural_holes(problem)
    patients = sum(hole.patients for hole in holes)
    listed = "; ".join(
        f"of {hole.patients:,} patients with {hole.stratum} none is {hole.missing}" for hole in holes[:3]
    )
    if not holes:
        sentence = "Every group that was compared has patients of both kinds, exposed and not."
    else:
        sentence = f"For {problem.estimand.exposure}, {listed}: for them the model guesses."
    state = State.FAIL if patients > 0.01 * problem.n else State.WARN if holes else State.PASS
    return Check(
        name="empty strata",
        state=state,
        sentence=sentence,
        value=float(patients),
        threshold=0.01 * problem.n,
        advice="Restrict the cohort to the groups that have both (`cohort.where`), and say so.",
    )
