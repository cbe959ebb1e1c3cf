"""Every item of every standard has a state, and nothing is said to be met."""

from __future__ import annotations

import datetime
from dataclasses import replace

import pytest

from causalmed.reporting import Protocol, all_standards, run
from causalmed.reporting.items import ASKED, ItemState
from causalmed.reporting.protocol import Statement
from causalmed.reporting.sections import all_sections
from causalmed.reporting.standards import answer_standards
from tests.reporting.test_running import CAESAREAN


@pytest.fixture(scope="module")
def dossier():
    return run(Protocol.parse(CAESAREAN))


def test_the_files_are_whole():
    keys, names = {asked.key for asked in ASKED}, set()
    for standard in all_standards():
        names.add(standard.name)
        assert datetime.date.fromisoformat(standard.known_on)
        assert len({item.id for item in standard.items}) == len(standard.items)
        for item in standard.items:
            assert item.filled or item.stated, (standard.name, item.id)
            assert not item.stated or item.stated in keys
    assert len(names) == 14


def test_every_statement_is_asked_for_by_a_standard_or_the_report():
    """No question is put to a person whose answer nobody reads."""
    asked_for = {item.stated for standard in all_standards() for item in standard.items}
    own = {"decision_requested", "graph_authors", "material_effect"}
    assert {asked.key for asked in ASKED} == asked_for - {""} | own


def test_sections_exist(dossier):
    keys = {section.key for section in dossier.sections()} | {"audit"}
    for standard in all_standards():
        assert {item.section for item in standard.items} <= keys, standard.name
    assert {asked.section for asked in ASKED} <= keys


def test_states(dossier):
    answers = {standard.name: rows for standard, rows in answer_standards(dossier)}
    strobe = {row.item.id: row for row in answers["STROBE"]}
    assert strobe["13"].state is ItemState.COMPUTED
    assert strobe["22"].state is ItemState.MISSING
    tripod = {row.item.id: row for row in answers["TRIPOD+AI"]}
    assert tripod["24"].state is ItemState.NOT_APPLICABLE
    assert "first report" in tripod["24"].label
    assert tripod["14"].state is ItemState.MISSING  # computed, but why these groups a person must say


def test_a_person_can_say_that_an_item_does_not_apply(dossier):
    said = Statement(text="a service evaluation", stated_by="B. Head", on="2026-11-01", does_not_apply=True)
    protocol = replace(dossier.protocol, statements=(("registration", said),))
    strobe = dict(
        (row.item.id, row)
        for standard, rows in answer_standards(replace(dossier, protocol=protocol))
        for row in rows
        if standard.name == "TRIPOD+AI"
    )
    assert strobe["18d"].state is ItemState.NOT_APPLICABLE
    assert strobe["18d"].label == "does not apply because a service evaluation (B. Head, 2026-11-01)"


def test_standards_about_a_model_do_not_apply_without_one(dossier):
    bare = replace(dossier, prediction=None, audit=None, explanation=None, protocol=replace(dossier.protocol))
    names = {standard.name for standard, rows in answer_standards(bare) if rows}
    assert "TRIPOD+AI" not in names
    assert {"STROBE", "TARGET", "GDPR"} <= names


def test_no_word_of_approval(dossier):
    for section in all_sections(dossier):
        said = str(section.to_dict()).lower()
        for word in (" compliant", "approved", " is fair"):
            assert word not in said, section.key


def test_questions_are_short_and_end_with_a_question_mark():
    for asked in ASKED:
        assert asked.asks.endswith("?")
        assert len(asked.asks.split()) <= 18, asked.asks
