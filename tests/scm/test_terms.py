"""Linear predictors by hand: reading, adding up, tables of indicators."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from causalmed.errors import InvalidArgument
from causalmed.scm import Factor, Predictor, Term

VALUES = {
    "age": np.array([40.0, 70.0]),
    "late": np.array([0.0, 1.0]),
    "wound": np.array([2.0, 1.0]),
}


def test_terms_read_as_they_are_written():
    eta = Predictor.of(
        1.0,
        {"age": 0.1, "age**2": 0.01, "late:age": -0.2, "wound=dirty": 3.0},
        levels={"wound": ("clean", "contaminated", "dirty")},
    )
    assert eta(VALUES).tolist() == pytest.approx([1 + 4 + 16 + 0 + 3, 1 + 7 + 49 - 14])
    assert eta.names == ("Intercept", "age", "age**2", "late:age", "wound=2")
    assert eta.columns == ("age", "late", "wound")
    assert Predictor.of(1.0, dict(zip(eta.names[1:], eta.coefficients[1:], strict=True))) == eta


def test_the_design_times_the_coefficients_is_the_predictor():
    eta = Predictor.of(
        0.5, {"age": 0.1, "wound=1": 2.0, "wound=2": -1.0, "wound=3": 9.0, "late:wound=1": 0.3}
    )
    assert eta.design(VALUES, 2) @ eta.coefficients == pytest.approx(eta(VALUES))
    moved = eta.with_coefficients(2 * eta.coefficients)
    assert moved(VALUES) == pytest.approx(2 * eta(VALUES))


@given(st.lists(st.floats(-5, 9), min_size=1, max_size=20))
def test_many_indicators_are_looked_up_and_anything_else_finds_zero(column):
    """Numbers between, below and above the codes must not be rounded into one."""
    weights = {"wound=1": 1.0, "wound=2": 10.0, "wound=4": 100.0, "wound=0": 1000.0}
    values = {"wound": np.array([*column, 0.0, 1.0, 2.0, 4.0])}
    plain = sum(w * (values["wound"] == float(name[-1])) for name, w in weights.items())
    assert Predictor.of(0.0, weights)(values).tolist() == plain.tolist()


def test_without_terms_it_is_a_number():
    assert Predictor.of(2.0)({}).shape == ()
    assert Predictor().columns == ()


@pytest.mark.parametrize("text", ["", "age***2", "age**1", "=dirty", "age=", "a=b=c", "late::age"])
def test_what_is_not_understood_is_refused(text):
    with pytest.raises(InvalidArgument):
        Predictor.of(0.0, {text: 1.0})


def test_a_level_that_does_not_exist_is_refused():
    with pytest.raises(InvalidArgument, match="'clean', 'dirty'"):
        Predictor.of(0.0, {"wound=filthy": 1.0}, levels={"wound": ("clean", "dirty")})
    with pytest.raises(InvalidArgument, match="labels were not given"):
        Predictor.of(0.0, {"wound=dirty": 1.0})


def test_names_that_look_like_terms_go_through_factors():
    term = Term(coefficient=2.0, factors=(Factor(column="a:b=c**2"),))
    assert Predictor(terms=(term,))({"a:b=c**2": np.array([3.0])}).tolist() == [6.0]
