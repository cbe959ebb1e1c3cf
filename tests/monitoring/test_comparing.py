"""Two reports side by side."""

from __future__ import annotations

import numpy as np
import pytest

from causalmed.errors import DataError
from causalmed.monitoring import compare_reports


def interval(estimate, error=0.01):
    reach = 1.96 * error
    return {
        "estimate": estimate,
        "low": estimate - reach,
        "high": estimate + reach,
        "std_error": error,
        "level": 0.95,
    }


def body(effect=0.05, verdict="cause", specificity=0.93, error=0.01, state="cannot tell", graph="dag {}"):
    return {
        "protocol": {"title": "A", "population": {"data": "a.csv"}, "statements": []},
        "provenance": {"data_fingerprint": "x"},
        "graph": graph,
        "risk_model": {},
        "causes": {
            "candidates": [
                {"name": "late", "verdict": verdict, "risk_difference": interval(effect, error)},
                {"name": "music", "verdict": "cannot tell", "risk_difference": None},
            ]
        },
        "performance": {"all": {"measures": {"specificity": interval(specificity, error)}}},
        "audit": {
            "comparisons": [
                {
                    "measure": "missed",
                    "group": "F",
                    "reference": "M",
                    "difference": interval(0.0, error),
                    "state": state,
                }
            ]
        },
    }


def test_nothing_changed():
    found = compare_reports(body(), body())
    assert found.answer == "Nothing that was measured has changed beyond chance."
    assert found.same_protocol
    assert found.same_data


def test_what_moved_is_named():
    found = compare_reports(body(), {"body": body(effect=0.15, verdict="cannot tell", state="difference")})
    assert [change.name for change in found.changes if change.moved] == ["effect of late"]
    assert "late: cause before, cannot tell now." in found.lines
    assert "missed, F against M: cannot tell before, difference now." in found.lines
    assert "higher now" in found.summary()
    assert found.to_dict()["changes"][0]["difference"]["estimate"] == pytest.approx(0.1)
    assert list(found.to_frame()["what"]) == ["effect of late", "specificity", "missed, F against M"]


def test_the_interval_of_a_difference_covers():
    rng = np.random.default_rng(2)
    misses = 0
    for first, second in rng.normal(0.05, 0.01, (4000, 2)):
        change = compare_reports(body(effect=first), body(effect=second)).changes[0]
        misses += change.moved
    assert 0.038 < misses / 4000 < 0.062


def test_another_protocol_or_graph_is_said():
    other = body(graph="dag { a }")
    other["protocol"] = {**other["protocol"], "title": "B"}
    found = compare_reports(body(), other)
    assert not found.same_protocol
    assert "The graph is another one." in found.lines
    assert "may not mean the same" in found.summary()


def test_a_part_that_is_gone_is_said():
    found = compare_reports(body(), {**body(), "risk_model": None, "performance": None, "audit": None})
    assert "The risk model is in one of the reports only." in found.lines
    assert {change.reading for change in found.changes} == {
        "no change could be told",
        "only in one of the reports",
    }


@pytest.mark.parametrize("wrong", [{}, {"body": 3}, [], None, {"protocol": {}}])
def test_something_else_is_refused(wrong):
    with pytest.raises(DataError, match="not the record of a report"):
        compare_reports(wrong, body())
