"""A name under a report cannot be changed, taken away or moved to another report."""

from __future__ import annotations

import datetime
import json

import pytest
from typer.testing import CliRunner

from causalmed.cli import app
from causalmed.errors import DataError, InvalidArgument
from causalmed.reporting import Protocol, make_key, run, sign_report, verify_report
from causalmed.reporting.signing import signatures_file
from tests.reporting.test_running import CAESAREAN

DAY = datetime.date(2026, 11, 24)


@pytest.fixture(scope="module")
def dossier():
    bare = CAESAREAN.split("[prediction]")[0]
    return run(Protocol.parse(bare))


@pytest.fixture
def report(dossier, tmp_path):
    return dossier.write(tmp_path / "report.html")[1]


@pytest.fixture
def keys(tmp_path):
    marks = {name: make_key(tmp_path / f"{name}.pem") for name in ("anna", "boris")}
    assert len(set(marks.values())) == 2
    return {name: tmp_path / f"{name}.pem" for name in marks}


def signed(report, keys):
    sign_report(report, name="Anna A.", role="chair", key=keys["anna"], on=DAY)
    sign_report(
        report, name="Boris B.", role="patient", key=keys["boris"], opinion="dissent", text="too few", on=DAY
    )
    return signatures_file(report)


def test_two_signatures(report, keys):
    before = report.read_bytes()
    signed(report, keys)
    assert report.read_bytes() == before
    found = verify_report(report)
    assert found.intact
    assert "signature of Boris B., patient: dissent on 2026-11-24" in found.summary()


@pytest.mark.parametrize("field", ["name", "role", "on", "opinion", "text", "report_sha256", "public_key"])
def test_any_change_of_an_entry_is_seen(report, keys, field):
    file = signed(report, keys)
    entries = json.loads(file.read_text())
    entries[0][field] = entries[1][field] + "0" if field == "name" else entries[1][field] or "x"
    if entries[0][field] == json.loads(file.read_text())[0][field]:
        entries[0][field] = "changed"
    file.write_text(json.dumps(entries))
    found = verify_report(report)
    assert not found.intact
    with pytest.raises(DataError, match="broken"):
        sign_report(report, name="C", role="nurse", key=keys["anna"])


def test_an_entry_that_was_taken_away_is_missed(report, keys):
    file = signed(report, keys)
    file.write_text(json.dumps(json.loads(file.read_text())[1:]))
    assert "an entry before it is missing" in verify_report(report).summary()


def test_signatures_do_not_move_to_another_report(report, keys, tmp_path, dossier):
    file = signed(report, keys)
    other = dossier.write(tmp_path / "other" / "report.html")[1]
    text = json.loads(other.read_text())
    other.write_text(json.dumps(text))  # the same content, written otherwise
    signatures_file(other).write_text(file.read_text())
    assert "for another version of the report" in verify_report(other).summary()


def test_a_changed_report_cannot_be_signed(report, keys):
    content = json.loads(report.read_text())
    content["body"]["population"]["patients"] += 1
    report.write_text(json.dumps(content))
    with pytest.raises(DataError, match="changed after it was written"):
        sign_report(report, name="Anna", role="chair", key=keys["anna"])


def test_refusals(report, keys, tmp_path):
    with pytest.raises(InvalidArgument, match="reason"):
        sign_report(report, name="Anna", role="chair", key=keys["anna"], opinion="dissent")
    with pytest.raises(InvalidArgument, match="name= and role="):
        sign_report(report, name=" ", role="chair", key=keys["anna"])
    with pytest.raises(DataError, match="never overwritten"):
        make_key(keys["anna"])
    (tmp_path / "none.pem").write_text("no key")
    with pytest.raises(DataError, match="cannot be read"):
        sign_report(report, name="Anna", role="chair", key=tmp_path / "none.pem")
    signatures_file(report).write_text("[{}]")
    with pytest.raises(DataError, match="does not hold signatures"):
        verify_report(report)


def test_a_locked_key_needs_its_password(report, tmp_path):
    make_key(tmp_path / "locked.pem", password="secret")
    with pytest.raises(DataError, match="cannot be read"):
        sign_report(report, name="Anna", role="chair", key=tmp_path / "locked.pem")
    sign_report(report, name="Anna", role="chair", key=tmp_path / "locked.pem", password="secret")
    assert verify_report(report).intact


def test_the_shell(report, tmp_path):
    shell = CliRunner()
    assert shell.invoke(app, ["key", str(tmp_path / "k.pem"), "--no-lock"]).exit_code == 0
    asked = [
        "sign",
        str(report),
        "--name",
        "Anna",
        "--role",
        "chair",
        "--key",
        str(tmp_path / "k.pem"),
        "--no-lock",
    ]
    assert shell.invoke(app, asked).exit_code == 0
    found = shell.invoke(app, ["verify", str(report)])
    assert found.exit_code == 0
    assert "signature of Anna, chair" in found.output
    compared = shell.invoke(app, ["compare", str(report), str(report)])
    assert "Nothing that was measured has changed" in compared.output
