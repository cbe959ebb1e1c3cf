"""The command line says what happened, in words and in its exit code."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from causalmed.cli import app

PROTOCOL = """
schema = 1
title = "Caesarean"
[population]
data = "dataset:caesarean"
[graph]
file = "dataset:caesarean"
[question]
outcome = "infection"
"""

runner = CliRunner()


@pytest.fixture
def protocol(tmp_path):
    path = tmp_path / "protocol.toml"
    path.write_text(PROTOCOL)
    return path


def test_init_writes_a_protocol_once(tmp_path):
    path = tmp_path / "mine.toml"
    assert runner.invoke(app, ["init", str(path)]).exit_code == 0
    assert "schema = 1" in path.read_text()
    again = runner.invoke(app, ["init", str(path)])
    assert again.exit_code == 2
    assert "does not overwrite" in again.output


def test_check_estimates_nothing_and_says_what_it_found(protocol):
    found = runner.invoke(app, ["check", str(protocol)])
    assert found.exit_code == 0, found.output
    assert "identification" in found.output


def test_run_then_verify_then_tamper(protocol, tmp_path):
    out = tmp_path / "report.html"
    found = runner.invoke(app, ["run", str(protocol), "--out", str(out)])
    assert found.exit_code == 0, found.output
    assert str(out) in found.output
    record = out.with_suffix(".json")
    assert runner.invoke(app, ["verify", str(record), "--protocol", str(protocol)]).exit_code == 0
    report = json.loads(record.read_text())
    report["body"]["population"]["patients"] = 252
    record.write_text(json.dumps(report))
    tampered = runner.invoke(app, ["verify", str(record)])
    assert tampered.exit_code == 1
    assert "CHANGED" in tampered.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "absent.toml"], "cannot be read"),
        (["check", "absent.toml"], "cannot be read"),
        (["verify", "absent.json"], "cannot be read"),
    ],
)
def test_refusals_come_without_a_traceback(arguments, message, tmp_path):
    arguments[1] = str(tmp_path / arguments[1])
    found = runner.invoke(app, arguments)
    assert found.exit_code == 2
    assert message in found.output
    assert "Traceback" not in found.output


def test_a_protocol_that_cannot_be_run_fails_its_check(tmp_path):
    path = tmp_path / "protocol.toml"
    path.write_text(
        PROTOCOL.replace('outcome = "infection"', 'outcome = "infection"\ncandidates = ["nobody"]')
    )
    found = runner.invoke(app, ["check", str(path)])
    assert found.exit_code == 2
