"""Every number of the page is in the record, as plain types and in the order of the page."""

from __future__ import annotations

import html
import json
import re

import pytest

from causalmed.reporting import Protocol, run
from causalmed.reporting.blocks_record import plain_block, plain_value
from causalmed.reporting.written import decimal
from causalmed.results.words import number

CAESAREAN = """
schema = 1
title = "Do antibiotics prevent infection after caesarean section?"
[population]
data = "dataset:caesarean"
[graph]
file = "dataset:caesarean"
[question]
outcome = "infection"
[prediction]
specificity = 0.8
[audit]
protected = ["unplanned"]
"""
NUMBER = re.compile(r"(?<![\w.])[−-]?\d[\d,]*(?:\.\d+)?")


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    dossier = run(Protocol.parse(CAESAREAN))
    page, record = dossier.write(tmp_path_factory.mktemp("report") / "report.html")
    return page.read_text(), json.loads(record.read_text())["body"]


def told(value):
    """Every number in a record, in each way the page may write it."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return set().union(*map(told, value)) if value else set()
    if isinstance(value, bool) or value is None:
        return set()
    if isinstance(value, int | float):
        ways = {decimal(100**up * value, places) for up in (0, 1) for places in range(4)}
        return ways | {str(value), number(float(value), 3)}
    return set(NUMBER.findall(value))


def test_every_number_of_the_page_is_in_the_record(written):
    page, body = written
    main = re.sub(
        r"<svg.*?</svg>", " ", page[page.index("<section") : page.index("<footer")], flags=re.DOTALL
    )
    text = html.unescape(re.sub(r"<[^>]*>", " ", main))
    found = set(NUMBER.findall(text))
    assert len(found) > 60
    assert found - told(body["sections"]) == set()


def test_the_sections_stand_in_the_order_of_the_page(written):
    page, body = written
    assert re.findall(r'<section id="(\w+)"', page) == [section["key"] for section in body["sections"]]


def test_what_does_not_exist_is_none():
    assert plain_value(float("nan")) is None
    assert plain_value(float("inf")) is None
    assert plain_value(3) == 3


def test_an_unknown_block_is_an_error():
    with pytest.raises(TypeError, match="str"):
        plain_block("text")
