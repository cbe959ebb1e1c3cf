"""An effect from a cohort on disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from causalmed.engine import Local, in_force
from causalmed.errors import CausalmedError, InvalidArgument
from causalmed.estimation.asked import Asked
from causalmed.estimation.covariance import FEW, Spread, of_cluster_sums, refitted_spread
from causalmed.estimation.crude import crude_functionals_of
from causalmed.estimation.gate import gate_of
from causalmed.estimation.inference import RARE, Inference, check_clusters, larger
from causalmed.estimation.models import ArmRegressions, Regression
from causalmed.estimation.pictures import balance_picture, picture_of_counts
from causalmed.estimation.positivity import default_bound, refuse_holes
from causalmed.estimation.repeats import candidate_checks, with_checks
from causalmed.estimation.solving import Nuisances, Solution, learns
from causalmed.estimation.specs import AIPW, IPW, TMLE, Estimator, GComputation
from causalmed.estimation.statements import assumptions_of, overrides_of, question_of
from causalmed.estimation.streaming.census import StreamedProblem, pose_streamed
from causalmed.estimation.streaming.evaluating import Evaluated, evaluate
from causalmed.estimation.streaming.fitting import (
    OutcomeDesign,
    PropensityDesign,
    fit_outcome_blocks,
    fit_propensity_blocks,
)
from causalmed.estimation.streaming.learning import (
    LearnedOutcome,
    LearnedPropensity,
    Sample,
    learn_outcome,
    learn_propensity,
    take_sample,
)
from causalmed.estimation.streaming.leaving import InfluenceOnDisk, values_without_each
from causalmed.estimation.streaming.passes import Passes
from causalmed.estimation.streaming.predicting import Fitted
from causalmed.estimation.suitability import check_suits
from causalmed.estimation.targets import LABELS
from causalmed.estimation.tmle import scale_of_range
from causalmed.regression import Linear, Logistic
from causalmed.results import Check, Effect, Functionals, Provenance

__all__ = ["answer"]

Array = NDArray[np.float64]


def answer(asked: Asked) -> Effect:
    """Answer a question by adjustment, reading the rows block by block.

    Parameters
    ----------
    asked : Asked
        With a cohort on disk and GComputation, IPW, AIPW or TMLE (None: TMLE).

    Returns
    -------
    Effect
        As from the same cohort in memory to the last bit (below 40 clusters, whose jackknife is fitted
        in another order, the interval to six digits); influences are computed again when asked for.

    Raises
    ------
    InvalidArgument
        An estimator or an option that needs all rows at once; it is named.
    """
    spec = TMLE() if asked.spec is None else asked.spec
    _refuse(asked, spec)
    check_suits(asked.estimand, spec, asked.population)
    executor = in_force(asked.executor) if isinstance(asked.executor, Local) else asked.executor
    problem, passes = pose_streamed(asked, executor, folds=learns(spec))
    check_clusters(problem)
    if learns(spec):
        refuse_holes(problem)
    fits = _fit(passes, problem, spec, asked)
    passes.samples.clear()
    rare = problem.outcome_kind == "binary" and problem.events < RARE * problem.n
    modelled = rare and problem.population == "all" and isinstance(spec, AIPW | TMLE)
    found = evaluate(passes, problem, spec, fits.fitted, rare=modelled)
    inference = _inference(problem, found, _spread(passes, problem, spec, asked, found), rare=rare)
    effect = _effect(asked, spec, problem, found, inference, _nuisances(problem, found, spec, fits))
    on_disk = InfluenceOnDisk(passes=passes, statistic=found.statistic)
    kept = replace(effect.functionals, influence_blocks=on_disk)
    return with_checks(replace(effect, functionals=kept), *fits.checks)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Fits:
    """The nuisances, and what is to be said about them."""

    fitted: Fitted
    outcome: ArmRegressions | None
    propensity: Regression | None
    checks: tuple[Check, ...] = ()


def _refuse(asked: Asked, spec: Estimator) -> None:
    if not isinstance(spec, GComputation | IPW | AIPW | TMLE):
        raise InvalidArgument(
            f"{type(spec).__name__} needs all rows at once, and those of this cohort stay on disk. Use "
            "GComputation(), IPW(), AIPW() or TMLE(); or read the cohort into memory: cohort.collect()."
        )
    if asked.horizon is not None:
        raise InvalidArgument(
            f"horizon={asked.horizon!r} needs all rows at once, and those of this cohort stay on disk. Read "
            "it into memory: cohort.collect()."
        )
    if learns(spec) and (getattr(spec, "repeats", 1) > 1 or getattr(spec, "calibration", None) is not None):
        raise InvalidArgument(
            "repeats= and calibration= of learners need all rows at once, and those of this cohort stay on "
            "disk. Leave them out, or read the cohort into memory: cohort.collect()."
        )


def _fit(passes: Passes, problem: StreamedProblem, spec: Estimator, asked: Asked) -> _Fits:
    trim = getattr(spec, "trim", None)
    sample = take_sample(passes, problem, seed=asked.seed) if learns(spec) else None
    weights: dict[str, Mapping[str, float]] = {}
    propensity, weights["propensity"] = _propensity(passes, problem, spec, asked, sample)
    outcome, weights["outcome"] = _outcome(passes, problem, spec, asked, sample)
    fitted = Fitted(
        bound=default_bound(problem.n) if trim is None else float(trim),
        propensity=propensity,
        outcome=outcome,
        stacked=isinstance(spec, GComputation),
    )
    if isinstance(spec, TMLE):
        low, high = problem.whole_range
        scale = scale_of_range(low, high, problem.outcome_kind)
        fitted = replace(fitted, scale=scale, fluctuation=spec.fluctuation)
    arms = None
    if isinstance(outcome, tuple):
        arms = ArmRegressions(models=(outcome[1], outcome[2]), designs=(np.zeros(0), np.zeros(0)))
    mixed = {name: each for name, each in weights.items() if each}
    return _Fits(
        fitted=fitted,
        outcome=arms,
        propensity=propensity[1] if isinstance(propensity, tuple) else None,
        checks=() if sample is None else (*candidate_checks(mixed), sample.check),
    )


def _propensity(
    passes: Passes, problem: StreamedProblem, spec: Estimator, asked: Asked, sample: Sample | None
) -> tuple[tuple[PropensityDesign, Regression] | LearnedPropensity | None, Mapping[str, float]]:
    model = getattr(spec, "propensity", Logistic())
    if not isinstance(model, Logistic):
        assert sample is not None
        folds = getattr(spec, "folds", 5)
        return learn_propensity(sample, model, folds=folds, seed=asked.seed, executor=asked.executor)
    try:
        return fit_propensity_blocks(passes, problem, model), {}
    except CausalmedError:
        if "propensity" in spec.models:
            raise
        # g-computation divides by no score: the model only shows the overlap, and may have no answer
        return None, {}


def _outcome(
    passes: Passes, problem: StreamedProblem, spec: Estimator, asked: Asked, sample: Sample | None
) -> tuple[tuple[OutcomeDesign, Regression, Regression] | LearnedOutcome | None, Mapping[str, float]]:
    if "outcome" not in spec.models:
        return None, {}
    model, by_arm = getattr(spec, "outcome", None), getattr(spec, "by_arm", False)
    if model is None:
        model = Logistic() if problem.outcome_kind == "binary" else Linear()
    if isinstance(model, Logistic | Linear):
        return fit_outcome_blocks(passes, problem, model, by_arm=by_arm), {}
    assert sample is not None
    folds = getattr(spec, "folds", 5)
    return learn_outcome(sample, model, by_arm=by_arm, folds=folds, seed=asked.seed, executor=asked.executor)


def _spread(
    passes: Passes, problem: StreamedProblem, spec: Estimator, asked: Asked, found: Evaluated
) -> Spread:
    psi, sums, n = found.psi, found.influence, problem.n
    if not problem.groups:
        return Spread(covariance=sums / n**2, degrees_of_freedom=float("inf"), source=found.source)
    if problem.groups >= FEW or learns(spec):
        covariance, source = of_cluster_sums(sums, n), f"{found.source}, clustered"
        return Spread(covariance=covariance, degrees_of_freedom=problem.groups - 1.0, source=source)
    size = problem.cluster_sizes[0]
    without = values_without_each(
        passes, problem.groups, spec, refit=lambda part: _fit(part, problem, spec, asked).fitted
    )
    return refitted_spread(psi, without, lambda group: psi - sums[group] / (n - size[group]))


def _inference(problem: StreamedProblem, found: Evaluated, spread: Spread, *, rare: bool) -> Inference:
    covariance, source = spread.covariance, spread.source
    if found.model is not None:
        covariance, source = larger(found.model / problem.n / problem.n, covariance, source)
    return Inference(
        covariance=covariance,
        degrees_of_freedom=spread.degrees_of_freedom,
        source=source,
        not_refitted=tuple(problem.cluster_labels[group] for group in spread.not_refitted),
        rare=rare,
    )


def _nuisances(problem: StreamedProblem, found: Evaluated, spec: Estimator, fits: _Fits) -> Nuisances:
    uses = "propensity" in spec.models
    return Nuisances(
        working=problem.bare_working(regressions="outcome" in spec.models, scores=uses),
        outcome=fits.outcome,
        propensity=fits.propensity if uses else None,
        truncation=found.truncation if uses else None,
        raw=np.zeros(0) if uses else None,
    )


def _effect(
    asked: Asked,
    spec: Estimator,
    problem: StreamedProblem,
    found: Evaluated,
    inference: Inference,
    nuisances: Nuisances,
) -> Effect:
    solution = Solution(
        psi=found.psi,
        influence=np.zeros((0, 3)),
        source=found.source,
        targeted=found.targeted,
        working=nuisances.working,
    )
    histogram = found.histogram if nuisances.raw is not None else None
    return Effect(
        exposure=problem.estimand.exposure,
        outcome=problem.estimand.outcome,
        contrast=problem.contrast,
        population=problem.population,
        outcome_kind=problem.outcome_kind,
        question=question_of(problem),
        adjustment_set=problem.estimand.adjustment_set,
        functionals=Functionals(
            labels=LABELS,
            values=found.psi,
            covariance=inference.covariance,
            source=inference.source,
            degrees_of_freedom=inference.degrees_of_freedom,
        ),
        crude=crude_functionals_of(problem.census.crude, found.crude, n=problem.n, groups=problem.groups),
        diagnostics=gate_of(problem, nuisances, solution, inference, found.balance, found.truncation),
        estimator=repr(spec),
        n=problem.n,
        events=problem.events,
        clusters=problem.groups or None,
        assumptions=assumptions_of(problem, nuisances),
        overrides=overrides_of(problem, spec, nuisances),
        provenance=Provenance.collect(
            data_fingerprint=asked.cohort.fingerprint, spec=repr(spec), seed=asked.seed
        ),
        outcome_unit=asked.cohort.column(problem.estimand.outcome).unit_label,
        overlap=None if histogram is None else picture_of_counts(problem, histogram),
        balance=balance_picture(problem, found.balance),
    )
