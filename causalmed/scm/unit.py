"""Questions about single patients: bounds, points, draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import stdtrit

from causalmed.arguments import require_instance, require_share
from causalmed.cohort import Cohort
from causalmed.errors import InvalidArgument
from causalmed.scm.abduction import Facts, check_abduction
from causalmed.scm.assignment import Intervention, read_interventions
from causalmed.scm.bounds import Bounds, outcome_bounds
from causalmed.scm.counterfactuals import Counterfactuals
from causalmed.scm.couplings import COUPLINGS, coupled_draws, coupled_outcome, coupled_risk
from causalmed.scm.nodes import columns_of
from causalmed.scm.request import at_least
from causalmed.scm.resampling import held_fixed, resampled
from causalmed.scm.terms import FloatArray

if TYPE_CHECKING:
    from causalmed.scm.model import StructuralCausalModel

__all__ = ["draw_counterfactuals", "unit_counterfactuals"]


def unit_counterfactuals(
    model: StructuralCausalModel,
    patients: Cohort,
    *,
    do: Mapping[str, object],
    outcome: str,
    coupling: str,
    draws: int,
    replicates: int,
    level: float,
    seed: int,
) -> Counterfactuals:
    """Answer for each patient; see :meth:`StructuralCausalModel.counterfactual`."""
    if coupling not in ("bounds", *COUPLINGS):
        raise InvalidArgument.option("coupling", coupling, ("bounds", *COUPLINGS))
    require_share("level", level, example=0.95)
    for name, value, least in (("draws", draws, 1), ("replicates", replicates, 0), ("seed", seed, 0)):
        at_least(least, value, name)
    if model.nodes[outcome].kind in {"ordinal", "categorical"}:
        raise InvalidArgument(f"{outcome!r} has levels without a mean. Ask for a binary or numeric outcome.")
    facts = _facts(model, patients, do=do, targets=(outcome,))

    def answer(these: Facts) -> Bounds:
        if coupling == "bounds":
            return outcome_bounds(these, outcome)
        point = coupled_outcome(these, outcome, coupling=coupling, draws=draws, seed=seed)
        return Bounds(low=point, high=point)

    found, binary = answer(facts), model.nodes[outcome].kind == "binary"
    limits = _uncertainty(model, facts, answer, replicates=replicates, level=level, seed=seed)
    as_was = replace(facts, plan=replace(facts.plan, exposures=frozenset()))
    return Counterfactuals(
        outcome=outcome,
        do=tuple((str(name), _shown(value)) for name, value in do.items()),
        discrete=tuple(node for node in facts.path if facts.discrete(node) is not None),
        held=held_fixed(model, set(facts.path)) if model.cohort is not None else (),
        coupling=coupling,
        units=tuple(str(unit) for unit in patients.unit_ids.tolist()),
        factual=facts.observed[outcome][:, 0],
        low=found.low,
        high=found.high,
        conf_low=np.clip(limits.low, 0.0, None) if binary else limits.low,
        conf_high=np.clip(limits.high, None, 1.0) if binary else limits.high,
        risk=coupled_risk(as_was, outcome, coupling="independent", draws=1, seed=seed),
        risk_do=coupled_risk(facts, outcome, coupling="independent", draws=draws, seed=seed),
        binary=binary,
        downstream=facts.path,
        level=level,
        provenance=replace(model.provenance, data_fingerprint=patients.fingerprint, seed=seed),
    )


def draw_counterfactuals(
    model: StructuralCausalModel,
    patients: Cohort,
    *,
    do: Mapping[str, object],
    outcome: str,
    nodes: Sequence[str] | None,
    coupling: str,
    draws: int,
    seed: int,
) -> dict[str, FloatArray]:
    """Draw each patient's nodes; see :meth:`StructuralCausalModel.counterfactual_draws`."""
    at_least(1, draws, "draws")
    at_least(0, seed, "seed")
    targets = (*(_moving(model, do, outcome) if nodes is None else nodes), outcome)
    facts = _facts(model, patients, do=do, targets=targets, unknown=outcome)
    drawn = coupled_draws(facts, coupling=coupling, draws=draws, seed=seed, means=frozenset({outcome}))
    shape = (patients.n, draws)
    answer = {name: np.broadcast_to(value, shape) for name, value in facts.do.items()}
    answer |= {name: value for name, value in drawn.items() if name not in answer}
    if outcome not in answer:
        mean = facts.mechanisms[outcome].mean(facts.before(outcome))
        answer[outcome] = np.broadcast_to(mean, shape)
    return answer


def _moving(model: StructuralCausalModel, do: Mapping[str, object], outcome: str) -> tuple[str, ...]:
    """Return what lies below the intervention and not below the outcome."""
    graph = model.factors.graph
    below = graph.descendants([name for name in do if name in model.nodes]) if do else frozenset()
    return tuple(node for node in model.order if node in below - graph.descendants([outcome]) - set(do))


def _facts(
    model: StructuralCausalModel,
    patients: Cohort,
    *,
    do: Mapping[str, object],
    targets: Sequence[str],
    unknown: str | None = None,
) -> Facts:
    require_instance("patients", patients, Cohort, how="cohort.patient(unit)")
    if not isinstance(do, Mapping):
        raise InvalidArgument(f"do= maps nodes to values, such as {{'late': 0}}; got {do!r}.")
    acts = read_interventions(do, model.nodes, rows=patients.n, numbers_are_codes=unknown is not None)
    plan = model.plan(exposures=acts.exposures, targets=targets)
    seen = {name for reads in acts.rules.values() for name in reads}
    read = [node for node in model.factors.closure((*targets, *acts.exposures, *seen)) if node != unknown]
    if unknown in seen:
        raise InvalidArgument(f"A regime reads {unknown!r}, which is what is asked for.")
    observed = columns_of(patients, read, model.nodes)
    fixed = {**acts.fixed, **_of_record(model, acts, observed)}
    facts = Facts(
        plan=plan,
        mechanisms=model.mechanisms,
        observed={name: column[:, np.newaxis] for name, column in observed.items()},
        do={name: column[:, np.newaxis] for name, column in fixed.items()},
    )
    check_abduction(facts, model.factors.graph)
    return facts


def _of_record(
    model: StructuralCausalModel, acts: Intervention, observed: Mapping[str, FloatArray]
) -> dict[str, FloatArray]:
    """Return what regimes set each patient to, by the patient's own record."""
    changed = model.factors.graph.descendants(acts.exposures) if acts.exposures else frozenset()
    found = {}
    for node, assignment in acts.assignments.items():
        if assignment.is_random:
            raise InvalidArgument(
                f"{node!r} would be set by chance, which says nothing about one patient. Set it to a value, "
                "or ask .effect about all patients."
            )
        if moved := sorted(name for name in assignment.reads if name != node and name in changed):
            raise InvalidArgument(
                f"The regime of {node!r} reads {', '.join(moved)}, which the intervention changes. Ask "
                ".effect or .sample, or let it read what stays as it was."
            )
        if node in assignment.reads and any(
            node in model.factors.graph.descendants([other]) for other in acts.exposures if other != node
        ):
            raise InvalidArgument(
                f"The regime of {node!r} acts on a value that {', '.join(acts.exposures)} changes; set one "
                "of them to a value."
            )
        found[node] = np.broadcast_to(assignment.values(observed, None), (len(observed[node]),))
    return found


def _uncertainty(
    model: StructuralCausalModel, facts: Facts, answer: Any, *, replicates: int, level: float, seed: int
) -> Bounds:
    """Return limits of the lower and of the upper end: percentiles, or t limits with few clusters."""
    if model.cohort is None or not facts.path or replicates < 1:
        nothing = np.full(facts.rows, np.nan)
        return Bounds(low=nothing, high=nothing)
    names = model.factors.closure(facts.path)
    columns = columns_of(model.cohort, names, model.nodes)
    again = resampled(model, facts.path, columns=columns, replicates=replicates, seed=seed)
    found = [answer(replace(facts, mechanisms=again.mechanisms(b))) for b in range(again.replicates)]
    low, high = (np.array([getattr(each, end) for each in found]) for end in ("low", "high"))
    if not again.jackknife:
        tail = (1 - level) / 2
        return Bounds(low=np.quantile(low, tail, axis=0), high=np.quantile(high, 1 - tail, axis=0))
    now = answer(facts)
    width = float(stdtrit(again.degrees_of_freedom, 0.5 + level / 2))
    spread = np.sqrt(again.replicates - 1) * np.array([low.std(axis=0), high.std(axis=0)])
    ends = np.array([now.low - width * spread[0], now.high + width * spread[1]])
    return Bounds(low=ends[0], high=ends[1])


def _shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value)
