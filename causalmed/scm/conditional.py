r"""What is the law of some nodes under an intervention, given what is then seen? :math:`P(t \mid do(x), e)`.

The evidence comes after the intervention: it describes patients to whom it was done, not the patient before
it. (What *this* patient would have had is a counterfactual.)
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.special import stdtrit

from causalmed.arguments import require_names, require_share
from causalmed.errors import InvalidArgument, PositivityViolation, UnknownNode
from causalmed.results import Provenance
from causalmed.scm.assignment import Intervention, read_interventions
from causalmed.scm.conditional_law import ConditionalLaw, LawRow
from causalmed.scm.intervention import Plan
from causalmed.scm.mechanism import Mechanism
from causalmed.scm.nodes import NodeInfo, columns_of
from causalmed.scm.request import at_least
from causalmed.scm.resampling import resampled
from causalmed.scm.terms import FloatArray
from causalmed.scm.weighting import Evidence, Weighted, weighted_draws

if TYPE_CHECKING:
    from causalmed.scm.model import StructuralCausalModel

__all__ = ["conditional_law"]

_LEAST: Final = 400
_FOR_MODEL: Final = 20_000
_CELLS: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Asked:
    """A query, checked."""

    targets: tuple[str, ...]
    plan: Plan
    acts: Intervention
    evidence: Evidence
    nodes: Mapping[str, NodeInfo]
    cells: tuple[tuple[float, ...], ...]
    limits: tuple[float, ...]
    seed: int

    @property
    def is_mean(self) -> bool:
        return not self.cells and not self.limits

    def drawn(self, mechanisms: Mapping[str, Mechanism], *, rows: int, n_jobs: int = 1) -> Weighted:
        return weighted_draws(
            self.plan, mechanisms, self.acts, self.evidence, self.targets,
            rows=rows, seed=self.seed, n_jobs=n_jobs,
        )  # fmt: skip

    def scores(self, found: Weighted) -> FloatArray:
        """Return what is averaged: an indicator a combination of levels or a limit, or the number itself."""
        if not self.cells:
            number = found.values[self.targets[0]][:, np.newaxis]
            return number if self.is_mean else (number <= np.array(self.limits)).astype(float)
        columns = np.column_stack([found.values[name] for name in self.targets])
        return np.column_stack([np.all(columns == cell, axis=1) for cell in self.cells]).astype(float)


def conditional_law(
    model: StructuralCausalModel,
    targets: str | Sequence[str],
    *,
    do: Mapping[str, object] | None,
    given: Mapping[str, object] | None,
    at_most: Sequence[float],
    n: int,
    replicates: int,
    level: float,
    seed: int,
    n_jobs: int,
) -> ConditionalLaw:
    """Answer a query; see :meth:`StructuralCausalModel.query`."""
    for name, value, least in (("n", n, 1), ("replicates", replicates, 0), ("seed", seed, 0)):
        at_least(least, value, name)
    require_share("level", level, example=0.95)
    asked = _asked(model, targets, do=do, given=given, at_most=at_most, seed=seed)
    found = asked.drawn(model.mechanisms, rows=n, n_jobs=n_jobs)
    _refuse_too_few(found.effective, n, asked)
    mean, error = _means(found, asked.scores(found))
    if not asked.is_mean:  # a combination that no draw had: what one draw would be worth
        error = np.where((mean <= 0) | (mean >= 1), 1 / found.effective, error)
    spread, freedom = _model_error(model, asked, replicates=replicates, rows=min(n, _FOR_MODEL))
    width = float(stdtrit(freedom, 0.5 + level / 2))
    total = np.hypot(error, np.nan_to_num(spread))
    bounds = (-math.inf, math.inf) if asked.is_mean else (0.0, 1.0)
    low, high = (np.clip(mean + sign * width * total, *bounds) for sign in (-1, 1))
    numbers = zip(mean, error, spread, low, high, strict=True)
    rows = tuple(_row(_labels(asked, k), *map(float, each)) for k, each in enumerate(numbers))
    return ConditionalLaw(
        targets=asked.targets,
        rows=rows,
        do=tuple(asked.acts.words.items()),
        given=tuple((name, _evidence_in_words(value)) for name, value in (given or {}).items()),
        is_mean=asked.is_mean,
        limits=asked.limits,
        n=n,
        effective=found.effective,
        level=level,
        provenance=Provenance.collect(
            data_fingerprint=model.provenance.data_fingerprint,
            spec=f"{model.provenance.spec} -> query({asked.targets!r}, do={do!r}, given={given!r}, "
            f"at_most={asked.limits!r})",
            seed=seed,
        ),
    )


def _row(
    levels: tuple[str, ...], mean: float, error: float, spread: float, low: float, high: float
) -> LawRow:
    return LawRow(
        levels=levels, estimate=mean, monte_carlo_error=error, model_error=spread, low=low, high=high
    )


def _asked(
    model: StructuralCausalModel,
    targets: str | Sequence[str],
    *,
    do: Mapping[str, object] | None,
    given: Mapping[str, object] | None,
    at_most: Sequence[float],
    seed: int,
) -> _Asked:
    names = (targets,) if isinstance(targets, str) else require_names("targets", targets)
    acts = read_interventions(do, model.nodes, rows=1)
    evidence = _evidence(given, model.nodes)
    listed = (*names, *evidence.nodes)
    if unknown := [name for name in listed if name not in model.nodes]:
        raise UnknownNode.among([str(name) for name in unknown], model.nodes)
    if not names or len(set(listed)) < len(listed):
        raise InvalidArgument("Each node may stand once, as a target or in given=.")
    if both := sorted(set(acts.exposures) & set(listed)):
        raise InvalidArgument(f"{', '.join(both)} is set by do=; its value is no question and no evidence.")
    plan = model.plan(exposures=acts.exposures, targets=listed, rules=acts.rules)
    cells = _cells(names, model)
    return _Asked(
        targets=names,
        plan=plan,
        acts=acts,
        evidence=evidence,
        nodes=model.nodes,
        cells=cells,
        limits=_limits(at_most, is_number=not cells),
        seed=seed,
    )


def _limits(at_most: Sequence[float], *, is_number: bool) -> tuple[float, ...]:
    listed = tuple(at_most) if isinstance(at_most, Sequence) and not isinstance(at_most, str) else (at_most,)
    if listed and not is_number:
        raise InvalidArgument(
            "at_most= is for a number; the levels of these targets have probabilities each."
        )
    for limit in listed:
        if isinstance(limit, bool) or not isinstance(limit, int | float) or math.isnan(limit):
            raise InvalidArgument(f"at_most= lists numbers, such as [3, 7, 14]; got {limit!r}.")
    return tuple(sorted({float(limit) for limit in listed}))


def _evidence(given: Mapping[str, object] | None, nodes: Mapping[str, NodeInfo]) -> Evidence:
    if not isinstance(given, Mapping | None):
        raise InvalidArgument(
            f"given= maps nodes to a value or to two limits, such as {{'age': (65, None)}}; got {given!r}."
        )
    values: dict[str, float] = {}
    ranges: dict[str, tuple[float, float]] = {}
    for name, stated in (given or {}).items():
        if name not in nodes:
            raise UnknownNode.among([str(name)], nodes)
        code = nodes[name].code
        if not isinstance(stated, tuple | list):
            values[name] = code(stated)
        elif len(stated) == 2:
            low, high = stated
            ranges[name] = (-np.inf if low is None else code(low), np.inf if high is None else code(high))
        else:
            raise InvalidArgument(f"given= of {name!r} must be a value or two limits, not {stated!r}.")
    return Evidence(values=values, ranges=ranges)


def _cells(names: tuple[str, ...], model: StructuralCausalModel) -> tuple[tuple[float, ...], ...]:
    """Return the combinations of levels of the targets; none for one number."""
    numbers = [name for name in names if not model.nodes[name].is_discrete]
    if numbers and len(names) > 1:
        raise InvalidArgument(
            f"{', '.join(numbers)} is a number: ask for its mean, or at_most=, as the only target."
        )
    if numbers:
        return ()
    levels = [model.nodes[name].seen or model.mechanisms[name].codes for name in names]
    if math.prod(len(each) for each in levels) > _CELLS:
        raise InvalidArgument("The targets have too many combinations of levels; ask for fewer at once.")
    return tuple(product(*levels))


def _refuse_too_few(effective: float, n: int, asked: _Asked) -> None:
    if effective >= min(_LEAST, n):
        return
    evidence = ", ".join(asked.evidence.nodes)
    raise PositivityViolation(
        f"{n:,} draws under this intervention are worth {effective:.0f} draws that agree with the evidence "
        f"({evidence}); at least {_LEAST} are needed. Patients like that hardly occur under the model. Raise "
        "n=, widen the evidence to a range, or leave some of it out."
    )


def _means(found: Weighted, scores: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return weighted means and their Monte-Carlo errors (of a ratio of two means)."""
    w = found.weights / found.weights.sum()
    mean = w @ scores
    return np.asarray(mean), np.sqrt((w**2) @ (scores - mean) ** 2)


def _model_error(
    model: StructuralCausalModel, asked: _Asked, *, replicates: int, rows: int
) -> tuple[FloatArray, float]:
    """Return the errors that come from the patients the model was fitted on: the same draws, refits."""
    size = max(1, len(asked.cells), len(asked.limits))
    if model.cohort is None or replicates < 2:
        return np.full(size, math.nan), math.inf
    nodes = {*asked.plan.needed}
    columns = columns_of(model.cohort, model.factors.closure(nodes), model.nodes)
    again = resampled(model, nodes, columns=columns, replicates=replicates, seed=asked.seed)

    def once(replicate: int) -> FloatArray:
        found = asked.drawn(again.mechanisms(replicate), rows=rows)
        w = found.weights
        return np.asarray(w @ asked.scores(found) / w.sum()) if w.any() else np.full(size, np.nan)

    values = np.array([once(replicate) for replicate in range(again.replicates)])
    return np.sqrt(np.diag(again.covariance(values))), again.degrees_of_freedom


def _labels(asked: _Asked, k: int) -> tuple[str, ...]:
    if not asked.cells:
        return () if asked.is_mean else (f"at most {asked.limits[k]:g}",)
    shown = zip(asked.targets, asked.cells[k], strict=True)
    return tuple(
        asked.nodes[name].levels[int(code)] if asked.nodes[name].levels else f"{code:g}"
        for name, code in shown
    )


def _evidence_in_words(value: object) -> str:
    if isinstance(value, tuple | list):
        low, high = value
        if low is None or high is None:
            return f"at most {high}" if low is None else f"at least {low}"
        return f"from {low} to {high}"
    return str(value)
