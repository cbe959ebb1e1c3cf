"""Seeded simulations: is the estimate right on average, and the interval as often as it says?"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import binom

from causalmed import AIPW, IPW, TMLE, Cohort, Estimand, GComputation, estimate
from causalmed.engine import Local
from causalmed.errors import CausalmedError, CausalmedWarning, ScaleNotDefined
from causalmed.estimation import IPWRA
from causalmed.estimation.balance import balance
from causalmed.estimation.gate import gate_of
from causalmed.estimation.inference import infer
from causalmed.estimation.positivity import truncate
from causalmed.estimation.problem import pose_problem
from causalmed.estimation.solving import fit_nuisances, solve
from causalmed.results import Functionals, State, scales
from tests.coverage.designs import Design, draw, truth

ESTIMATORS: Mapping[str, Any] = {
    "GComputation": GComputation(),
    "IPW": IPW(),
    "IPWRA": IPWRA(),
    "AIPW": AIPW(),
    "TMLE": TMLE(),
}
"""The estimators that are simulated, with their default options."""
QUESTION = Estimand.given(exposure="a", outcome="y", adjustment_set=["u", "v"])
_HERE = Local()


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A risk difference with its interval, and whether the gate lets it be shown.

    ``log_ratio`` and ``log_odds`` are the limits of the log risk ratio and the log odds ratio.
    """

    estimate: float
    error: float
    low: float
    high: float
    reported: bool
    log_ratio: tuple[float, float]
    log_odds: tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Card:
    """What came out of one estimator under one design.

    ``refused`` counts cohorts in which the estimator raised, ``withheld`` those in which a check of the gate
    failed; the latter are part of bias and coverage nevertheless.
    """

    estimator: str
    draws: int
    refused: int
    withheld: int
    truth: float
    bias: float
    bias_error: float
    error_ratio: float
    coverage: float
    coverage_ratio: float
    coverage_odds: float

    def bounds(self, *, level: float = 0.95, tail: float = 1e-4) -> tuple[float, float]:
        """Coverage that chance allows for a right interval."""
        low, high = binom.ppf([tail, 1 - tail], self.draws, level) / self.draws
        return float(low), float(high)


def simulate(
    design: Design, *, draws: int, seed: int, estimators: Mapping[str, Any] = ESTIMATORS
) -> Iterator[Card]:
    """Estimate in every cohort with every estimator and make the cards."""
    found: dict[str, list[Answer | None]] = {name: [] for name in estimators}
    for number in range(draws):
        frame = draw(design, np.random.default_rng([seed, number]))
        for name, answer in answers(frame, estimators).items():
            found[name].append(answer)
    right = truth(design)
    for name, rows in found.items():
        yield _card(name, rows, right)


def answers(frame: pd.DataFrame, estimators: Mapping[str, Any] = ESTIMATORS) -> dict[str, Answer | None]:
    """Return the answer of each estimator, None where it refuses.

    What ``estimate`` does, with the nuisances that the estimators share fitted once.
    """
    cohort = Cohort.from_frame(frame, cluster="h" if "h" in frame else None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CausalmedWarning)
        try:
            # as in estimate(), the outer map holds BLAS to one thread
            return _HERE.map(lambda one: _together(one, estimators), [cohort])[0]
        except CausalmedError:
            return {name: _alone(cohort, spec) for name, spec in estimators.items()}


def _together(cohort: Cohort, estimators: Mapping[str, Any]) -> dict[str, Answer | None]:
    problem = pose_problem(QUESTION, cohort, contrast=(1, 0), population="all")
    both = fit_nuisances(problem, AIPW(), seed=0, executor=_HERE)
    overlap = truncate(both.raw, problem, trim=None, refuse=False)
    table = balance(problem, both.working)
    found: dict[str, Answer | None] = {}
    for name, spec in estimators.items():
        own = both
        if spec == GComputation():
            working = replace(both.working, e=None)
            own = replace(both, working=working, propensity=None, truncation=None, raw=None)
        elif spec == IPW():
            own = replace(both, working=replace(both.working, m1=None, m0=None), outcome=None)
        elif spec not in (AIPW(), TMLE()):
            own = fit_nuisances(problem, spec, seed=0, executor=_HERE)
        solution = solve(problem, spec, own)
        inference = infer(problem, spec, own, solution, executor=_HERE)
        weighed = None if spec == GComputation() else table
        gate = gate_of(problem, own, solution, inference, weighed, overlap)
        functionals = Functionals(
            labels=("exposed", "unexposed", "natural"),
            values=solution.psi,
            covariance=inference.covariance,
            source=inference.source,
            degrees_of_freedom=inference.degrees_of_freedom,
        )
        found[name] = _answer(functionals, gate.state is not State.FAIL)
    return found


def _alone(cohort: Cohort, spec: Any) -> Answer | None:
    try:
        effect = estimate(QUESTION, cohort, spec)
    except CausalmedError:
        return None
    return _answer(effect.functionals, effect.reported)


def _answer(functionals: Functionals, reported: bool) -> Answer:
    value = float(functionals.values[0] - functionals.values[1])
    error = functionals.std_error(functionals.gradient(exposed=1.0, unexposed=-1.0))
    reach = functionals.quantile(0.95) * error
    return Answer(
        estimate=value,
        error=error,
        low=value - reach,
        high=value + reach,
        reported=reported,
        log_ratio=_limits(scales.ratio, functionals),
        log_odds=_limits(scales.odds_ratio, functionals),
    )


def _limits(scale: Any, functionals: Functionals) -> tuple[float, float]:
    """The limits on the logarithm; nothing is held where the scale is not defined."""
    try:
        found = scale(functionals)
    except ScaleNotDefined:
        return np.inf, -np.inf
    return float(np.log(found.low)), float(np.log(found.high))


def _card(name: str, rows: list[Answer | None], truths: tuple[float, float, float]) -> Card:
    right, log_ratio, log_odds = truths
    given = [row for row in rows if row is not None]
    estimates = np.array([row.estimate for row in given])
    errors = np.array([row.error for row in given])
    spread = estimates.std(ddof=1)
    return Card(
        estimator=name,
        draws=len(given),
        refused=len(rows) - len(given),
        withheld=sum(not row.reported for row in given),
        truth=right,
        bias=float(estimates.mean() - right),
        bias_error=float(spread / np.sqrt(len(given))),
        error_ratio=float(np.sqrt(np.mean(errors**2)) / spread),
        coverage=float(np.mean([row.low <= right <= row.high for row in given])),
        coverage_ratio=float(np.mean([row.log_ratio[0] <= log_ratio <= row.log_ratio[1] for row in given])),
        coverage_odds=float(np.mean([row.log_odds[0] <= log_odds <= row.log_odds[1] for row in given])),
    )
