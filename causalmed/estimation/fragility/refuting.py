"""Put an effect to the test where the answer is known."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from typing import Any

from causalmed.arguments import require_instance, require_names, require_seed
from causalmed.cohort import Cohort
from causalmed.engine import Local
from causalmed.errors import CausalmedError, CausalmedWarning, InvalidArgument
from causalmed.estimation.estimating import estimate
from causalmed.estimation.fragility.refutation import Refutation
from causalmed.estimation.fragility.refuters import REFUTERS, Trial
from causalmed.identification import Estimand
from causalmed.results import Check, Effect, Gate, Provenance, State

__all__ = ["refute"]


def refute(
    effect: Effect,
    estimand: Estimand,
    cohort: Cohort,
    *,
    checks: Iterable[str] = tuple(REFUTERS),
    repetitions: int = 40,
    seed: int = 0,
    n_jobs: int = 1,
) -> Refutation:
    """Estimate again where the answer is known, and say whether the estimator found it.

    Every repetition goes through :func:`causalmed.estimate` with the estimator, contrast and population of
    the effect: all nuisances are fitted again on the changed data.

    Parameters
    ----------
    effect : Effect
        What is put to the test.
    estimand : Estimand
        What it estimates.
    cohort : Cohort
        The patients it was estimated from.
    checks : iterable of str
        ``"placebo exposure"`` (shuffled: no effect), ``"random common cause"`` (noise adjusted for: no
        change), ``"subset"`` (80 % of the patients, or of the clusters: a change within the standard error),
        ``"simulated outcome"`` (a planted effect, to be found).
    repetitions : int
        Times each is repeated, at least 10.
    seed : int
        Seed of the changes.
    n_jobs : int
        Threads; never changes a result.

    Returns
    -------
    Refutation
        One verdict and one sentence a check.

    Raises
    ------
    InvalidArgument
        An unknown check; an effect of another exposure, outcome or cohort.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> rng = np.random.default_rng(1)
    >>> age = rng.normal(size=2000)
    >>> late = rng.random(2000) < 1 / (1 + np.exp(-age))
    >>> ssi = rng.random(2000) < 1 / (1 + np.exp(1.5 - late - 0.5 * age))
    >>> cohort = Cohort.from_frame(pd.DataFrame({"age": age, "late": late, "ssi": ssi}))
    >>> question = Estimand.given(exposure="late", outcome="ssi", adjustment_set=["age"])
    >>> effect = estimate(question, cohort)
    >>> refute(effect, question, cohort, checks=["placebo exposure"], repetitions=10).survived
    True
    """
    _check(effect, estimand, cohort, repetitions)
    require_seed(seed)
    chosen = _chosen(checks)
    trial = Trial(
        effect=effect,
        estimand=estimand,
        cohort=cohort,
        again=_again(effect, seed),
        repetitions=repetitions,
        seed=seed,
    )
    found = Local(n_jobs=n_jobs).map(lambda name: _one(name, trial), chosen)
    return Refutation(
        exposure=effect.exposure,
        outcome=effect.outcome,
        estimator=effect.estimator,
        checks=Gate(checks=tuple(found)),
        repetitions=repetitions,
        provenance=Provenance.collect(data_fingerprint=cohort.fingerprint, spec=effect.estimator, seed=seed),
    )


def _check(effect: Effect, estimand: Estimand, cohort: Cohort, repetitions: int) -> None:
    require_instance("effect", effect, Effect, how="estimate(…)")
    require_instance("estimand", estimand, Estimand, how="identify(…)")
    require_instance("cohort", cohort, Cohort, how="Cohort.from_frame(…)")
    if isinstance(repetitions, bool) or not isinstance(repetitions, int) or repetitions < 10:
        raise InvalidArgument(f"repetitions={repetitions!r} must be a whole number, at least 10.")
    if (effect.exposure, effect.outcome) != (estimand.exposure, estimand.outcome):
        raise InvalidArgument(
            f"The effect is of {effect.exposure} on {effect.outcome}, the estimand of {estimand.exposure} on "
            f"{estimand.outcome}. Give the estimand that was estimated."
        )
    if "difference" not in effect.functionals and "exposed" not in effect.functionals:
        raise InvalidArgument(
            "refute() reads differences, and this effect is a conditional odds ratio only. Refute the "
            'difference: DoubleML(model="partially_linear") or AIPW().'
        )
    _check_same_data(effect, cohort)


def _again(effect: Effect, seed: int) -> Callable[[Estimand, Cohort], Effect]:
    """Return a function that estimates as the effect was estimated."""
    spec: Any = effect.spec
    change: Any = effect.contrast if effect.change is None else effect.change

    def again(asked: Estimand, patients: Cohort) -> Effect:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CausalmedWarning)
            return estimate(
                asked,
                patients,
                spec,
                contrast=change,
                population=effect.population,
                horizon=effect.horizon,
                level=effect.level,
                seed=seed,
            )

    return again


def _one(name: str, trial: Trial) -> Check:
    try:
        return REFUTERS[name](trial)
    except InvalidArgument:
        raise
    except CausalmedError as reason:
        return Check(
            name=name,
            state=State.FAIL,
            sentence=f"On the changed data there was no answer: {reason}",
            advice="An estimator that only just works on these data is not to be trusted with them.",
        )


def _chosen(checks: Iterable[str]) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(require_names("checks", checks)))
    if not names:
        raise InvalidArgument("checks= names at least one refuter.")
    for name in names:
        if name not in REFUTERS:
            raise InvalidArgument.option("checks", name, tuple(REFUTERS))
    return names


def _check_same_data(effect: Effect, cohort: Cohort) -> None:
    known = effect.provenance.data_fingerprint
    if known and known != cohort.fingerprint:
        raise InvalidArgument(
            "The effect was estimated from another cohort than the one given: their fingerprints differ. "
            "Give the "
            "same patients, or estimate again."
        )
