"""The verb: what could be considered to lower this patient's risk?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Protocol

from causalmed.arguments import require_instance, require_names, require_seed
from causalmed.cohort import Cohort
from causalmed.errors import ColumnNotFound, InvalidArgument, RoleConflict, UnknownNode
from causalmed.explanation.contraindications import (
    Clearance,
    Contraindicated,
    Contraindication,
    check_rules,
    describe,
)
from causalmed.explanation.futures import CausalModel, Future, future, outlook
from causalmed.explanation.options import MOST_PLANS, Option, all_options, changes, count
from causalmed.explanation.plans import Outlook, Plan, Recourse
from causalmed.explanation.players import Players, RiskFunction, word_of
from causalmed.graph import Graph
from causalmed.identification import identify
from causalmed.results import Provenance

__all__ = ["recourse"]

LEAST_DRAWS: Final = 100
POPULATION: Final = 4000
NOTHING: Final = 1e-6  # a difference of risks that is rounding


class Thresholded(RiskFunction, Protocol):
    """A risk model that may have a threshold."""

    @property
    def threshold(self) -> float | None:
        """The risk from which it alerts."""
        ...


def recourse(
    model: Thresholded,
    patient: Cohort,
    *,
    scm: CausalModel,
    actionable: Sequence[str],
    contraindicated: Sequence[Contraindication] = (),
    max_changes: int = 2,
    levels: Mapping[str, Sequence[object]] | None = None,
    draws: int = 2000,
    seed: int = 0,
) -> Recourse:
    r"""Find the changes that could be considered to lower one patient's risk of the outcome.

    Every plan of at most ``max_changes`` changes is tried: abduction, action, prediction through the
    structural causal model, so that everything downstream of a change is recomputed. Plans are judged by
    the risk of the *outcome*, :math:`P(Y_{do(a)} = 1 \mid x)`; the model's risk is shown beside it. Kept are
    those that no other plan beats in number of changes, size and risk together.

    Parameters
    ----------
    model : RiskModel
        The risk model; its risk is shown, not aimed at.
    patient : Cohort
        A cohort of one.
    scm : StructuralCausalModel
        Mechanisms of the outcome and of everything between.
    actionable : sequence of str
        Columns that could be changed, each a cause of the outcome.
    contraindicated : sequence of Contraindication
        What must never be proposed to whom. No plan that breaks one can be made.
    max_changes : int
        Changes at once, at least 1.
    levels : mapping of str to sequence, optional
        Values to consider, for columns where every other level, or the 10, 25, 50, 75 and 90 % quantiles of
        the population, are not what one would choose.
    draws : int
        Draws of the noise behind every plan, at least 100.
    seed : int
        Seed of the noise, shared by all plans.

    Returns
    -------
    Recourse

    Raises
    ------
    InvalidArgument
        More than one patient, nothing actionable, a rule that cannot bite, too many plans.
    RoleConflict
        An actionable column follows the outcome, is the outcome, or is no cause of it: changing it could
        move a score, not the risk.
    NotIdentified
        The effect of an actionable column is not identified.

    Notes
    -----
    Karimi, Schoelkopf and Valera (2021, FAccT) for recourse through interventions; Koenig, Freiesleben and
    Grosse-Wentrup (2023, AAAI) for aiming at the outcome; Ustun, Spangher and Liu (2019, FAT*) for plans
    that honour constraints, and for proving that none exists.

    Examples
    --------
    >>> import pandas as pd
    >>> from scipy.special import expit
    >>> from causalmed.scm import LogisticBinary, Predictor, StructuralCausalModel
    >>> class Model:
    ...     features, threshold = ("late", "rating"), 0.2
    ...     def risk(self, patients):
    ...         return expit(-2 + patients.values("late") + 0.1 * patients.values("rating"))
    >>> graph = Graph.parse("dag { late -> ssi; ssi [outcome] }")
    >>> scm = StructuralCausalModel.of(graph, {
    ...     "late": LogisticBinary(predictor=Predictor.of(-1.0)),
    ...     "ssi": LogisticBinary(predictor=Predictor.of(-2.0, {"late": 0.8})),
    ... })
    >>> kinds = {"late": "binary", "rating": "continuous"}
    >>> patient = Cohort.from_frame(pd.DataFrame({"late": [1], "rating": [2.0]}), kinds=kinds)
    >>> found = recourse(Model(), patient, scm=scm, actionable=["late"])
    >>> print(found.answer)
    The only plan was checked. The lowest risk, 12 in 100 instead of 23 in 100, could be had by
    considering: late: yes → no.
    """
    _check_types(patient, scm, draws=draws, seed=seed)
    outcome = _outcome(scm.graph, patient)
    _check(scm.graph, patient, outcome=outcome, actionable=actionable, max_changes=max_changes)
    _check_levels(levels, actionable)
    rules = check_rules(contraindicated, patient)
    population = scm.sample(POPULATION, seed=seed)
    options = all_options(patient, actionable=actionable, population=population, stated=levels or {})
    checked = _checked_count(options, max_changes)
    players = Players.of(model, patient)

    def ask(do: Mapping[str, float]) -> Future:
        return future(scm, players, patient, outcome=outcome, do=do, draws=draws, seed=seed)

    now = ask({})
    plans = [
        _plan(
            patient, chosen, ask(clearance.changes), now=now, clearance=clearance, threshold=model.threshold
        )
        for chosen in changes(options, max_changes)
        if (clearance := _cleared(patient, chosen, rules)) is not None
    ]
    as_is = outlook(now, now=None, threshold=model.threshold)
    return Recourse(
        outcome=outcome,
        unit_id=str(patient.unit_ids[0]),
        patient=patient,
        now=as_is,
        plans=front(plans, now=as_is),
        best=min(plans, key=lambda plan: (plan.outlook.risk, len(plan.changes), plan.size), default=None),
        checked=checked,
        excluded=checked - len(plans),
        levels={group[0].name: _written(patient, group) for group in options if group},
        threshold=model.threshold,
        rules=rules,
        provenance=Provenance.collect(
            data_fingerprint=patient.fingerprint,
            spec=f"recourse(actionable={tuple(actionable)!r}, max_changes={max_changes}, draws={draws})",
            seed=seed,
        ),
    )


def front(plans: Sequence[Plan], *, now: Outlook) -> tuple[Plan, ...]:
    """Return the plans that lower the risk beyond its error and that no other plan beats.

    A plan beats another if it has no more changes, is no larger and leaves no higher a risk, and is better
    in one of the three.
    """
    helpful = [plan for plan in plans if now.risk - plan.outlook.risk > _noise(plan)]
    kept = [plan for plan in helpful if not any(_beats(other, plan) for other in helpful)]
    return tuple(sorted(kept, key=lambda plan: (len(plan.changes), plan.outlook.risk, plan.size)))


def _noise(plan: Plan) -> float:
    return max(2 * plan.outlook.monte_carlo_error, NOTHING)


def _beats(one: Plan, other: Plan) -> bool:
    mine = (len(one.changes), one.size, one.outlook.risk)
    theirs = (len(other.changes), other.size, other.outlook.risk)
    return mine != theirs and all(a <= b for a, b in zip(mine, theirs, strict=True))


def _cleared(
    patient: Cohort, chosen: Sequence[Option], rules: tuple[Contraindication, ...]
) -> Clearance | None:
    """Return the clearance of a plan, or nothing if a rule forbids it."""
    try:
        return Clearance(patient=patient, changes={o.name: o.value for o in chosen}, rules=rules)
    except Contraindicated:
        return None


def _plan(
    patient: Cohort,
    chosen: Sequence[Option],
    found: Future,
    *,
    now: Future,
    clearance: Clearance,
    threshold: float | None,
) -> Plan:
    return Plan(
        changes=clearance.changes,
        words=describe(patient, clearance.changes),
        size=sum(option.size for option in chosen),
        outlook=outlook(found, now=now, threshold=threshold),
        clearance=clearance,
    )


def _outcome(graph: Graph, patient: Cohort) -> str:
    named = patient.outcome or next(iter(sorted(graph.outcomes)), None)
    if named is None:
        raise InvalidArgument(
            "Neither the patient nor the graph names an outcome, and a plan must lower the risk of one. Give "
            "the cohort an outcome=."
        )
    if named not in graph:
        raise UnknownNode.among([named], graph.nodes)
    return named


def _check_types(patient: Cohort, scm: CausalModel, *, draws: int, seed: int) -> None:
    require_instance("patient", patient, Cohort, how="cohort.patient(unit)")
    require_seed(seed)
    _check_draws(draws)
    if not hasattr(scm, "graph") or not hasattr(scm, "sample"):
        raise InvalidArgument(f"scm= is a {type(scm).__name__}; recourse() needs a model from fit_scm.")


def _check(
    graph: Graph, patient: Cohort, *, outcome: str, actionable: Sequence[str], max_changes: int
) -> None:
    if patient.n != 1:
        raise InvalidArgument(
            f"recourse() is for one patient, and got {patient.n:,}. Use cohort.patient(unit)."
        )
    named = () if isinstance(actionable, str) else require_names("actionable", actionable)
    if not named or len(set(named)) < len(named):
        raise InvalidArgument(
            f"actionable={actionable!r} must name at least one column, each once, in a list. Without it "
            "there is nothing to consider."
        )
    if isinstance(max_changes, bool) or not isinstance(max_changes, int) or max_changes < 1:
        raise InvalidArgument(f"max_changes={max_changes!r} must be a whole number of at least 1.")
    absent = [name for name in actionable if name not in patient]
    if absent:
        raise ColumnNotFound.among(absent, patient.names, where="actionable=")
    for name in actionable:
        _check_cause(graph, name, outcome)


def _check_draws(draws: int) -> None:
    if isinstance(draws, bool) or not isinstance(draws, int) or draws < LEAST_DRAWS:
        raise InvalidArgument(f"draws={draws!r} must be a whole number of at least {LEAST_DRAWS}.")


def _check_levels(levels: Mapping[str, Sequence[object]] | None, actionable: Sequence[str]) -> None:
    if levels is None:
        return
    if not isinstance(levels, Mapping):
        raise InvalidArgument(f"levels={levels!r} must map columns to values, such as {{'late': [0, 1]}}.")
    for name, values in levels.items():
        if name not in actionable:
            raise InvalidArgument(f"levels= names {name!r}, which is not among actionable={actionable!r}.")
        if isinstance(values, str) or not isinstance(values, Iterable) or not list(values):
            raise InvalidArgument(f"levels[{name!r}]={values!r} must list at least one value to consider.")


def _check_cause(graph: Graph, name: str, outcome: str) -> None:
    if name not in graph:
        raise UnknownNode.among([name], graph.nodes)
    if name in graph.descendants([outcome]):
        raise RoleConflict(
            f"{name!r} is or follows the outcome {outcome!r}: it cannot be changed before the outcome "
            "happens. Leave it out of actionable=."
        )
    if name not in graph.ancestors([outcome]):
        raise RoleConflict(
            f"{name!r} is no cause of {outcome!r} in the graph: changing it could move the model's risk, and "
            "would not move the patient's. Leave it out of actionable=."
        )
    identify(graph, exposure=name, outcome=outcome)


def _checked_count(options: Sequence[Sequence[Option]], max_changes: int) -> int:
    plans = count(options, max_changes)
    if plans > MOST_PLANS:
        raise InvalidArgument(
            f"There are {plans:,} plans, more than {MOST_PLANS:,} that can all be tried. A search that "
            "leaves some out proves nothing. Lower max_changes=, name fewer actionable columns, or state "
            "fewer levels=."
        )
    return plans


def _written(patient: Cohort, group: Sequence[Option]) -> tuple[str, ...]:
    column = patient.column(group[0].name)
    return tuple(word_of(column, option.value) for option in group)
