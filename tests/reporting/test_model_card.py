"""The model card: its elements in the order of the schema, every text escaped."""

from __future__ import annotations

import copy
import json
from xml.etree import ElementTree

import pytest

from causalmed.errors import DataError
from causalmed.reporting import Protocol, model_card, run
from causalmed.reporting.model_card import NAMESPACE
from tests.reporting.test_running import CAESAREAN

ORDER = {
    "AppliedModelCard": (
        "BasicInfo ReleaseInfo ModelSummary UsesAndDirections Warnings TrustIngredients KeyMetrics Resources "
        "Bibliography"
    ),
    "BasicInfo": "ModelName ModelDeveloper DeveloperContact",
    "ReleaseInfo": "ReleaseStage ReleaseDate ReleaseVersion GlobalAvailability RegulatoryApproval",
    "ModelSummary": "Summary Keywords",
    "UsesAndDirections": (
        "IntendedUseAndWorkflow PrimaryIntendedUsers HowToUse TargetedPatientPopulation "
        "CautionedOutOfScopeSettings"
    ),
    "Warnings": "KnownRisksAndLimitations KnownBiasesOrEthicalConsiderations ClinicalRiskLevel",
    "TrustIngredients": "AISystemFacts TransparencyInformation",
    "AISystemFacts": (
        "OutcomesAndOutputs ModelType InputDataSource OutputAndInputDataTypes "
        "DevelopmentDataCharacterization BiasMitigationApproaches OngoingMaintenance Security"
    ),
    "TransparencyInformation": "FundingSource StakeholdersConsulted",
    "KeyMetrics": "UsefulnessUsabilityEfficacy FairnessEquity SafetyReliability",
    "FairnessEquity": (
        "MetricGoal Results Interpretation TestType TestingDataDescription ValidationProcessAndJustification"
    ),
    "Resources": "PeerReviewedPublications PatientConsentOrDisclosure",
}
"""What version 0.2 of the schema asks for, optional elements that are never written left out."""


@pytest.fixture(scope="module")
def body():
    return run(Protocol.parse(CAESAREAN)).to_dict()


def name(element):
    return element.tag.removeprefix(f"{{{NAMESPACE}}}")


def test_the_order_of_the_schema(body):
    root = ElementTree.fromstring(model_card({"body": body}))
    assert root.tag == f"{{{NAMESPACE}}}AppliedModelCard"
    seen = 0
    for element in root.iter():
        if name(element) in ORDER:
            seen += 1
            assert [name(child) for child in element] == ORDER[name(element)].split(), name(element)
    assert seen == len(ORDER)


def test_the_numbers_are_those_of_the_report(body):
    root = ElementTree.fromstring(model_card(body))
    measures = next(iter(body["performance"].values()))["measures"]
    results = {
        row[0].text: json.loads(row[1].text) for row in root.iter(f"{{{NAMESPACE}}}MetricResult") if len(row)
    }
    shared = set(results) & set(measures)
    assert shared
    assert all(results[label] == measures[label] for label in shared)


def test_hostile_texts_stay_texts(body):
    poisoned = copy.deepcopy(body)
    poisoned["protocol"]["title"] = "<script>alert(1)</script> & \x00\x1b\u202e"
    root = ElementTree.fromstring(model_card(poisoned))
    assert root[0][0].text == "<script>alert(1)</script> & \u202e"


def test_without_a_model_there_is_no_card(body):
    with pytest.raises(DataError, match="no risk model"):
        model_card({**body, "risk_model": None})


def test_what_nobody_stated_is_missing(body):
    text = model_card(body)
    assert text.count("missing: a person must state this") > 10
    said = {
        **body["protocol"],
        "statements": [["team", {"text": "Us", "stated_by": "A", "on": "2026-01-01"}]],
    }
    assert "Us (A, 2026-01-01)" in model_card({**body, "protocol": said})
