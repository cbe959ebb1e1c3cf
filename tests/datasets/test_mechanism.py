"""The small language in which a cohort is written."""

import pytest

from causalmed.datasets.mechanism import Bernoulli, Factor, Habit, Node, term
from causalmed.errors import InvalidArgument


@pytest.mark.parametrize(
    ("text", "factor"),
    [
        ("smoking", Factor(node="smoking")),
        ("sex=male", Factor(node="sex", form="=", argument="male")),
        ("duration_min>120", Factor(node="duration_min", form=">", argument="120")),
        ("age^65", Factor(node="age", form="^", argument="65")),
    ],
)
def test_a_factor_reads_as_written(text, factor):
    assert term(1.0, text).factors == (factor,)


@pytest.mark.parametrize("text", ["", "age<3", "a b", "age>", "=1"])
def test_a_factor_that_is_not_understood_is_refused(text):
    with pytest.raises(InvalidArgument, match="not understood"):
        term(1.0, text)


def test_parents_are_the_hospital_and_every_factor_once():
    node = Node(
        name="x",
        meaning="",
        kind="binary",
        tier="before",
        law=Bernoulli(),
        terms=(term(1.0, "a", "b>2"), term(2.0, "b"), term(1.0, "a^3")),
        habit=Habit(sd=1.0, apart=()),
    )
    assert node.parents == ("hospital", "a", "b")
