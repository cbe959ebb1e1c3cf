"""The audit as a value."""

from __future__ import annotations

import textwrap
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from causalmed.errors import InvalidArgument
from causalmed.fairness.compare import Comparison, Evidence
from causalmed.fairness.decomposition import DisparityDecomposition
from causalmed.fairness.measures import INTERVALS, MEASURES, GroupMetrics
from causalmed.fairness.paths import PathNote
from causalmed.fairness.pictures import audit_picture
from causalmed.fairness.tolerance import Tolerance
from causalmed.results import Gate, Interval, Provenance, html_table
from causalmed.results.pictures import GroupDots

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["Audit", "Excluded"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Excluded:
    """Patients the audit says nothing about.

    Parameters
    ----------
    reason : str
        Why they were left out of the cohort.
    patients : int
        How many.
    """

    reason: str
    patients: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Audit:
    """For whom a risk is less right, and where that cannot be told; made by :func:`audit`.

    Parameters
    ----------
    model : str
        What was audited.
    outcome : str
        The outcome.
    n, events : int
        Patients and patients with the outcome.
    clusters : int or None
        Clusters the intervals allow for.
    threshold : float or None
        Alert where risk >= threshold.
    groups : tuple of GroupMetrics
        Every group of every attribute, empty ones too.
    comparisons : tuple of Comparison
        Every group against the reference of its attribute.
    tolerance : Tolerance or None
        What a person holds immaterial.
    paths : tuple of PathNote
        What the graph says about each attribute.
    excluded : tuple of Excluded
        Patients left out before, with the reason.
    diagnostics : Gate
        Bands, threshold, what was not computed.
    provenance : Provenance
        How to make it again.
    alpha, level : float
        Family-wise error, and confidence level of single intervals.
    disparities : tuple of DisparityDecomposition
        Where the gap of each attribute comes from, where a graph was given.

    Examples
    --------
    >>> from causalmed.results import Gate
    >>> from causalmed.results import Provenance
    >>> empty = Audit(model="risk", outcome="infection", n=10, events=2, clusters=None, threshold=None,
    ...               groups=(), comparisons=(), tolerance=None, paths=(), excluded=(), diagnostics=Gate(),
    ...               provenance=Provenance.collect(data_fingerprint="", spec="", seed=0))
    >>> empty.counted(Evidence.SHOWN)
    0
    """

    model: str
    outcome: str
    n: int
    events: int
    clusters: int | None
    threshold: float | None
    groups: tuple[GroupMetrics, ...]
    comparisons: tuple[Comparison, ...]
    tolerance: Tolerance | None
    paths: tuple[PathNote, ...]
    excluded: tuple[Excluded, ...]
    diagnostics: Gate
    provenance: Provenance
    alpha: float = 0.05
    level: float = 0.95
    disparities: tuple[DisparityDecomposition, ...] = ()

    @property
    def confirmatory(self) -> tuple[Comparison, ...]:
        """Comparisons of the family that was named beforehand."""
        return tuple(one for one in self.comparisons if one.confirmatory)

    @property
    def exploratory(self) -> tuple[Comparison, ...]:
        """Comparisons of crossed attributes, corrected among themselves."""
        return tuple(one for one in self.comparisons if not one.confirmatory)

    def counted(self, state: Evidence) -> int:
        """Return how many confirmatory comparisons are in a state."""
        return Counter(one.state for one in self.confirmatory)[state]

    @property
    def headline(self) -> str:
        """The audit in two or three sentences; it never says fair."""
        counts = (
            f"{len(self.confirmatory)} comparisons: {self.counted(Evidence.SHOWN)} show a difference, "
            f"{self.counted(Evidence.IMMATERIAL)} are inside a tolerance, "
            f"{self.counted(Evidence.CANNOT_TELL)} cannot tell, "
            f"{self.counted(Evidence.NOT_MEASURED)} were not measured."
        )
        shown = [one.sentence for one in self.confirmatory if one.state is Evidence.SHOWN]
        stated = (
            "No tolerance was set by a person." if self.tolerance is None else f"Tolerance: {self.tolerance}."
        )
        return " ".join([counts, *shown, stated])

    def to_frame(self) -> pd.DataFrame:
        """Return a row a comparison, with intervals, adjusted p-values and states."""
        import pandas as pd

        columns = [
            "attribute", "group", "reference", "measure", "difference", "low", "high", "simultaneous_low",
            "simultaneous_high", "p_adjusted", "state", "cases", "patients", "detectable", "confirmatory",
            "note",
        ]  # fmt: skip
        return pd.DataFrame([_comparison_row(one) for one in self.comparisons], columns=columns)

    def groups_frame(self) -> pd.DataFrame:
        """Return a row a group, every measure with its limits; ``suppressed`` rows must not be published."""
        import pandas as pd

        rows = [_group_row(one) for one in self.groups]
        columns = ["attribute", "group", "reference", "n", "events", "suppressed"]
        columns += [f"{name}{end}" for name in INTERVALS for end in ("", "_low", "_high")]
        return pd.DataFrame(rows, columns=columns)

    def summary(self) -> str:
        """Return the audit in at most 80 columns."""
        clusters = f", {self.clusters} clusters" if self.clusters else ""
        lines = [
            f"Audit of {self.model}: {self.n:,} patients, {self.events:,} with {self.outcome}{clusters}."
        ]
        lines.append(self.headline)
        lines += [one.sentence for one in self.confirmatory]
        lines += [f"Exploratory: {one.sentence}" for one in self.exploratory]
        lines += [note.sentence for note in self.paths]
        lines += [one.headline for one in self.disparities]
        lines += [f"Not audited: {one.patients:,} patients, {one.reason}." for one in self.excluded]
        lines += [str(check) for check in self.diagnostics.not_passed()]
        return "\n".join(textwrap.fill(line, 80, subsequent_indent="  ") for line in lines)

    def picture(self, measure: str = "missed") -> GroupDots:
        """Return the picture of one measure in every group.

        Parameters
        ----------
        measure : {"missed", "false_alarms", "calibration"}
            Which one.

        Raises
        ------
        InvalidArgument
            If it is none of them.
        """
        if measure not in MEASURES:
            raise InvalidArgument.option("measure", measure, MEASURES)
        return audit_picture(self.groups, self.comparisons, measure)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw who is missed in every group (observed minus predicted risk without a threshold)."""
        return self.picture("calibration" if self.threshold is None else "missed").plot(ax)

    def to_dict(self) -> dict[str, Any]:
        """Return the audit as plain JSON types; rows marked ``suppressed`` must not be published."""
        return {
            "model": self.model,
            "outcome": self.outcome,
            "n": self.n,
            "events": self.events,
            "clusters": self.clusters,
            "threshold": self.threshold,
            "alpha": self.alpha,
            "level": self.level,
            "headline": self.headline,
            "groups": [_group_dict(one) for one in self.groups],
            "comparisons": [_comparison_dict(one) for one in self.comparisons],
            "tolerance": self.tolerance and self.tolerance.to_dict(),
            "paths": [{"attribute": one.attribute, "sentence": one.sentence} for one in self.paths],
            "disparities": [one.to_dict(without=self._hidden(one.attribute)) for one in self.disparities],
            "excluded": [{"reason": one.reason, "patients": one.patients} for one in self.excluded],
            "diagnostics": self.diagnostics.to_dict(),
            "provenance": self.provenance.to_dict(),
        }

    def _hidden(self, attribute: str) -> frozenset[str]:
        """Groups whose parts would give a small cell away; all of them where it is the reference."""
        mine = [one for one in self.groups if one.attribute == attribute]
        if any(one.suppressed and one.reference for one in mine):
            return frozenset(one.group for one in mine)
        return frozenset(one.group for one in mine if one.suppressed)

    def _repr_html_(self) -> str:
        return html_table(self.to_frame(), caption=f"Audit: {self.headline}")


def _comparison_row(one: Comparison) -> tuple[Any, ...]:
    single, joint = _limits(one.difference), _limits(one.simultaneous)
    return (
        one.attribute, one.group, one.reference, one.measure, *single, *joint[1:], one.p_adjusted,
        str(one.state), one.cases, one.patients, one.detectable, one.confirmatory, one.note,
    )  # fmt: skip


def _comparison_dict(one: Comparison) -> dict[str, Any]:
    return {
        "attribute": one.attribute,
        "group": one.group,
        "reference": one.reference,
        "measure": one.measure,
        "difference": one.difference and one.difference.to_dict(),
        "simultaneous": one.simultaneous and one.simultaneous.to_dict(),
        "p_adjusted": one.p_adjusted,
        "state": str(one.state),
        "cases": one.cases,
        "patients": one.patients,
        "detectable": one.detectable,
        "confirmatory": one.confirmatory,
        "sentence": one.sentence,
    }


def _group_row(one: GroupMetrics) -> tuple[Any, ...]:
    values = (limit for name in INTERVALS for limit in _limits(getattr(one, name)))
    return (one.attribute, one.group, one.reference, one.n, one.events, one.suppressed, *values)


def _group_dict(one: GroupMetrics) -> dict[str, Any]:
    found: dict[str, Any] = {
        "attribute": one.attribute,
        "group": one.group,
        "reference": one.reference,
        "n": one.n,
        "events": one.events,
        "suppressed": one.suppressed,
    }
    for name in INTERVALS:
        interval: Interval | None = getattr(one, name)
        found[name] = interval and interval.to_dict()
    return found


def _limits(interval: Interval | None) -> tuple[float | None, float | None, float | None]:
    return (None, None, None) if interval is None else (interval.estimate, interval.low, interval.high)
