"""A risk model on disk: one JSON file with a schema version; no code, no pickle."""

from __future__ import annotations

import json
from os import PathLike
from pathlib import Path
from typing import Any, Final

import numpy as np

from causalmed.errors import DataError, NotSavable
from causalmed.prediction.features import Feature
from causalmed.prediction.model import RiskModel
from causalmed.prediction.predictors import LinearPredictor
from causalmed.prediction.recalibration import Recalibration
from causalmed.prediction.stable import LeftOut
from causalmed.prediction.threshold import Threshold
from causalmed.regression import DesignRecipe
from causalmed.results import Check, Gate, Provenance, State

__all__ = ["load_model", "save_model"]

SCHEMA: Final = "causalmed.risk_model/1"


def save_model(model: RiskModel, path: str | PathLike[str]) -> None:
    """Write a model; see :meth:`RiskModel.save`."""
    if not isinstance(model.predictor, LinearPredictor):
        raise NotSavable(
            f"The classifier of this model ({model.predictor.describes}) has no safe form on disk: only "
            "our own models save as JSON. Save it with its own library, and wrap it again after loading "
            "(RiskModel.wrap)."
        )
    content = {
        "schema": SCHEMA,
        "formula": model.predictor.formula,
        "coefficients": model.predictor.coefficients.tolist(),
        "names": list(model.predictor.recipe.names),
        "features": [feature.to_dict() for feature in model.schema],
        "recalibration": model.recalibration
        and {"intercept": model.recalibration.intercept, "slope": model.recalibration.slope},
        "description": model.to_dict(),
        "left_out": [{"name": one.name, "reason": one.reason, "kind": one.kind} for one in model.left_out],
    }
    text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
    try:
        Path(path).write_text(text + "\n", encoding="utf-8")
    except (OSError, TypeError) as error:
        raise NotSavable(f"The model cannot be written to {path!r}: {error}. Name a file.") from error


def load_model(path: str | PathLike[str]) -> RiskModel:
    """Read a model; see :meth:`RiskModel.load`."""
    try:
        content: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
        found = content.get("schema")
    except (OSError, TypeError) as error:
        raise DataError(f"{path!r} cannot be read: {error}. Name a file of RiskModel.save.") from error
    except (json.JSONDecodeError, UnicodeDecodeError, AttributeError):
        found = None
    if found != SCHEMA:
        raise DataError(
            f"{path} is not a risk model of this version (schema {found!r}, expected {SCHEMA!r}). Save it "
            "again with this version of causalmed."
        )
    try:
        return _model(content)
    except DataError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(f"{path} is damaged or was changed by hand: {error}.") from error


def _model(content: dict[str, Any]) -> RiskModel:
    about = content["description"]
    return RiskModel(
        outcome=about["outcome"],
        features=tuple(about["features"]),
        predictor=_predictor(content),
        schema=_schema(content),
        recalibration=content["recalibration"] and Recalibration(**content["recalibration"]),
        guarantee=about["threshold"] and Threshold(**about["threshold"]),
        left_out=tuple(LeftOut(**one) for one in content["left_out"]),
        diagnostics=Gate(
            checks=tuple(Check(**{**one, "state": State(one["state"])}) for one in about["diagnostics"])
        ),
        trained=about["trained"] and tuple(about["trained"]),
        calibrated=about["calibrated"] and tuple(about["calibrated"]),
        how=about["split"],
        provenance=about["provenance"] and _provenance(about["provenance"]),
    )


def _schema(content: dict[str, Any]) -> tuple[Feature, ...]:
    return tuple(
        Feature(
            name=one["name"],
            kind=one["kind"],
            levels=tuple(one["levels"]),
            present=tuple(one["present"]),
        )
        for one in content["features"]
    )


def _predictor(content: dict[str, Any]) -> LinearPredictor:
    """Learn the recipe again from the levels that were present, and hold it against the stored names."""
    columns = [feature.column(np.array(feature.present or (0.0,))) for feature in _schema(content)]
    recipe = DesignRecipe.learn(columns, formula=content["formula"])
    if list(recipe.names) != content["names"]:
        raise DataError(
            "The coding of the stored model cannot be made again: its columns would be "
            f"{', '.join(recipe.names)}, and {', '.join(content['names'])} were stored."
        )
    coefficients = np.array(content["coefficients"], dtype=np.float64)
    if coefficients.shape != (len(recipe.names),) or not np.isfinite(coefficients).all():
        raise DataError(
            f"The stored model has {len(recipe.names)} columns and needs as many finite coefficients; it "
            f"holds {content['coefficients']!r:.200}. Save the model again."
        )
    coefficients.setflags(write=False)
    return LinearPredictor(recipe=recipe, coefficients=coefficients, formula=content["formula"])


def _provenance(stored: dict[str, Any]) -> Provenance:
    return Provenance(
        data_fingerprint=stored["data_fingerprint"],
        spec=stored["spec"],
        seed=stored["seed"],
        versions=tuple(stored["versions"].items()),
    )
