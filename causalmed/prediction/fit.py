"""Fit a risk model: choose columns, train, recalibrate and set the threshold on patients held back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from causalmed.arguments import require_instance, require_seed, require_share
from causalmed.cohort import Cohort
from causalmed.engine import fold_of
from causalmed.errors import InvalidArgument, NotEnoughEvents
from causalmed.graph import Graph
from causalmed.prediction.choose import choose_features
from causalmed.prediction.features import feature_columns, learn_features
from causalmed.prediction.model import RiskModel
from causalmed.prediction.predictors import fit_predictor
from causalmed.prediction.recalibration import Recalibration, recalibrate
from causalmed.prediction.roles import observed_outcome
from causalmed.prediction.threshold import Threshold, guaranteed_threshold
from causalmed.regression import Logistic
from causalmed.results import Check, Gate, Provenance, State

__all__ = ["fit_risk_model"]

_FOLDS: Final = 10
_HELD_BACK: Final = 3
"""Of ten parts by the hash of the unit id, so many calibrate: 30 % of the patients."""
_HOW: Final = "3 of 10 parts by a hash of the unit id, whatever the cluster"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Calibrated:
    recalibration: Recalibration | None
    guarantee: Threshold | None
    check: Check


def fit_risk_model(
    cohort: Cohort,
    *,
    outcome: str | None = None,
    graph: Graph | None = None,
    features: Sequence[str] | None = None,
    learner: object = None,
    specificity: float | None = None,
    delta: float = 0.05,
    allow_unstable: bool = False,
    seed: int = 0,
) -> RiskModel:
    r"""Fit a risk model on columns that may travel, with a threshold whose specificity is guaranteed.

    A hash of the unit id sends 70 % of the patients to training and 30 % to calibration. The learner is
    fitted on the first; on the second its risks are recalibrated
    (:math:`{\rm logit}\,p' = \alpha + \beta\,{\rm logit}\,p`), and the threshold is an order statistic of the
    risks of patients without the outcome (see :func:`causalmed.prediction.guaranteed_rank`), so that with
    probability at least 1 - delta the specificity is at least what was asked for, among patients
    exchangeable with them. The recalibration is increasing, so the guarantee does not depend on it.

    Parameters
    ----------
    cohort : Cohort
        Patients with outcomes.
    outcome : str, optional
        A binary column; by default the cohort's outcome.
    graph : Graph, optional
        What is assumed: by default the features are the :func:`stable_columns` of it.
    features : sequence of str, optional
        Columns to use instead. One that comes after the outcome is refused.
    learner : Logistic or scikit-learn classifier, optional
        ``Logistic()`` (main effects) by default. A classifier is cloned and seeded.
    specificity : float, optional
        What the threshold must reach, in (0, 1); without it the model gives risks and no alerts.
    delta : float
        The guarantee may fail with this probability, in (0, 1).
    allow_unstable : bool
        Accept unstable columns in ``features``; printed in every summary.
    seed : int
        For the split and for learners that draw.

    Returns
    -------
    RiskModel

    Raises
    ------
    RoleConflict
        A feature comes after the outcome, or is unstable and that was not allowed.
    NotEnoughEvents
        Too few events to train, or too few patients without the outcome for the guarantee.

    Examples
    --------
    >>> import pandas as pd
    >>> rng = np.random.default_rng(1)
    >>> age = rng.normal(60, 10, 2000)
    >>> infection = (rng.random(2000) < 1 / (1 + np.exp(8 - age / 10))).astype(int)
    >>> cohort = Cohort.from_frame(pd.DataFrame({"age": age, "infection": infection}), outcome="infection")
    >>> model = fit_risk_model(cohort, features=["age"], specificity=0.9, seed=1)
    >>> model.guarantee.rank, model.guarantee.negatives
    (469, 508)
    """
    require_instance("cohort", cohort, Cohort, how="Cohort.from_frame(frame, …)")
    if graph is not None:
        require_instance("graph", graph, Graph, how="Graph.parse(text)")
    name = observed_outcome(cohort, outcome or cohort.outcome)
    y = cohort.values(name)
    require_seed(seed)
    require_share("delta", delta, example=0.05)
    if allow_unstable not in (False, True):
        raise InvalidArgument.option("allow_unstable", allow_unstable, (False, True))
    chosen = choose_features(
        cohort, outcome=name, graph=graph, features=features, allow_unstable=allow_unstable
    )
    learner = Logistic() if learner is None else learner
    train = fold_of(cohort.unit_keys, folds=_FOLDS, seed=seed) >= _HELD_BACK
    _require_events(y, train)
    training, held = cohort.take(train), cohort.take(~train)
    schema = learn_features(cohort, chosen.names)
    weights = None if cohort.weights is None else training.values(cohort.weights)
    predictor = fit_predictor(
        learner, feature_columns(schema, training), y[train], weights=weights, seed=seed
    )
    raw = predictor.risk(feature_columns(schema, held))
    found = _calibrate(raw, y[~train], specificity=specificity, delta=delta)
    spec = f"fit_risk_model(learner={learner!r}, specificity={specificity}, delta={delta})"
    return RiskModel(
        outcome=name,
        features=chosen.names,
        predictor=predictor,
        schema=schema,
        recalibration=found.recalibration,
        guarantee=found.guarantee,
        left_out=chosen.left_out,
        diagnostics=Gate(checks=(*chosen.checks, _events(y[train], len(chosen.names)), found.check)),
        trained=(int(train.sum()), int(y[train].sum())),
        calibrated=(int((~train).sum()), int(y[~train].sum())),
        how=_HOW,
        provenance=Provenance.collect(data_fingerprint=cohort.fingerprint, spec=spec, seed=seed),
        reference=cohort,
        learner=learner,
    )


def _require_events(y: NDArray[np.float64], train: NDArray[np.bool_]) -> None:
    for part, among in (("training", train), ("calibration", ~train)):
        events, n = int(y[among].sum()), int(among.sum())
        if min(events, n - events) < 10:
            raise NotEnoughEvents(
                f"The {part} part has {n} patients, {events} with the outcome; at least 10 on either side "
                "are needed to learn or calibrate a risk. Take a larger cohort."
            )


def _calibrate(
    raw: NDArray[np.float64], y: NDArray[np.float64], *, specificity: float | None, delta: float
) -> _Calibrated:
    recalibration = recalibrate(raw, y)
    risk = raw if recalibration is None else recalibration.apply(raw)
    guarantee = (
        None
        if specificity is None
        else guaranteed_threshold(risk[y == 0], specificity=specificity, delta=delta)
    )
    if recalibration is None:
        check = Check(
            name="recalibration",
            state=State.FAIL,
            sentence="On patients held back, risks do not rise with the outcome: they were left as they are.",
            advice="Do not use this model.",
        )
    else:
        check = Check(
            name="recalibration",
            state=State.PASS,
            sentence=f"Recalibrated on patients held back (slope {recalibration.slope:.2f}).",
            value=recalibration.slope,
        )
    return _Calibrated(recalibration=recalibration, guarantee=guarantee, check=check)


def _events(y: NDArray[np.float64], columns: int) -> Check:
    rarer = min(float(y.sum()), float(len(y) - y.sum()))
    ratio = rarer / columns
    return Check(
        name="events per column",
        state=State.PASS if ratio >= 10 else State.WARN,
        sentence=f"The training part has {ratio:.0f} events for each column of the model.",
        value=ratio,
        threshold=10.0,
        advice="Fewer columns, or Logistic(firth=True), make risks less extreme.",
    )
