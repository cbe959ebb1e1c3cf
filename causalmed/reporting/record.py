"""Every number of a report as plain JSON types, with small cells hidden."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from causalmed.reporting.publishing import publishable

if TYPE_CHECKING:
    from causalmed.reporting.dossier import Dossier

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
            "hospitals": len(cohort.cluster_levels) if cohort.cluster else None,
            "synthetic": dossier.population.synthetic,
            "attrition": [str(step) for step in dossier.population.attrition],
        },
        "graph": dossier.population.graph.to_dagitty(),
        "checks": dossier.checks.to_dict(),
        "causes": dossier.screen and dossier.screen.to_dict(),
        "risk_model": prediction and prediction.model.to_dict(),
        "performance": prediction and {name: found.to_dict() for name, found in prediction.performances},
        "explanation": dossier.explanation and _overall(dossier),
        "recourse": dossier.recourse and dossier.recourse.to_dict(),
        "audit": dossier.audit and publishable(dossier.audit).to_dict(),
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


def _overall(dossier: Dossier) -> dict[str, Any]:
    """The explanation over all explained patients; no patient's own values leave."""
    assert dossier.explanation is not None
    found = dossier.explanation
    frame = found.overall()
    rows = [
        {str(key): _plain(value) for key, value in row.items()} for row in frame.to_dict(orient="records")
    ]
    return {
        "question": found.question,
        "patients": len(found),
        "background_n": found.background_n,
        "background_fingerprint": found.background_fingerprint,
        "method": found.method,
        "features": rows,
    }


def _plain(value: object) -> object:
    item = getattr(value, "item", None)
    plain = item() if callable(item) else value
    return None if isinstance(plain, float) and math.isnan(plain) else plain
