r"""The refuters: change the data so that the answer is known, estimate again, compare.

Every refuter hands a changed cohort to :func:`causalmed.estimate`, so that *every* nuisance is fitted again
each time; a propensity score kept from before would make a shuffled exposure look confounded. With R
repetitions, estimates :math:`\hat\theta_r`, standard errors :math:`s_r` and known answers :math:`\theta_r`,
two numbers are read:

* how far the answers are off on average, :math:`\bar d = R^{-1} \sum (\hat\theta_r - \theta_r)`, in its own
  Monte-Carlo errors;
* how often the interval misses the known answer, against the binomial distribution.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from causalmed.cohort import Cohort
from causalmed.engine import generator
from causalmed.errors import InvalidArgument
from causalmed.identification import Estimand
from causalmed.regression import DesignRecipe, fit_linear, fit_logistic
from causalmed.results import Check, Effect, State
from causalmed.results.words import number

__all__ = ["REFUTERS", "Refuter", "Trial"]

Array = NDArray[np.float64]
Estimate = Callable[[Estimand, Cohort], Effect]
_FAR: Final = 3.0
_VERY_FAR: Final = 4.5
_UNLIKELY: Final = 1e-2
_VERY_UNLIKELY: Final = 1e-4
_SHARE: Final = 0.8
_PLANTED: Final = math.log(2)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trial:
    """What every refuter needs.

    Attributes
    ----------
    effect : Effect
        What is put to the test.
    estimand : Estimand
        Its estimand.
    cohort : Cohort
        The patients.
    again : callable
        Estimates as the effect was estimated.
    repetitions : int
        How often.
    seed : int
        Of the changes.
    """

    effect: Effect
    estimand: Estimand
    cohort: Cohort
    again: Estimate
    repetitions: int
    seed: int

    def stream(self, name: str, repetition: int) -> np.random.Generator:
        """Return the generator of one change."""
        return generator(self.seed, "refute", name, str(repetition))


Refuter = Callable[[Trial], Check]


def placebo_exposure(trial: Trial) -> Check:
    """Shuffle the exposure among the patients (within clusters): the effect must vanish."""
    name, column = trial.estimand.exposure, trial.cohort.column(trial.estimand.exposure)
    found = []
    for r in range(trial.repetitions):
        shuffled = _shuffled(column.values, trial.cohort.cluster_codes, trial.stream("placebo", r))
        cohort = trial.cohort.assign(name, shuffled, column.kind, levels=column.levels)
        found.append(_line(trial.again(trial.estimand, cohort), 0.0))
    return _verdict(
        "placebo exposure",
        np.array(found),
        did=f"With {name} shuffled among the patients, so that it cannot act,",
        should="none",
        advice="The estimator finds effects where there are none: look at overlap, clusters and the models.",
    )


def random_common_cause(trial: Trial) -> Check:
    """Adjust for pure noise as well: the estimate must not move."""
    moved = []
    for r in range(trial.repetitions):
        name = _free_name(trial.cohort, "random_common_cause")
        noise = trial.stream("common cause", r).standard_normal(trial.cohort.n)
        cohort = trial.cohort.assign(name, noise, "continuous")
        wider = replace(trial.estimand, adjustment_set=(*trial.estimand.adjustment_set, name))
        moved.append(trial.again(wider, cohort).difference.estimate - trial.effect.difference.estimate)
    error = trial.effect.difference.std_error
    worst = float(np.max(np.abs(moved))) / error if error > 0 else 0.0
    state = State.PASS if worst <= 0.5 else State.WARN if worst <= 1 else State.FAIL
    return Check(
        name="random common cause",
        state=state,
        sentence=(
            f"Adjusting for pure noise as well moved the estimate by at most {number(worst, 2)} of its "
            "standard "
            f"errors in {len(moved)} tries."
        ),
        value=worst,
        threshold=0.5,
        advice="The models follow noise: use fewer parameters, stronger shrinkage or more patients.",
    )


def subset(trial: Trial) -> Check:
    """Estimate in random subsets of 80 %: the estimates must scatter as their errors say."""
    found = []
    for r in range(trial.repetitions):
        keep = _kept(trial.cohort, trial.stream("subset", r))
        part = trial.again(trial.estimand, trial.cohort.take(keep))
        found.append(part.difference.estimate - trial.effect.difference.estimate)
    error = trial.effect.difference.std_error * math.sqrt(1 / _SHARE - 1)
    spread = float(np.sqrt(np.mean(np.square(found)))) / error if error > 0 else 0.0
    apart = trial.cohort.clusters / 2 if trial.cohort.cluster else float("inf")
    high, wide = (_largest_spread(min(len(found), apart), p) for p in (_UNLIKELY, _VERY_UNLIKELY))
    state = State.PASS if spread <= high else State.WARN if spread <= wide else State.FAIL
    return Check(
        name="subset",
        state=state,
        sentence=(
            f"In {len(found)} random subsets of {100 * _SHARE:g} % the estimate moved {number(spread, 2)} "
            "times as "
            f"much as its standard error foretells (up to {number(high, 3)} is chance)."
        ),
        value=spread,
        threshold=high,
        advice="The standard error is too small, or a few patients carry the estimate: look at the weights.",
    )


def simulated_outcome(trial: Trial) -> Check:
    """Replace the outcome by one simulated with a known effect: the interval must find it."""
    simulate = _simulator(trial)
    found = []
    for r in range(trial.repetitions):
        cohort, truth = simulate(trial.stream("outcome", r))
        found.append(_line(trial.again(trial.estimand, cohort), truth))
    return _verdict(
        "simulated outcome",
        np.array(found),
        did=f"With {trial.estimand.outcome} simulated from a model with a known effect,",
        should="the known one",
        advice=(
            "The estimator does not find an effect that is there: look at overlap, clusters and the models."
        ),
    )


REFUTERS: Final[dict[str, Refuter]] = {
    "placebo exposure": placebo_exposure,
    "random common cause": random_common_cause,
    "subset": subset,
    "simulated outcome": simulated_outcome,
}
"""Name → refuter."""


def _line(effect: Effect, truth: float) -> tuple[float, float, float]:
    found = effect.difference
    return found.estimate - truth, found.std_error, float(not found.low <= truth <= found.high)


def _verdict(name: str, found: Array, *, did: str, should: str, advice: str) -> Check:
    off, errors, missed = found.T
    mean, size = float(off.mean()), float(np.sqrt(np.mean(errors**2)))
    monte_carlo = float(off.std(ddof=1)) / math.sqrt(len(off))
    away = abs(mean) / monte_carlo if monte_carlo > 0 else 0.0
    chance = _at_least(int(missed.sum()), len(missed), 0.05)
    if away > _VERY_FAR or chance < _VERY_UNLIKELY:
        state = State.FAIL
    elif away > _FAR or chance < _UNLIKELY:
        state = State.WARN
    else:
        state = State.PASS
    return Check(
        name=name,
        state=state,
        sentence=(
            f"{did} {len(off)} estimates were off by {number(mean, 2)} on average (standard error of one: "
            f"{number(size, 2)}), where the answer is {should}; {int(missed.sum())} of their intervals "
            "missed it."
        ),
        value=mean,
        threshold=_FAR * monte_carlo,
        advice=advice,
    )


def _at_least(count: int, trials: int, share: float) -> float:
    from scipy.special import bdtrc

    return 1.0 if count == 0 else float(bdtrc(count - 1, trials, share))


def _largest_spread(count: float, chance: float) -> float:
    """Return the root mean square that so many standard normals exceed with this chance."""
    from scipy.special import chdtri

    effective = max(2.0, count)
    return math.sqrt(float(chdtri(effective, chance)) / effective)


def _shuffled(values: Array, clusters: NDArray[np.intp] | None, rng: np.random.Generator) -> Array:
    order = rng.permutation(len(values))
    if clusters is None:
        return np.asarray(values[order])
    answer = np.empty_like(values)
    by_cluster = np.argsort(clusters, kind="stable")
    drawn = order[np.argsort(clusters[order], kind="stable")]
    answer[by_cluster] = values[drawn]
    return answer


def _kept(cohort: Cohort, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Return a mask of 80 % of the patients, or of the clusters."""
    codes = cohort.cluster_codes
    if codes is None:
        keep = np.zeros(cohort.n, dtype=bool)
        keep[rng.permutation(cohort.n)[: max(2, round(_SHARE * cohort.n))]] = True
        return keep
    present = np.unique(codes)
    chosen = rng.permutation(present)[: max(2, round(_SHARE * len(present)))]
    return np.isin(codes, chosen)


def _free_name(cohort: Cohort, wanted: str) -> str:
    while wanted in cohort:
        wanted += "_"
    return wanted


def _check_known(estimand: Estimand, effect: Effect) -> None:
    """Refuse an effect whose truth a planted coefficient does not give."""
    if (estimand.kind, estimand.effect) != ("backdoor", "total") or effect.horizon is not None:
        raise InvalidArgument(
            "A simulated outcome has a known answer for total effects by adjustment without a horizon only. "
            "Leave it out of checks= here."
        )
    if any(isinstance(value, str) for value in effect.contrast):
        raise InvalidArgument(
            "A simulated outcome needs an exposure with two values. Leave it out of checks= here."
        )


def _simulator(trial: Trial) -> Callable[[np.random.Generator], tuple[Cohort, float]]:
    """Return a function that replaces the outcome by a simulated one and says the true difference."""
    from scipy.special import expit

    cohort, estimand, effect = trial.cohort, trial.estimand, trial.effect
    _check_known(estimand, effect)
    a, b = (float(value) for value in effect.contrast)
    names = (estimand.exposure, *estimand.adjustment_set)
    recipe = DesignRecipe.learn([cohort.column(name) for name in names])
    columns = [cohort.column(name) for name in names]
    X = recipe.build(columns).matrix
    y = cohort.values(estimand.outcome)
    binary = effect.outcome_kind == "binary"
    fit = (fit_logistic if binary else fit_linear)(X, y, names=recipe.names)
    arms = [recipe.build(columns, override={estimand.exposure: v}).matrix for v in (a, b)]
    beta = np.array(fit.coefficients)
    spread = float(np.std(y - X @ beta)) if not binary else 1.0
    at = [i for i, name in enumerate(recipe.names) if name == estimand.exposure]
    if len(at) != 1:
        raise InvalidArgument("A simulated outcome needs an exposure with two values or a number.")
    beta[at[0]] = _PLANTED * (1.0 if binary else spread)
    who = _population(effect.population, cohort.values(estimand.exposure), (a, b))
    means = [expit(A @ beta) if binary else A @ beta for A in arms]
    truth = float((means[0] - means[1])[who].mean())
    mean = np.asarray(expit(X @ beta) if binary else X @ beta)

    def simulate(rng: np.random.Generator) -> tuple[Cohort, float]:
        if binary:
            drawn = (rng.random(len(mean)) < mean).astype(np.float64)
        else:
            drawn = mean + spread * rng.standard_normal(len(mean))
        column = cohort.column(estimand.outcome)
        kind = column.kind if binary else "continuous"
        return cohort.assign(estimand.outcome, drawn, kind, levels=column.levels if binary else ()), truth

    return simulate


def _population(name: str, exposure: Array, contrast: tuple[float, float]) -> NDArray[np.bool_]:
    if name == "overlap":
        raise InvalidArgument(
            "A simulated outcome has no known answer in the overlap population, whose patients the data "
            "weigh. "
            'Leave it out of checks=, or refute the effect in population="all".'
        )
    if name == "all":
        return np.ones(len(exposure), dtype=bool)
    return np.asarray(exposure == (contrast[0] if name == "exposed" else contrast[1]))
