"""Which columns may enter a risk model, and what is refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from causalmed.arguments import require_names
from causalmed.cohort import Cohort
from causalmed.errors import ColumnNotFound, DataError, RoleConflict
from causalmed.graph import Graph
from causalmed.prediction.stable import LeftOut, stable_columns
from causalmed.results import Check, State

__all__ = ["ChosenFeatures", "choose_features"]

_UNUSABLE = ("identifier", "date")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenFeatures:
    """The features of a model, what was left out, and what a reader should know about the choice.

    Parameters
    ----------
    names : tuple of str
        The features.
    left_out : tuple of LeftOut
        Every other column with its reason.
    checks : tuple of Check
        About the choice.
    """

    names: tuple[str, ...]
    left_out: tuple[LeftOut, ...]
    checks: tuple[Check, ...]


def choose_features(
    cohort: Cohort,
    *,
    outcome: str,
    graph: Graph | None,
    features: Sequence[str] | None,
    allow_unstable: bool,
) -> ChosenFeatures:
    """Choose stable columns by default, and hold columns that were asked for against time and graph.

    Parameters
    ----------
    cohort : Cohort
        The table.
    outcome : str
        Its outcome.
    graph : Graph, optional
        What is assumed.
    features : sequence of str, optional
        Columns asked for.
    allow_unstable : bool
        Whether columns asked for may be unstable.

    Returns
    -------
    ChosenFeatures

    Raises
    ------
    ColumnNotFound
        A column asked for is not there.
    RoleConflict
        A column asked for comes after the outcome, has another role, or is unstable and that was not allowed.
    DataError
        No column is left.
    """
    barred = _barred(cohort, outcome, graph)
    offered = [name for name in cohort.names if name not in barred]
    unstable: dict[str, LeftOut] = {}
    checks: list[Check] = []
    if graph is not None:
        stable = stable_columns(graph, outcome, offered, recorded=cohort.names)
        unstable = {one.name: one for one in stable.left_out}
        checks.append(_separation(stable.open_path))
    if features is None:
        chosen = [name for name in offered if name not in unstable]
        if graph is None:
            checks.append(_no_graph(cohort))
    else:
        chosen = _asked(cohort, features, barred, unstable, allow_unstable)
        checks += _allowed([unstable[name] for name in chosen if name in unstable])
    if not chosen:
        raise DataError(
            f"No column is left to predict {outcome!r} from: every column is unstable, comes after the "
            "outcome or has another role. stable_columns(graph, outcome, columns) gives the reasons."
        )
    checks += _protected([name for name in chosen if name in cohort.protected])
    reasons = {**barred, **unstable}
    left = tuple(
        reasons.get(name, LeftOut(name=name, reason="was not asked for", kind="role"))
        for name in cohort.names
        if name not in chosen
    )
    return ChosenFeatures(names=tuple(chosen), left_out=left, checks=tuple(checks))


def _barred(cohort: Cohort, outcome: str, graph: Graph | None) -> dict[str, LeftOut]:
    """Columns that may not enter whatever is asked: roles, identifiers, what comes after the outcome."""
    barred = {outcome: LeftOut(name=outcome, reason="is the outcome", kind="outcome")}
    roles = {cohort.unit: "the unit id", cohort.cluster: "the cluster", cohort.weights: "the sampling weight"}
    if cohort.follow_up is not None:
        spec = cohort.follow_up
        roles |= dict.fromkeys((spec.time, spec.event, spec.entry), "follow-up")
    after = {} if graph is None or outcome not in graph else dict.fromkeys(graph.descendants([outcome]))
    for name in cohort.names:
        if name in barred:
            continue
        if name in roles:
            barred[name] = LeftOut(name=name, reason=f"is {roles[name]}", kind="role")
        elif name in after:
            reason = f"comes after {outcome} in the graph"
            barred[name] = LeftOut(name=name, reason=reason, kind="after the outcome")
        elif (late := _too_late(cohort, outcome, name, graph)) is not None:
            barred[name] = LeftOut(name=name, reason=late, kind="after the outcome")
        elif cohort.column(name).kind in _UNUSABLE:
            reason = f"is of kind {cohort.column(name).kind}"
            barred[name] = LeftOut(name=name, reason=reason, kind="role")
    return barred


def _too_late(cohort: Cohort, outcome: str, name: str, graph: Graph | None) -> str | None:
    """Say why a column is recorded too late: in a period after the outcome's, or in it and no cause of it."""
    mine, theirs = cohort.tier_of(name), cohort.tier_of(outcome)
    if mine is None or theirs is None:
        return None
    order = list(cohort.tiers)
    if order.index(mine) > order.index(theirs):
        return f"is recorded in period {mine!r}, after {outcome} ({theirs!r})"
    causes = graph is not None and outcome in graph and name in graph.ancestors([outcome])
    if mine == theirs and not causes:
        return f"is recorded in the same period as {outcome} ({theirs!r}) and is no cause of it in the graph"
    return None


def _asked(
    cohort: Cohort,
    features: Sequence[str],
    barred: dict[str, LeftOut],
    unstable: dict[str, LeftOut],
    allow_unstable: bool,
) -> list[str]:
    chosen = list(dict.fromkeys(require_names("features", features)))
    absent = [name for name in chosen if name not in cohort]
    if absent:
        raise ColumnNotFound.among(absent, list(cohort.names), where="features=")
    refused = [barred[name] for name in chosen if name in barred]
    if refused:
        raise RoleConflict(
            f"A risk may not be predicted from {'; '.join(map(str, refused))}. What is not known before the "
            "outcome, or names the patient, makes a model look right and fail at the bedside. Leave it out "
            "of features=."
        )
    shaky = [unstable[name] for name in chosen if name in unstable]
    if shaky and not allow_unstable:
        raise RoleConflict(
            f"These features may not travel to another hospital: {'; '.join(map(str, shaky))}. Leave them "
            "out, or say allow_unstable=True, which is printed in every summary and report."
        )
    return chosen


def _separation(path: tuple[str, ...]) -> Check:
    if not path:
        sentence = "In the graph, the stable columns separate the outcome from a change of hospital."
        return Check(name="stability", state=State.PASS, sentence=sentence)
    return Check(
        name="stability",
        state=State.WARN,
        sentence=f"A change of hospital still reaches the outcome: {' '.join(path)}.",
        advice="Expect the risks to need recalibration elsewhere.",
    )


def _no_graph(cohort: Cohort) -> Check:
    timed = "columns recorded up to the outcome" if cohort.tiers else "every column, whenever it was recorded"
    return Check(
        name="stability",
        state=State.WARN,
        sentence=f"No graph was given: the model uses {timed}.",
        advice="Give graph= to leave out what cannot travel, or name features=.",
    )


def _allowed(shaky: list[LeftOut]) -> list[Check]:
    if not shaky:
        return []
    return [
        Check(
            name="unstable features",
            state=State.WARN,
            sentence=f"Used because allow_unstable=True: {'; '.join(map(str, shaky))}.",
            value=float(len(shaky)),
            threshold=0.0,
            advice="Specificity may fall in another hospital.",
        )
    ]


def _protected(names: list[str]) -> list[Check]:
    if not names:
        return []
    return [
        Check(
            name="protected features",
            state=State.WARN,
            sentence=f"The model reads protected columns: {', '.join(names)}.",
            value=float(len(names)),
            threshold=0.0,
            advice="Whether it may is for a person to decide; features= leaves them out.",
        )
    ]
