"""Every number of a report as plain JSON types, with small cells hidden."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from causalmed.reporting.attrition import attrition_lines
from causalmed.reporting.blocks_record import plain_value
from causalmed.reporting.disclosure import MINIMUM
from causalmed.reporting.published_model import published_performances
from causalmed.reporting.publishing import publishable

if TYPE_CHECKING:
    from causalmed.explanation import Explanation
    from causalmed.fairness import Audit
    from causalmed.prediction import RiskModel
    from causalmed.reporting.dossier import Dossier, Prediction, Tested
    from causalmed.screening import RiskScreen

__all__ = ["record"]


def record(dossier: Dossier) -> dict[str, Any]:
    """Return what ``report.json`` holds under ``body``.

    Patient-level values are not in it.
    """
    cohort = dossier.population.cohort
    prediction = dossier.prediction
    return {
        "schema": 1,
        "protocol": dossier.protocol.to_dict(),
        "population": {
            "patients": cohort.n,
            "hospitals": cohort.clusters or None,
            "synthetic": dossier.population.synthetic,
            "attrition": list(attrition_lines(dossier.population.attrition, n=cohort.n)),
        },
        "graph": dossier.population.graph.to_dagitty(),
        "checks": dossier.checks.to_dict(),
        "causes": _causes(dossier.published_screen),
        "risk_model": prediction and _model(prediction.model),
        "performance": prediction and _performance(prediction, prediction.stable),
        "comparison": prediction and prediction.every_column and _comparison(prediction),
        "explanation": dossier.explanation and _overall(dossier),
        "recourse": dossier.recourse and dossier.recourse.to_dict(),
        "audit": dossier.audit and _audit(dossier.audit),
        "changes": dossier.changes and dossier.changes.to_dict(),
        "refusals": [
            {"part": refusal.part, "kind": refusal.kind, "reason": refusal.reason}
            for refusal in dossier.refusals
        ],
        "items": [
            {"key": item.key, "state": item.state.value, "label": item.label} for item in dossier.items()
        ],
        "sections": [section.to_dict() for section in dossier.sections()],
        "provenance": dossier.provenance.to_dict(),
    }


def _model(model: RiskModel) -> dict[str, Any]:
    """The description of the model; counts of a few patients are ``None``."""
    found = model.to_dict()
    for part in ("trained", "calibrated"):
        found[part] = found[part] and [None if 0 < count < MINIMUM else count for count in found[part]]
    return found


def _causes(screen: RiskScreen | None) -> dict[str, Any] | None:
    if screen is None:
        return None
    found = screen.to_dict()
    for row in found["candidates"]:
        del row["adjusted_p"]
    return found


def _audit(audit: Audit) -> dict[str, Any]:
    found = publishable(audit).to_dict()
    for row in found["comparisons"]:
        del row["p_adjusted"]
    for disparity in found["disparities"]:
        for part in disparity["parts"]:
            del part["p_value"], part["p_adjusted"]
    return found


def _performance(prediction: Prediction, tested: Tested) -> dict[str, Any]:
    """Everybody with the curves; the parts, hospital by hospital, without."""
    everybody, *parts = published_performances(prediction, tested)
    found = {everybody[0]: everybody[1].to_dict()}
    for name, performance in parts:
        plain = performance.to_dict()
        found[name] = {key: plain[key] for key in ("n", "level", "measures", "threshold")}
    return found


def _comparison(prediction: Prediction) -> dict[str, Any]:
    """The same learner with every column known before the outcome; not for use."""
    every = prediction.every_column
    assert every is not None
    return {
        "label": "comparison, not for use",
        "features": list(every.model.features),
        "performance": _performance(prediction, every),
    }


def _overall(dossier: Dossier) -> dict[str, Any]:
    """The explanation over all explained patients; no patient's own values leave."""
    assert dossier.explanation is not None
    found = dossier.explanation
    asked = {} if dossier.questions is None else dossier.questions.answers
    return {
        **_attributions(found),
        "questions": {name: _attributions(one) for name, one in asked.items()},
    }


def _attributions(found: Explanation) -> dict[str, Any]:
    frame = found.overall()
    rows = [
        {str(key): plain_value(value) for key, value in row.items()}
        for row in frame.to_dict(orient="records")
    ]
    return {
        "question": found.question,
        "patients": len(found),
        "background_n": found.background_n,
        "background_fingerprint": found.background_fingerprint,
        "method": found.method,
        "features": rows,
    }
