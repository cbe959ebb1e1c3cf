"""Setting a threshold again for another hospital, from its patients without outcomes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from causalmed.arguments import require_instance, require_share
from causalmed.cohort import Cohort, Column
from causalmed.engine import fold_of
from causalmed.errors import InvalidArgument, NotEnoughEvents
from causalmed.prediction.adaptation import AIMS, Adaptation
from causalmed.prediction.adaptation_checks import adaptation_checks
from causalmed.prediction.features import Feature, feature_columns, learn_features
from causalmed.prediction.refit import refit as refitted
from causalmed.prediction.roles import observed_outcome, refuse_weights, seen_before
from causalmed.prediction.threshold import Threshold
from causalmed.prediction.transported import Evidence, gather_evidence
from causalmed.prediction.transported_threshold import expected, expected_risk, lowest_safe_threshold
from causalmed.regression import DesignRecipe
from causalmed.results import Check, Gate, Provenance

if TYPE_CHECKING:
    from causalmed.prediction.model import RiskModel

__all__ = ["adapt_threshold", "calibration_part"]

FOLDS: Final = 10
HELD_BACK: Final = 3
_FEWEST: Final = 100

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sides:
    """What the two samples hold: columns coded alike, and their risks."""

    schema: tuple[Feature, ...]
    source: list[Column]
    target: list[Column]
    risk: Array
    target_risk: Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Situation:
    """A model, the patients whose outcomes are known, and both sides."""

    model: RiskModel
    labelled: Cohort
    sides: Sides
    evidence: Evidence


def adapt_threshold(
    model: RiskModel,
    patients: object,
    *,
    specificity: float | None = None,
    delta: float = 0.05,
    aim: str = AIMS[0],
    refit: bool = False,
    calibration: Cohort | None = None,
    outcome: str | None = None,
    level: float = 0.95,
) -> Adaptation:
    """Set the threshold of a model for patients whose outcomes are not known; see :meth:`RiskModel.adapt`."""
    wanted = _wanted(model, specificity, delta=delta, level=level)
    for name, given, allowed in (("aim", aim, AIMS), ("refit", refit, (False, True))):
        if given not in allowed:
            raise InvalidArgument.option(name, given, allowed)
    of_these = aim == AIMS[1]
    here = _again(model, patients, calibration) if refit else _now(model, patients, calibration, outcome)
    value = lowest_safe_threshold(here.evidence, specificity=wanted, delta=delta, of_these=of_these)
    checks = _checks(here, patients, value)
    guarantee = Threshold(
        value=value,
        specificity=wanted,
        delta=delta,
        negatives=int((here.evidence.outcome == 0).sum()),
        unlabelled=len(here.sides.target_risk),
        aim=aim,
    )
    before = None
    if model.threshold is not None:
        old = _now(model, patients, calibration, outcome) if refit else here
        before = expected(old.evidence, model.threshold, level=level, of_these=of_these)
    return Adaptation(
        model=_with(here.model, guarantee, checks),
        specificity=wanted,
        delta=delta,
        aim=aim,
        adapted=expected(here.evidence, value, level=level, of_these=of_these),
        before=before,
        risk=expected_risk(here.evidence, level=level, of_these=of_these),
        patients=len(here.sides.target_risk),
        calibration=here.labelled.n,
        diagnostics=Gate(checks=checks),
        provenance=Provenance.collect(
            data_fingerprint=here.labelled.fingerprint,
            spec=f"adapt(specificity={wanted}, delta={delta}, aim={aim!r}, refit={refit})",
            seed=0 if model.provenance is None else model.provenance.seed or 0,
        ),
        level=level,
        evidence=here.evidence,
    )


def _now(model: RiskModel, patients: object, calibration: Cohort | None, outcome: str | None) -> Situation:
    """The model as it is, with patients it was not trained on."""
    labelled = _labelled(model, calibration)
    name = observed_outcome(labelled, outcome or model.outcome or labelled.outcome)
    sides = _sides(model, labelled, patients, risk=model.risk(labelled))
    evidence = _evidence(sides, labelled.values(name))
    return Situation(model=model, labelled=labelled, sides=sides, evidence=evidence)


def _again(model: RiskModel, patients: object, calibration: Cohort | None) -> Situation:
    """The model fitted on everybody, with cross-fitted risks."""
    if calibration is not None:
        raise InvalidArgument(
            "refit=True uses the model's own patients for everything; leave calibration= out, or refit="
        )
    if model.reference is not None:
        refuse_weights(model.reference, "adapt()")
    found = refitted(model)
    sides = _sides(found.model, found.cohort, patients, risk=found.risk)
    evidence = _evidence(sides, found.cohort.values(model.outcome))
    return Situation(model=found.model, labelled=found.cohort, sides=sides, evidence=evidence)


def _checks(here: Situation, patients: object, value: float) -> tuple[Check, ...]:
    sides = here.sides
    seen = seen_before(here.model, patients) if isinstance(patients, Cohort) else ()
    found = adaptation_checks(here.evidence, sides.source, sides.target, here.labelled, threshold=value)
    return (*seen, *found)


def _with(model: RiskModel, guarantee: Threshold, checks: tuple[Check, ...]) -> RiskModel:
    """Return the model with a threshold and with checks that replace those of the same names."""
    new = {check.name for check in checks}
    kept = [check for check in model.diagnostics.checks if check.name not in new]
    return replace(model, guarantee=guarantee, diagnostics=Gate(checks=(*kept, *checks)))


def calibration_part(model: RiskModel) -> Cohort:
    """Return the patients that were held back when the model was fitted."""
    if model.reference is None or model.provenance is None or model.provenance.seed is None:
        raise InvalidArgument(
            "This model does not carry the patients it was calibrated on: it was loaded or wrapped. Give "
            "calibration=, a cohort with outcomes that the model was not trained on."
        )
    if model.trained is not None and model.trained[0] == model.reference.n:
        raise InvalidArgument(
            "This model was fitted on all its patients, none was held back. Adapt the model that it was made "
            "from, or give calibration="
        )
    keys = model.reference.unit_keys
    return model.reference.take(fold_of(keys, folds=FOLDS, seed=model.provenance.seed) < HELD_BACK)


def _wanted(model: RiskModel, specificity: float | None, *, delta: float, level: float) -> float:
    require_share("delta", delta, example=0.05)
    require_share("level", level, example=0.95)
    asked = None if model.guarantee is None else model.guarantee.specificity
    if specificity is None and asked is None:
        raise InvalidArgument(
            "The model was given no specificity to keep. Say which it must reach: specificity=0.93."
        )
    return require_share("specificity", asked if specificity is None else specificity, example=0.93)


def _labelled(model: RiskModel, calibration: Cohort | None) -> Cohort:
    if calibration is None:
        return calibration_part(model)
    require_instance("calibration", calibration, Cohort, how="Cohort.from_frame(frame, …)")
    refuse_weights(calibration, "adapt()")
    return calibration


def _sides(model: RiskModel, labelled: Cohort, patients: object, *, risk: Array) -> Sides:
    if isinstance(patients, Cohort):
        refuse_weights(patients, "adapt()")
    schema = model.schema or learn_features(labelled, model.features)
    target = feature_columns(schema, patients)
    if len(target[0].values) < _FEWEST:
        raise NotEnoughEvents(
            f"{len(target[0].values)} patients of the new hospital are too few: the guarantee is that of "
            f"large samples, and {_FEWEST} is the least that is taken. Collect more, or keep the threshold."
        )
    return Sides(
        schema=schema,
        source=feature_columns(schema, labelled),
        target=target,
        risk=risk,
        target_risk=model.risk(patients),
    )


def _evidence(sides: Sides, outcome: Array) -> Evidence:
    """Code the main effects of all features alike on either side, and gather."""
    both = _joined(sides.schema, sides.source, sides.target)
    matrix = DesignRecipe.learn(both, intercept=False).build(both).matrix
    here, there = matrix[: len(sides.risk)], matrix[len(sides.risk) :]
    order = _ordered(sides.target_risk, there)
    return gather_evidence(
        outcome=outcome,
        risk=sides.risk,
        target_risk=sides.target_risk[order],
        features=here,
        target_features=there[order],
    )


def _ordered(risk: Array, features: Array) -> NDArray[np.intp]:
    """Order the new patients by what is known of them, so that the order of rows changes no bit."""
    mixed = np.einsum("ij,j->i", features, np.sqrt(np.arange(2.0, 2.0 + features.shape[1])))
    return np.lexsort((mixed, risk))


def _joined(schema: Sequence[Feature], source: list[Column], target: list[Column]) -> list[Column]:
    return [
        feature.column(np.concatenate([here.values, there.values]))
        for feature, here, there in zip(schema, source, target, strict=True)
    ]
