"""The report's model as an Applied Model Card of the Coalition for Health AI (XML, schema 0.2)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final
from xml.etree import ElementTree

from causalmed.errors import DataError

__all__ = ["NAMESPACE", "model_card"]

NAMESPACE: Final = "https://mc.chai.org/v0.2/schema.xsd"
"""Target namespace of the schema."""
_MISSING: Final = "missing: a person must state this"
_USEFUL: Final = ("area under the ROC curve", "net benefit", "alerts per 100", "missed per 100")
_SAFE: Final = ("specificity", "sensitivity", "calibration slope", "calibration in the large", "ICI")


def model_card(report: Mapping[str, Any]) -> str:
    """Write the model of a report as a model card.

    Every number is one of the report's. What only a person can say is taken from the statements of the
    protocol; what nobody stated says so.

    Parameters
    ----------
    report : mapping
        The content of ``report.json``.

    Returns
    -------
    str
        An XML document; it validates against version 0.2 of the schema, the elements in its order.

    Raises
    ------
    DataError
        The report has no risk model.

    References
    ----------
    Coalition for Health AI, Applied Model Card, schema version 0.2, 28 October 2025.
    """
    body = report.get("body", report)
    if not body.get("risk_model") or not body.get("performance"):
        raise DataError("The report has no risk model, so there is no model to make a card of.")
    root = ElementTree.Element(f"{{{NAMESPACE}}}AppliedModelCard")
    for name, content in _content(body).items():
        _add(root, name, content)
    ElementTree.register_namespace("", NAMESPACE)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _add(parent: ElementTree.Element, name: str, content: Any) -> None:
    """Add an element: text, or elements below it; of a list, one each."""
    for one in content if isinstance(content, list) else [content]:
        child = ElementTree.SubElement(parent, f"{{{NAMESPACE}}}{name}")
        if isinstance(one, dict):
            for below, inner in one.items():
                _add(child, below, inner)
        else:
            child.text = _printable(str(one))


def _printable(text: str) -> str:
    """Leave out what XML 1.0 cannot hold: control characters other than tab and line ends."""
    return "".join(one for one in text if one in "\t\n\r" or (one >= " " and one not in "\ufffe\uffff"))


def _content(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the card as nested texts, in the order of the schema."""
    said, model, protocol = _statements(body), body["risk_model"], body["protocol"]
    versions = dict(body["provenance"]["versions"])
    return {
        "BasicInfo": {
            "ModelName": protocol["title"],
            "ModelDeveloper": said("team"),
            "DeveloperContact": said("contact"),
        },
        "ReleaseInfo": {
            "ReleaseStage": said("implementation"),
            "ReleaseDate": _MISSING,
            "ReleaseVersion": f"causalmed {versions.get('causalmed', '')}, seed {body['provenance']['seed']}",
            "GlobalAvailability": said("code_access"),
            "RegulatoryApproval": said("legal_route"),
        },
        "ModelSummary": {
            "Summary": f"Predicts {model['outcome']} from {len(model['features'])} columns.",
            "Keywords": {"Keyword": [model["outcome"], "causal inference", "risk model"]},
        },
        "UsesAndDirections": {
            "IntendedUseAndWorkflow": said("intended_use"),
            "PrimaryIntendedUsers": said("users_training"),
            "HowToUse": said("alert_consequence"),
            "TargetedPatientPopulation": said("representativeness"),
            "CautionedOutOfScopeSettings": said("out_of_scope"),
        },
        "Warnings": {
            "KnownRisksAndLimitations": _unknowns(body),
            "KnownBiasesOrEthicalConsiderations": said("known_inequalities"),
            "ClinicalRiskLevel": said("risk_acceptance"),
        },
        "TrustIngredients": _trust(body, said),
        "KeyMetrics": _metrics(body, said),
        "Resources": {
            "PeerReviewedPublications": said("registration"),
            "PatientConsentOrDisclosure": said("consent_information"),
        },
        "Bibliography": "See the report.",
    }


def _trust(body: Mapping[str, Any], said: Any) -> dict[str, Any]:
    model, population = body["risk_model"], body["population"]
    return {
        "AISystemFacts": {
            "OutcomesAndOutputs": _outputs(model),
            "ModelType": model["predictor"],
            "InputDataSource": said("data_origin"),
            "OutputAndInputDataTypes": "Columns of a table: " + ", ".join(model["features"]) + ".",
            "DevelopmentDataCharacterization": f"{population['patients']:,} patients before they were split.",
            "BiasMitigationApproaches": said("bias_measures"),
            "OngoingMaintenance": said("review_interval"),
            "Security": said("security"),
        },
        "TransparencyInformation": {
            "FundingSource": said("funding"),
            "StakeholdersConsulted": said("patient_involvement"),
        },
    }


def _outputs(model: Mapping[str, Any]) -> str:
    threshold = model["threshold"]
    if threshold is None:
        return f"The risk of {model['outcome']}; no alerts."
    return f"The risk of {model['outcome']}; an alert from a risk of {threshold['value']:.3g} upwards."


def _metrics(body: Mapping[str, Any], said: Any) -> dict[str, Any]:
    name, tested = next(iter(body["performance"].items()))
    measures = tested["measures"]
    audit = body.get("audit") or {}
    gaps = {
        f"{row['measure']}, {row['group']} against {row['reference']}": {
            "state": row["state"],
            "difference": row["difference"],
        }
        for row in audit.get("comparisons", [])
    }
    where = f"{name}: {tested['n']:,} patients the model had not seen."

    def one(results: Mapping[str, Any]) -> dict[str, Any]:
        rows = [
            {"Label": label, "ValueJson": json.dumps(value, ensure_ascii=False)}
            for label, value in results.items()
        ]
        return {
            "MetricGoal": said("acceptable_error"),
            "Results": {"MetricResult": rows or [{"Label": "not measured", "ValueJson": "null"}]},
            "Interpretation": said("interpretation"),
            "TestType": "patients or hospitals held apart before anything was fitted",
            "TestingDataDescription": where,
            "ValidationProcessAndJustification": said("external_validator"),
        }

    return {
        "UsefulnessUsabilityEfficacy": one(_some(measures, _USEFUL)),
        "FairnessEquity": one(gaps),
        "SafetyReliability": one(_some(measures, _SAFE)),
    }


def _some(measures: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: measures[name] for name in names if name in measures}


def _statements(body: Mapping[str, Any]) -> Any:
    stated = {key: one for key, one in body["protocol"]["statements"]}

    def said(key: str) -> str:
        one = stated.get(key)
        if one is None:
            return _MISSING
        lead = "does not apply: " if one.get("does_not_apply") else ""
        return f"{lead}{one['text']} ({one['stated_by']}, {one['on']})"

    return said


def _unknowns(body: Mapping[str, Any]) -> str:
    section = next((one for one in body["sections"] if one["key"] == "unknowns"), None)
    lines = [line for block in (section or {}).get("blocks", []) for line in block.get("lines", [])]
    return " ".join(lines) or "See the report."
