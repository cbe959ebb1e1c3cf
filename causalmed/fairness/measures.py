"""What is measured in one group."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from causalmed.fairness.groups import Grouping
from causalmed.fairness.pooling import pooled_proportions
from causalmed.prediction import (
    auroc,
    clustered_proportion,
    effective_counts,
    net_benefit,
    normal_interval,
    std_error_of_mean,
)
from causalmed.results import Interval

__all__ = ["Counts", "GroupMetrics", "Patients", "measure_groups"]

SMALL_CELL = 11
"""A count from 1 to one below this is not shown outside the notebook."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Patients:
    """Outcomes and risks of the patients who are audited.

    Parameters
    ----------
    outcome, risk : ndarray, shape (n,)
        0 or 1, and in [0, 1].
    threshold : float or None
        Alert where risk >= threshold.
    cluster : ndarray of int or None
        Codes of the clusters.
    level : float
        Confidence level.
    """

    outcome: NDArray[np.float64]
    risk: NDArray[np.float64]
    threshold: float | None
    cluster: NDArray[np.intp] | None = None
    level: float = 0.95

    def among(self, rows: NDArray[np.bool_]) -> Patients:
        """Return some of the patients."""
        return Patients(
            outcome=self.outcome[rows],
            risk=self.risk[rows],
            threshold=self.threshold,
            cluster=None if self.cluster is None else self.cluster[rows],
            level=self.level,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """k of n for one measure in one group, as if patients were independent, and as they are.

    Parameters
    ----------
    count, total : float
        Effective counts, divided by the design effect of clusters.
    cases, patients : int
        The counts themselves.
    expected : float
        Subtracted from the proportion: the mean predicted risk, for calibration; else 0.
    """

    count: float
    total: float
    cases: int
    patients: int
    expected: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupMetrics:
    """One group: how many patients, how the risk and the alerts do among them.

    Parameters
    ----------
    attribute, group : str
        Who they are.
    reference : bool
        Whether the other groups of the attribute are compared with this one.
    n, events : int
        Patients and patients with the outcome.
    sensitivity, specificity, missed, false_alarms, alerts, predictive_value : Interval or None
        Shares; ``missed`` is 1 - sensitivity, ``false_alarms`` 1 - specificity. ``None`` where nobody
        could show them.
    calibration : Interval or None
        Observed minus predicted share of patients with the outcome (observed minus expected).
    auroc, brier, net_benefit : Interval or None
        Descriptive.
    missed_pooled, false_alarms_pooled, calibration_pooled : Interval or None
        The same drawn towards the other groups of the attribute; see :func:`pooled_proportions`.
    suppressed : bool
        True where n, events or non-events is a cell of 1 to 10 patients, or the group could be derived
        from another such group: nothing of this row may leave the notebook.
    """

    attribute: str
    group: str
    reference: bool
    n: int
    events: int
    sensitivity: Interval | None
    specificity: Interval | None
    missed: Interval | None
    false_alarms: Interval | None
    alerts: Interval | None
    predictive_value: Interval | None
    calibration: Interval | None
    auroc: Interval | None
    brier: Interval | None
    net_benefit: Interval | None
    missed_pooled: Interval | None = None
    false_alarms_pooled: Interval | None = None
    calibration_pooled: Interval | None = None
    suppressed: bool = False


MEASURES = ("missed", "false_alarms", "calibration")
"""The confirmatory measures: infections missed, false alarms, observed minus expected risk."""

INTERVALS = (
    "sensitivity",
    "specificity",
    "missed",
    "false_alarms",
    "alerts",
    "predictive_value",
    "calibration",
    "auroc",
    "brier",
    "net_benefit",
    "missed_pooled",
    "false_alarms_pooled",
    "calibration_pooled",
)


def measure_groups(
    patients: Patients, grouping: Grouping
) -> tuple[tuple[GroupMetrics, ...], list[dict[str, Counts]]]:
    """Measure every group of an attribute.

    Parameters
    ----------
    patients : Patients
        Everybody.
    grouping : Grouping
        Who is who.

    Returns
    -------
    tuple of (tuple of GroupMetrics, list of dict)
        The groups, and for each its counts by confirmatory measure; one that nobody could show is absent.
    """
    parts = [patients.among(grouping.codes == code) for code in range(len(grouping.groups))]
    hidden = _suppressed(parts)
    counts = [_counts(part) for part in parts]
    drawn = {measure: _drawn(counts, measure, patients.level) for measure in MEASURES}
    rows = tuple(
        replace(
            _metrics(part, grouping=grouping, code=code, suppressed=hidden[code]),
            missed_pooled=drawn["missed"].get(code),
            false_alarms_pooled=drawn["false_alarms"].get(code),
            calibration_pooled=drawn["calibration"].get(code),
        )
        for code, part in enumerate(parts)
    )
    return rows, counts


def _drawn(counts: list[dict[str, Counts]], measure: str, level: float) -> dict[int, Interval]:
    """Return the pooled estimates of the groups that show a measure, where there are at least two."""
    there = {code: found[measure] for code, found in enumerate(counts) if measure in found}
    if len(there) < 2:
        return {}
    count, total = (np.array([getattr(one, name) for one in there.values()]) for name in ("count", "total"))
    pooled = pooled_proportions(count, total, level=level)
    return {
        code: replace(
            found,
            estimate=found.estimate - one.expected,
            low=found.low - one.expected,
            high=found.high - one.expected,
        )
        for (code, one), found in zip(there.items(), pooled, strict=True)
    }


def _suppressed(parts: list[Patients]) -> list[bool]:
    sizes = [len(part.outcome) for part in parts]
    hidden = [
        any(0 < cell < SMALL_CELL for cell in (n, int(part.outcome.sum()), n - int(part.outcome.sum())))
        for n, part in zip(sizes, parts, strict=True)
    ]
    if sum(hidden) == 1:  # the total minus the others would give it away
        open_ones = [at for at, flag in enumerate(hidden) if not flag and sizes[at] > 0]
        if open_ones:
            hidden[min(open_ones, key=lambda at: sizes[at])] = True
    return hidden


def _metrics(part: Patients, *, grouping: Grouping, code: int, suppressed: bool) -> GroupMetrics:
    y, p, level = part.outcome, part.risk, part.level
    shares = _shares(part)
    return GroupMetrics(
        attribute=grouping.attribute,
        group=grouping.groups[code],
        reference=code == grouping.reference,
        n=len(y),
        events=int(y.sum()),
        sensitivity=shares.get("sensitivity"),
        specificity=shares.get("specificity"),
        missed=shares.get("missed"),
        false_alarms=shares.get("false_alarms"),
        alerts=shares.get("alerts"),
        predictive_value=shares.get("predictive_value"),
        calibration=_calibration(part),
        auroc=_area(part),
        brier=_mean(part, (p - y) ** 2),
        net_benefit=net_benefit(
            outcome=y, risk=p, threshold=part.threshold, cluster=_clusters(part), level=level
        )
        if len(y) > 1 and part.threshold is not None and 0 < part.threshold < 1
        else None,
        suppressed=suppressed,
    )


def _shares(part: Patients) -> dict[str, Interval]:
    if part.threshold is None:
        return {}
    alert, event = part.risk >= part.threshold, part.outcome == 1
    everybody = np.ones(len(alert), dtype=bool)
    wanted = {
        "sensitivity": (alert, event),
        "specificity": (~alert, ~event),
        "missed": (~alert, event),
        "false_alarms": (alert, ~event),
        "alerts": (alert, everybody),
        "predictive_value": (event, alert),
    }
    return {
        name: clustered_proportion(flags[rows], _clusters(part.among(rows)), level=part.level)
        for name, (flags, rows) in wanted.items()
        if rows.any()
    }


def _counts(part: Patients) -> dict[str, Counts]:
    event = part.outcome == 1
    found: dict[str, Counts] = {}
    if len(event):
        found["calibration"] = _count(event, _clusters(part), part.level, expected=float(part.risk.mean()))
    if part.threshold is None:
        return found
    alert = part.risk >= part.threshold
    if event.any():
        found["missed"] = _count(~alert[event], _clusters(part.among(event)), part.level)
    if not event.all():
        found["false_alarms"] = _count(alert[~event], _clusters(part.among(~event)), part.level)
    return found


def _count(
    flags: NDArray[np.bool_], cluster: NDArray[np.intp] | None, level: float, expected: float = 0.0
) -> Counts:
    count, total = effective_counts(flags, cluster, level=level)
    return Counts(count=count, total=total, cases=int(flags.sum()), patients=len(flags), expected=expected)


def _calibration(part: Patients) -> Interval | None:
    if not len(part.outcome):
        return None
    observed = clustered_proportion(part.outcome == 1, _clusters(part), level=part.level)
    expected = float(part.risk.mean())
    return Interval(
        estimate=observed.estimate - expected,
        low=observed.low - expected,
        high=observed.high - expected,
        std_error=observed.std_error,
        level=part.level,
    )


def _area(part: Patients) -> Interval | None:
    events = int(part.outcome.sum())
    if min(events, len(part.outcome) - events) < 2:
        return None
    return auroc(outcome=part.outcome, risk=part.risk, cluster=_clusters(part), level=part.level).interval


def _mean(part: Patients, values: NDArray[np.float64]) -> Interval | None:
    if len(values) < 2:
        return None
    mean = float(values.mean())
    error = std_error_of_mean(values - mean, _clusters(part))
    return normal_interval(mean, error, cluster=_clusters(part), level=part.level, scale="log")


def _clusters(part: Patients) -> NDArray[np.intp] | None:
    """Return the clusters where there are at least 2 of them."""
    if part.cluster is None or len(np.unique(part.cluster)) < 2:
        return None
    return part.cluster
