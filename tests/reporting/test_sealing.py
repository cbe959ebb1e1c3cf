"""A report is written whole or not at all, and a changed digit is found."""

from __future__ import annotations

import hashlib
import json

import pytest

from causalmed.errors import DataError
from causalmed.reporting.sealing import seal, verify, write_whole
from causalmed.results import fingerprint


def written(folder):
    body = {"protocol": {"title": "t"}, "effects": {"late": 0.034}}
    page = "<!doctype html><p>3.4</p>"
    seals = {
        "body_sha256": seal(body),
        "html_sha256": hashlib.sha256(page.encode()).hexdigest(),
        "protocol_sha256": fingerprint(body["protocol"]),
        "data_sha256": "d",
    }
    write_whole(
        {folder / "report.json": json.dumps({"body": body, "seals": seals}), folder / "report.html": page}
    )
    return folder / "report.json"


def test_an_untouched_report_is_intact(tmp_path):
    found = verify(written(tmp_path), data_fingerprint="d")
    assert found.intact
    assert found.summary().count("unchanged") == 4


@pytest.mark.parametrize(
    ("file", "old", "new", "what"),
    [
        ("report.json", "0.034", "0.043", "numbers"),
        ("report.html", "3.4", "4.3", "page"),
        ("report.json", '"title": "t"', '"title": "u"', "protocol"),
    ],
)
def test_a_changed_digit_is_found(tmp_path, file, old, new, what):
    report = written(tmp_path)
    target = tmp_path / file
    target.write_text(target.read_text().replace(old, new))
    found = verify(report)
    assert not found.intact
    assert what in {name for name, good, _ in found.lines if not good}


def test_changed_data_and_a_missing_page_are_found(tmp_path):
    report = written(tmp_path)
    (tmp_path / "report.html").unlink()
    bad = {name for name, good, _ in verify(report, data_fingerprint="other").lines if not good}
    assert bad == {"page", "data"}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"body": {}}'])
def test_what_is_not_a_report_is_refused(tmp_path, text):
    path = tmp_path / "report.json"
    path.write_text(text)
    with pytest.raises(DataError, match="report"):
        verify(path)


def test_nothing_is_written_when_one_file_fails(tmp_path):
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where a folder should be")
    with pytest.raises(OSError, match="blocked"):
        write_whole({tmp_path / "report.html": "x", blocked / "report.json": "y"})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["blocked"]
