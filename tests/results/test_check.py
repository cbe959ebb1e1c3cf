"""A gate is as good as its worst check."""

from __future__ import annotations

import pytest

from causalmed.results import Check, Gate, State
from causalmed.results.words import in_patients, number, percent, signed


def check(state, name="overlap"):
    return Check(
        name=name, state=state, sentence="Something was found.", value=0.2, threshold=0.1, advice="Act."
    )


@pytest.mark.parametrize(
    ("states", "worst"),
    [
        ((), State.PASS),
        ((State.PASS, State.PASS), State.PASS),
        ((State.WARN, State.PASS), State.WARN),
        ((State.PASS, State.FAIL, State.WARN), State.FAIL),
    ],
)
def test_the_worst_counts(states, worst):
    assert Gate(checks=tuple(check(state) for state in states)).state is worst


def test_advice_is_given_where_it_is_needed_only():
    assert "Act." in str(check(State.WARN))
    assert "Act." not in str(check(State.PASS))


def test_failures_come_first():
    gate = Gate(checks=(check(State.WARN, "a"), check(State.PASS, "b"), check(State.FAIL, "c")))
    assert [found.name for found in gate.not_passed()] == ["c", "a"]
    assert gate.check("b").state is State.PASS
    with pytest.raises(KeyError):
        gate.check("d")


def test_a_gate_is_a_table():
    frame = Gate(checks=(check(State.WARN),)).to_frame()
    assert frame.loc[0, "state"] == "warn"
    assert list(Gate().to_frame().columns) == list(frame.columns)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (-0.0341, "−0.034"), (99.96, "100"), (1e-9, "0.0000000010"), (float("inf"), "∞")],
)
def test_numbers_have_two_significant_digits(value, text):
    assert number(value) == text


def test_words_for_risks():
    assert signed(0.5) == "+0.50"
    assert percent(0.934, 3) == "93.4 %"
    assert in_patients(0.004) == "4.0 in 1,000"
    assert in_patients(0.0) == "0 in 100"
