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

from dataclasses import dataclass

from causalmed.graph import SeparatorQuery, ancestors, descendants, minimal_separator, separates, touched
from causalmed.identification.question import Question

__all__ = ["Instrument", "instrument", "instrument_by", "is_instrument", "moves_exposure"]

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
    adjacency = question.adjacency
    promising = _promising(question)
    close = promising & {u for x in question.x for u in (*adjacency.parents[x], *adjacency.spouses[x])}
    for candidates in (close, promising - close):
        found = [one for z in sorted(candidates) if (one := instrument_by(question, z)) is not None]
        if found:
            return min(found, key=lambda one: (len(one.given), question.graph.nodes[one.node]))
    return None


def _promising(question: Question) -> Nodes:
    """Free nodes without those that two searches rule out.

    All ancestors of Y (in the back-door graph) have the same nearest separator. An ancestor that Y touches
    before it cannot be separated; one that X does not reach past it is separated from X as well.
    """
    free = _free(question)
    query = SeparatorQuery(
        adjacency=question.problem.back_door,
        x=frozenset(),
        y=question.y,
        include=question.include,
        allowed=free,
    )
    above = query.ancestral()
    candidates = query.candidates(above)
    reached = touched(query.adjacency, query.y, blocked=candidates, opens=above)
    nearest = (candidates & reached) | query.include
    opens = ancestors(question.adjacency, nearest)
    connected = touched(question.adjacency, question.x, blocked=nearest, opens=opens)
    return free - (above & (reached | (free - connected)))


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
    nearest = _nearest_outcome(query)
    if nearest is None or separates(question.adjacency, question.x, query.x, nearest):
        return None
    small = minimal_separator(query)
    if small is not None and is_instrument(question, z, small):
        return Instrument(node=z, given=small)
    return Instrument(node=z, given=nearest)


def moves_exposure(question: Question, found: Instrument) -> bool:
    """Say whether the instrument causes the exposure and, given its set, shares no cause with it.

    Only then does "patients whose exposure follows the instrument" have a meaning; a mere correlate of the
    exposure can serve a linear model, but moves nobody.
    """
    z = frozenset({found.node})
    after = descendants(question.adjacency, z)
    if not question.x & after or found.given & after:
        return False
    return separates(question.adjacency.without_arrows(z), z, question.x, found.given)


def _nearest_outcome(query: SeparatorQuery) -> Nodes | None:
    """Return the candidates that the outcome touches, or ``None`` if it touches the instrument too."""
    opens = query.ancestral()
    candidates = query.candidates(opens)
    reached = touched(query.adjacency, query.y, blocked=candidates, opens=opens)
    return None if reached & query.x else (candidates & reached) | query.include
