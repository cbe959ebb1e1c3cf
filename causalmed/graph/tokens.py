"""Text of a graph → tokens: the first of the three steps of reading (tokens, syntax, building)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

from causalmed.errors import GraphSyntax

__all__ = ["Token", "tokenize"]

Kind = Literal["name", "quoted", "arrow", "mark", "end"]

_PATTERN: Final = re.compile(
    r"""
      (?P<blank>   [ \t\r\f\v\ufeff\u00a0]+ | \n )
    | (?P<comment> // [^\n]* | \# [^\n]* | /\* (?s:.*?) \*/ )
    | (?P<quoted>  " (?: [^"\\\n] | \\[^\n] )* " )
    | (?P<partial> @-> | <-@ | --@ | @-- | @-@ | o-> | <-o | o-o )
    | (?P<arrow>   <-> | -> | <- | -- )
    | (?P<name>    [\w.]+ )
    | (?P<mark>    [{}\[\]=;,] )
    """,
    re.VERBOSE,
)
_NUMBER: Final = re.compile(r"-[\w.]+")


@dataclass(frozen=True, slots=True)
class Token:
    """A word of the text and where it stands.

    Parameters
    ----------
    kind : {"name", "quoted", "arrow", "mark", "end"}
        ``"quoted"`` is a name too, but never a keyword.
    text : str
        The word, without its quotes.
    line, column : int
        Its place, counted from 1.
    """

    kind: Kind
    text: str
    line: int
    column: int

    @property
    def is_name(self) -> bool:
        """True for a bare or a quoted name."""
        return self.kind in ("name", "quoted")

    def error(self, message: str) -> GraphSyntax:
        """Return the error that something is wrong at this place."""
        return GraphSyntax(message, line=self.line, column=self.column)


def tokenize(text: str) -> list[Token]:
    r"""Split the text of a graph into tokens, comments and blanks left out, ``end`` last.

    Parameters
    ----------
    text : str
        DAGitty text. Inside quotes, ``\"`` is a quote and ``\\`` a backslash.

    Raises
    ------
    GraphSyntax
        At the first character that starts no token.

    Examples
    --------
    >>> [token.text for token in tokenize('dag { "body mass" -> ssi } // a remark')]
    ['dag', '{', 'body mass', '->', 'ssi', '}', '']
    """
    tokens: list[Token] = []
    place, line, line_start = 0, 1, 0
    while place < len(text):
        here = Token("end", "", line, place - line_start + 1)
        found = _PATTERN.match(text, place)
        if found is None and tokens and tokens[-1].text == "=":
            found = _NUMBER.match(text, place)
        if found is None:
            raise here.error(_complaint(text, place))
        token = _token(found, here)
        if token is not None:
            tokens.append(token)
        place = found.end()
        newlines = found.group().count("\n")
        if newlines:
            line += newlines
            line_start = found.start() + found.group().rindex("\n") + 1
    return [*tokens, Token("end", "", line, place - line_start + 1)]


def _token(found: re.Match[str], here: Token) -> Token | None:
    kind, text = found.lastgroup or "name", found.group()
    if kind in ("blank", "comment"):
        return None
    if kind == "partial":
        raise here.error(
            f"{text} leaves one end of the arrow open (a partial ancestral graph). "
            "Effects cannot be read off such a graph here: decide between ->, <- and <->."
        )
    if kind == "quoted":
        return Token("quoted", re.sub(r'\\(["\\])', r"\1", text[1:-1]), here.line, here.column)
    return Token("name" if kind == "name" else kind, text, here.line, here.column)  # type: ignore[arg-type]


def _complaint(text: str, place: int) -> str:
    character = text[place]
    if character == '"':
        return 'a quoted name is not closed in its line. Add the missing " (inside a name, write \\").'
    if text.startswith("/*", place):
        return "the comment that starts here is never closed. Add */."
    if character == "-":
        return "a single - is no arrow. Write ->, <- or <->; put a name that contains - in quotes."
    if character in "<>":
        return (
            f"{character} is no arrow. Write ->, <- or <->; put a name that contains {character} in quotes."
        )
    return f"the character {character!r} cannot stand in a bare name. Put the name in quotes."
