"""From fitted nuisances to means and covariances, pass by pass."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from causalmed.engine import exact_sum
from causalmed.estimation import ipw, tmle
from causalmed.estimation.balance import BalanceTable, arm_means, table_of
from causalmed.estimation.models import root_of
from causalmed.estimation.positivity import Truncation, refuse_beyond
from causalmed.estimation.specs import IPW, TMLE, Estimator, GComputation
from causalmed.estimation.streaming.census import StreamedProblem
from causalmed.estimation.streaming.passes import Passes
from causalmed.estimation.streaming.predicting import Fitted
from causalmed.estimation.streaming.statistics import (
    Fluctuation,
    Gradients,
    Influences,
    Means,
    Roots,
    Support,
    Targeting,
)
from causalmed.regression import DesignRecipe

__all__ = ["Evaluated", "evaluate", "searched"]

Array = NDArray[np.float64]
_EMPTY = np.zeros(0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evaluated:
    """Everything that was summed.

    Attributes
    ----------
    psi : ndarray, shape (3,)
        Means under a, under b, as observed.
    source : str
        Where the influence comes from.
    influence, crude : ndarray
        Sums of products of the influences, shape (3, 3); with clusters the sums within each, shape (G, k).
    model : ndarray, shape (3, 3), or None
        n times the covariance as the models imply it.
    truncation : Truncation or None
        What happened to the propensity scores.
    histogram : ndarray, shape (2, bars), or None
        Of the propensity scores.
    balance : BalanceTable or None
        Balance after weighting.
    targeted : Targeted or None
        The targeting step, without its rows.
    statistic : Influences
        Gives the influence of each patient of a block again.
    """

    psi: Array
    source: str
    influence: Array
    crude: Array
    model: Array | None
    truncation: Truncation | None
    histogram: Array | None
    balance: BalanceTable | None
    targeted: tmle.Targeted | None
    statistic: Influences


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Seen:
    """What the first pass saw: overlap, balance, and the sums of the estimator's own first statistics."""

    truncation: Truncation | None
    histogram: Array | None
    sums: Array | None
    recipe: DesignRecipe | None
    rest: list[list[Any]]


def evaluate(
    passes: Passes, problem: StreamedProblem, spec: Estimator, fitted: Fitted, *, rare: bool
) -> Evaluated:
    """Evaluate an estimator and the products of its influences.

    Parameters
    ----------
    passes : Passes
        The rows.
    problem : StreamedProblem
        The question.
    spec : Estimator
        GComputation, IPW, AIPW or TMLE.
    fitted : Fitted
        Its nuisances; for g-computation with a propensity model to look at the overlap.
    rare : bool
        Whether the model-based variance is wanted.

    Returns
    -------
    Evaluated

    Raises
    ------
    PositivityViolation, NotConverged
        Overlap fails; targeting has no answer.
    """
    if isinstance(spec, GComputation):
        return _standardised(passes, problem, fitted)
    if isinstance(spec, IPW):
        return _weighted(passes, problem, spec, fitted)
    return _augmented(passes, problem, spec, fitted, rare=rare)


def _augmented(
    passes: Passes, problem: StreamedProblem, spec: Estimator, fitted: Fitted, *, rare: bool
) -> Evaluated:
    first: Any = Targeting(fitted=fitted) if isinstance(spec, TMLE) else Means(fitted=fitted, how="aipw")
    seen = _look(passes, problem, fitted, first, trim=getattr(spec, "trim", None))
    bounded = 0
    if isinstance(spec, TMLE):
        sizes, outside = (exact_sum(part) for part in zip(*seen.rest[0], strict=True))
        bounded = int(outside[0])
        fitted = replace(fitted, epsilon=searched(passes, fitted, sizes))
        total = passes.total(Means(fitted=fitted, how="aipw"))
    else:
        total = exact_sum(seen.rest[0])
    psi = np.asarray(total[:3] / total[3])
    masses = np.array([total[3] / problem.n])
    statistic, sums, table = _influences(
        passes, problem, fitted, seen, how="aipw", psi=psi, masses=masses, rare=rare, spec=spec
    )
    targeted = None
    if fitted.epsilon is not None:
        ratio = tmle.remaining(sums[4], problem.n)
        targeted = tmle.Targeted(
            working=problem.bare_working(), epsilon=fitted.epsilon, bounded=bounded, ratio=ratio
        )
    return _result("influence function", psi, seen, table, sums, statistic, targeted, rare=rare)


def searched(passes: Passes, fitted: Fitted, sizes: Array) -> tuple[float, float]:
    """Fit both fluctuations side by side, so that one reading of the rows serves both."""
    searches = [tmle.newton(size) for size in sizes]
    epsilon = [next(search) for search in searches]
    running = {0, 1}
    while running:
        sums = passes.total(Fluctuation(fitted=fitted, epsilon=(epsilon[0], epsilon[1])))
        for at in sorted(running):
            try:
                epsilon[at] = searches[at].send(sums[at])
            except StopIteration as found:
                epsilon[at] = float(found.value)
                running.discard(at)
    return epsilon[0], epsilon[1]


def _weighted(passes: Passes, problem: StreamedProblem, spec: IPW, fitted: Fitted) -> Evaluated:
    seen = _look(passes, problem, fitted, Means(fitted=fitted, how="ipw"), trim=spec.trim)
    n, stabilised = problem.n, spec.stabilised
    total = exact_sum(seen.rest[0])
    masses = ipw.masses_of(total, n, stabilised=stabilised)
    psi = np.asarray(total[:3] / (n * masses))
    along: tuple[Array, ...] = ()
    if spec.variance == "stacked" and isinstance(fitted.propensity, tuple):
        wanted = Gradients(fitted=fitted, how="ipw", psi=psi, stabilised=stabilised)
        gradients, roots = passes.together(wanted, Roots(fitted=fitted, how="ipw"))
        root = root_of([part[0] for part in roots], n)
        along = (_solved(root, (exact_sum(gradients) / (n * masses[:, None])).T),)
    statistic, sums, table = _influences(
        passes, problem, fitted, seen, how="ipw", psi=psi, masses=masses, along=along, spec=spec
    )
    source = "stacked sandwich" if along else "robust, weights taken as known"
    return _result(source, psi, seen, table, sums, statistic, None)


def _standardised(passes: Passes, problem: StreamedProblem, fitted: Fitted) -> Evaluated:
    how, n = "gcomputation", problem.n
    wanted = (
        Means(fitted=fitted, how=how),
        Gradients(fitted=fitted, how=how, psi=_EMPTY),
        Roots(fitted=fitted, how=how),
    )
    seen = _look(passes, problem, fitted, *wanted, trim=None, refuse=False, balanced=False)
    means, gradients, roots = seen.rest
    total, gradient = exact_sum(means), exact_sum(gradients) / n
    psi, share = np.asarray(total[:3] / total[3]), total[3] / n
    triangles = [root_of(list(part), n) for part in zip(*roots, strict=True)]
    if len(triangles) == 1:
        both = _solved(triangles[0], gradient.T)
        along = (both[:, 0], both[:, 1])
    else:
        along = (_solved(triangles[0], gradient[0]), _solved(triangles[1], gradient[1]))
    statistic, sums, _ = _influences(
        passes, problem, fitted, seen, how=how, psi=psi, masses=np.array([share]), along=along, spec=None
    )
    return _result("stacked sandwich", psi, seen, None, sums, statistic, None)


def _solved(root: Array, gradient: Array) -> Array:
    return np.asarray(np.linalg.solve(root, np.linalg.solve(root.T, gradient)))


def _look(
    passes: Passes,
    problem: StreamedProblem,
    fitted: Fitted,
    *statistics: Any,
    trim: float | None,
    refuse: bool = True,
    balanced: bool = True,
) -> _Seen:
    if fitted.propensity is None:
        return _Seen(
            truncation=None, histogram=None, sums=None, recipe=None, rest=passes.together(*statistics)
        )
    recipe = None
    if balanced and problem.covariates:
        recipe = DesignRecipe.learn(problem.covariates, intercept=False)
    support, *rest = passes.together(Support(fitted=fitted, recipe=recipe), *statistics)
    counts, histogram, sums = (exact_sum([part[at] for part in support]) for at in range(3))
    largest = max(float(part[3][0]) for part in support)
    first, second, below, above = (int(count) for count in counts)
    if refuse and trim is None:
        sides = (below > 0, above > 0)
        refuse_beyond(problem, first + second, fitted.bound, largest, sides=sides)
    truncation = Truncation(
        e=_EMPTY,
        moved=np.zeros(0, dtype=bool),
        bound=fitted.bound,
        rule="sample size" if trim is None else "stated",
        largest_weight=largest,
        counts=(first, second),
    )
    return _Seen(truncation=truncation, histogram=histogram, sums=sums, recipe=recipe, rest=rest)


def _influences(
    passes: Passes,
    problem: StreamedProblem,
    fitted: Fitted,
    seen: _Seen,
    *,
    how: str,
    psi: Array,
    masses: Array,
    spec: Estimator | None,
    along: tuple[Array, ...] = (),
    rare: bool = False,
) -> tuple[Influences, list[Array], BalanceTable | None]:
    balanced = how != "gcomputation" and seen.sums is not None
    statistic = Influences(
        fitted=fitted,
        how=how,
        psi=psi,
        masses=masses,
        along=along,
        crude=problem.census.crude,
        n=problem.n,
        groups=problem.groups,
        recipe=seen.recipe,
        means=arm_means(seen.sums) if balanced and seen.sums is not None else None,
        rare=rare,
        targeted=fitted.epsilon is not None,
        stabilised=getattr(spec, "stabilised", True),
    )
    sums = [exact_sum(part) for part in zip(*passes.each(statistic), strict=True)]
    if not balanced or seen.sums is None:
        return statistic, sums, None
    names = () if seen.recipe is None else seen.recipe.names
    return statistic, sums, table_of(names, seen.sums, sums[2])


def _result(
    source: str,
    psi: Array,
    seen: _Seen,
    table: BalanceTable | None,
    sums: list[Array],
    statistic: Influences,
    targeted: tmle.Targeted | None,
    *,
    rare: bool = False,
) -> Evaluated:
    return Evaluated(
        psi=psi,
        source=source,
        influence=sums[0],
        crude=sums[1],
        model=sums[3] if rare else None,
        truncation=seen.truncation,
        histogram=seen.histogram,
        balance=table,
        targeted=targeted,
        statistic=statistic,
    )
