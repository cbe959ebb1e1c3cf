"""Published networks: sizes, exact queries against enumeration, sampling against exact queries."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest

from causalmed.errors import CausalmedError, DataError, InvalidArgument, UnknownNode
from causalmed.graph import Graph
from causalmed.scm import DiscreteNetwork, read_bif

DATA = Path(__file__).parents[1] / "data"
NAMES = ("asia", "cancer", "survey", "sachs")
QUESTIONS = {
    "asia": [
        ("lung", {}, {"xray": "yes", "dysp": "yes"}),
        ("dysp", {"smoke": "yes"}, {}),
        ("dysp", {"either": "no"}, {"asia": "yes", "bronc": "yes"}),
        (("tub", "bronc"), {"lung": "no"}, {"dysp": "yes"}),
    ],
    "cancer": [
        ("Cancer", {}, {"Xray": "positive", "Smoker": "True"}),
        ("Dyspnoea", {"Cancer": "True"}, {"Xray": "negative"}),
        ("Xray", {"Smoker": "False"}, {"Pollution": "high"}),
    ],
    "survey": [
        ("T", {}, {"A": "young", "S": "F"}),
        ("T", {"E": "uni"}, {}),
        (("A", "S"), {"O": "self"}, {"T": "car"}),
    ],
    "sachs": [
        ("Akt", {"Erk": "LOW"}, {}),
        ("Akt", {"PKA": "HIGH"}, {"Raf": "LOW"}),
        ("Mek", {}, {"Jnk": "HIGH", "P38": "LOW"}),
    ],
}
ASKED = [(name, *question) for name, questions in QUESTIONS.items() for question in questions]


@pytest.fixture(scope="module")
def networks():
    return {name: read_bif(DATA / f"net_{name}.bif") for name in NAMES}


def enumerated(network, targets, do, given):
    """Add up every combination of levels of every node."""
    nodes = list(network.levels)
    names = (targets,) if isinstance(targets, str) else targets
    shape = tuple(len(network.levels[name]) for name in names)
    law = np.zeros(shape)
    free = [name for name in nodes if name not in {**do, **given}]
    codes = {name: network.levels[name].index(level) for name, level in {**do, **given}.items()}
    for values in product(*(range(len(network.levels[name])) for name in free)):
        world = codes | dict(zip(free, values, strict=True))
        p = 1.0
        for node in nodes:
            if node not in do:
                p *= network.tables[node][tuple(world[c] for c in (*network.causes[node], node))]
        law[tuple(world[name] for name in names)] += p
    return law.ravel() / law.sum()


def test_sizes_are_those_published(networks, printed):
    expected = printed("networks")["value"]
    for name, (nodes, arcs, parameters) in zip(NAMES, expected, strict=True):
        network = networks[name]
        assert len(network.levels) == nodes
        assert sum(len(causes) for causes in network.causes.values()) == arcs
        assert network.parameters == parameters


@pytest.mark.parametrize(("name", "targets", "do", "given"), [q for q in ASKED if q[0] != "sachs"])
def test_queries_are_those_of_enumeration(networks, name, targets, do, given):
    network = networks[name]
    found = network.query(targets, do=do, given=given)["probability"]
    assert found.to_numpy() == pytest.approx(enumerated(network, targets, do, given), abs=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "targets", "do", "given"), [q for q in ASKED if q[0] == "sachs"])
def test_queries_of_the_large_network_are_those_of_enumeration(networks, name, targets, do, given):
    test_queries_are_those_of_enumeration(networks, name, targets, do, given)


@pytest.mark.parametrize("name", NAMES)
def test_the_model_samples_what_the_query_says(networks, name):
    network, n = networks[name], 40_000
    model = network.model()
    for target, do, given in QUESTIONS[name]:
        drawn = model.sample(n, do=do or None, seed=2)
        for node, level in given.items():
            drawn = drawn[drawn[node] == level]
        for row in network.query(target, do=do, given=given).to_dict("records"):
            chance = row.pop("probability")
            share = np.mean(np.all([drawn[node] == level for node, level in row.items()], axis=0))
            assert abs(share - chance) < 4.5 * np.sqrt(chance * (1 - chance) / len(drawn)) + 1e-9


def test_an_impossible_level_is_never_drawn(networks):
    drawn = networks["asia"].model().sample(20_000, seed=1)
    assert np.array_equal(drawn["either"] == "yes", (drawn["tub"] == "yes") | (drawn["lung"] == "yes"))
    with pytest.raises(DataError, match="cannot occur"):
        networks["asia"].query("dysp", given={"tub": "yes", "either": "no"})


def test_quoted_names_comments_and_properties_are_read(tmp_path):
    path = tmp_path / "small.bif"
    path.write_text(
        'network x { property author "me"; }\n// a comment\n'
        "variable late { type discrete [ 2 ] { no, yes }; property position = (1, 2); }\n"
        "variable ssi { type discrete[2]{ no, yes }; }\n"
        "probability ( late ) { table 0.7, 0.3; }\n"
        "probability ( ssi | late ) { (no) 0.9, 0.1; (yes) 0.8, 0.2; }\n"
    )
    network = read_bif(path)
    assert network.query("ssi", do={"late": "yes"})["probability"].tolist() == pytest.approx([0.8, 0.2])
    assert network.graph == Graph.parse("dag { late -> ssi }")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "variable a { type discrete [ 2 ] { x, y }; }",
        "variable a { type discrete [ 2 ] { x, y }; } probability ( a ) { table 0.5, 0.6; }",
        "variable a { type discrete [ 2 ] { x, y }; } probability ( a ) { table 0.5, x; }",
        "variable a { type discrete [ 2 ] { x, y }; } probability ( a | b ) { (x) 0.5, 0.5; }",
        "variable a { type discrete [ 2 ] { x, y }; } probability ( a ) { table 0.5, 0.5; } "
        "variable b { type discrete [ 2 ] { x, y }; } probability ( b | a ) { table 0.5, 0.5, 0.5, 0.5; }",
    ],
)
def test_broken_files_are_refused(tmp_path, text):
    path = tmp_path / "broken.bif"
    path.write_text(text)
    with pytest.raises(CausalmedError):
        read_bif(path)
    with pytest.raises(DataError, match="cannot be read"):
        read_bif(tmp_path / "absent.bif")


def test_bad_questions_are_refused(networks):
    asia = networks["asia"]
    with pytest.raises(UnknownNode):
        asia.query("nothing")
    with pytest.raises(UnknownNode):
        asia.query("lung", do={"nothing": "yes"})
    with pytest.raises(InvalidArgument, match="smoke"):
        asia.query("lung", do={"smoke": "perhaps"})
    with pytest.raises(InvalidArgument, match="once"):
        asia.query("lung", do={"lung": "yes"})
    with pytest.raises(InvalidArgument, match="given"):
        asia.query("lung", given="smoke")
    with pytest.raises(DataError, match="sum to 1"):
        DiscreteNetwork(
            graph=Graph.parse("dag { a }"),
            levels={"a": ("x", "y")},
            causes={"a": ()},
            tables={"a": np.array([0.5, 0.6])},
        )
