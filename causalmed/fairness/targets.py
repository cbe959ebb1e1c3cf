"""What a disparity may be in: the outcome, the predicted risk."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from causalmed.cohort import Cohort
from causalmed.fairness.groups import Grouping
from causalmed.fairness.pathways import PREDICTION, Pathways, pathways, with_prediction
from causalmed.fairness.risks import risk_of
from causalmed.graph import Graph
from causalmed.prediction import RiskModel

__all__ = ["Target", "outcome_target", "prediction_target"]

Array = NDArray[np.float64]
_OPAQUE = (
    "not identified: the columns behind a column of risks are not known; wrap the model (RiskModel.wrap)"
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Target:
    """A number a patient whose mean differs between groups.

    Parameters
    ----------
    of : {"outcome", "prediction"}
        Which.
    kind : {"binary", "share", "number"}
        How it is regressed.
    values : ndarray, shape (n,)
        Of every patient.
    pathways : Pathways
        What is identified, from which columns.
    model : RiskModel or None
        Where the values can be computed for patients of another group.
    attribute : str
        The column to be changed for that.
    """

    of: str
    kind: str
    values: Array
    pathways: Pathways
    model: RiskModel | None = None
    attribute: str = ""

    def take(self, rows: NDArray[np.bool_]) -> Target:
        """Return the same of some patients."""
        return replace(self, values=self.values[rows])

    def switched(self, cohort: Cohort, group: NDArray[np.bool_]) -> Array | None:
        """Return the predicted risks had everybody been of a group, all else as it is; None if unknown.

        Parameters
        ----------
        cohort : Cohort
            The patients.
        group : ndarray of bool, shape (n,)
            Who is of the group; one of them gives its value of the attribute.
        """
        if self.model is None:
            return None
        if self.attribute not in self.model.features:
            return self.values
        frame = cohort.to_frame()
        return np.asarray(
            self.model.risk(frame.assign(**{self.attribute: frame[self.attribute][group].iloc[0]}))
        )


def outcome_target(cohort: Cohort, graph: Graph, grouping: Grouping, outcome: str) -> Target:
    """Return the outcome as a target."""
    column = cohort.column(outcome)
    observed = [name for name in _complete(cohort) if name != outcome]
    return Target(
        of="outcome",
        kind="binary" if column.kind == "binary" else "number",
        values=np.asarray(column.values, dtype=np.float64),
        pathways=pathways(graph, grouping.attribute, outcome, observed=observed),
    )


def prediction_target(
    cohort: Cohort, graph: Graph, grouping: Grouping, outcome: str, model: RiskModel | str
) -> Target:
    """Return the predicted risk as a target.

    The direct part needs no assumption where the model can be asked about patients of another group.
    """
    risk = risk_of(model, cohort)
    observed = [name for name in _complete(cohort) if name not in (outcome, model)]
    if isinstance(model, str):
        found = _column_pathways(graph, grouping.attribute, model, observed)
        return Target(of="prediction", kind="share", values=risk, pathways=found)
    features = model.features
    paths = pathways(with_prediction(graph, features), grouping.attribute, PREDICTION, observed=observed)
    banded = bool(grouping.how) and grouping.attribute in features
    if banded:
        return Target(of="prediction", kind="share", values=risk, pathways=paths)
    asked = replace(paths, direct="", indirect=paths.spurious)
    return Target(
        of="prediction",
        kind="share",
        values=risk,
        pathways=asked,
        model=model,
        attribute=grouping.attribute,
    )


def _complete(cohort: Cohort) -> list[str]:
    """Return the columns without missing values: others are as good as unmeasured here."""
    holes = cohort.incomplete
    return [name for name in cohort.names if holes is None or name not in holes]


def _column_pathways(graph: Graph, attribute: str, name: str, observed: list[str]) -> Pathways:
    if name in graph:
        return pathways(graph, attribute, name, observed=observed)
    return Pathways(target=name, direct=_OPAQUE, indirect=_OPAQUE, spurious=_OPAQUE)
