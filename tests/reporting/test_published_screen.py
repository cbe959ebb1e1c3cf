"""Nothing in a published screen gives a cell of a few patients away."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from causalmed.cohort import Cohort
from causalmed.graph import Graph
from causalmed.reporting.published_screen import published_gate, published_screen
from causalmed.results import Check, Gate, State
from causalmed.screening import screen_risks


def screened(rows, graph):
    frame = pd.DataFrame(rows, columns=["razor", "age", "infected"])
    cohort = Cohort.from_frame(frame, outcome="infected")
    return screen_risks(Graph.parse(graph), cohort, outcome="infected"), cohort


def rows(exposed_infected):
    """400 patients in whom razor and age say little of each other."""
    made = []
    for razor, infected, count in (
        (1, 1, exposed_infected),
        (1, 0, 200 - exposed_infected),
        (0, 1, 40),
        (0, 0, 160),
    ):
        made += [(razor, 50 + (7 * index) % 30, infected) for index in range(count)]
    return made


ADJUSTED = "dag { razor [exposure]; infected [outcome]; age -> {razor infected}; razor -> infected }"
ALONE = "dag { razor [exposure]; infected [outcome]; razor -> infected }"


def test_a_crude_difference_that_gives_a_small_cell_away_is_hidden():
    screen, cohort = screened(rows(8), ADJUSTED)
    row = published_screen(screen, cohort).candidate("razor")
    assert screen.candidate("razor").crude is not None
    assert row.crude is None
    assert row.effect.crude is None
    assert row.risk_difference == screen.candidate("razor").risk_difference


def test_an_estimate_that_adjusts_for_nothing_is_a_crude_one():
    screen, cohort = screened(rows(8), ALONE)
    row = published_screen(screen, cohort).candidate("razor")
    assert row.verdict == screen.candidate("razor").verdict
    assert (row.effect, row.risk_difference, row.risk_ratio, row.crude) == (None, None, None, None)


def test_large_cells_are_shown_and_p_values_never():
    screen, cohort = screened(rows(30), ADJUSTED)
    row = published_screen(screen, cohort).candidate("razor")
    assert row.crude == screen.candidate("razor").crude
    assert row.adjusted_p is None


@pytest.mark.parametrize(("value", "left"), [(1.0, None), (21.0, 21.0), (0.5, 0.5)])
def test_checks_count_no_few_patients(value, left):
    sentence = "1 of 900 patients (1 exposed, 0 unexposed) moved."
    gate = Gate(checks=(Check(name="truncation", state=State.WARN, sentence=sentence, value=value),))
    found = published_gate(gate).checks[0]
    assert found.sentence == "fewer than 11 of 900 patients moved."
    assert found.value == left
    assert gate.checks[0].sentence == sentence


def test_nothing_is_changed_in_place():
    screen, cohort = screened(rows(8), ADJUSTED)
    before = screen.to_dict()
    published_screen(screen, cohort)
    assert screen.to_dict() == before
    assert not np.isnan(screen.candidate("razor").crude)
