"""The gate of a matched effect: who was matched, how far away, how often, and whether it balanced."""

from __future__ import annotations

import numpy as np

from causalmed.estimation.balance import BalanceTable, arm_means, spread_sums, table_of
from causalmed.estimation.covariance import FEW
from causalmed.estimation.gate import FAR, LINE
from causalmed.estimation.matching.found import Array
from causalmed.estimation.matching.matched_effect import Comparison
from causalmed.estimation.matching.spec import Matching
from causalmed.estimation.matching.words import WHO, left_out
from causalmed.estimation.models import Regression
from causalmed.estimation.outcome_checks import one_sided_check, rare_check_of
from causalmed.estimation.problem import Problem
from causalmed.regression import DesignRecipe
from causalmed.results import Check, Gate, State

__all__ = ["balance_of", "gate_of"]

_FAR = 0.2
_USED_UP = 0.5


def balance_of(problem: Problem, weights: Array) -> BalanceTable:
    """Compare the exposed and the unexposed before and after matching.

    Parameters
    ----------
    problem : Problem
        The covariates.
    weights : ndarray, shape (n,)
        Weight of each patient in the mean of the own arm.

    Returns
    -------
    BalanceTable
    """
    A = problem.exposed
    X: Array = np.empty((problem.n, 0))
    names: tuple[str, ...] = ()
    if problem.covariates:
        recipe = DesignRecipe.learn(problem.covariates, intercept=False)
        X, names = recipe.build(problem.covariates, rows=problem.n).matrix, recipe.names
    each = (A, 1 - A, A * weights, (1 - A) * weights)
    total = np.array([[w.sum(), np.square(w).sum(), *(w @ X)] for w in each])
    return table_of(names, total, spread_sums(A, X, arm_means(total)))


def gate_of(
    problem: Problem,
    spec: Matching,
    propensity: Regression | None,
    comparison: Comparison,
    table: BalanceTable,
) -> Gate:
    """Run every check that applies.

    Parameters
    ----------
    problem, spec, propensity, comparison
        What was asked, how, with which model, and what came out.
    table : BalanceTable
        From :func:`balance_of`.

    Returns
    -------
    Gate
    """
    checks = [
        _events(problem),
        rare_check_of(problem),
        one_sided_check(problem),
        _matched(problem, spec, comparison),
        _distance(spec, comparison),
        _reuse(spec, table, comparison) if spec.replace else _used_up(problem, comparison),
        _balance(table),
        None if propensity is None else _convergence(propensity),
        _clusters(problem),
    ]
    return Gate(checks=tuple(check for check in checks if check is not None))


def _events(problem: Problem) -> Check:
    outcome = problem.estimand.outcome
    number, what = problem.n, f"{problem.n:,} patients"
    if problem.outcome_kind == "binary":
        number = min(problem.events, problem.n - problem.events)
        side = "with" if number == problem.events else "without"
        what = f"{number:,} patients {side} {outcome}"
    return Check(
        name="events",
        state=State.PASS if number >= 20 else State.WARN if number >= 5 else State.FAIL,
        sentence=f"There are {what}.",
        value=float(number),
        threshold=20.0,
        advice="Lengthen the follow-up or collect more patients.",
    )


def _matched(problem: Problem, spec: Matching, comparison: Comparison) -> Check:
    asked, kept = int(comparison.asked.sum()), int(comparison.kept.sum())
    sentence = left_out(problem, spec, comparison)
    return Check(
        name="matched",
        state=State.PASS if kept == asked else State.WARN if 2 * kept >= asked else State.FAIL,
        sentence=sentence or f"All {asked:,} {WHO[problem.population]} found a match.",
        value=(asked - kept) / asked,
        threshold=0.0,
        advice="Say about whom the effect is. Where most are lost, widen the caliper, match exactly on fewer "
        "columns, or restrict the cohort beforehand (`cohort.where`).",
    )


def _distance(spec: Matching, comparison: Comparison) -> Check:
    distance = comparison.distance[comparison.kept]
    if not spec.scored:
        return Check(
            name="distance",
            state=State.PASS,
            sentence=f"Matches lie at most {distance.max():.2g} away, half of them at most "
            f"{np.median(distance):.2g} (unit: {spec.metric.replace('_', ' ')} distance).",
            value=float(distance.max()),
        )
    share = float((distance > _FAR).mean())
    return Check(
        name="distance",
        state=State.WARN if share > 0.01 else State.PASS,
        sentence=f"Matches lie at most {distance.max():.2g} standard deviations of the {spec.on} away; "
        f"{100 * share:.2g} % of the patients have none within {_FAR:g}.",
        value=share,
        threshold=0.01,
        advice=f"Set caliper={_FAR:g} and report how many patients it leaves out.",
    )


def _reuse(spec: Matching, table: BalanceTable, comparison: Comparison) -> Check:
    sizes, most = table.effective, float(comparison.credit.max())
    return Check(
        name="reuse",
        state=State.FAIL if min(sizes) < 5 else State.WARN if min(sizes) < 30 else State.PASS,
        sentence=f"One patient stands in for at most {most:,.3g} others. With these weights the exposed "
        f"count as {sizes[0]:,.0f} patients, the unexposed as {sizes[1]:,.0f}.",
        value=min(sizes),
        threshold=30.0,
        advice="A few patients carry the comparison. Use more neighbours, or a caliper.",
    )


def _used_up(problem: Problem, comparison: Comparison) -> Check:
    other = ~comparison.asked
    share = float(comparison.credit[other].mean())
    return Check(
        name="reuse",
        state=State.WARN if share > _USED_UP else State.PASS,
        sentence=f"{int(comparison.credit.sum()):,} of {int(other.sum()):,} patients of the other arm were "
        f"used ({100 * share:.0f} %), each once.",
        value=share,
        threshold=_USED_UP,
        advice="Where nearly all are used there is no choice of similar ones, and little is adjusted. Use "
        "replace=True, or a caliper.",
    )


def _balance(table: BalanceTable) -> Check | None:
    if not len(table.after):
        return None
    from scipy.special import ndtri

    size = np.abs(table.after)
    worst = int(size.argmax())
    value, line = float(size[worst]), LINE
    beyond_chance = (value - line) / table.error > float(ndtri(1 - 0.05 / len(size)))
    state = State.PASS
    if value > line and beyond_chance:
        state = State.FAIL if value > FAR else State.WARN
    chance = "" if value <= line or beyond_chance else "; in groups this small that can be chance"
    return Check(
        name="balance",
        state=state,
        sentence=f"After matching, exposed and unexposed differ most in {table.names[worst]}: by {value:.2g} "
        f"standard deviations (before at most {float(np.abs(table.before).max()):.2g}){chance}.",
        value=value,
        threshold=line,
        advice="Try a richer formula for the propensity score, a caliper, or exact= on that column.",
    )


def _convergence(propensity: Regression) -> Check:
    return Check(
        name="convergence",
        state=State.PASS,
        sentence="The regression converged.",
        value=propensity.fit.gradient_norm,
    )


def _clusters(problem: Problem) -> Check | None:
    if problem.clusters is None:
        return None
    groups = problem.groups
    size = np.bincount(problem.clusters, minlength=groups)
    exposed = np.bincount(problem.clusters, weights=problem.exposed, minlength=groups)
    with_it, without = int((exposed > 0).sum()), int((exposed < size).sum())
    return Check(
        name="clusters",
        state=State.WARN if min(groups, with_it, without) < FEW else State.PASS,
        sentence=f"{groups} groups of {problem.cluster_name}, {with_it} with exposed and {without} with "
        f"unexposed patients; the interval adds up within them, with {groups - 1} degrees of freedom.",
        value=float(min(groups, with_it, without)),
        threshold=float(FEW),
        advice=f"Below {FEW} groups such an interval tends to be too narrow; TMLE() or IPWRA() can leave out "
        "one group at a time instead.",
    )
