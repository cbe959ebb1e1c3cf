"""Every formula that is returned is computed on random models and equals the effect."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from causalmed.errors import GraphError, InvalidArgument, NotIdentified, UnknownNode
from causalmed.graph import Graph
from causalmed.identification import identify


def questions(graph):
    return itertools.permutations(sorted(graph.observed), 2)


@pytest.mark.parametrize("seed", range(60))
def test_formulas_give_the_effect(seed, brute):
    graph = brute.random_graph(seed)
    model = brute.DiscreteModel(brute.explicit(graph), seed)
    for x, y in questions(graph):
        try:
            estimand = identify(graph, exposure=x, outcome=y)
        except NotIdentified:
            continue
        if estimand.kind == "instrument":
            continue
        assert (estimand.kind == "absent") <= estimand.no_path
        assert estimand.no_path == (y not in graph.descendants(x))
        for level in (0, 1):
            truth = model.risk_under(y, x, level)
            np.testing.assert_allclose(model.risk_by(estimand, level), truth, atol=1e-9)
        for other in estimand.alternatives:
            swapped = type(estimand).given(exposure=x, outcome=y, adjustment_set=other)
            np.testing.assert_allclose(model.risk_by(swapped, 1), model.risk_under(y, x, 1), atol=1e-9)


def test_formulas_are_not_right_by_accident(brute):
    """The check above can fail: an unadjusted confounder or a mediator held fixed is seen."""
    from causalmed.identification import Estimand

    graph = Graph.parse("dag { c -> {a y}; a -> m -> y }")
    model = brute.DiscreteModel(graph, 1)
    for wrong in ((), ("m",), ("c", "m")):
        estimand = Estimand.given(exposure="a", outcome="y", adjustment_set=wrong)
        assert np.abs(model.risk_by(estimand, 1) - model.risk_under("y", "a", 1)).max() > 1e-3


@pytest.mark.parametrize("seed", range(60))
def test_adjustment_is_found_whenever_a_set_exists(seed, brute):
    graph = brute.random_graph(seed, most=6)
    for x, y in questions(graph):
        exists = any(
            brute.is_adjustment_set(graph, {x}, {y}, z) for z in brute.subsets(graph.observed - {x, y})
        )
        try:
            kind = identify(graph, exposure=x, outcome=y).kind
        except NotIdentified:
            kind = "none"
        assert (kind == "backdoor") == exists


@pytest.mark.parametrize("seed", range(60))
def test_what_is_said_about_failure_is_true(seed, brute):
    graph = brute.random_graph(seed, most=6)
    for x, y in questions(graph):
        reason = failure(graph, x, y)
        if reason is None:
            continue
        assert y in graph.descendants(x)
        nodes, arrows = reason.witness[::2], reason.witness[1::2]
        assert (nodes[0], nodes[-1]) == (x, y)
        for u, arrow, v in zip(nodes[:-1], arrows, nodes[1:], strict=True):
            edge = {"->": (u, v) in graph.directed, "<-": (v, u) in graph.directed}
            assert edge.get(arrow, frozenset((u, v)) in graph.bidirected)
        assert reason.suggestions
        for advice in reason.suggestions:
            assert " would then" not in advice or identified_if_measured(graph, x, y, advice)


def failure(graph, x, y):
    try:
        identify(graph, exposure=x, outcome=y)
    except NotIdentified as reason:
        return reason
    return None


def identified_if_measured(graph, x, y, advice):
    name = advice.removeprefix("Measure ").split(":")[0]
    if name in graph:
        changed = graph.with_roles(latent=graph.latent - {name})
    else:
        u, v = name.removeprefix("the hidden common cause of ").split(" and ")
        changed = Graph.of(
            [*graph.directed, ("new", u), ("new", v)],
            bidirected=[tuple(pair) for pair in graph.bidirected - {frozenset((u, v))}],
            latent=graph.latent,
        )
    return identify(changed, exposure=x, outcome=y)


def test_hidden_confounding_is_shown_and_what_would_help():
    graph = Graph.parse("dag { u [latent]; u -> {a y}; a -> y; c -> {a y} }")
    with pytest.raises(NotIdentified) as caught:
        identify(graph, exposure="a", outcome="y")
    assert caught.value.witness == ("a", "<-", "u", "->", "y")
    assert caught.value.suggestions == ("Measure u: adjustment for c and u would then identify the effect.",)
    assert "a <- u (latent) -> y stays open whatever is adjusted for" in str(caught.value)
    assert "No formula of the observed distribution exists" in str(caught.value)


def test_a_two_headed_arrow_is_shown_and_named():
    with pytest.raises(NotIdentified) as caught:
        identify(Graph.parse("dag { a -> y; a <-> y }"), exposure="a", outcome="y")
    assert caught.value.witness == ("a", "<->", "y")
    assert caught.value.suggestions[0].startswith("Measure the hidden common cause of a and y: adjustment")


def test_several_hidden_causes_are_named_together():
    graph = Graph.parse("dag { {u v w} [latent]; {u v} -> {a y}; a -> y; w -> y }")
    with pytest.raises(NotIdentified) as caught:
        identify(graph, exposure="a", outcome="y")
    assert caught.value.suggestions == (
        "Measure u and v: no single one suffices, together they make adjustment possible.",
    )


def test_a_mediator_worth_measuring_is_named():
    graph = Graph.parse("dag { m [latent]; u [latent]; u -> {a y}; a -> m -> y }")
    with pytest.raises(NotIdentified) as caught:
        identify(graph, exposure="a", outcome="y")
    assert "Measure m: the front-door formula would then identify the effect." in caught.value.suggestions
    assert "Measure u: adjustment for u would then identify the effect." in caught.value.suggestions


def test_a_formula_beyond_the_three_is_not_called_impossible():
    """Given w the mediator is confounded, without w the exposure is; the two steps need different sets."""
    graph = Graph.parse("dag { w -> a; z -> y; a -> {m y}; m -> y; w <-> {z m}; z <-> a }")
    with pytest.raises(NotIdentified, match="A longer formula of the observed distribution exists"):
        identify(graph, exposure="a", outcome="y")


def test_the_napkin_needs_a_linear_model_here():
    graph = Graph.parse("dag { w -> z -> a -> y; w <-> a; w <-> y }")
    estimand = identify(graph, exposure="a", outcome="y")
    assert (estimand.kind, estimand.instruments, estimand.adjustment_set) == ("instrument", ("z",), ("w",))


def test_columns_that_do_not_exist_are_not_used():
    graph = Graph.parse("dag { c -> {a y}; a -> y }")
    assert identify(graph, exposure="a", outcome="y", observed=["a", "y", "c", "id"]).adjustment_set == ("c",)
    with pytest.raises(NotIdentified, match="'a', the exposure, was not measured"):
        identify(graph, exposure="a", outcome="y", observed="ay")
    with pytest.raises(NotIdentified) as caught:
        identify(graph, exposure="a", outcome="y", observed=["a", "y"])
    assert caught.value.witness == ("a", "<-", "c", "->", "y")
    assert "Measure c" in caught.value.suggestions[0]


@pytest.mark.parametrize("role", ["exposure", "outcome"])
def test_exposure_and_outcome_must_have_been_measured(role):
    names = {"exposure": "a", "outcome": "y"}
    graph = Graph.parse("dag { a -> y }").with_roles(latent=names[role])
    with pytest.raises(NotIdentified, match=f"the {role}, was not measured: it is marked latent"):
        identify(graph, **names)
    others = set("ay") - {names[role]}
    with pytest.raises(NotIdentified, match="not among the observed columns"):
        identify(graph.with_roles(latent=()), **names, observed=others)


def test_no_path_is_an_assumption():
    estimand = identify(Graph.parse("dag { a <- c -> y }"), exposure="a", outcome="y")
    assert estimand.no_path
    assert estimand.adjustment_set == ("c",)
    assert "assumed, not found" in estimand.assumptions[0]
    assert str(estimand).endswith("The graph assumes that it is none.")
    assert not identify(Graph.parse("dag { a -> y }"), exposure="a", outcome="y").no_path


@pytest.mark.parametrize("text", ["dag { y -> a }", "dag { a <-> y }", "dag { u [latent]; u -> {a y} }"])
def test_where_no_set_separates_the_absence_is_assumed_alone(text):
    estimand = identify(Graph.parse(text), exposure="a", outcome="y")
    assert (estimand.kind, estimand.no_path, estimand.adjustment_set) == ("absent", True, ())
    assert estimand.formula == "P(y | do(a)) = P(y)"
    assert "the data cannot speak against it" in estimand.assumptions[1]


def test_adjusted_nodes_are_kept_or_refused():
    text = "dag { a -> y; u1 -> a; u1 -> m; u2 -> m; u2 -> y; m [adjusted] }"
    assert "m" in identify(Graph.parse(text), exposure="a", outcome="y").adjustment_set
    with pytest.raises(NotIdentified, match="m is marked as adjusted, but a affects it"):
        identify(Graph.parse("dag { a -> m -> y; m [adjusted] }"), exposure="a", outcome="y")
    with pytest.raises(NotIdentified, match="'m', a node marked adjusted, was not measured"):
        identify(Graph.parse(text), exposure="a", outcome="y", observed=["a", "y"])


def test_the_more_precise_set_is_the_default_and_others_are_shown():
    graph = Graph.parse("dag { i -> a -> y; l1 -> a; l1 -> l2 -> y; w -> y }")
    estimand = identify(graph, exposure="a", outcome="y")
    assert estimand.adjustment_set == ("l2", "w")
    assert estimand.is_optimal
    assert set(estimand.alternatives) == {("l1",), ("l2",)}
    hidden = Graph.parse("dag { a -> y; l1 -> a; l1 -> l2 -> y; w <-> y }")
    fallback = identify(hidden, exposure="a", outcome="y")
    assert (fallback.adjustment_set, fallback.is_optimal) == (("l2",), False)
    wider = Graph.parse("dag { a -> y; l1 -> a; l1 -> l2 -> y; w <-> y; v -> y }")
    assert ("l2", "v") in identify(wider, exposure="a", outcome="y").alternatives


@pytest.mark.parametrize(
    ("asked", "error", "said"),
    [
        ({"exposure": "a", "outcome": "a"}, InvalidArgument, "Nothing is its own cause"),
        ({"exposure": "a", "outcome": "z"}, UnknownNode, "'z' is not in the graph"),
        ({"exposure": ["a", "b"], "outcome": "y"}, InvalidArgument, "Identify one effect at a time"),
        ({"exposure": "a", "outcome": ("y", "b")}, InvalidArgument, "not the name of one node"),
        ({"exposure": None, "outcome": "y"}, InvalidArgument, "exposure=None"),
        ({"exposure": "a", "outcome": "y", "effect": "direct"}, InvalidArgument, "'total'"),
        ({"exposure": "a", "outcome": "y", "mediators": ["b"]}, InvalidArgument, "leave mediators= out"),
    ],
)
def test_questions_without_sense(asked, error, said):
    with pytest.raises(error, match=said):
        identify(Graph.parse("dag { a -> b -> y }"), **asked)


@pytest.mark.parametrize("seed", range(40))
def test_the_order_of_declaration_plays_no_part(seed, brute):
    graph = brute.random_graph(seed)
    order = np.random.default_rng(seed).permutation(len(graph.nodes))
    shuffled = Graph.of(
        sorted(graph.directed, reverse=True),
        bidirected=sorted(sorted(pair, reverse=True) for pair in graph.bidirected),
        nodes=[graph.nodes[place] for place in order],
        latent=graph.latent,
    )
    assert shuffled.fingerprint == graph.fingerprint
    for x, y in questions(graph):
        if failure(graph, x, y) is None:
            assert identify(shuffled, exposure=x, outcome=y) == identify(graph, exposure=x, outcome=y)
        else:
            assert failure(shuffled, x, y) is not None


def test_open_directions_are_refused():
    with pytest.raises(GraphError, match="leaves open"):
        identify(Graph.parse("pdag { a -> y; a -- c }"), exposure="a", outcome="y")


def test_names_are_escaped_and_may_be_anything():
    bad = '<img src=x onerror="alert(1)">'
    graph = Graph.of([(bad, "a"), (bad, "inf"), ("a", "inf")])
    estimand = identify(graph, exposure="a", outcome="inf")
    assert estimand.adjustment_set == (bad,)
    assert "<img" not in estimand._repr_html_()
