"""The gate of an effect: what was looked at, what was found, what to do next."""

from __future__ import annotations

import numpy as np

from causalmed.estimation.balance import BalanceTable
from causalmed.estimation.covariance import FEW
from causalmed.estimation.inference import Inference
from causalmed.estimation.outcome_checks import one_sided_check, rare_check_of
from causalmed.estimation.positivity import Truncation, structural_holes
from causalmed.estimation.problem import Problem
from causalmed.estimation.solving import Nuisances, Solution
from causalmed.results import Check, Gate, State

__all__ = ["FAR", "LINE", "gate_of"]

LINE = 0.1
FAR = 0.25


def gate_of(
    problem: Problem,
    nuisances: Nuisances,
    solution: Solution,
    inference: Inference,
    table: BalanceTable | None,
    overlap: Truncation | None,
) -> Gate:
    """Run every check that applies.

    Parameters
    ----------
    problem, nuisances, solution, inference
        What was asked, fitted and found.
    table : BalanceTable or None
        Balance after weighting, where there are weights.
    overlap : Truncation or None
        What the propensity scores look like; for g-computation measured, not used.

    Returns
    -------
    Gate
    """
    taken = "The larger of two variances was used." if "model-based" in inference.source else ""
    checks = [
        _events(problem, nuisances),
        rare_check_of(problem, note=taken),
        one_sided_check(problem),
        *_holes(problem, nuisances, modelled=overlap is not None),
        *([] if overlap is None else [_truncation(problem, nuisances, overlap)]),
        *([] if table is None else [_overlap(problem, table), _balance(problem, nuisances, table)]),
        _convergence(problem, nuisances, solution),
        _clusters(problem, nuisances, inference),
    ]
    return Gate(checks=tuple(check for check in checks if check is not None))


def _events(problem: Problem, nuisances: Nuisances) -> Check:
    outcome = problem.estimand.outcome
    parameters = 1 if nuisances.outcome is None else nuisances.outcome.parameters
    if problem.outcome_kind == "binary":
        rarer = min(problem.events, problem.n - problem.events)
        what = (
            f"{rarer:,} patients with {outcome}"
            if rarer == problem.events
            else f"{rarer:,} without {outcome}"
        )
    else:
        rarer, what = problem.n, f"{problem.n:,} patients"
    per = rarer / parameters
    state = State.PASS if per >= 10 else State.WARN if per >= 3 else State.FAIL
    sentence = f"There are {what} for {parameters} numbers of the outcome model, {per:.1f} for each."
    if nuisances.outcome is None:
        sentence = f"There are {what}."
        state = State.PASS if rarer >= 10 else State.WARN if rarer >= 3 else State.FAIL
    return Check(
        name="events per parameter",
        state=state,
        sentence=sentence,
        value=per,
        threshold=10.0,
        advice="Adjust for fewer levels, use Logistic(firth=True), or collect more patients.",
    )


def _holes(problem: Problem, nuisances: Nuisances, *, modelled: bool) -> list[Check]:
    holes = structural_holes(problem)
    if not holes and not modelled:
        return [
            Check(
                name="overlap",
                state=State.FAIL,
                sentence=f"No model of who has {problem.estimand.exposure} could be fitted to the adjustment "
                "set: it tells exposed from unexposed patients without error, so none can be compared.",
                advice="Leave out the column that decides the exposure, or restrict the cohort to patients "
                "who could have had either.",
            )
        ]
    if not holes:
        return [
            Check(
                name="empty strata",
                state=State.PASS,
                sentence="Every group that was compared has patients of both kinds, exposed and not.",
                value=0.0,
                threshold=0.0,
            )
        ]
    patients = sum(hole.patients for hole in holes)
    listed = "; ".join(
        f"of {hole.patients:,} patients with {hole.stratum} none is {hole.missing}" for hole in holes[:3]
    )
    more = f"; and {len(holes) - 3} more such groups" if len(holes) > 3 else ""
    large = patients > 0.01 * problem.n
    return [
        Check(
            name="empty strata",
            state=State.FAIL if large else State.WARN,
            sentence=f"For {problem.estimand.exposure}, {listed}{more}: for them the model guesses.",
            value=float(patients),
            threshold=0.01 * problem.n,
            advice="Restrict the cohort to the groups that have both (`cohort.where`), and say so.",
        )
    ]


def _truncation(problem: Problem, nuisances: Nuisances, overlap: Truncation) -> Check:
    arms, count = overlap.counts, sum(overlap.counts)
    used = nuisances.truncation is not None
    fate = "They were moved to the bound." if used else "For them the outcome model guesses."
    if overlap.bound == 0:
        sentence = "No bound was set for the propensity scores."
    elif not count:
        sentence = f"No propensity score is closer than {overlap.bound:.2g} to 0 or 1."
    else:
        sentence = (
            f"{count:,} of {problem.n:,} patients ({arms[0]:,} exposed, {arms[1]:,} not) have a propensity "
            f"score closer than {overlap.bound:.2g} to 0 or 1. {fate}"
        )
    heavy = count > 0.01 * problem.n and not used
    return Check(
        name="truncation",
        state=State.FAIL if heavy and count > 0.1 * problem.n else State.WARN if count else State.PASS,
        sentence=sentence,
        value=float(count),
        threshold=0.0,
        advice='Report the count. If it is large, ask about population="overlap" or fewer kinds of patients.',
    )


def _overlap(problem: Problem, table: BalanceTable) -> Check:
    shares, sizes = [], []
    for size, arm in zip(table.effective, (1, 0), strict=True):
        shares.append(size / problem.arm_size(arm))
        sizes.append(size)
    smallest = min(sizes)
    state = State.FAIL if smallest < 5 else State.WARN if smallest < 30 or min(shares) < 0.2 else State.PASS
    return Check(
        name="overlap",
        state=state,
        sentence=(
            f"After weighting the exposed count as {sizes[0]:,.0f} patients ({100 * shares[0]:.0f} % of "
            f"them), the unexposed as {sizes[1]:,.0f} ({100 * shares[1]:.0f} %)."
        ),
        value=smallest,
        threshold=30.0,
        advice='A few patients carry the weight. Ask about population="overlap".',
    )


def _balance(problem: Problem, nuisances: Nuisances, table: BalanceTable) -> Check | None:
    if not len(table.after):
        return None
    size = np.abs(table.after)
    worst = int(size.argmax())
    name, value = table.names[worst], float(size[worst])
    from scipy.special import ndtri

    beyond_chance = (value - LINE) / table.error > float(ndtri(1 - 0.05 / len(size)))
    weights_alone = nuisances.outcome is None and nuisances.working.m1 is None
    state = State.PASS
    if value > LINE and beyond_chance:
        state = State.FAIL if value > FAR and weights_alone else State.WARN
    chance = "" if value <= LINE or beyond_chance else "; in groups this small that can be chance"
    return Check(
        name="balance",
        state=state,
        sentence=(
            f"After weighting, exposed and unexposed differ most in {name}: by {value:.2g} standard "
            f"deviations (before weighting at most {float(np.abs(table.before).max()):.2g}){chance}."
        ),
        value=value,
        threshold=LINE,
        advice="Try a richer formula for the propensity score, or ask about other patients.",
    )


def _convergence(problem: Problem, nuisances: Nuisances, solution: Solution) -> Check:
    fits = [] if nuisances.outcome is None else [model.fit for model in nuisances.outcome.models]
    fits += [] if nuisances.propensity is None else [nuisances.propensity.fit]
    many = len({id(fit) for fit in fits})
    done = "The regression converged." if many == 1 else f"All {many} regressions converged."
    parts = [done if fits else "Learners do not iterate."]
    value = max((fit.gradient_norm for fit in fits), default=0.0)
    state, targeted = State.PASS, solution.targeted
    if targeted is not None:
        parts.append(f"Targeting left {targeted.ratio:.1e} of the permitted error.")
        if targeted.bounded:
            parts.append(f"{targeted.bounded:,} predicted risks were kept from 0 or 1 by a millionth.")
            state = State.WARN if targeted.bounded > 0.01 * problem.n else State.PASS
    return Check(
        name="convergence",
        state=state,
        sentence=" ".join(parts),
        value=value,
        threshold=None,
        advice="Use a smoother learner or Logistic() for the outcome.",
    )


def _clusters(problem: Problem, nuisances: Nuisances, inference: Inference) -> Check | None:
    groups = problem.groups
    if not groups:
        return None
    size, exposed = problem.cluster_sizes
    with_it, without = int((exposed > 0).sum()), int((exposed < size).sum())
    how = "by their sums"
    if "bootstrap" in inference.source:
        how = "by a weight for each in every replicate"
    elif "jackknife" in inference.source:
        how = "by leaving out one at a time"
    elif nuisances.cross_fitted and groups < FEW:
        how = "by their sums (learners are not refitted)"
    skipped = ""
    if inference.not_refitted:
        names = ", ".join(inference.not_refitted[:3])
        skipped = f" Without {names} no model could be fitted; their influence was used instead."
    few = groups < 10 or min(with_it, without) < 10 or bool(inference.not_refitted)
    few = few or (groups < FEW and "by their sums" in how)
    return Check(
        name="clusters",
        state=State.WARN if few else State.PASS,
        sentence=(
            f"{groups} groups of {problem.cluster_name}, {with_it} with exposed and {without} with unexposed "
            f"patients; the interval allows for them {how}, with {groups - 1} degrees of freedom.{skipped}"
        ),
        value=float(min(groups, with_it, without)),
        threshold=10.0,
        advice="With few groups the interval is rough; more groups help, more patients of the same do not.",
    )
