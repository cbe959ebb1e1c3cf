r"""Effects along some paths: which columns make them a function of the data.

*Natural* effects of X on Y through, and not through, a block M of mediators rest on

.. math:: E[Y(x, M(x'))] = \sum_w P(w) \sum_m E[Y \mid x, m, w]\, P(m \mid x', w)

for a set W of nodes that X does not cause with

(1) W separates X from M and Y in the graph without the arrows out of X, and
(2) W separates M from Y in the graph without the arrows out of X and out of M.

Condition 2 fails wherever something that X causes is a common cause of M and Y (a *recanting witness*):
it would have to have two values at once. If any W will do, the largest does that consists of
ancestors of X, M and Y.

*Controlled* effects hold M at a value for everybody,

.. math:: E[Y(x, m)] = \sum_w P(w) \sum_l P(l \mid x, w)\, E[Y \mid x, m, l, w],

and allow such causes, as L: (1) W, which X does not cause, separates X from Y in the graph without
the arrows out of X and into M; (2) X, W and L separate M from Y in the graph without the arrows
out of M, and M does not cause L.

References
----------
Pearl J (2001). Direct and indirect effects. UAI 17, 411–420, theorems 2 and 4.
Avin C, Shpitser I, Pearl J (2005). Identifiability of path-specific effects. IJCAI 19, 357–363.
Shpitser I, VanderWeele TJ (2011). A complete graphical criterion for the adjustment formula in mediation
analysis. Int J Biostat 7(1):16.
Pearl J, Robins JM (1995). Probabilistic evaluation of sequential plans. UAI 11, 444–453.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from causalmed.graph import (
    Adjacency,
    SeparatorQuery,
    ancestors,
    descendants,
    minimal_separator,
    separates,
)
from causalmed.identification.question import Question

__all__ = ["Stages", "controlled_sets", "cuts", "is_natural_set", "largest_natural_set", "natural_set"]

Nodes = frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stages:
    """What a controlled effect adjusts for: before the exposure takes its value, and after."""

    before: Nodes
    after: Nodes


def cuts(question: Question, mediators: Nodes) -> tuple[Adjacency, Adjacency]:
    """Return the graph without the arrows out of X, and without those out of X and M."""
    first = question.adjacency.without_arrows(question.x)
    return first, first.without_arrows(mediators)


def natural_set(question: Question, mediators: Nodes) -> Nodes | None:
    """Return covariates for natural effects, none of which can be spared alone, or ``None``."""
    chosen = largest_natural_set(question, mediators)
    if not is_natural_set(question, mediators, chosen):
        return None
    causes = {u for v in mediators | question.y for u in question.adjacency.parents[v]}
    for v in sorted(chosen - question.include, key=lambda v: (v in causes, question.graph.nodes[v])):
        if is_natural_set(question, mediators, chosen - {v}):
            chosen -= {v}
    return chosen


def largest_natural_set(question: Question, mediators: Nodes) -> Nodes:
    """Return the largest set worth trying: it works if any set does."""
    without_x, _ = cuts(question, mediators)
    relevant = ancestors(without_x, question.x | mediators | question.y | question.include)
    return (_before(question) & relevant) | question.include


def is_natural_set(question: Question, mediators: Nodes, w: Nodes) -> bool:
    """Check both conditions for one set."""
    if not question.include <= w <= _before(question):
        return False
    without_x, without_both = cuts(question, mediators)
    return separates(without_x, question.x, mediators | question.y, w) and separates(
        without_both, mediators, question.y, w
    )


def controlled_sets(question: Question, mediators: Nodes) -> Stages | None:
    """Return what a controlled effect adjusts for, in one stage where that is enough, or ``None``."""
    if not question.include <= question.allowed:
        return None
    options = dict.fromkeys(_first_stages(question, mediators))
    for w in options:
        if _second_holds(question, mediators, w) and question.include <= w:
            return Stages(before=w, after=frozenset())
    for w in options:
        found = _second_stage(question, mediators, w)
        if found is not None:
            return Stages(before=w, after=found)
    return None


def _first_stages(question: Question, mediators: Nodes) -> Iterator[Nodes]:
    """Yield sets that meet condition 1: small ones, those that help condition 2 as well, the largest."""
    before, must = _before(question), question.include & _before(question)
    cut = _without_arrows_into(question.adjacency.without_arrows(question.x), mediators)
    near_outcome = SeparatorQuery(adjacency=cut, x=question.x, y=question.y, include=must, allowed=before)
    near_exposure = SeparatorQuery(adjacency=cut, x=question.y, y=question.x, include=must, allowed=before)
    whole = near_outcome.candidates(near_outcome.ancestral())
    everything = before & ancestors(question.adjacency, question.x | mediators | question.y | must)
    small = minimal_separator(near_outcome)
    both = None if small is None else _second_stage(question, mediators, small, within=before)
    guesses = (
        small,
        None if small is None or both is None else small | both,
        _second_stage(question, mediators, must, within=before),
        minimal_separator(near_exposure),
        whole,
        everything,
    )
    for guess in guesses:
        if guess is not None and separates(cut, question.x, question.y, guess):
            yield guess


def _second_stage(
    question: Question, mediators: Nodes, w: Nodes, within: Nodes | None = None
) -> Nodes | None:
    """Return what has to be added so that condition 2 holds."""
    after_m = descendants(question.adjacency, mediators)
    free = question.allowed - after_m - question.x - question.y
    query = SeparatorQuery(
        adjacency=question.adjacency.without_arrows(mediators),
        x=mediators,
        y=question.y,
        include=question.x | w | question.include,
        allowed=free if within is None else free & within,
    )
    if query.include & after_m:
        return None
    found = minimal_separator(query)
    return None if found is None else found - question.x - w


def _second_holds(question: Question, mediators: Nodes, w: Nodes) -> bool:
    cut = question.adjacency.without_arrows(mediators)
    return separates(cut, mediators, question.y, question.x | w)


def _before(question: Question) -> Nodes:
    """Usable nodes that the exposure does not cause."""
    return question.allowed - descendants(question.adjacency, question.x) - question.y


def _without_arrows_into(adjacency: Adjacency, nodes: Nodes) -> Adjacency:
    """Return the graph without arrows, of one head or two, into some nodes."""
    everything = range(len(adjacency))
    cut = adjacency.without_arrows(everything, nodes)
    spouses = tuple(
        () if v in nodes else tuple(u for u in cut.spouses[v] if u not in nodes) for v in everything
    )
    return Adjacency(cut.parents, cut.children, spouses)
