"""Steps that leave out a few patients are named, never counted, nor can they be worked out."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from causalmed.cohort import AttritionStep
from causalmed.reporting.attrition import attrition_lines


def steps(left_out, n):
    made, before = [], n + sum(left_out)
    for index, few in enumerate(left_out):
        made.append(AttritionStep(reason=f"reason {'abcdef'[index]}", n_before=before, n_after=before - few))
        before -= few
    return made


def numbers(lines):
    return [int(found.replace(",", "")) for line in lines for found in re.findall(r"\d[\d,]*", line)]


def test_large_steps_are_counted():
    lines = attrition_lines(steps([500, 40], 1000), n=1000)
    assert lines == (
        "the table: 1,540 rows",
        "reason a: 500 rows left out",
        "reason b: 40 rows left out",
        "analysed: 1,000 patients",
    )


def test_a_small_step_takes_a_second_with_it():
    lines = attrition_lines(steps([4, 40, 500], 1000), n=1000)
    assert lines[1] == "reason a: fewer than 11 rows left out"
    assert "40" not in lines[2]
    assert lines[3] == "reason c: 500 rows left out"


@given(st.lists(st.integers(0, 30), max_size=5), st.integers(11, 400))
def test_no_small_step_can_be_worked_out(left_out, n):
    lines = attrition_lines(steps(left_out, n), n=n)
    shown = [int(found) for line in lines for found in re.findall(r": (\d+) rows left out", line)]
    assert not [count for count in shown if 0 < count < 11]
    start = [int(line.split()[2].replace(",", "")) for line in lines if line.startswith("the table")]
    hidden = [line for line in lines if "fewer than" in line or "not shown" in line]
    if start and hidden:
        # the start, the end and the shown steps give the sum of the hidden ones only
        rest = start[0] - n - sum(shown)
        assert len(hidden) >= 2
        assert rest >= 11
    if not start:
        assert n + sum(left_out) not in numbers(lines) or sum(left_out) == 0 or n + sum(left_out) in shown
