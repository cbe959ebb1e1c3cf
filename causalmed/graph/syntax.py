"""Tokens → statements: the second step of reading. Grammar only, no meaning.

::

    text      = [ header ] "{" { statement } "}"  |  { statement }
    header    = [ "strict" ] ( "dag" | "digraph" | "graph" | "pdag" | … ) [ name ]
    statement = name "=" name  |  "graph" options  |  chain [ options ]
    chain     = term { arrow term }
    term      = name  |  "{" { statement } "}"
    options   = "[" { name [ "=" name ] [ "," | ";" ] } "]"
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from causalmed.graph.tokens import Token, tokenize

__all__ = ["Chain", "Document", "Group", "Option", "Setting", "Statement", "read"]

HEADERS: Final = frozenset({"dag", "digraph", "graph", "pdag", "mag", "pag"})
KEYWORDS: Final = frozenset({"graph", "node", "edge", "subgraph", "strict", "digraph"})
_DEEPEST: Final = 50


@dataclass(frozen=True, slots=True)
class Option:
    """``key`` or ``key=value`` in brackets; ``value`` is ``None`` for a bare key."""

    key: str
    value: str | None
    at: Token


@dataclass(frozen=True, slots=True)
class Group:
    """Statements in braces; it stands for all nodes they name."""

    statements: tuple[Statement, ...]
    at: Token


@dataclass(frozen=True, slots=True)
class Chain:
    """Nodes or groups with arrows between them, one arrow fewer than terms, and options."""

    terms: tuple[Token | Group, ...]
    arrows: tuple[Token, ...]
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class Setting:
    """``key = value``, or ``graph [key = value, …]``: about the whole graph."""

    options: tuple[Option, ...]


Statement = Chain | Setting


@dataclass(frozen=True, slots=True)
class Document:
    """A whole text: its kind (``"dag"``, …), its name and its statements."""

    kind: str
    name: str
    statements: tuple[Statement, ...]
    at: Token


def read(text: str) -> Document:
    """Read the text of a graph into statements.

    Parameters
    ----------
    text : str
        DAGitty text; a header with braces may be missing, as DAGitty allows.

    Raises
    ------
    GraphSyntax
        Where the text is not understood.

    Examples
    --------
    >>> read("dag { a -> b -> c }").statements[0].arrows[1].text
    '->'
    """
    return _Reader(tokenize(text)).document()


class _Reader:
    """Walks the tokens once, from left to right."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.place = 0

    @property
    def here(self) -> Token:
        return self.tokens[self.place]

    @property
    def following(self) -> Token:
        return self.tokens[min(self.place + 1, len(self.tokens) - 1)]

    def take(self) -> Token:
        token = self.here
        self.place += 1
        return token

    def at(self, *marks: str) -> bool:
        return self.here.kind == "mark" and self.here.text in marks

    def skip(self, *marks: str) -> bool:
        found = self.at(*marks)
        self.place += found
        return found

    def document(self) -> Document:
        start = self.here
        if start.kind == "end":
            raise start.error("the text holds no graph. Write, for example: dag { exposure -> outcome }")
        kind, name, braced = self.header()
        statements = self.statements(depth=0)
        if braced and not self.skip("}"):
            raise self.here.error("the closing } of the graph is missing.")
        while self.skip(";"):
            pass
        if self.here.kind != "end":
            raise self.here.error(f"{self.here.text!r} stands after the end of the graph; a text holds one.")
        return Document(kind, name, statements, start)

    def header(self) -> tuple[str, str, bool]:
        begin = self.place
        if self.here.kind == "name" and self.here.text.lower() == "strict":
            self.take()
        kind = self.here.text.lower() if self.here.kind == "name" else ""
        if kind in HEADERS:
            self.take()
            name = self.take().text if self.here.is_name and self.following.text == "{" else ""
            if self.skip("{"):
                return kind, name, True
        self.place = begin
        return "dag", "", self.skip("{")

    def statements(self, depth: int) -> tuple[Statement, ...]:
        found: list[Statement] = []
        while True:
            while self.skip(";", *("," if depth else "")):
                pass
            if self.here.kind == "end" or self.at("}"):
                return tuple(found)
            found.append(self.statement(depth))

    def statement(self, depth: int) -> Statement:
        token = self.here
        if token.is_name and self.following.kind == "mark" and self.following.text == "=":
            return Setting((self.option(),))
        if token.kind == "name" and token.text.lower() == "graph" and self.following.text == "[":
            self.take()
            return Setting(self.options())
        if token.kind == "name" and token.text.lower() in KEYWORDS:
            raise token.error(_keyword(token.text))
        terms, arrows = [self.term(depth)], []
        while self.here.kind == "arrow":
            arrows.append(self.take())
            terms.append(self.term(depth))
        options = self.options()
        if not options and depth == 0:
            self.refuse_neighbour()
        return Chain(tuple(terms), tuple(arrows), options)

    def term(self, depth: int) -> Token | Group:
        token = self.here
        if self.skip("{"):
            if depth >= _DEEPEST:
                raise token.error(f"groups are nested more than {_DEEPEST} deep.")
            group = Group(self.statements(depth + 1), token)
            if not self.skip("}"):
                raise token.error("the group that starts here is never closed. Add }.")
            return group
        if token.kind == "name" and token.text.lower() in KEYWORDS:
            raise token.error(_keyword(token.text))
        if not token.is_name:
            what = "the text ends" if token.kind == "end" else f"{token.text!r} stands"
            raise token.error(f"{what} where the name of a node is expected.")
        return self.take()

    def refuse_neighbour(self) -> None:
        before, token = self.tokens[self.place - 1], self.here
        if token.is_name and before.is_name and before.line == token.line:
            raise token.error(
                f"{before.text!r} and {token.text!r} stand side by side. If they are one name, write "
                f'"{before.text} {token.text}" in quotes; if they are two statements, put ; between them.'
            )

    def options(self) -> tuple[Option, ...]:
        found: list[Option] = []
        while self.at("["):
            bracket = self.take()
            while not self.skip("]"):
                if self.here.kind == "end":
                    raise bracket.error("the options that start here are never closed. Add ].")
                if not self.skip(",", ";"):
                    found.append(self.option())
        return tuple(found)

    def option(self) -> Option:
        key = self.take()
        if not key.is_name:
            raise key.error(f"{key.text!r} stands where the name of an option is expected.")
        if not self.skip("="):
            return Option(key.text, None, key)
        value = self.take()
        if not value.is_name:
            raise value.error(f"{key.text} = has no value. Write one, in quotes if it is more than a word.")
        return Option(key.text, value.text, key)


def _keyword(word: str) -> str:
    return (
        f"{word!r} is a keyword of the graph language; defaults and sub-graphs are not read here. "
        f'Leave the statement out or, if it is the name of a node, write "{word}" in quotes.'
    )
