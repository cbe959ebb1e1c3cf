"""Natural and controlled effects: every formula equals the truth, patient by patient, in random models."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from causalmed.errors import InvalidArgument, NotIdentified, UnknownNode
from causalmed.graph import Graph
from causalmed.identification import identify
from causalmed.identification.mediation import controlled_sets, is_natural_set, natural_set
from causalmed.identification.question import ask

SIMPLE = Graph.parse("dag { c -> {a m y}; a -> m -> y; a -> y }")
WITNESS = Graph.parse("dag { c -> {a y}; a -> {l m y}; l -> {m y}; m -> y }")


def random_questions(seed, brute, most=6):
    """Every exposure, outcome and block of one or two mediators of a random graph."""
    graph = brute.random_graph(seed, most=most)
    for x, y in itertools.permutations(sorted(graph.observed), 2):
        middle = (graph.descendants(x) & graph.ancestors(y) & graph.observed) - {x, y}
        for size in (1, 2):
            for block in itertools.combinations(sorted(middle), size):
                yield graph, x, y, block


@pytest.mark.parametrize("seed", range(60))
def test_natural_effects_equal_the_truth(seed, brute):
    model, checked = None, 0
    for graph, x, y, block in random_questions(seed, brute):
        try:
            estimand = identify(graph, exposure=x, outcome=y, effect="natural_direct", mediators=block)
        except NotIdentified:
            continue
        model = model or brute.NoisyModel(brute.explicit(graph), seed)
        for first, second in itertools.product((0, 1), repeat=2):
            truth = model.nested(x, y, block, first, second)
            assert brute.natural_formula(model, estimand, first, second) == pytest.approx(truth, abs=1e-9)
        checked += 1
    assert checked or model is None


@pytest.mark.parametrize("seed", range(60))
def test_controlled_effects_equal_the_truth(seed, brute):
    model = None
    for graph, x, y, block in random_questions(seed, brute):
        for values in itertools.product((0, 1), repeat=len(block)):
            at = dict(zip(block, values, strict=True))
            try:
                estimand = identify(graph, exposure=x, outcome=y, effect="controlled_direct", mediators=at)
            except NotIdentified:
                continue
            model = model or brute.NoisyModel(brute.explicit(graph), seed)
            for level in (0, 1):
                truth = model.held(x, y, level, at)
                assert brute.controlled_formula(model, estimand, level) == pytest.approx(truth, abs=1e-9)


def test_the_formulas_are_not_right_by_accident(brute):
    """The checks above can fail: a common cause left out, or a recanting witness, is seen."""
    import dataclasses

    estimand = identify(SIMPLE, exposure="a", outcome="y", effect="natural_direct", mediators=["m"])
    wrong = dataclasses.replace(estimand, adjustment_set=())
    model = brute.NoisyModel(SIMPLE, 3)
    assert abs(brute.natural_formula(model, wrong, 1, 0) - model.nested("a", "y", ["m"], 1, 0)) > 1e-3
    model = brute.NoisyModel(WITNESS, 4)
    truth = model.nested("a", "y", ["m"], 1, 0)
    for given in (("c",), ("c", "l")):
        wrong = dataclasses.replace(estimand, adjustment_set=given)
        assert abs(brute.natural_formula(model, wrong, 1, 0) - truth) > 1e-3


@pytest.mark.parametrize("seed", range(60))
def test_a_natural_effect_is_found_whenever_some_set_meets_the_criterion(seed, brute):
    for graph, x, y, block in random_questions(seed, brute):
        question = ask(graph, x, y, None)
        m = graph.numbers(block)
        usable = graph.observed - {x, y, *block}
        exists = any(is_natural_set(question, m, graph.numbers(w)) for w in brute.subsets(usable))
        found = natural_set(question, m)
        assert (found is not None) == exists
        if found is not None:
            assert is_natural_set(question, m, found)
            assert not any(is_natural_set(question, m, found - {v}) for v in found)


def controlled_by_definition(brute, graph, x, y, block, before, after):
    """Both conditions on the graph, path by path."""
    first = graph.without_edges_out_of({x}).without_edges_into(block)
    second = graph.without_edges_out_of(block)
    if before & brute.descendants(graph, {x}) or after & brute.descendants(graph, block):
        return False
    return brute.separated(first, {x}, {y}, before) and brute.separated(
        second, set(block), {y}, {x} | before | after
    )


@pytest.mark.parametrize("seed", range(30))
def test_controlled_sets_meet_the_definition_and_are_seldom_missed(seed, brute):
    for graph, x, y, block in random_questions(seed, brute, most=5):
        found = controlled_sets(ask(graph, x, y, None), graph.numbers(block))
        usable = graph.observed - {x, y, *block}
        exists = any(
            controlled_by_definition(brute, graph, x, y, block, before, after)
            for before in brute.subsets(usable)
            for after in brute.subsets(usable - before)
        )
        assert (found is not None) == exists
        if found is not None:
            sets = graph.names(found.before), graph.names(found.after)
            assert controlled_by_definition(brute, graph, x, y, block, *sets)


def test_a_recanting_witness_is_named_with_two_ways_out():
    with pytest.raises(NotIdentified) as caught:
        identify(WITNESS, exposure="a", outcome="y", effect="natural_direct", mediators=["m"])
    assert caught.value.witness == ("l", "m", "<-", "l", "->", "y")
    assert caught.value.suggestions == (
        "Ask about the block mediators=['l', 'm']: its natural effects are identified.",
        "Ask for effect='controlled_direct' with mediators={'m': 0} (or other values): that one is "
        "identified.",
    )
    assert "a changes l, and l affects both m and y (m <- l -> y)" in str(caught.value)
    block = identify(WITNESS, exposure="a", outcome="y", effect="natural_direct", mediators=["l", "m"])
    assert (block.mediators, block.adjustment_set) == (("l", "m"), ("c",))
    held = identify(WITNESS, exposure="a", outcome="y", effect="controlled_direct", mediators={"m": 0})
    assert (held.adjustment_set, held.after_exposure, held.mediator_values) == (("c",), ("l",), (0.0,))


def test_a_hidden_common_cause_is_shown_and_named():
    graph = Graph.parse("dag { u [latent]; a -> m -> y; a -> y; u -> {m y} }")
    for effect, mediators in (("natural_indirect", ["m"]), ("controlled_direct", {"m": 1})):
        with pytest.raises(NotIdentified) as caught:
            identify(graph, exposure="a", outcome="y", effect=effect, mediators=mediators)
        assert caught.value.witness == ("m", "<-", "u", "->", "y")
        assert caught.value.suggestions == ("Measure u: adjustment would then identify the effect.",)


def test_a_hidden_witness_cannot_be_helped_by_measuring_it_alone():
    graph = Graph.parse("dag { l [latent]; a -> {l m y}; l -> {m y}; m -> y }")
    with pytest.raises(NotIdentified) as caught:
        identify(graph, exposure="a", outcome="y", effect="natural_direct", mediators=["m"])
    assert caught.value.witness[0] == "l"
    assert caught.value.suggestions == (
        "Nothing that could be measured in this graph would help; only another design or question would.",
    )


def test_words_of_the_three_effects():
    direct = identify(SIMPLE, exposure="a", outcome="y", effect="natural_direct", mediators="m")
    assert str(direct) == "The natural direct effect of a on y, not through m, by adjustment for c."
    assert direct.formula == ("P(y | do(a), m as under a′) = Σ_{c} Σ_{m} P(y | a, m, c) P(m | a′, c) P(c)")
    assert direct.reasons == ("c closes a <- c -> m.",)
    assert any("cannot be checked by any experiment" in sentence for sentence in direct.assumptions)
    through = identify(SIMPLE, exposure="a", outcome="y", effect="natural_indirect", mediators=["m"])
    assert str(through) == "The natural indirect effect of a on y, through m, by adjustment for c."
    held = identify(WITNESS, exposure="a", outcome="y", effect="controlled_direct", mediators={"m": "none"})
    assert str(held) == "The controlled direct effect of a on y, with m = none, by adjustment for c and l."
    assert held.formula == "P(y | do(a, m = none)) = Σ_{c} P(c) Σ_{l} P(l | a, c) P(y | a, m = none, l, c)"
    assert list(held.to_frame()["role"])[2:] == ["mediator", "after the exposure", "adjustment set"]
    assert held.to_dict()["mediator_values"] == ["none"]
    assert "graph" not in held.to_dict()
    for estimand in (direct, through, held):
        assert all(len(line) <= 80 for line in estimand.summary().splitlines())


def test_no_direct_path_is_assumed_not_found():
    graph = Graph.parse("dag { a -> m -> y }")
    direct = identify(graph, exposure="a", outcome="y", effect="natural_direct", mediators=["m"])
    assert direct.no_path
    assert "assumed, not found" in direct.assumptions[0]
    assert not identify(graph, exposure="a", outcome="y", effect="natural_indirect", mediators=["m"]).no_path


@pytest.mark.parametrize(
    ("effect", "mediators", "error", "message"),
    [
        ("natural_direct", [], InvalidArgument, "needs its mediators"),
        (
            "natural_direct",
            ["c"],
            InvalidArgument,
            "'c' is not a mediator in this graph.*Nodes on the way: m",
        ),
        ("natural_direct", ["w"], UnknownNode, "'w'"),
        ("natural_direct", {"m": 0}, InvalidArgument, "leaves the mediators as they would be"),
        ("controlled_direct", ["m"], InvalidArgument, r"mediators=\{'m': 0\}"),
        ("controlled_direct", {"m": None}, InvalidArgument, "must hold a number or a level"),
        ("controlled_direct", {"m": float("nan")}, InvalidArgument, "must hold a number or a level"),
        ("direct", ["m"], InvalidArgument, "'natural_direct'"),
        (["total"], [], InvalidArgument, "not understood"),
        ("natural_direct", 5, InvalidArgument, "neither the name"),
        ("total", ["m"], InvalidArgument, "leave mediators= out"),
    ],
)
def test_questions_that_cannot_be_put(effect, mediators, error, message):
    with pytest.raises(error, match=message):
        identify(SIMPLE, exposure="a", outcome="y", effect=effect, mediators=mediators)


def test_a_mediator_that_was_not_measured():
    with pytest.raises(NotIdentified, match="'m', a mediator, was not measured") as caught:
        identify(
            SIMPLE,
            exposure="a",
            outcome="y",
            effect="natural_direct",
            mediators=["m"],
            observed=["a", "y", "c"],
        )
    assert caught.value.witness == ("m",)


def test_marked_nodes_are_adjusted_for():
    graph = Graph.parse("dag { b [adjusted]; b -> y; a -> m -> y; a -> y }")
    direct = identify(graph, exposure="a", outcome="y", effect="natural_direct", mediators=["m"])
    assert direct.adjustment_set == ("b",)
    held = identify(graph, exposure="a", outcome="y", effect="controlled_direct", mediators={"m": 0})
    assert held.adjustment_set == ("b",)


def test_a_model_of_every_patient_agrees_with_itself(brute):
    """Direct and indirect effects add up to the total one, in the model the tests rest on."""
    model = brute.NoisyModel(SIMPLE, 8)
    total = model.held("a", "y", 1, {}) - model.held("a", "y", 0, {})
    psi = {pair: model.nested("a", "y", ["m"], *pair) for pair in ((1, 1), (1, 0), (0, 0))}
    assert psi[1, 1] - psi[0, 0] == pytest.approx(total, abs=1e-12)
    assert np.isclose(model.weight.sum(), 1.0)
