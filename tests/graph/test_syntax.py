"""Grammar: what is a statement, and what is refused rather than guessed."""

from __future__ import annotations

import pytest

from causalmed.errors import GraphSyntax
from causalmed.graph.syntax import Chain, Group, Setting, read


def test_the_parts_of_a_text():
    document = read('strict digraph "my graph" { bb="0,0,1,1"\n a [latent] ; {b c} -> d -> {e} [beta=1; w] }')
    setting, node, chain = document.statements
    assert (document.kind, document.name) == ("digraph", "my graph")
    assert isinstance(setting, Setting)
    assert [(option.key, option.value) for option in setting.options] == [("bb", "0,0,1,1")]
    assert isinstance(node, Chain)
    assert [option.key for option in node.options] == ["latent"]
    assert isinstance(chain.terms[0], Group)
    assert [arrow.text for arrow in chain.arrows] == ["->", "->"]
    assert [(option.key, option.value) for option in chain.options] == [("beta", "1"), ("w", None)]


@pytest.mark.parametrize(
    "text", ["a -> b", "{ a -> b }", "dag{a->b}", "DAG g {a->b;};", "dag {\r\n a -> b\r\n}\r\n"]
)
def test_the_header_may_be_short_or_missing(text):
    (statement,) = read(text).statements
    assert [term.text for term in statement.terms] == ["a", "b"]


def test_a_node_may_be_called_like_a_header():
    assert [term.text for term in read("dag -> mag").statements[0].terms] == ["dag", "mag"]


@pytest.mark.parametrize(
    ("text", "line", "column", "said"),
    [
        ("", 1, 1, "the text holds no graph"),
        ("  \n // nothing\n", 3, 1, "the text holds no graph"),
        ("dag { a -> }", 1, 12, "'}' stands where the name of a node is expected"),
        ("dag { -> a }", 1, 7, "'->' stands where the name of a node is expected"),
        ("dag { a -> b", 1, 13, "the closing } of the graph is missing"),
        ("dag { a } b", 1, 11, "'b' stands after the end of the graph"),
        ("dag { a } dag { b }", 1, 11, "'dag' stands after the end"),
        ("dag { a [latent }", 1, 17, "stands where the name of an option is expected"),
        ("dag { a [latent", 1, 9, "the options that start here are never closed"),
        ("dag { {a b -> c", 1, 7, "the group that starts here is never closed"),
        ("dag { a [pos=] }", 1, 14, "pos = has no value"),
        ("dag { graph -> a }", 1, 7, "'graph' is a keyword"),
        ("dag { node [shape=box] }", 1, 7, "'node' is a keyword"),
        ("digraph { subgraph x {a} }", 1, 11, "'subgraph' is a keyword"),
        ("dag { a -> edge }", 1, 12, "'edge' is a keyword"),
        ("dag {\n late prophylaxis -> ssi }", 2, 7, '"late prophylaxis" in quotes'),
        ("dag { a -> b c -> d }", 1, 14, "'b' and 'c' stand side by side"),
        ("dag { a, b }", 1, 8, "',' stands where the name of a node is expected"),
    ],
)
def test_what_is_not_understood_is_shown_where_it_stands(text, line, column, said):
    with pytest.raises(GraphSyntax) as caught:
        read(text)
    assert said in str(caught.value)
    assert (caught.value.line, caught.value.column) == (line, column)


def test_groups_may_be_nested_but_not_without_end():
    assert len(read("{" * 20 + "a" + "}" * 20).statements) == 1
    with pytest.raises(GraphSyntax, match="more than 50 deep"):
        read("dag {" + "{" * 5000 + "a" + "}" * 5000 + "}")
