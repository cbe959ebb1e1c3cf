"""Are the simulated patients like the real ones?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from causalmed.arguments import require_instance
from causalmed.cohort import Cohort
from causalmed.errors import NotEnoughEvents
from causalmed.scm.nodes import columns_of
from causalmed.scm.terms import FloatArray
from causalmed.scm.trial.twins import Twins

if TYPE_CHECKING:
    import pandas as pd

    from causalmed.scm.model import StructuralCausalModel

__all__ = ["calibrated"]

_TWINS: Final = 200_000


def calibrated(
    model: StructuralCausalModel, twins: Twins, columns: Sequence[str], cohort: Cohort
) -> pd.DataFrame:
    """Compare; see :meth:`VirtualTrial.calibration`."""
    import pandas as pd

    require_instance("cohort", cohort, Cohort, how="Cohort.from_frame(frame, …)")
    sets = {name for _, do in twins.arms.values() for name in do.fixed}
    names = [
        n for n in model.order if n in {*columns, *twins.eligibility, *sets} and n in twins.natural.needed
    ]
    real = columns_of(cohort, names, model.nodes)
    keep = np.ones(cohort.n, dtype=bool)
    for name, (low, high) in twins.eligibility.items():
        keep &= (real[name] >= low) & (real[name] <= high)
    if keep.sum() < 2:
        raise NotEnoughEvents(f"{keep.sum()} of {cohort.n:,} patients of the cohort are eligible.")
    real = {name: column[keep] for name, column in real.items()}
    blocks = list(replace(twins, arms={}, n=min(twins.n, _TWINS)).blocks())
    made = {name: np.concatenate([block["", name] for block in blocks]) for name in names}
    rows = [_row(label, a, b) for name in names for label, a, b in _parts(model, name, made, real)]
    rows += list(_by_arm(model, twins, made, real))
    return pd.DataFrame(rows)


def _parts(
    model: StructuralCausalModel, name: str, made: dict[str, FloatArray], real: dict[str, FloatArray]
) -> Iterator[tuple[str, FloatArray, FloatArray]]:
    info = model.nodes[name]
    if info.kind not in {"ordinal", "categorical"}:
        yield name, made[name], real[name]
        return
    for code in info.seen or model.mechanisms[name].codes:
        label = info.levels[int(code)] if info.levels else f"{code:g}"
        yield f"{name}={label}", made[name] == code, real[name] == code


def _by_arm(
    model: StructuralCausalModel, twins: Twins, made: dict[str, FloatArray], real: dict[str, FloatArray]
) -> Iterator[dict[str, Any]]:
    outcome = model.outcome
    if outcome not in made:
        return
    for arm, (_, do) in twins.arms.items():
        if do.assignments:
            continue
        masks = [
            np.logical_and.reduce([t[n] == v for n, v in do.fixed.items()]) for t in (made, real) if do.fixed
        ]
        if masks and all(mask.sum() > 1 for mask in masks):
            yield _row(f"{outcome} given {arm}", made[outcome][masks[0]], real[outcome][masks[1]])


def _row(label: str, made: FloatArray, real: FloatArray) -> dict[str, Any]:
    spread = float(np.std(real, ddof=1))
    difference = float(np.mean(made) - np.mean(real))
    error = float(np.sqrt(np.var(made, ddof=1) / len(made) + spread**2 / len(real)))
    return {
        "column": label,
        "twins": float(np.mean(made)),
        "patients": float(np.mean(real)),
        "difference": difference,
        "std_error": error,
        "standardised": difference / spread if spread > 0 else float("nan"),
    }
