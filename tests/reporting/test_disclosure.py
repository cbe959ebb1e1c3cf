"""No cell of 1 to 10 patients is shown, and none can be worked out from the totals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from causalmed.reporting.disclosure import MINIMUM, hidden_cells, without_few

tables = arrays(
    np.int64, array_shapes(min_dims=2, max_dims=2, min_side=2, max_side=6), elements=st.integers(0, 60)
)


@given(tables)
@settings(max_examples=300)
def test_small_cells_are_hidden_and_not_alone(table):
    hidden = hidden_cells(table)
    assert hidden[(table > 0) & (table < MINIMUM)].all()
    for lines, cells in ((hidden, table), (hidden.T, table.T)):
        for line, values in zip(lines, cells, strict=True):
            if line.sum() == 1:
                # alone only where every other cell is empty, and then the total is the cell itself
                assert (values[~line] == 0).all()


@given(tables)
def test_tables_without_small_cells_are_shown_whole(table):
    large = np.where(table == 0, 0, table + MINIMUM)
    assert not hidden_cells(large).any()


def test_the_argument_is_left_alone():
    table = np.array([[4, 96], [50, 250]])
    before = table.copy()
    hidden_cells(table)
    assert np.array_equal(table, before)


@pytest.mark.parametrize(
    ("text", "published"),
    [
        ("1 of 900 patients (1 exposed, 0 unexposed) moved", "fewer than 11 of 900 patients moved"),
        ("21 of 900 patients (19 exposed, 2 unexposed) moved", "21 of 900 patients moved"),
        ("13 of 900 patients (13 exposed, 0 unexposed)", "13 of 900 patients (13 exposed, 0 unexposed)"),
        ("has 80 patients, 4 with the outcome", "has 80 patients, fewer than 11 with the outcome"),
        ("10 patients, 11 patients, 0.5 patients", "fewer than 11 patients, 11 patients, 0.5 patients"),
        ("1,005 patients and 3 hospitals", "1,005 patients and 3 hospitals"),
    ],
)
def test_sentences_count_no_few_patients(text, published):
    assert without_few(text) == published
