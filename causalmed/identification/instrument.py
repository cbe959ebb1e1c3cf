r"""Instruments: a cause of the exposure that reaches the outcome no other way.

In linear models with the same effect for everybody, Z given W identifies the effect as the ratio

.. math:: \tau = \mathrm{Cov}(Z, Y \mid W) / \mathrm{Cov}(Z, X \mid W)

if, in the graph without the first arrows of the causal paths from X to Y, W separates Z from Y, W
does not separate Z from X in the graph itself, and W holds no descendant of X.

Whether some W will do is hard in general; but if one does whose nodes are ancestors of Z or Y, then the
separator nearest to Y does, because it leaves Z connected to as much as possible.

References
----------
Brito C, Pearl J (2002). Generalized instrumental variables. UAI 18, 85–93.
van der Zander B, Textor J, Liśkiewicz M (2015). Efficiently finding conditional instruments for
causal inference. IJCAI 24, 3243–3249.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from causalmed.graph import SeparatorQuery, ancestors, descendants, minimal_separator, separates, touched
from causalmed.identification.question import Question

__all__ = ["Instrument", "instrument", "instrument_by", "is_instrument"]

Nodes = frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """An instrument and the set it is conditioned on."""

    node: int
    given: Nodes


def instrument(question: Question) -> Instrument | None:
    """Return the instrument with the smallest conditioning set, direct causes of X first, or ``None``."""
    if not question.problem.causal:
        return None
    free = _free(question)
    adjacency = question.adjacency
    close = free & {u for x in question.x for u in (*adjacency.parents[x], *adjacency.spouses[x])}
    for candidates in (close, free - close):
        found = [one for z in sorted(candidates) if (one := instrument_by(question, z)) is not None]
        if found:
            return min(found, key=lambda one: (len(one.given), question.graph.nodes[one.node]))
    return None


def is_instrument(question: Question, z: int, w: Nodes) -> bool:
    """Check the conditions for one instrument and one conditioning set."""
    source = frozenset({z})
    return (
        (w | source) <= _free(question)
        and question.include <= w
        and separates(question.problem.back_door, source, question.y, w)
        and not separates(question.adjacency, source, question.x, w)
    )


def _free(question: Question) -> Nodes:
    """Usable nodes that the exposure does not cause."""
    after = descendants(question.adjacency, question.x)
    return question.allowed - after - question.y


def instrument_by(question: Question, z: int) -> Instrument | None:
    """Return the instrument ``z`` with a set to condition on, if there is one among ancestors."""
    free = _free(question)
    if z not in free or z in question.include:
        return None
    query = SeparatorQuery(
        adjacency=question.problem.back_door,
        x=frozenset({z}),
        y=question.y,
        include=question.include,
        allowed=free,
    )
    small = minimal_separator(query)
    if small is None:
        return None
    for w in (small, *_nearest_outcome(query)):
        if is_instrument(question, z, w):
            return Instrument(node=z, given=w)
    return None


def _nearest_outcome(query: SeparatorQuery) -> Iterator[Nodes]:
    """Yield the candidates that the outcome touches: the separator nearest to it."""
    opens = ancestors(query.adjacency, query.x | query.y | query.include)
    candidates = query.candidates(opens)
    reached = touched(query.adjacency, query.y, blocked=candidates, opens=opens)
    yield (candidates & reached) | query.include
