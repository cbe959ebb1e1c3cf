"""The gate of a score that is linear in the exposure."""

from __future__ import annotations

import numpy as np

from causalmed.estimation.covariance import FEW
from causalmed.estimation.debiased.logistic import BOUND, Remainder
from causalmed.estimation.debiased.nuisances import two_valued
from causalmed.estimation.debiased.partially_linear import Slope
from causalmed.estimation.problem import Problem
from causalmed.results import Check, State

__all__ = ["bounded_check", "cluster_check", "event_check", "left_check"]

_LEAST_LEFT = 0.05


def event_check(problem: Problem) -> Check:
    """Count the events, or patients, behind the answer."""
    outcome = problem.estimand.outcome
    rarer, what = problem.n, f"{problem.n:,} patients"
    if problem.outcome_kind == "binary":
        rarer = min(problem.events, problem.n - problem.events)
        what = f"{problem.events:,} patients with {outcome}, {problem.n - problem.events:,} without"
    return Check(
        name="events",
        state=State.PASS if rarer >= 50 else State.WARN if rarer >= 10 else State.FAIL,
        sentence=f"There are {what}.",
        value=float(rarer),
        threshold=50.0,
        advice="Learners need many events. Use Logistic() nuisances, or collect more patients.",
    )


def left_check(problem: Problem, slope: Slope) -> Check:
    """Say how much of the exposure the adjustment set leaves to be compared, and on how many it rests."""
    thin = slope.left < _LEAST_LEFT or slope.effective < 30
    return Check(
        name="overlap",
        state=State.FAIL if slope.effective < 5 else State.WARN if thin else State.PASS,
        sentence=(
            f"The adjustment set leaves {100 * min(slope.left, 1.0):.0f} % of the variance of "
            f"{problem.estimand.exposure} unexplained; the patients it does not foretell count as "
            f"{slope.effective:,.0f} of {problem.n:,}."
        ),
        value=slope.left,
        threshold=_LEAST_LEFT,
        advice="Few patients carry the answer. Adjust for fewer columns, or restrict the cohort.",
    )


def bounded_check(problem: Problem, remainder: Remainder) -> Check:
    """Count predicted risks that had to be moved before their logit was taken."""
    share = remainder.bounded / problem.n
    return Check(
        name="bounded risks",
        state=State.WARN if share > 0.01 else State.PASS,
        sentence=f"{remainder.bounded:,} predicted risks were kept {BOUND:g} away from 0 or 1.",
        value=float(remainder.bounded),
        threshold=0.01 * problem.n,
        advice="Use a smoother learner or Logistic() for the outcome.",
    )


def cluster_check(problem: Problem) -> Check | None:
    """Say how clusters were allowed for; learners are not refitted, so few clusters make it rough."""
    if problem.clusters is None:
        return None
    groups = problem.groups
    parts = ""
    if two_valued(problem):
        size = np.bincount(problem.clusters, minlength=groups)
        exposed = np.bincount(problem.clusters, weights=problem.exposed, minlength=groups)
        with_it, without = int((exposed > 0).sum()), int((exposed < size).sum())
        parts = f", {with_it} with exposed and {without} with unexposed patients"
    return Check(
        name="clusters",
        state=State.WARN if groups < FEW else State.PASS,
        sentence=(
            f"{groups} groups of {problem.cluster_name}{parts}; folds keep them whole, the interval allows "
            f"for them by their sums (learners are not refitted), with {groups - 1} degrees of freedom."
        ),
        value=float(groups),
        threshold=float(FEW),
        advice="With few groups such intervals can be too narrow; TMLE() refits without each of them.",
    )
