r"""Front-door: follow the effect through mediators that carry all of it.

.. math:: P(y \mid do(x)) = \sum_w P(w) \sum_m P(m \mid x, w) \sum_{x'} P(y \mid m, x', w)\, P(x' \mid w)

for a set M such that (1) every directed path from X to Y runs through M, (2) X and M share no
back-door path that W leaves open, (3) X and W block every back-door path from M to Y. Without W,
conditions 2 and 3 hold for a largest set, found by striking out nodes until none violates them; if that
set fails condition 1, so does every other.

With covariates W, which X does not cause, the mediators are looked for among what X causes. Given W, each
step of Pearl's proof goes through within the patients alike in W.

References
----------
Pearl J (1995). Biometrika 82(4), 669–710, theorem 2.
Jeong H, Tian J, Bareinboim E (2022). Finding and listing front-door adjustment sets. NeurIPS 35.
Fulcher IR, Shpitser I, Marealle S, Tchetgen Tchetgen EJ (2020). JRSS B 82(1), 199–214 (with covariates).
"""

from __future__ import annotations

from dataclasses import dataclass

from causalmed.graph import ancestors, descendants, separates, touched
from causalmed.identification.question import Question

__all__ = [
    "FrontDoor",
    "conditional_front_door",
    "front_door",
    "front_door_exists",
    "is_conditional_front_door",
    "is_front_door",
]

Nodes = frozenset[int]
_NONE: Nodes = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontDoor:
    """Mediators that carry the whole effect, and the covariates they are conditioned on."""

    mediators: Nodes
    given: Nodes


def front_door(question: Question) -> Nodes | None:
    """Return mediators none of which can be spared alone, or ``None`` if the front-door does not apply."""
    largest = _largest(question)
    if not _intercepts(question, largest):
        return None
    on_paths = _largest(question, frozenset(descendants(question.adjacency, question.x)))
    chosen = on_paths if _intercepts(question, on_paths) else largest
    for v in sorted(chosen, key=lambda v: (v in question.problem.causal, question.graph.nodes[v])):
        if is_front_door(question, chosen - {v}):
            chosen -= {v}
    return chosen


def conditional_front_door(question: Question) -> FrontDoor | None:
    """Return mediators and covariates none of which can be spared alone, or ``None``.

    Covariates are looked for among the ancestors of exposure and outcome that the exposure does not cause.
    """
    if not question.problem.causal or not question.include <= question.allowed:
        return None
    after = frozenset(descendants(question.adjacency, question.x))
    relevant = ancestors(question.adjacency, question.x | question.y | question.include)
    w = (question.allowed - after - question.y) & relevant
    if not question.include <= w:
        return None
    m = _largest_given(question, after, w)
    if not is_conditional_front_door(question, m, w):
        return None
    for v in sorted(m, key=lambda v: (v in question.problem.causal, question.graph.nodes[v])):
        if is_conditional_front_door(question, m - {v}, w):
            m -= {v}
    causes = {u for v in m | question.y for u in question.adjacency.parents[v]}
    for v in sorted(w - question.include, key=lambda v: (v in causes, question.graph.nodes[v])):
        if is_conditional_front_door(question, m, w - {v}):
            w -= {v}
    return FrontDoor(mediators=m, given=w)


def front_door_exists(question: Question) -> bool:
    """Say whether some set of mediators meets the three conditions without covariates."""
    return _intercepts(question, _largest(question))


def is_front_door(question: Question, mediators: Nodes) -> bool:
    """Check the three conditions for one set, without covariates."""
    return (
        mediators <= _unconfounded(question)
        and not _confounded_with_outcome(question, mediators, _NONE)
        and _intercepts(question, mediators)
    )


def is_conditional_front_door(question: Question, mediators: Nodes, w: Nodes) -> bool:
    """Check the three conditions for mediators that X causes, given covariates that it does not."""
    cut = question.adjacency.without_arrows(question.x)
    return (
        _intercepts(question, mediators)
        and separates(cut, question.x, mediators, w)
        and not _confounded_with_outcome(question, mediators, w)
    )


def _largest(question: Question, within: Nodes | None = None) -> Nodes:
    mediators = _unconfounded(question)
    if within is not None:
        mediators &= within
    while struck := _confounded_with_outcome(question, mediators, _NONE):
        mediators -= struck
    return mediators


def _largest_given(question: Question, after: Nodes, w: Nodes) -> Nodes:
    cut = question.adjacency.without_arrows(question.x)
    connected = touched(cut, question.x, blocked=w, opens=ancestors(cut, w))
    mediators = (question.allowed & after) - question.x - question.y - connected
    while struck := _confounded_with_outcome(question, mediators, w):
        mediators -= struck
    return mediators


def _unconfounded(question: Question) -> Nodes:
    """Usable nodes without an open back-door path from the exposure (condition 2)."""
    if question.include or not question.problem.causal:
        return _NONE
    cut = question.adjacency.without_arrows(question.x)
    connected = touched(cut, question.x, blocked=_NONE, opens=_NONE)
    return question.allowed - question.x - question.y - connected


def _confounded_with_outcome(question: Question, mediators: Nodes, w: Nodes) -> Nodes:
    """Mediators with a back-door path to the outcome that X and W leave open (condition 3)."""
    cut = question.adjacency.without_arrows(mediators)
    given = question.x | w
    connected = touched(cut, question.y, blocked=given, opens=ancestors(cut, given))
    return frozenset(mediators & connected)


def _intercepts(question: Question, mediators: Nodes) -> bool:
    """Say whether every directed path from exposure to outcome meets a mediator (condition 1)."""
    if not mediators:
        return False
    cut = question.adjacency.without_arrows(mediators)
    return not (descendants(cut, question.x) & question.y)
