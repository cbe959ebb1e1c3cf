"""Round trip: what is written reads back as the same value, whatever the names."""

from __future__ import annotations

import pickle

from hypothesis import given, settings
from hypothesis import strategies as st

from causalmed.graph import Graph
from causalmed.graph.building import ROLES
from causalmed.graph.writing import quoted

printable = st.characters(exclude_categories=("C", "Z"), include_characters=' "\\')
names = st.text(printable, min_size=1, max_size=8).filter(lambda text: text.strip() and text.isprintable())
words = st.text(printable, max_size=8).filter(str.isprintable)
FIXED = frozenset(ROLES) | {"selected", "s", "pos", "tier", "tiers"}
keys = names.filter(lambda key: key not in FIXED)
options = st.dictionaries(keys, st.none() | words.filter(bool), min_size=1, max_size=2)
finite = st.floats(allow_nan=False, allow_infinity=False)


@st.composite
def graphs(draw):
    nodes = draw(st.lists(names, max_size=6, unique=True))
    pairs = [(u, v) for place, u in enumerate(nodes) for v in nodes[place + 1 :]]
    chosen = st.lists(st.sampled_from(pairs), unique=True, max_size=8) if pairs else st.just([])
    some = st.sets(st.sampled_from(nodes)) if nodes else st.just(set())
    directed = draw(chosen)
    latent = draw(some)
    exposures = draw(some)
    outcomes = draw(some) - exposures
    return Graph(
        nodes=tuple(draw(st.permutations(nodes))),
        directed=frozenset(directed),
        bidirected=frozenset(frozenset(pair) for pair in draw(chosen)),
        undirected=frozenset(),
        latent=frozenset(latent),
        exposures=frozenset(exposures),
        outcomes=frozenset(outcomes),
        adjusted=frozenset(draw(some)) - latent - exposures - outcomes,
        unstable=frozenset(draw(some)),
        positions={name: draw(st.tuples(finite, finite)) for name in draw(some)},
        tier_of={name: "7" for name in draw(some)},
        node_options={name: draw(options) for name in draw(some)},
        edge_options={(u, "->", v): draw(options) for u, v in directed[:2]},
        attributes=draw(st.dictionaries(keys, words, max_size=2)),
        name=draw(st.just("") | names),
    )


@given(graphs())
@settings(max_examples=150, deadline=None, derandomize=True)
def test_reading_what_was_written_gives_the_same_value(graph):
    again = Graph.parse(graph.to_dagitty())
    assert again == graph
    assert hash(again) == hash(graph)
    assert again.to_dagitty() == graph.to_dagitty()
    assert again.fingerprint == graph.fingerprint
    assert pickle.loads(pickle.dumps(graph)) == graph


@given(names)
@settings(deadline=None, derandomize=True)
def test_a_name_is_written_as_one_token(name):
    assert Graph.parse(f"dag {{ {quoted(name)} }}").nodes == (name,)


def test_the_fingerprint_is_of_what_is_assumed():
    text = "dag { a -> b; u [latent]; u -> {a b} }"
    graph = Graph.parse(text)
    moved = Graph.parse('dag g { bb=1; b [pos="1,2"]; b <- a; u -> b [beta=2]; u -> a; u [l, color=red] }')
    assert moved != graph
    assert moved.fingerprint == graph.fingerprint
    assert len(graph.fingerprint) == 64
    for other in (
        "dag { a -> b; u -> {a b} }",
        "dag { a <- b; u [latent]; u -> {a b} }",
        "dag { a -> b; u [latent]; u -> {a b}; a <-> b }",
        "dag { a -> b; u [latent]; u -> {a b}; c }",
        "dag { a [exposure]; a -> b; u [latent]; u -> {a b} }",
        "dag { a [tier=1]; a -> b; u [latent]; u -> {a b} }",
    ):
        assert Graph.parse(other).fingerprint != graph.fingerprint


def test_tiers_keep_their_order():
    graph = Graph.of([("a", "b")], tiers={"before": ["a"], "during": [], "after": ["b"]})
    assert 'tiers="before,during,after"' in graph.to_dagitty()
    assert Graph.parse(graph.to_dagitty()).tiers == ("before", "during", "after")
