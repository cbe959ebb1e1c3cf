"""The same model fitted again on every labelled patient, with risks that no patient helped to make."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from causalmed.cohort import Cohort
from causalmed.engine import fold_of
from causalmed.errors import InvalidArgument
from causalmed.prediction.features import feature_columns
from causalmed.prediction.predictors import fit_predictor
from causalmed.prediction.recalibration import recalibrate

if TYPE_CHECKING:
    from causalmed.prediction.model import RiskModel

__all__ = ["Refitted", "refit"]

_FOLDS: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Refitted:
    """A model fitted on all labelled patients, and cross-fitted risks of these patients.

    Parameters
    ----------
    model : RiskModel
        Without a threshold.
    cohort : Cohort
        The labelled patients.
    risk : ndarray, shape (n,)
        Of each, by the nine tenths that it is not in.
    """

    model: RiskModel
    cohort: Cohort
    risk: NDArray[np.float64]


def refit(model: RiskModel) -> Refitted:
    """Fit a model again on everybody, and recalibrate it on risks that were cross-fitted.

    Parameters
    ----------
    model : RiskModel
        Made by :func:`fit_risk_model`, not loaded.

    Returns
    -------
    Refitted

    Raises
    ------
    InvalidArgument
        If the model does not carry its patients and its learner, or risks do not rise with the outcome.
    """
    cohort, learner = model.reference, model.learner
    if cohort is None or learner is None or model.provenance is None:
        raise InvalidArgument(
            "refit=True needs the patients and the learner of the model, and this one was loaded or wrapped. "
            "Fit it again with fit_risk_model, or leave refit out."
        )
    seed = model.provenance.seed or 0
    y, columns = cohort.values(model.outcome), feature_columns(model.schema, cohort)
    folds = fold_of(cohort.unit_keys, folds=_FOLDS, seed=seed)
    raw = np.empty(len(y))
    for fold in range(_FOLDS):
        out = folds == fold
        inside, outside = np.flatnonzero(out), np.flatnonzero(~out)
        rest = [column.take(outside) for column in columns]
        part = fit_predictor(learner, rest, y[~out], seed=seed)
        raw[out] = part.risk([column.take(inside) for column in columns])
    recalibration = recalibrate(raw, y)
    if recalibration is None:
        raise InvalidArgument("Cross-fitted risks do not rise with the outcome: no threshold means anything.")
    everybody = (cohort.n, int(y.sum()))
    again = replace(
        model,
        predictor=fit_predictor(learner, columns, y, seed=seed),
        recalibration=recalibration,
        guarantee=None,
        trained=everybody,
        calibrated=everybody,
        how=f"everybody in both, recalibrated on risks cross-fitted in {_FOLDS} parts",
    )
    return Refitted(model=again, cohort=cohort, risk=recalibration.apply(raw))
