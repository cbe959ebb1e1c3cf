"""Whatever gives risks, read as risks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from causalmed.cohort import Cohort
from causalmed.errors import DataError, InvalidArgument
from causalmed.prediction import RiskModel

__all__ = ["outcome_of", "risk_of", "understood"]


def outcome_of(model: object, cohort: Cohort) -> str | None:
    """Return the outcome a model names, or the cohort's."""
    return (model.outcome or cohort.outcome) if isinstance(model, RiskModel) else cohort.outcome


def understood(model: object, cohort: Cohort, outcome: str) -> RiskModel | str:
    """Wrap what gives risks but is no risk model; refuse everything else."""
    if isinstance(model, RiskModel | str):
        return model
    names: object = getattr(model, "feature_names_in_", None)
    if names is None and callable(model) and not isinstance(model, type):
        names = [name for name in cohort.names if name != outcome]
    if names is None:
        raise InvalidArgument(
            f"model is a {type(model).__name__}. Give a RiskModel, the name of a column of risks, or wrap "
            "a fitted classifier: RiskModel.wrap(classifier, features=[…], threshold=…)."
        )
    return RiskModel.wrap(model, features=[str(name) for name in np.asarray(names).tolist()])


def risk_of(model: RiskModel | str, cohort: Cohort) -> NDArray[np.float64]:
    """Return the risk of every patient; ``DataError`` where a column does not hold risks."""
    if isinstance(model, RiskModel):
        return model.risk(cohort)
    risk = cohort.values(model)
    if cohort.column(model).levels:
        raise DataError(f"Column {model!r} holds labels, not risks. Name a column of probabilities.")
    if not ((risk >= 0) & (risk <= 1)).all():
        raise DataError(
            f"Column {model!r} runs from {risk.min():g} to {risk.max():g}: a risk is a probability between "
            "0 and 1. Turn scores into probabilities first."
        )
    return risk
