"""Ask the graph and the data about one candidate; whatever goes wrong is part of the answer."""

from __future__ import annotations

from dataclasses import dataclass, replace

from causalmed.cohort import Cohort, StreamedCohort
from causalmed.errors import CausalmedError, NotIdentified, ScaleNotDefined
from causalmed.estimation import Estimator, estimate
from causalmed.graph import Graph
from causalmed.identification import Estimand, identify
from causalmed.results import Effect
from causalmed.screening.candidate import Candidate

__all__ = ["Estimated", "Memory", "ask", "first_sentence"]

Memory = dict[Estimand, Effect]
"""What was estimated before, by what was asked without the graph."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Estimated:
    """A candidate whose effect was estimated, before all candidates are judged together."""

    name: str
    effect: Effect
    crude: float | None


def ask(
    name: str,
    *,
    graph: Graph,
    cohort: Cohort | StreamedCohort,
    outcome: str,
    estimator: Estimator,
    level: float,
    seed: int,
    memory: Memory | None = None,
) -> Estimated | Candidate:
    """Identify and estimate one candidate.

    Parameters
    ----------
    name : str
        The candidate, a node of the graph.
    graph, cohort, outcome
        What is assumed, who was observed, what happened to them.
    estimator : Estimator
        How effects are estimated.
    level : float
        Confidence level of the candidate's own intervals.
    seed : int
        The user's seed.
    memory : dict, optional
        Effects estimated before, under other graphs that gave the same estimand; added to.

    Returns
    -------
    Estimated or Candidate
        A finished candidate where there is no estimate: not identifiable, assumed none, or refused by
        the data.
    """
    try:
        estimand = identify(graph, exposure=name, outcome=outcome, observed=_observed(graph, cohort))
    except NotIdentified as reason:
        return Candidate(
            name=name,
            verdict="not identifiable",
            reason=first_sentence(reason),
            crude=_unadjusted(cohort, name, outcome),
            error=_kind(reason),
        )
    except CausalmedError as reason:
        return _unknown(name, reason)
    if estimand.no_path:
        return Candidate(
            name=name,
            verdict="assumed none",
            reason=f"The graph draws no path from {name} to {outcome}: no effect is assumed, not found.",
            adjustment_set=estimand.adjustment_set,
        )
    try:
        effect = _remembered(estimand, cohort, estimator, level=level, seed=seed, memory=memory)
    except CausalmedError as reason:
        return _unknown(name, reason, adjustment_set=estimand.adjustment_set)
    crude = _crude(effect)
    if not effect.reported:
        failed = effect.diagnostics.failed()[0]
        return Candidate(
            name=name,
            verdict="cannot tell",
            reason=f"Not reported, because a check failed ({failed.name}): {failed.sentence}",
            effect=effect,
            crude=crude,
            adjustment_set=estimand.adjustment_set,
        )
    return Estimated(name=name, effect=effect, crude=crude)


def _remembered(
    estimand: Estimand,
    cohort: Cohort | StreamedCohort,
    estimator: Estimator,
    *,
    level: float,
    seed: int,
    memory: Memory | None,
) -> Effect:
    if memory is None:
        return estimate(estimand, cohort, estimator, level=level, seed=seed)
    # the graph may differ, as long as everything that is computed or shown comes out alike
    key = replace(
        estimand, graph=None, graph_fingerprint="", alternatives=(), forbidden=frozenset(), reasons=()
    )
    if key not in memory:
        memory[key] = estimate(estimand, cohort, estimator, level=level, seed=seed)
    return memory[key]


def first_sentence(reason: Exception) -> str:
    """Return the first sentence of an error, with a capital and a full stop.

    Examples
    --------
    >>> first_sentence(ValueError("the bound is 0.01. Set trim=."))
    'The bound is 0.01.'
    """
    text = str(reason).strip()
    head = text.split(". ")[0].rstrip(".")
    return f"{head[:1].upper()}{head[1:]}."


def _observed(graph: Graph, cohort: Cohort | StreamedCohort) -> list[str]:
    return [node for node in graph.nodes if node in cohort and node not in graph.latent]


def _unknown(name: str, reason: Exception, adjustment_set: tuple[str, ...] = ()) -> Candidate:
    return Candidate(
        name=name,
        verdict="cannot tell",
        reason=first_sentence(reason),
        adjustment_set=adjustment_set,
        error=_kind(reason),
    )


def _kind(reason: Exception) -> str:
    return type(reason).__name__


def _unadjusted(cohort: Cohort | StreamedCohort, exposure: str, outcome: str) -> float | None:
    """Return what goes together with a binary exposure, where no effect can be known."""
    if exposure not in cohort or cohort.as_recorded(exposure).kind != "binary":
        return None
    known = cohort.where_recorded([exposure, outcome])
    exposed, values = known.values(exposure) == 1, known.values(outcome)
    if exposed.all() or not exposed.any():
        return None
    return float(values[exposed].mean() - values[~exposed].mean())


def _crude(effect: Effect) -> float | None:
    try:
        return effect.crude_difference.estimate
    except ScaleNotDefined:
        return None
