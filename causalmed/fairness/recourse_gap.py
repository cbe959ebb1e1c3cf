"""Whether some groups would have to change more than others to get out of an alert."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from causalmed.arguments import require_instance, require_names, require_seed, require_share
from causalmed.cohort import Cohort
from causalmed.engine import splitmix64
from causalmed.errors import InvalidArgument
from causalmed.explanation import Contraindication, Recourse, recourse
from causalmed.fairness.groups import Grouping, groupings
from causalmed.prediction import RiskModel, newcombe, normal_interval, proportion
from causalmed.results import Interval
from causalmed.results.words import number
from causalmed.scm import StructuralCausalModel

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["RecourseCost", "RecourseGap", "recourse_gap"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecourseCost:
    """What could be done for the patients of one group who are alerted.

    Parameters
    ----------
    group : str
        Who they are.
    patients : int
        Alerted patients who were asked about, all of them or a sample by hash.
    reached : Interval or None
        Share with a plan that brings the predicted risk below the threshold, probably (probability at least
        a half); ``None`` where nobody is alerted.
    cost : Interval or None
        Mean size of the smallest such plan among those who have one.
    reached_gap, cost_gap : Interval or None
        Against the reference; ``None`` for the reference itself.
    """

    group: str
    patients: int
    reached: Interval | None = None
    cost: Interval | None = None
    reached_gap: Interval | None = None
    cost_gap: Interval | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecourseGap:
    """Costs of recourse by group; made by :func:`recourse_gap`.

    Parameters
    ----------
    attribute, reference : str
        What divides the groups, and whom the others are compared with.
    groups : tuple of RecourseCost
        Every group.
    """

    attribute: str
    reference: str
    groups: tuple[RecourseCost, ...]

    def to_frame(self) -> pd.DataFrame:
        """Return a row a group."""
        import pandas as pd

        names = ("reached", "cost", "reached_gap", "cost_gap")
        columns = ["group", "patients", *(f"{name}{end}" for name in names for end in ("", "_low", "_high"))]
        rows = [
            (one.group, one.patients, *(v for name in names for v in _limits(getattr(one, name))))
            for one in self.groups
        ]
        return pd.DataFrame(rows, columns=columns)

    def summary(self) -> str:
        """Return a sentence a group in at most 80 columns."""
        lines = [f"Does it take more for some groups of {self.attribute} to get below the threshold?"]
        for one in self.groups:
            if one.reached is None:
                lines.append(f"{one.group}: nobody is alerted.")
                continue
            cost = "" if one.cost is None else f"; mean size of the smallest plan {one.cost}"
            share = number(100 * one.reached.estimate)
            lines.append(
                f"{one.group}: a plan that could be considered exists for {share} in 100 of those alerted "
                f"({one.patients} asked about){cost}."
            )
        return "\n".join(textwrap.fill(line, 80, subsequent_indent="  ") for line in lines)


def recourse_gap(
    model: RiskModel,
    cohort: Cohort,
    *,
    scm: StructuralCausalModel,
    protected: str,
    actionable: Sequence[str],
    contraindicated: Sequence[Contraindication] = (),
    max_changes: int = 1,
    most: int = 50,
    level: float = 0.95,
    seed: int = 0,
) -> RecourseGap:
    """Compare between groups what alerted patients would have to change.

    Every alerted patient (at most ``most`` a group, chosen by hash) is asked about with
    :func:`causalmed.explanation.recourse`; kept are the share for whom a plan exists that probably brings the
    predicted risk below the threshold, and the size of the smallest such plan. von Kügelgen, Karimi, Bhatt,
    Valera, Weller and Schölkopf (2022), AAAI 36:9584-9594, their group-wise cost.

    Parameters
    ----------
    model : RiskModel
        With a threshold.
    cohort : Cohort
        The patients.
    scm : StructuralCausalModel
        Mechanisms of the outcome and of everything between.
    protected : str
        One attribute.
    actionable, contraindicated, max_changes
        As for :func:`causalmed.explanation.recourse`.
    most : int
        Patients a group, at least 2.
    level, seed
        Of the intervals; of the noise and the choice of patients.

    Returns
    -------
    RecourseGap

    Raises
    ------
    InvalidArgument
        A model without threshold, more than one attribute.

    Examples
    --------
    >>> import pandas as pd
    >>> from causalmed.graph import Graph
    >>> from causalmed.scm import LogisticBinary, Predictor
    >>> graph = Graph.parse("dag { sex -> late -> ssi; sex -> ssi; ssi [outcome] }")
    >>> scm = StructuralCausalModel.of(graph, {
    ...     "sex": LogisticBinary(predictor=Predictor.of(0.0)),
    ...     "late": LogisticBinary(predictor=Predictor.of(-1.0, {"sex": 1.0})),
    ...     "ssi": LogisticBinary(predictor=Predictor.of(-2.0, {"late": 1.0})),
    ... })
    >>> cohort = Cohort.from_frame(scm.sample(60, seed=1), outcome="ssi")
    >>> model = RiskModel.wrap(lambda f: 0.1 + 0.2 * f["late"] + 0.2 * f["sex"], features=["late", "sex"],
    ...                        threshold=0.2)
    >>> found = recourse_gap(model, cohort, scm=scm, protected="sex", actionable=["late"], most=4)
    >>> {one.group: round(one.reached.estimate, 2) for one in found.groups}
    {'0': 1.0, '1': 0.0}
    """
    require_instance("model", model, RiskModel, how="RiskModel.wrap(classifier, features=[…], threshold=…)")
    require_instance("cohort", cohort, Cohort, how="Cohort.from_frame(frame, …)")
    require_instance("scm", scm, StructuralCausalModel, how="fit_scm(graph, cohort)")
    require_share("level", level, example=0.95)
    require_seed(seed)
    require_names("actionable", actionable)
    if model.threshold is None or not isinstance(most, int) or most < 2:
        raise InvalidArgument(
            "recourse_gap() asks what it takes to get below the threshold: give a model that has one, and "
            f"most=, a whole number from 2 (got {most!r})."
        )
    divided = groupings(cohort, protected)
    if len(divided) != 1:
        raise InvalidArgument("protected= must name one attribute: costs are compared for one at a time.")
    grouping, alert = divided[0], np.asarray(model.alert(cohort))
    order = splitmix64(cohort.unit_keys, seed)

    def ask(row: int) -> Recourse:
        return recourse(
            model,
            cohort.take(np.array([row])),
            scm=scm,
            actionable=actionable,
            contraindicated=contraindicated,
            max_changes=max_changes,
            seed=seed,
        )

    sizes = []
    for code in range(len(grouping.groups)):
        rows = np.flatnonzero(alert & (grouping.codes == code))
        chosen = np.sort(rows[np.argsort(order[rows], kind="stable")][:most])
        sizes.append(np.array([_smallest(ask(row)) for row in chosen.tolist()], dtype=np.float64))
    return _compared(grouping, sizes, level)


def _compared(grouping: Grouping, sizes: list[Array], level: float) -> RecourseGap:
    at = grouping.reference
    return RecourseGap(
        attribute=grouping.attribute,
        reference=grouping.groups[at],
        groups=tuple(
            _cost(group, sizes[code], None if code == at else sizes[at], level)
            for code, group in enumerate(grouping.groups)
        ),
    )


def _smallest(found: Recourse) -> float:
    """Return the size of the smallest plan that probably gets below the threshold, or infinity."""
    sizes = [
        plan.size
        for plan in found.plans
        if plan.outlook.below_threshold is not None and plan.outlook.below_threshold >= 0.5
    ]
    return min(sizes, default=math.inf)


def _cost(group: str, sizes: Array, reference: Array | None, level: float) -> RecourseCost:
    if not len(sizes):
        return RecourseCost(group=group, patients=0)
    there, n = np.isfinite(sizes), len(sizes)
    cost = _mean(sizes[there], level)
    found = RecourseCost(
        group=group, patients=n, reached=proportion(int(there.sum()), n, level=level), cost=cost
    )
    if reference is None or not len(reference):
        return found
    other = np.isfinite(reference)
    return replace(
        found,
        reached_gap=newcombe(int(there.sum()), n, int(other.sum()), len(reference), level=level),
        cost_gap=_apart(cost, _mean(reference[other], level), level),
    )


def _mean(values: Array, level: float) -> Interval | None:
    if len(values) < 2:
        return None
    return normal_interval(
        float(values.mean()), float(values.std(ddof=1) / math.sqrt(len(values))), level=level
    )


def _apart(one: Interval | None, other: Interval | None, level: float) -> Interval | None:
    if one is None or other is None:
        return None
    return normal_interval(
        one.estimate - other.estimate, math.hypot(one.std_error, other.std_error), level=level
    )


def _limits(interval: Interval | None) -> tuple[float | None, float | None, float | None]:
    return (None, None, None) if interval is None else (interval.estimate, interval.low, interval.high)
