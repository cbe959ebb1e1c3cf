"""Tokens: what they are, where they stand, what cannot be one."""

from __future__ import annotations

import pytest

from causalmed.errors import GraphSyntax
from causalmed.graph.tokens import tokenize


def words(text):
    return [(token.kind, token.text) for token in tokenize(text)][:-1]


def test_arrows_need_no_blanks():
    assert [text for _, text in words("a->b<-c<->d--e")] == ["a", "->", "b", "<-", "c", "<->", "d", "--", "e"]


def test_comments_of_every_kind_are_left_out():
    assert words("a // b -> c\n# d\n/* e\n -> ** / f */ g") == [("name", "a"), ("name", "g")]
    assert words('"a // no comment" "# nor this"') == [
        ("quoted", "a // no comment"),
        ("quoted", "# nor this"),
    ]


def test_quotes_and_backslashes():
    assert words(r'"say \"hi\"" "back\\slash" "as \it is"') == [
        ("quoted", 'say "hi"'),
        ("quoted", "back\\slash"),
        ("quoted", r"as \it is"),
    ]


def test_names_may_be_numbers_or_in_any_script():
    assert [text for _, text in words("15 wound.class größe 感染 _x")] == [
        "15",
        "wound.class",
        "größe",
        "感染",
        "_x",
    ]


def test_a_minus_is_part_of_a_number_only_after_an_equals_sign():
    assert words("[beta=-0.3]")[3] == ("name", "-0.3")
    with pytest.raises(GraphSyntax, match="a single - is no arrow"):
        tokenize("a -0.3")


def test_places_are_counted_from_one():
    tokens = tokenize('a\n  "b c" ->\n/* two\nlines */ d')
    assert [(token.line, token.column) for token in tokens] == [(1, 1), (2, 3), (2, 9), (4, 10), (4, 11)]


@pytest.mark.parametrize(
    ("text", "line", "column", "said"),
    [
        ("a - b", 1, 3, "a single - is no arrow"),
        ("a => b", 1, 4, "> is no arrow"),
        ("a\nb > c", 2, 3, "> is no arrow"),
        ("x\n  late/early", 2, 7, "'/' cannot stand in a bare name. Put the name in quotes"),
        ('a -> "b', 1, 6, "is not closed in its line"),
        ('"a\nb"', 1, 1, "is not closed in its line"),
        ("a /* b", 1, 3, "never closed"),
        ("a @-> b", 1, 3, "leaves one end of the arrow open"),
        ("a @-@ b", 1, 3, "leaves one end of the arrow open"),
        ("a → b", 1, 3, "'→' cannot stand in a bare name"),
        ("a%20b", 1, 2, "'%' cannot stand in a bare name"),
        ("<b>bold</b>", 1, 1, "< is no arrow"),
    ],
)
def test_what_is_no_token_is_shown_where_it_stands(text, line, column, said):
    with pytest.raises(GraphSyntax, match=said) as caught:
        tokenize(text)
    assert (caught.value.line, caught.value.column) == (line, column)
    assert str(caught.value).startswith(f"line {line}, column {column}: ")
