"""The estimand as a value: what it prints and what it refuses."""

from __future__ import annotations

import dataclasses
import json

import pytest

from causalmed.errors import InvalidArgument
from causalmed.graph import Graph
from causalmed.identification import Estimand, identify

GRAPH = Graph.parse("dag { urgency -> {late ssi}; late -> ssi -> stay; late <-> ward; ward -> age }")


def test_it_prints_as_a_sentence_and_its_sets():
    estimand = identify(GRAPH, exposure="late", outcome="ssi")
    assert str(estimand) == "The total effect of late on ssi, by adjustment for urgency."
    text = estimand.summary()
    assert all(len(line) <= 80 for line in text.splitlines())
    assert "How would ssi have differed" in text
    assert "Never adjust for: stay." in text
    assert "No other set that could be used makes the estimate more precise." in text
    assert "- Among patients alike in urgency, every value of late occurs." in text


def test_it_is_plain_data():
    estimand = identify(GRAPH, exposure="late", outcome="ssi")
    plain = json.loads(json.dumps(estimand.to_dict()))
    assert plain["adjustment_set"] == ["urgency"]
    assert plain["forbidden"] == ["stay"]
    assert plain["graph_fingerprint"] == GRAPH.fingerprint
    assert list(estimand.to_frame()["role"]) == ["exposure", "outcome", "adjustment set"]
    assert estimand.columns == ("late", "ssi", "urgency")
    assert hash(estimand) == hash(identify(GRAPH, exposure="late", outcome="ssi"))
    with pytest.raises(dataclasses.FrozenInstanceError):
        estimand.exposure = "age"


def test_stated_by_hand():
    estimand = Estimand.given(exposure="late", outcome="ssi", adjustment_set=["urgency", "age", "age"])
    assert estimand.adjustment_set == ("age", "urgency")
    assert estimand.graph_fingerprint == ""
    assert estimand.overrides == (
        "The adjustment set (age and urgency) was stated by the user; no graph vouches for it.",
    )
    assert estimand.assumptions[0] == estimand.overrides[0]
    assert Estimand.given(exposure="late", outcome="ssi", adjustment_set="age").adjustment_set == ("age",)
    assert Estimand.given(exposure="late", outcome="ssi").formula == "P(ssi | do(late)) = P(ssi | late)"


@pytest.mark.parametrize(
    "roles",
    [
        {"exposure": "a", "outcome": "a"},
        {"exposure": "a", "outcome": "y", "adjustment_set": ["a"]},
        {"exposure": "a", "outcome": "y", "adjustment_set": ["c", "y"]},
    ],
)
def test_a_column_has_one_role(roles):
    with pytest.raises(InvalidArgument, match="must be different columns"):
        Estimand.given(**roles)


def test_each_kind_has_its_formula_and_page():
    front = identify(Graph.parse("dag { a -> m -> y; a <-> y }"), exposure="a", outcome="y")
    assert front.formula == "P(y | do(a)) = Σ_{m} P(m | a) Σ_{a′} P(y | m, a′) P(a′)"
    assert str(front) == "The total effect of a on y, by the front-door through m."
    assert "a affects y only through m." in front.assumptions
    tool = identify(Graph.parse("dag { z -> a -> y; a <-> y }"), exposure="a", outcome="y")
    assert list(tool.to_frame()["role"]) == ["exposure", "outcome", "instrument"]
    assert "<li>" in tool._repr_html_()
