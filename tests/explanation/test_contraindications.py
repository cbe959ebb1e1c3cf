from __future__ import annotations

import pytest
from ward_model import patient

from causalmed.errors import ColumnNotFound, InvalidArgument
from causalmed.explanation.contraindications import (
    Clearance,
    Contraindicated,
    Contraindication,
    check_rules,
    violations,
)


@pytest.mark.parametrize(
    ("when", "never", "changes", "broken"),
    [
        ("allergy == 1", "cefazolin", {"drug": 1.0}, True),
        ("allergy == 1", "cefazolin", {"drug": 2.0}, False),
        ("allergy == 0", "cefazolin", {"drug": 1.0}, False),
        ("allergy == 1", "drug", {"drug": 2.0}, True),
        ("allergy == 1", "drug", {"late": 0.0}, False),
        ("diabetes == 1", "glucose < 100", {"glucose": 90.0}, True),
        ("diabetes == 1", "glucose < 100", {"glucose": 120.0}, False),
        ("diabetes == 0", "glucose < 100", {"glucose": 90.0}, False),
        # the rule comes into force by the change itself
        ("drug == 'vancomycin'", "late", {"drug": 2.0, "late": 0.0}, True),
        # what was so before and is not touched is nobody's fault
        ("allergy == 1", "glucose > 150", {"late": 0.0}, False),
        ("allergy == 1", "glucose > 150", {"glucose": 170.0}, True),
    ],
)
def test_what_a_rule_forbids(when: str, never: str, changes: dict[str, float], broken: bool) -> None:
    person = patient(allergy=1)
    rule = Contraindication(when=when, never=never)
    assert bool(violations(person, changes=changes, rules=[rule])) is broken
    if broken:
        with pytest.raises(Contraindicated, match="contraindicated"):
            Clearance(patient=person, changes=changes, rules=(rule,))
    else:
        assert dict(Clearance(patient=person, changes=changes, rules=(rule,)).changes) == changes


def test_a_clearance_cannot_be_changed_afterwards() -> None:
    asked = {"late": 0.0}
    clearance = Clearance(patient=patient(), changes=asked, rules=())
    asked["drug"] = 1.0
    assert dict(clearance.changes) == {"late": 0.0}
    with pytest.raises(TypeError):
        clearance.changes["drug"] = 1.0  # type: ignore[index]


@pytest.mark.parametrize(
    ("when", "never", "error"),
    [
        ("allergie == 1", "cefazolin", ColumnNotFound),
        ("allergy == 1", "cefazoline", InvalidArgument),
        ("allergy == 1", "glukose < 100", ColumnNotFound),
        ("__import__('os')", "cefazolin", InvalidArgument),
        ("allergy = 1", "cefazolin", InvalidArgument),
    ],
)
def test_rules_that_cannot_bite_are_refused(when: str, never: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        check_rules([Contraindication(when=when, never=never)], patient())


@pytest.mark.parametrize(("when", "never"), [("", "x"), ("allergy == 1", " "), (None, "x"), ("x", 3)])
def test_a_rule_is_text(when: object, never: object) -> None:
    with pytest.raises(InvalidArgument, match="contraindication"):
        Contraindication(when=when, never=never)  # type: ignore[arg-type]


def test_what_is_no_rule_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="no rule"):
        check_rules([("allergy == 1", "cefazolin")], patient())  # type: ignore[list-item]
