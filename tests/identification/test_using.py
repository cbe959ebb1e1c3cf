"""Another adjustment set, with the graph still vouching for it."""

from __future__ import annotations

import pytest

from causalmed.errors import InvalidArgument, UnknownNode
from causalmed.graph import Graph
from causalmed.identification import Estimand, identify

GRAPH = Graph.parse("dag { u [latent]; c -> {a d}; d -> y; a -> m -> y; a -> y; u -> y; y -> late }")


def test_a_valid_set_is_taken_with_its_reasons():
    estimand = identify(GRAPH, exposure="a", outcome="y")
    assert estimand.adjustment_set == ("d",)
    other = estimand.using(["c"])
    assert (other.adjustment_set, other.is_optimal, other.overrides) == (("c",), False, ())
    assert other.reasons == ("c closes a <- c -> d -> y.",)
    assert other.graph_fingerprint == GRAPH.fingerprint
    assert other.alternatives == (("d",),)
    assert other.using("d").adjustment_set == ("d",)
    assert estimand.using(["c", "d"]).adjustment_set == ("c", "d")


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([], "leaves the path a <- c -> d -> y open"),
        (["c", "m"], "m lies on or behind the way"),
        (["c", "u"], "u was not measured"),
        (["c", "late"], "late"),
        (["c", "a"], "a lies on or behind"),
    ],
)
def test_a_set_that_will_not_do_is_refused_with_the_reason(names, message):
    estimand = identify(GRAPH, exposure="a", outcome="y")
    with pytest.raises(InvalidArgument, match=message):
        estimand.using(names)


def test_what_else_is_refused():
    estimand = identify(GRAPH, exposure="a", outcome="y", observed=["a", "y", "c"])
    with pytest.raises(InvalidArgument, match="d was not measured"):
        estimand.using(["d"])
    with pytest.raises(UnknownNode):
        estimand.using(["nothing"])
    with pytest.raises(InvalidArgument, match="none can vouch"):
        Estimand.given(exposure="a", outcome="y").using(["c"])
    front = identify(Graph.parse("dag { a -> m -> y; a <-> y }"), exposure="a", outcome="y")
    with pytest.raises(InvalidArgument, match="identified by 'frontdoor'"):
        front.using([])


def test_a_natural_effect_can_use_another_set():
    direct = identify(GRAPH, exposure="a", outcome="y", effect="natural_direct", mediators=["m"])
    assert direct.adjustment_set == ("d",)
    assert direct.using(["c", "d"]).adjustment_set == ("c", "d")
    with pytest.raises(InvalidArgument, match="open"):
        direct.using([])
