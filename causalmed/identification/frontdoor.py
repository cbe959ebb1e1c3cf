r"""Front-door: follow the effect through mediators that carry all of it.

.. math:: P(y \mid do(x)) = \sum_m P(m \mid x) \sum_{x'} P(y \mid m, x')\, P(x')

for a set M such that (1) every directed path from X to Y runs through M, (2) X and M share no open
back-door path, (3) X blocks every back-door path from M to Y. Conditions 2 and 3 hold for a largest
set, found by striking out nodes until none violates them; if that set fails condition 1, so does every
other.

References
----------
Pearl J (1995). Biometrika 82(4), 669–710, theorem 2.
Jeong H, Tian J, Bareinboim E (2022). Finding and listing front-door adjustment sets. NeurIPS 35.
"""

from __future__ import annotations

from causalmed.graph import ancestors, descendants, touched
from causalmed.identification.question import Question

__all__ = ["front_door", "front_door_exists", "is_front_door"]

Nodes = frozenset[int]


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


def front_door_exists(question: Question) -> bool:
    """Say whether some set of mediators meets the three conditions."""
    return _intercepts(question, _largest(question))


def is_front_door(question: Question, mediators: Nodes) -> bool:
    """Check the three conditions for one set."""
    return (
        mediators <= _unconfounded(question)
        and not _confounded_with_outcome(question, mediators)
        and _intercepts(question, mediators)
    )


def _largest(question: Question, within: Nodes | None = None) -> Nodes:
    mediators = _unconfounded(question)
    if within is not None:
        mediators &= within
    while struck := _confounded_with_outcome(question, mediators):
        mediators -= struck
    return mediators


def _unconfounded(question: Question) -> Nodes:
    """Usable nodes without an open back-door path from the exposure (condition 2)."""
    if question.include or not question.problem.causal:
        return frozenset()
    cut = question.adjacency.without_arrows(question.x)
    connected = touched(cut, question.x, blocked=frozenset(), opens=frozenset())
    return question.allowed - question.x - question.y - connected


def _confounded_with_outcome(question: Question, mediators: Nodes) -> Nodes:
    """Mediators with a back-door path to the outcome that the exposure leaves open (condition 3)."""
    cut = question.adjacency.without_arrows(mediators)
    connected = touched(cut, question.y, blocked=question.x, opens=ancestors(cut, question.x))
    return frozenset(mediators & connected)


def _intercepts(question: Question, mediators: Nodes) -> bool:
    """Say whether every directed path from exposure to outcome meets a mediator (condition 1)."""
    if not mediators:
        return False
    cut = question.adjacency.without_arrows(mediators)
    return not (descendants(cut, question.x) & question.y)
