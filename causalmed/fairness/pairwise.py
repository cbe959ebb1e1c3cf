"""The parts of the disparity between two groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from causalmed.cohort import Cohort
from causalmed.errors import CausalmedError
from causalmed.fairness.crossworld import Mean, contributions, group_mean, transported_mean
from causalmed.fairness.nuisances import Folds, out_of_fold
from causalmed.fairness.specs import DisparityAIPW
from causalmed.fairness.targets import Target
from causalmed.results import Check, State

__all__ = ["Found", "between"]

Array = NDArray[np.float64]
Rows = NDArray[np.bool_]
THIN = 5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Found:
    """Contributions by name, why some are absent, and the checks."""

    parts: dict[str, Mean | None]
    why: dict[str, str]
    checks: tuple[Check, ...]


def between(
    target: Target, cohort: Cohort, group: Rows, *, spec: DisparityAIPW, folds: Folds, who: str
) -> Found:
    """Estimate every part of a disparity that is identified.

    Parameters
    ----------
    target : Target
        What differs.
    cohort : Cohort
        The patients of both groups.
    group : ndarray of bool, shape (n,)
        Who is of the group; the others are the reference.
    spec, folds
        How the nuisances are fitted.
    who : str
        The comparison, in words.

    Returns
    -------
    Found
    """
    paths, checks = target.pathways, []
    why = {"direct": paths.direct, "spurious": paths.spurious}
    crossed: dict[str, Mean | None] = {"direct": None, "spurious": None}
    known = {"direct": (*paths.mediators, *paths.background), "spurious": paths.background}
    for part in crossed:
        if why[part]:
            continue
        try:
            crossed[part], check = _crossed(
                target, cohort, group, part, known[part], spec=spec, folds=folds, who=who
            )
        except CausalmedError as error:
            why[part] = f"not reported: {error}"
            continue
        checks += [] if check is None else [check]
        if check is not None and check.state is State.FAIL:
            crossed[part], why[part] = None, f"not reported: {check.sentence}"
    if crossed["spurious"] is not None and not paths.mediators and target.model is None:
        crossed["direct"] = crossed["spurious"] if crossed["direct"] is not None else None
    parts = contributions(
        factual=(group_mean(target.values, group), group_mean(target.values, ~group)),
        direct=crossed["direct"],
        background=crossed["spurious"],
    )
    return Found(parts=parts, why={**why, "indirect": why["direct"] or why["spurious"]}, checks=tuple(checks))


def _crossed(
    target: Target,
    cohort: Cohort,
    group: Rows,
    part: str,
    names: Sequence[str],
    *,
    spec: DisparityAIPW,
    folds: Folds,
    who: str,
) -> tuple[Mean, Check | None]:
    switched = target.switched(cohort, group) if part == "direct" else None
    if switched is not None:
        return _exact(switched, group), None
    columns = [cohort.column(name) for name in names]
    label = f"{target.of}, {part}, {who}"
    chance = out_of_fold(
        group.astype(np.float64),
        columns,
        model=spec.propensity,
        kind="binary",
        among=np.ones(len(group), dtype=bool),
        folds=folds,
        name=f"membership, {label}",
    )
    mean = out_of_fold(
        target.values,
        columns,
        model=_regression(spec.regression, target.kind),
        kind=target.kind,
        among=group,
        folds=folds,
        name=label,
    )
    raised = np.clip(chance, spec.trim, 1.0)
    found = transported_mean(target.values, group, chance=raised, mean=mean)
    check = _overlap(chance, raised, group, part=part, who=f"{target.of}, {who}") if columns else None
    return found, check


def _regression(model: Any, kind: str) -> Any:
    """Use the stated model where it fits the response, else main effects."""
    if kind == "share" and hasattr(model, "predict_proba"):
        return None
    return model


def _exact(switched: Array, group: Rows) -> Mean:
    """Return the mean of the reference group's risks as if of the group: computed, not modelled."""
    return group_mean(switched, ~group)


def _overlap(chance: Array, raised: Array, group: Rows, *, part: str, who: str) -> Check:
    weights = (group * (1 - raised) / raised)[group]
    kept = float(weights.sum() ** 2 / max((weights**2).sum(), 1e-300))
    moved = int((raised > chance).sum())
    thin = kept < 30 or kept < 0.1 * group.sum()
    state = State.FAIL if kept < THIN else State.WARN if thin or moved > 0.01 * len(group) else State.PASS
    return Check(
        name="overlap",
        state=state,
        sentence=(
            f"For the {part} part ({who}) {int(group.sum()):,} patients of the group, made alike to its "
            f"reference, count as {kept:,.0f}; {moved:,} chances of belonging were raised to the bound."
        ),
        value=kept,
        threshold=30.0,
        advice="The groups hardly resemble each other: merge levels, or ask about fewer columns.",
    )
