"""The shipped table of evidence is complete, and what it says is found again."""

from __future__ import annotations

import pytest
from scipy.stats import binom

from causalmed.estimation.validating import validation
from tests.validation.everything import EVERYTHING

NAMES = [evidence.estimator for evidence in EVERYTHING]


def test_every_line_is_there_and_within_its_tolerance():
    table = validation()
    assert [row.estimator for row in table.rows] == NAMES
    for row in table.rows:
        assert row.difference <= row.tolerance, row
        low = binom.ppf(1e-4, row.draws, 0.95) / row.draws
        assert low <= row.coverage, row
        assert row.draws >= 500, row


@pytest.mark.parametrize("evidence", EVERYTHING, ids=NAMES)
def test_the_difference_is_found_again(evidence):
    assert evidence.difference() <= evidence.tolerance


def test_text():
    table = validation()
    assert max(map(len, table.summary().split("\n"))) <= 80
    assert list(table.to_frame()["estimator"]) == NAMES
    assert "<table" in table._repr_html_()
    assert table.to_dict()["made_with"].startswith("causalmed ")
    with pytest.raises(KeyError):
        table["Oracle"]
