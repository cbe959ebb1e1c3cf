"""From estimated parts to intervals, p-values and Holm's correction."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from causalmed.fairness.compare import holm
from causalmed.fairness.crossworld import Mean
from causalmed.fairness.decomposition import DisparityPart
from causalmed.fairness.hidden import robustness
from causalmed.fairness.pairwise import Found
from causalmed.prediction import normal_interval, std_error_of_mean

__all__ = ["adjusted", "judged"]


def judged(
    found: Found, *, of: str, group: str, reference: str, cluster: NDArray[np.intp] | None, level: float
) -> list[DisparityPart]:
    """Return every part with its interval, or with the reason why there is none."""
    rows = []
    for name, mean in found.parts.items():
        blank = DisparityPart(of=of, group=group, reference=reference, part=name)
        if mean is None:
            rows.append(replace(blank, why=found.why.get(name) or found.why["direct"]))
        else:
            rows.append(_measured(blank, mean, cluster, level))
    return rows


def _measured(
    blank: DisparityPart, mean: Mean, cluster: NDArray[np.intp] | None, level: float
) -> DisparityPart:
    error = std_error_of_mean(mean.influence - mean.influence.mean(), cluster)
    interval = normal_interval(mean.value, error, cluster=cluster, level=level)
    assumed = blank.part != "total" and mean.scale > 0
    nearer = max(0.0, interval.low, -interval.high)
    return replace(
        blank,
        interval=interval,
        p_value=None if blank.part == "total" else _p_value(mean.value, error, cluster),
        robustness=robustness(abs(mean.value), mean.scale) if assumed else None,
        robustness_limit=robustness(nearer, mean.scale) if assumed else None,
    )


def _p_value(value: float, error: float, cluster: NDArray[np.intp] | None) -> float:
    from scipy.special import ndtr, stdtr

    if error <= 0:
        return 1.0 if value == 0 else 0.0
    t = -abs(value) / error
    if cluster is None:
        return float(2 * ndtr(t))
    p = float(2 * stdtr(len(np.unique(cluster)) - 1, t))
    return p if math.isfinite(p) else 1.0


def adjusted(parts: Sequence[DisparityPart]) -> tuple[DisparityPart, ...]:
    """Add Holm's p-values over the parts of outcome and prediction, over all groups.

    The total is what is explained, the residual a difference of the two, and what is left together repeats
    others: they are not in the family.
    """
    family = [
        at
        for at, one in enumerate(parts)
        if one.p_value is not None and one.part in ("direct", "indirect", "spurious") and one.of != "residual"
    ]
    corrected = holm(np.array([parts[at].p_value for at in family], dtype=np.float64))
    by_place = dict(zip(family, corrected.tolist(), strict=True))
    return tuple(replace(one, p_adjusted=by_place.get(at)) for at, one in enumerate(parts))
