"""Statements → graph: the third step of reading. Meaning only, no grammar."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from causalmed.errors import InvalidArgument
from causalmed.graph.syntax import Chain, Document, Group, Option, Setting, Statement, read
from causalmed.graph.tokens import Token

if TYPE_CHECKING:
    from causalmed.graph.graph import Graph

__all__ = ["parse"]

ROLES: Final = {
    **dict.fromkeys(("latent", "l", "unobserved", "u"), "latent"),
    **dict.fromkeys(("exposure", "source", "e"), "exposures"),
    **dict.fromkeys(("outcome", "target", "o"), "outcomes"),
    **dict.fromkeys(("adjusted", "a"), "adjusted"),
    "unstable": "unstable",
}
"""Every spelling of a role that DAGitty reads, and ours."""

_REFUSED: Final = {
    "mag": "In a maximal ancestral graph an arrow does not rule out a hidden common cause, so adjustment "
    "sets would be wrong if it were read as a DAG. State the DAG: arrows, and <-> where a cause is hidden.",
    "pag": "A partial ancestral graph stands for many graphs. State the one that you assume.",
}


def parse(make: type[Graph], text: str) -> Graph:
    """Read DAGitty text; see :meth:`causalmed.graph.Graph.parse`."""
    if not isinstance(text, str):
        raise InvalidArgument(f"a graph is read from text, not from {type(text).__name__}.")
    document = read(text)
    if document.kind in _REFUSED:
        raise document.at.error(_REFUSED[document.kind])
    builder = _Builder(document)
    builder.add(document.statements)
    return builder.graph(make)


@dataclass(slots=True)
class _Builder:
    """Collects what the statements say."""

    document: Document
    nodes: dict[str, None] = field(default_factory=dict)
    directed: list[tuple[str, str]] = field(default_factory=list)
    bidirected: list[tuple[str, str]] = field(default_factory=list)
    undirected: list[tuple[str, str]] = field(default_factory=list)
    roles: dict[str, dict[str, None]] = field(default_factory=lambda: {role: {} for role in ROLES.values()})
    positions: dict[str, tuple[float, float]] = field(default_factory=dict)
    tier_of: dict[str, str] = field(default_factory=dict)
    node_options: dict[str, dict[str, str | None]] = field(default_factory=dict)
    edge_options: dict[tuple[str, str, str], dict[str, str | None]] = field(default_factory=dict)
    attributes: dict[str, str] = field(default_factory=dict)

    def add(self, statements: tuple[Statement, ...]) -> dict[str, None]:
        """Add the statements and return the nodes that they name."""
        named: dict[str, None] = {}
        for statement in statements:
            if isinstance(statement, Setting):
                self.attributes |= {option.key: option.value or "" for option in statement.options}
            else:
                named |= self.add_chain(statement)
        return named

    def add_chain(self, chain: Chain) -> dict[str, None]:
        terms = [self.add_term(term) for term in chain.terms]
        for left, arrow, right in zip(terms, chain.arrows, terms[1:], strict=False):
            for u in left:
                for v in right:
                    self.add_edge(u, arrow, v, chain.options)
        if not chain.arrows:
            for name in terms[0]:
                for option in chain.options:
                    self.add_option(name, option)
        return {name: None for term in terms for name in term}

    def add_term(self, term: Token | Group) -> dict[str, None]:
        named = self.add(term.statements) if isinstance(term, Group) else {term.text: None}
        self.nodes |= named
        return named

    def add_edge(self, u: str, arrow: Token, v: str, options: tuple[Option, ...]) -> None:
        if u == v:
            raise arrow.error(f"{u!r} would be its own cause. Nothing in such a graph can be identified.")
        kind = arrow.text
        if kind == "<-":
            u, v, kind = v, u, "->"
        if kind == "--" and self.document.kind != "pdag":
            raise arrow.error(
                f"{u} -- {v} says that one causes the other but not which. Write -> or <-, or <-> for a "
                "hidden common cause; only a text that starts with pdag may leave it open."
            )
        if kind != "->":
            u, v = sorted((u, v))
        {"->": self.directed, "<->": self.bidirected, "--": self.undirected}[kind].append((u, v))
        if options:
            kept = self.edge_options.setdefault((u, kind, v), {})
            kept.update((option.key, option.value) for option in options)

    def add_option(self, name: str, option: Option) -> None:
        if option.key in ROLES:
            if option.value is not None:
                raise option.at.error(
                    f"{option.key} is a role and takes no value. Write [{option.key}] or nothing."
                )
            self.roles[ROLES[option.key]][name] = None
        elif option.key in ("selected", "s"):
            raise option.at.error(
                f"{name!r} is marked as selected, that is, it decided who entered the data. "
                "Effects under selection are not identified here; state the graph among those selected."
            )
        elif option.key == "pos":
            self.positions[name] = _position(option)
        elif option.key == "tier":
            self.tier_of[name] = _valued(option).strip()
        else:
            self.node_options.setdefault(name, {})[option.key] = option.value

    def graph(self, make: type[Graph]) -> Graph:
        tiers = self.attributes.pop("tiers", "")
        return make(
            name=self.document.name,
            nodes=tuple(self.nodes),
            directed=frozenset(self.directed),
            bidirected=frozenset(frozenset(pair) for pair in self.bidirected),
            undirected=frozenset(frozenset(pair) for pair in self.undirected),
            latent=frozenset(self.roles["latent"]),
            exposures=frozenset(self.roles["exposures"]),
            outcomes=frozenset(self.roles["outcomes"]),
            adjusted=frozenset(self.roles["adjusted"]),
            unstable=frozenset(self.roles["unstable"]),
            positions=self.positions,
            tier_of=self.tier_of,
            tiers=tuple(tier.strip() for tier in tiers.split(",") if tier.strip()),
            node_options=self.node_options,
            edge_options=self.edge_options,
            attributes=self.attributes,
        )


def _valued(option: Option) -> str:
    if not (option.value or "").strip():
        raise option.at.error(f'{option.key} needs a value, for example {option.key}="1".')
    return option.value or ""


def _position(option: Option) -> tuple[float, float]:
    parts = _valued(option).split(",")
    try:
        x, y = (float(part) for part in parts)
    except ValueError:
        x = y = math.nan
    if not (math.isfinite(x) and math.isfinite(y)):
        raise option.at.error(f'pos="{option.value}" is not two numbers with a comma between them.')
    return x, y
