"""Audit a risk: measure it in every group, compare, and say what cannot be told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from causalmed.arguments import require_instance, require_names, require_seed, require_share
from causalmed.cohort import Cohort
from causalmed.errors import CausalmedError, InvalidArgument, NotEnoughEvents, RoleConflict
from causalmed.fairness.compare import Comparison, Pair, compare
from causalmed.fairness.decomposing import decompose_grouping
from causalmed.fairness.decomposition import DisparityDecomposition
from causalmed.fairness.groups import Grouping, crossed, groupings
from causalmed.fairness.measures import MEASURES, Counts, GroupMetrics, Patients, measure_groups
from causalmed.fairness.paths import path_note
from causalmed.fairness.report import Audit, Excluded
from causalmed.fairness.risks import outcome_of, risk_of, understood
from causalmed.fairness.tolerance import stated_tolerance
from causalmed.graph import Graph
from causalmed.prediction import (
    RiskModel,
    checked_threshold,
    observed_outcome,
    refuse_weights,
    seen_before,
)
from causalmed.results import Check, Gate, Provenance, State

if TYPE_CHECKING:
    from causalmed.scm import StructuralCausalModel

__all__ = ["audit"]

Kind = TypeVar("Kind")


def audit(
    model: object,
    cohort: Cohort,
    *,
    protected: str | Iterable[str] | Mapping[str, Sequence[float] | None] | None = None,
    graph: Graph | None = None,
    scm: StructuralCausalModel | None = None,
    actionable: Sequence[str] = (),
    tolerance: object = None,
    seed: int = 0,
    threshold: float | None = None,
    pairs: Sequence[tuple[str, str]] = (),
    alpha: float = 0.05,
    level: float = 0.95,
) -> Audit:
    """Ask for whom a risk is less right, and say plainly where that cannot be told.

    In every group: patients, events, sensitivity, specificity, alerts, observed minus predicted risk, AUROC,
    Brier score and net benefit, each with its interval. Against the largest group of the attribute (largest
    by count; no group is privileged by default): infections missed, false alarms and observed minus
    predicted risk, with Holm's correction over all of them, each in one of four states. See
    :func:`causalmed.fairness.compare` for the intervals.

    Parameters
    ----------
    model : RiskModel, str, classifier or callable
        A fitted or wrapped model, the name of a column of risks, a fitted classifier with ``predict_proba``
        that knows the names of its columns, or a function of a frame that returns risks (it is given every
        column but the outcome).
    cohort : Cohort
        Patients the model was not trained on, with outcomes.
    protected : str, iterable of str or mapping of str to cut points, optional
        Attributes; by default the cohort's. A mapping gives cut points for columns of numbers, which are
        otherwise cut at their quartiles (and the audit says so).
    graph : Graph, optional
        Then each attribute's path to the outcome is told in words, and its gaps are split into a direct part,
        one through care or health and one from background; see :func:`decompose_disparity`.
    scm : StructuralCausalModel, optional
        Its graph is used where ``graph`` is not given.
    actionable : sequence of str
        Not used here: see :func:`recourse_gap`; a check says so.
    tolerance : Tolerance or mapping, optional
        What a named person holds immaterial, with the reason. Without it no difference is called immaterial.
    seed : int
        Of the folds of the decomposition; nothing else is drawn.
    threshold : float, optional
        Alert where risk >= threshold; by default the model's.
    pairs : sequence of (str, str)
        Pairs of protected attributes whose crossing is looked at too, as exploratory.
    alpha : float
        Probability of any false "difference shown" in the family, in (0, 1).
    level : float
        Of the single intervals, in (0, 1).

    Returns
    -------
    Audit

    Raises
    ------
    InvalidArgument
        If the model, the protected attributes or the tolerance are not understood.
    DataError
        If risks are outside 0 to 1.
    NotEnoughEvents
        If nobody, or everybody, has the outcome.

    Examples
    --------
    >>> import pandas as pd
    >>> rng = np.random.default_rng(1)
    >>> risk = rng.uniform(0.02, 0.3, 3000)
    >>> frame = pd.DataFrame({"risk": risk, "infection": (rng.random(3000) < risk).astype(int),
    ...                       "sex": rng.choice(["F", "M"], 3000)})
    >>> cohort = Cohort.from_frame(frame, outcome="infection", protected="sex")
    >>> print(audit("risk", cohort, threshold=0.2).headline)
    3 comparisons: 0 show a difference, 0 are inside a tolerance, 3 cannot tell, 0 were not measured. \
No tolerance was set by a person.
    """
    require_share("alpha", alpha, example=0.05)
    require_share("level", level, example=0.95)
    require_seed(seed)
    require_instance("cohort", cohort, Cohort, how="Cohort.from_frame(frame, …)")
    refuse_weights(cohort, "audit()")
    require_names("actionable", actionable)
    assumed = _assumed(graph, scm)
    stated = stated_tolerance(tolerance)
    outcome = observed_outcome(cohort, outcome_of(model, cohort))
    model = understood(model, cohort, outcome)
    patients = _patients(model, cohort, outcome=outcome, threshold=threshold, level=level)
    divided = groupings(cohort, protected)
    if outcome in (one.attribute for one in divided):
        raise RoleConflict(f"{outcome!r} is the outcome: take it out of protected=, which names groups.")
    rows, families = _all_groups(patients, (divided, tuple(_crossings(divided, pairs))))
    judged = (compare(family, alpha=alpha, level=level, tolerance=stated) for family in families)
    told = [_decomposed(one, cohort, assumed, outcome, model, seed=seed) for one in divided]
    notes = () if assumed is None else (path_note(assumed, one.attribute, outcome) for one in divided)
    checks = _checks(divided, patients, actionable=actionable)
    spec = f"audit(protected={[one.attribute for one in divided]}, alpha={alpha}, tolerance={stated})"
    return Audit(
        model=model if isinstance(model, str) else model.predictor.describes,
        outcome=outcome,
        n=cohort.n,
        events=int(patients.outcome.sum()),
        clusters=None if patients.cluster is None else len(np.unique(patients.cluster)),
        threshold=patients.threshold,
        groups=rows,
        comparisons=tuple(chain.from_iterable(judged)),
        tolerance=stated,
        paths=tuple(notes),
        disparities=_only(told, DisparityDecomposition),
        excluded=_excluded(cohort),
        diagnostics=Gate(checks=(*_seen(model, cohort), *checks, *_only(told, Check))),
        provenance=Provenance.collect(data_fingerprint=cohort.fingerprint, spec=spec, seed=seed),
        alpha=alpha,
        level=level,
    )


def _patients(
    model: RiskModel | str, cohort: Cohort, *, outcome: str, threshold: float | None, level: float
) -> Patients:
    return Patients(
        outcome=_events_of(cohort, outcome),
        risk=risk_of(model, cohort),
        threshold=_threshold_of(model, threshold),
        cluster=cohort.cluster_codes,
        level=level,
    )


def _seen(model: RiskModel | str, cohort: Cohort) -> tuple[Check, ...]:
    return seen_before(model, cohort) if isinstance(model, RiskModel) else ()


def _only(found: Sequence[object], kind: type[Kind]) -> tuple[Kind, ...]:
    return tuple(one for one in found if isinstance(one, kind))


def _excluded(cohort: Cohort) -> tuple[Excluded, ...]:
    return tuple(
        Excluded(reason=step.reason, patients=step.n_before - step.n_after)
        for step in cohort.attrition
        if step.n_before != step.n_after
    )


def _all_groups(
    patients: Patients, families: Sequence[Sequence[Grouping]]
) -> tuple[tuple[GroupMetrics, ...], list[list[Pair]]]:
    rows: list[GroupMetrics] = []
    judged: list[list[Pair]] = []
    for family in families:
        pairs: list[Pair] = []
        for grouping in family:
            metrics, counts = measure_groups(patients, grouping)
            rows += metrics
            pairs += _pairs(grouping, counts)
        judged.append(pairs)
    return tuple(rows), judged


def _pairs(grouping: Grouping, counts: list[dict[str, Counts]]) -> list[Pair]:
    at = grouping.reference
    return [
        Pair(
            blank=Comparison(
                attribute=grouping.attribute,
                group=grouping.groups[code],
                reference=grouping.groups[at],
                measure=measure,
                confirmatory=grouping.confirmatory,
            ),
            group=counts[code].get(measure),
            reference=counts[at].get(measure),
        )
        for measure in MEASURES
        for code in range(len(grouping.groups))
        if code != at
    ]


def _crossings(divided: Sequence[Grouping], pairs: Sequence[tuple[str, str]]) -> Iterable[Grouping]:
    known = {grouping.attribute: grouping for grouping in divided}
    for pair in pairs if isinstance(pairs, Iterable) and not isinstance(pairs, str) else (pairs,):
        named = isinstance(pair, tuple | list) and all(name in known for name in pair)
        if not named or len(pair) != 2 or pair[0] == pair[1]:
            raise InvalidArgument(
                f"pairs= holds {pair!r}; each must be two of the protected attributes: "
                f"{', '.join(map(repr, known))}."
            )
        yield crossed(known[pair[0]], known[pair[1]])


def _threshold_of(model: object, threshold: float | None) -> float | None:
    if threshold is None:
        return model.threshold if isinstance(model, RiskModel) else None
    return checked_threshold(threshold)


def _events_of(cohort: Cohort, outcome: str) -> NDArray[np.float64]:
    y = cohort.values(outcome)
    events = int(y.sum())
    if events in (0, len(y)):
        raise NotEnoughEvents(
            f"{events} of {len(y)} patients have {outcome!r}: no group can be compared on who was missed. "
            "Take a larger cohort."
        )
    return y


def _checks(divided: Sequence[Grouping], patients: Patients, *, actionable: Sequence[str]) -> list[Check]:
    checks = [
        Check(
            name=f"bands of {one.attribute}",
            state=State.WARN if "nobody" in one.how else State.PASS,
            sentence=f"{one.attribute} was cut into {', '.join(one.groups)}: {one.how}.",
            advice="State cut points: protected={'age': [50, 65, 80]}.",
        )
        for one in divided
        if one.how
    ]
    if patients.threshold is None:
        checks.append(
            Check(
                name="threshold",
                state=State.WARN,
                sentence="No threshold was stated: missed patients and false alarms were not measured.",
                advice="Give threshold=, or a model that has one.",
            )
        )
    if actionable:
        checks.append(
            Check(
                name="not computed",
                state=State.WARN,
                sentence="Costs of recourse were not compared by group.",
                advice="Use recourse_gap(model, cohort, scm=scm, actionable=[…]).",
            )
        )
    return checks


def _decomposed(
    grouping: Grouping,
    cohort: Cohort,
    graph: Graph | None,
    outcome: str,
    model: RiskModel | str,
    *,
    seed: int,
) -> DisparityDecomposition | Check | None:
    """Split the gaps of an attribute that the graph knows; say so where that fails."""
    if graph is None or not {grouping.attribute, outcome} <= set(graph.nodes):
        return None
    try:
        return decompose_grouping(grouping, cohort, graph=graph, outcome=outcome, model=model, seed=seed)
    except CausalmedError as error:
        return Check(
            name=f"gap of {grouping.attribute}",
            state=State.WARN,
            sentence=f"The gap between groups of {grouping.attribute} was not split: {error}",
        )


def _assumed(graph: Graph | None, scm: StructuralCausalModel | None) -> Graph | None:
    found = graph if graph is not None or scm is None else getattr(scm, "graph", None)
    if not isinstance(found, Graph | None) or (found is None and scm is not None):
        raise InvalidArgument("graph= is a Graph (Graph.parse), and scm= a StructuralCausalModel (fit_scm).")
    return found
