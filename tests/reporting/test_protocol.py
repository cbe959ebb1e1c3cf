"""A protocol says exactly what is understood; everything else is refused by name."""

from __future__ import annotations

import pytest

from causalmed import estimation
from causalmed.errors import ProtocolError
from causalmed.reporting.protocol import Protocol
from causalmed.reporting.protocol_reading import ESTIMATORS
from causalmed.reporting.template import protocol_template

MINIMAL = """
schema = 1
title = "A question"
[population]
data = "cohort.csv"
[graph]
file = "graph.dagitty"
[question]
outcome = "infection"
"""


def test_the_template_is_a_protocol():
    protocol = Protocol.parse(protocol_template())
    assert protocol.population.data == "dataset:postop"
    assert protocol.evidence("smoking -> infection_30d")[0].source.startswith("Sorensen 2012")
    assert protocol.statement("intended_use").on == "2026-11-24"


def test_a_minimal_protocol_has_documented_defaults():
    protocol = Protocol.parse(MINIMAL)
    assert protocol.question.estimator == "TMLE"
    assert protocol.question.alpha == 0.05
    assert protocol.population.missing == "error"
    assert protocol.prediction is None
    assert protocol.report.seed == 1


def test_the_hash_follows_what_is_declared_not_how_it_is_written():
    spaced = MINIMAL.replace("[population]\n", "[population]\n\n# a comment\n")
    assert Protocol.parse(MINIMAL).sha256 == Protocol.parse(spaced).sha256
    assert Protocol.parse(MINIMAL).sha256 == Protocol.parse(MINIMAL, folder="/elsewhere").sha256
    other = Protocol.parse(MINIMAL.replace('"infection"', '"death"'))
    assert other.sha256 != Protocol.parse(MINIMAL).sha256


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("schema = 1", "schema = 2"), "schema = 2 is not understood"),
        (("schema = 1", ""), "lacks 'schema'"),
        (("schema = 1", "schema = true"), "schema = True must be a whole number"),
        (('title = "A question"', ""), "lacks 'title'"),
        (('data = "cohort.csv"', 'dat = "cohort.csv"'), "lacks 'population.data'"),
        (('data = "cohort.csv"', 'data = "c.csv"\nclustre = "h"'), "Did you mean 'cluster'"),
        (('data = "cohort.csv"', "data = 7"), "population.data = 7 must be a text"),
        (('data = "cohort.csv"', 'data = "c.csv"\nmissing = "ignore"'), "must be 'error' or 'complete'"),
        (('data = "cohort.csv"', 'data = "c.csv"\nfollow_up_days = -1'), "positive number of days"),
        (('outcome = "infection"', 'outcome = "infection"\nalpha = 5'), "strictly between 0 and 1"),
        (('outcome = "infection"', 'outcome = "i"\nestimator = "OLS"'), "'TMLE', 'AIPW'"),
        (('outcome = "infection"', 'outcome = "i"\ncandidates = [1]'), "must be a list of texts"),
        (("[question]", "[questions]"), "lacks 'question'"),
        (('outcome = "infection"', 'outcome = "i"\n[surprise]\na = 1'), "'surprise' is not a key"),
        (('outcome = "infection"', 'outcome = "i"\n[report]\nseed = -1'), "must not be negative"),
        (('outcome = "infection"', 'outcome = "i"\n[report]\nlanguage = "tlh"'), "no catalogue"),
        (
            (
                'outcome = "infection"',
                'outcome = "i"\n[audit]\ntolerance = {value = 0.05, stated_by = " ", reason = ""}',
            ),
            "needs the person",
        ),
        (
            (
                'outcome = "infection"',
                'outcome = "i"\n[statements]\nx = {text = "t", stated_by = "A", on = "yesterday"}',
            ),
            "is not a date",
        ),
    ],
)
def test_what_is_not_understood_is_refused_by_name(change, message):
    with pytest.raises(ProtocolError, match=message):
        Protocol.parse(MINIMAL.replace(*change))


def test_words_stand_for_columns_and_belong_to_the_hash():
    protocol = Protocol.parse(MINIMAL + '[words]\nlos = "days in hospital"\n')
    assert dict(protocol.words) == {"los": "days in hospital"}
    assert protocol.sha256 != Protocol.parse(MINIMAL).sha256
    with pytest.raises(ProtocolError, match=r"words\.stay = 'days in hospital' already stands"):
        Protocol.parse(MINIMAL + '[words]\nlos = "days in hospital"\nstay = "days in hospital"\n')
    with pytest.raises(ProtocolError, match=r"words\.los is blank"):
        Protocol.parse(MINIMAL + '[words]\nlos = " "\n')


def test_a_missing_or_broken_file_is_told_in_words(tmp_path):
    with pytest.raises(ProtocolError, match="cannot be read"):
        Protocol.load(tmp_path / "absent.toml")
    broken = tmp_path / "broken.toml"
    broken.write_text("schema = = 1")
    with pytest.raises(ProtocolError, match="not valid TOML"):
        Protocol.load(broken)
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ProtocolError, match="cannot be read"):
        Protocol.load(binary)


def test_paths_start_from_the_protocols_folder(tmp_path):
    file = tmp_path / "protocol.toml"
    file.write_text(MINIMAL)
    assert Protocol.load(file).path("cohort.csv") == tmp_path / "cohort.csv"


@pytest.mark.parametrize("name", ESTIMATORS)
def test_every_estimator_of_a_protocol_is_one_of_the_estimation_room(name):
    assert name in estimation.__all__
    assert "backdoor" in getattr(estimation, name)().targets
