"""How much a patient's predicted risk would differ, had the patient been of another group."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from causalmed.arguments import require_instance, require_seed, require_share
from causalmed.cohort import Cohort
from causalmed.errors import InvalidArgument
from causalmed.fairness.groups import Grouping, groupings
from causalmed.fairness.tolerance import Tolerance, stated_tolerance
from causalmed.prediction import RiskModel, normal_interval, std_error_of_mean
from causalmed.results import Interval
from causalmed.results.words import number
from causalmed.scm import StructuralCausalModel

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CounterfactualFairness", "CounterfactualGap", "counterfactual_fairness"]

COUPLINGS: Final = ("monotone", "independent", "gumbel")
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterfactualGap:
    r"""Predicted risk as it is minus as it would have been, in one group under one coupling.

    Parameters
    ----------
    group, other : str
        Who they are, and whom they would have been.
    coupling : str
        How the noise of yes/no and levelled columns is shared by the two worlds.
    mean : Interval
        Of :math:`D_i = f(x_i) - E[f(X_{i, a'})]`.
    size : Interval
        Of its absolute value.
    beyond : float or None
        Share of patients with an absolute value above the tolerance.
    n : int
        Patients.
    """

    group: str
    other: str
    coupling: str
    mean: Interval
    size: Interval
    beyond: float | None
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterfactualFairness:
    """Gaps of every group under every coupling; made by :func:`counterfactual_fairness`.

    Parameters
    ----------
    attribute : str
        What is changed.
    gaps : tuple of CounterfactualGap
        Each group with each coupling.
    """

    attribute: str
    gaps: tuple[CounterfactualGap, ...]

    def coupling_range(self, group: str) -> tuple[float, float]:
        """Return the smallest and the largest mean absolute gap of a group over the couplings.

        Raises
        ------
        InvalidArgument
            If the group was not asked about.
        """
        found = [one.size.estimate for one in self.gaps if one.group == group]
        if not found:
            raise InvalidArgument.option("group", group, sorted({one.group for one in self.gaps}))
        return min(found), max(found)

    def summary(self) -> str:
        """Return a sentence a group in at most 80 columns."""
        lines = [f"How would the predicted risk differ, had {self.attribute} been another?"]
        for group, other in dict.fromkeys((one.group, one.other) for one in self.gaps):
            low, high = (number(100 * value) for value in self.coupling_range(group))
            many = len({one.coupling for one in self.gaps}) > 1
            span = f"{low} to {high}, by how the two worlds share their noise" if many else low
            lines.append(f"{group} as {other}: by {span}, in 100 patients like these, on average.")
        return "\n".join(textwrap.fill(line, 80, subsequent_indent="  ") for line in lines)

    def to_frame(self) -> pd.DataFrame:
        """Return a row a group and coupling."""
        import pandas as pd

        columns = ["group", "other", "coupling", "n", "mean", "low", "high", "size", "size_low", "size_high"]
        rows = [
            (
                one.group, one.other, one.coupling, one.n, one.mean.estimate, one.mean.low, one.mean.high,
                one.size.estimate, one.size.low, one.size.high, one.beyond,
            )
            for one in self.gaps
        ]  # fmt: skip
        return pd.DataFrame(rows, columns=[*columns, "beyond"])


def counterfactual_fairness(
    model: RiskModel,
    cohort: Cohort,
    *,
    scm: StructuralCausalModel,
    protected: str | Mapping[str, Any],
    reference: str | None = None,
    couplings: Sequence[str] = COUPLINGS,
    draws: int = 200,
    tolerance: object = None,
    level: float = 0.95,
    seed: int = 0,
) -> CounterfactualFairness:
    r"""Compare each patient's predicted risk with what it would have been, all noise of the patient kept.

    .. math:: D_i = f(x_i) - E_{U \mid x_i}[f(X_{A \leftarrow a'}(U))]

    Kusner, Loftus, Russell and Silva (2017), NeurIPS 30. The posterior of the noise of yes/no and levelled
    columns does not say how the two worlds hang together; each coupling is one answer, and the range over
    them is what is known. Intervals allow for patients and draws, not for the fit of the mechanisms.

    Parameters
    ----------
    model : RiskModel
        Whose risk.
    cohort : Cohort
        The patients.
    scm : StructuralCausalModel
        With the attribute, and the model's columns that follow from it.
    protected : str or mapping
        One attribute whose groups are levels.
    reference : str, optional
        Whom the others would have been, and who would have been the first of the others; by default the
        largest group.
    couplings : sequence of str
        Among ``monotone``, ``independent``, ``gumbel``.
    draws : int
        A patient and coupling, at least 1.
    tolerance : Tolerance or mapping, optional
        Then the share of patients beyond it is given.
    level, seed
        Of the intervals; of the draws, which all groups share.

    Returns
    -------
    CounterfactualFairness

    Raises
    ------
    InvalidArgument
        More than one attribute, bands, or an unknown coupling.
    NotIdentified
        What the attribute does to the model's columns is not identified.

    Examples
    --------
    >>> import pandas as pd
    >>> from causalmed.graph import Graph
    >>> from causalmed.scm import LogisticBinary, Predictor
    >>> graph = Graph.parse("dag { sex -> smoker -> ssi; ssi [outcome] }")
    >>> scm = StructuralCausalModel.of(graph, {
    ...     "sex": LogisticBinary(predictor=Predictor.of(0.0)),
    ...     "smoker": LogisticBinary(predictor=Predictor.of(-1.0, {"sex": 1.0})),
    ...     "ssi": LogisticBinary(predictor=Predictor.of(-2.0, {"smoker": 1.0})),
    ... })
    >>> cohort = Cohort.from_frame(scm.sample(500, seed=1))
    >>> model = RiskModel.wrap(lambda frame: 0.1 + 0.2 * frame["smoker"], features=["smoker"])
    >>> found = counterfactual_fairness(model, cohort, scm=scm, protected="sex", reference="0")
    >>> low, high = found.coupling_range("1")
    >>> round(low, 2), high > low
    (0.05, True)
    """
    require_instance("model", model, RiskModel, how="RiskModel.wrap(classifier, features=[…])")
    require_instance("cohort", cohort, Cohort, how="Cohort.from_frame(frame, …)")
    require_instance("scm", scm, StructuralCausalModel, how="fit_scm(graph, cohort)")
    require_share("level", level, example=0.95)
    require_seed(seed)
    stated = stated_tolerance(tolerance)
    grouping, at = _levels(cohort, protected, reference)
    unknown = [name for name in couplings if name not in COUPLINGS]
    if unknown or not couplings:
        raise InvalidArgument.option("couplings", unknown or couplings, COUPLINGS)
    first = next(code for code in range(len(grouping.groups)) if code != at)
    gaps = []
    for code, group in enumerate(grouping.groups):
        rows = grouping.codes == code
        if not rows.any():
            continue
        other, part = grouping.groups[first if code == at else at], cohort.take(rows)
        for coupling in couplings:
            gap, noise = _gaps(
                model, part, scm, grouping.attribute, other, coupling=coupling, draws=draws, seed=seed
            )
            gaps.append(_told(gap, noise, part, (group, other, coupling), stated, level))
    return CounterfactualFairness(attribute=grouping.attribute, gaps=tuple(gaps))


def _told(
    gap: Array,
    noise: float,
    part: Cohort,
    named: tuple[str, str, str],
    stated: Tolerance | None,
    level: float,
) -> CounterfactualGap:
    group, other, coupling = named
    return CounterfactualGap(
        group=group,
        other=other,
        coupling=coupling,
        mean=_mean(gap, noise, part, level),
        size=_mean(np.abs(gap), noise, part, level),
        beyond=None if stated is None else float((np.abs(gap) > stated.value).mean()),
        n=part.n,
    )


def _levels(cohort: Cohort, protected: Any, reference: str | None) -> tuple[Grouping, int]:
    found = groupings(cohort, protected)
    if len(found) != 1 or found[0].how or len(found[0].groups) < 2:
        raise InvalidArgument(
            "protected= must name one attribute with at least two levels: a band of numbers is no value that "
            "a patient could have had. Derive a column of levels that is in the graph."
        )
    grouping = found[0]
    if reference is None:
        return grouping, grouping.reference
    if reference not in grouping.groups:
        raise InvalidArgument.option("reference", reference, grouping.groups)
    return grouping, grouping.groups.index(reference)


def _gaps(
    model: RiskModel,
    part: Cohort,
    scm: StructuralCausalModel,
    attribute: str,
    other: str,
    *,
    coupling: str,
    draws: int,
    seed: int,
) -> tuple[Array, float]:
    """Return D of every patient, and the Monte-Carlo error of their mean (patients share draws)."""
    value: object = other if part.column(attribute).levels else float(other)
    below = scm.graph.descendants(attribute) - {attribute} if attribute in scm.graph else frozenset()
    moving = [name for name in model.features if name in below]
    drawn = scm.counterfactual_draws(
        part, do={attribute: value}, draws=draws, seed=seed, nodes=moving, coupling=coupling
    )
    values = {
        name: np.ravel(drawn[name]) if name in drawn else np.repeat(part.values(name), draws)
        for name in model.features
    }
    then = np.asarray(model.risk_from_values(values)).reshape(part.n, draws)
    noise = float(then.mean(axis=0).std() / math.sqrt(draws))
    return np.asarray(model.risk(part) - then.mean(axis=1)), noise


def _mean(values: Array, noise: float, part: Cohort, level: float) -> Interval:
    codes = part.cluster_codes
    codes = None if codes is None or len(np.unique(codes)) < 2 else codes
    mean = float(values.mean())
    error = math.hypot(std_error_of_mean(values - mean, codes), noise)
    return normal_interval(mean, error, cluster=codes, level=level)
