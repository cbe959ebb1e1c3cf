"""Why an effect along some paths is not a function of the data, and what would help."""

from __future__ import annotations

from dataclasses import replace

from causalmed.errors import NotIdentified
from causalmed.graph import Adjacency, descendants, open_walk, spelled
from causalmed.identification.advice import hidden_nodes, named, with_named_causes
from causalmed.identification.mediation import (
    controlled_sets,
    cuts,
    largest_natural_set,
    natural_set,
)
from causalmed.identification.question import Question
from causalmed.identification.wording import listed

__all__ = ["why_not_controlled", "why_not_natural"]

Nodes = frozenset[int]
_NOTHING = "Nothing that could be measured in this graph would help; only another design or question would."


def why_not_natural(
    question: Question, exposure: str, outcome: str, effect: str, block: Nodes
) -> NotIdentified:
    """Return the error with its witness: a common cause that the exposure changes, or an open path."""
    w = largest_natural_set(question, block)
    without_x, without_both = cuts(question, block)
    through = listed(question.sorted_names(block))
    name = f"the {effect.replace('_', ' ')} effect of {exposure} on {outcome} through or around {through}"
    advice = _natural_advice(question, block)
    if walk := open_walk(without_x, question.x, block | question.y, w):
        return _open(question, without_x, walk, w, name, advice)
    walk = open_walk(without_both, block, question.y, w)
    caused = descendants(question.adjacency, question.x)
    witness = next((v for v, _ in walk if v in caused - block - question.y), None)
    if witness is None:
        return _open(question, without_both, walk, w, name, advice)
    between = question.graph.nodes[witness]
    path = spelled(question.graph, without_both, walk, w)
    return NotIdentified(
        f"{name} is not identified: {exposure} changes {between}, and {between} affects both {through} and "
        f"{outcome} ({' '.join(path)}). The effect would need {between} as under one value of {exposure} for "
        f"{through} and as under the other for {outcome}, in the same patient. {' '.join(advice)}",
        witness=(between, *path),
        suggestions=advice,
    )


def why_not_controlled(question: Question, exposure: str, outcome: str, block: Nodes) -> NotIdentified:
    """Return the error with the path that stays open whatever is adjusted for."""
    through = listed(question.sorted_names(block))
    name = f"the controlled direct effect of {exposure} on {outcome} with {through} held"
    cut = question.adjacency.without_arrows(block)
    usable = question.allowed - descendants(question.adjacency, block) - question.x - question.y
    advice = _measure(question, block, natural=False) or (_NOTHING,)
    if walk := open_walk(cut, block, question.y, question.x | usable):
        return _open(question, cut, walk, question.x | usable, name, advice)
    before = usable - descendants(question.adjacency, question.x)
    cut = question.adjacency.without_arrows(question.x)
    walk = open_walk(cut, question.x, question.y, before)
    return _open(question, cut, walk, before, name, advice)


def _open(
    question: Question,
    cut: Adjacency,
    walk: tuple[tuple[int, int], ...],
    given: Nodes,
    name: str,
    advice: tuple[str, ...],
) -> NotIdentified:
    path = spelled(question.graph, cut, walk, given)
    drawn = " ".join(f"{piece} (latent)" if piece in question.graph.latent else piece for piece in path)
    shown = (
        f"the path {drawn} stays open whatever is adjusted for" if path else "no set closes all paths at once"
    )
    return NotIdentified(
        f"{name} is not identified: {shown}. {' '.join(advice)}", witness=path, suggestions=advice
    )


def _natural_advice(question: Question, block: Nodes) -> tuple[str, ...]:
    found = []
    larger = _larger_block(question, block)
    if larger is not None:
        names = list(question.sorted_names(larger))
        found.append(f"Ask about the block mediators={names!r}: its natural effects are identified.")
    if controlled_sets(question, block) is not None:
        values = ", ".join(f"{name!r}: 0" for name in question.sorted_names(block))
        found.append(
            f"Ask for effect='controlled_direct' with mediators={{{values}}} (or other values): that one is "
            "identified."
        )
    return (*found, *_measure(question, block, natural=True)) or (_NOTHING,)


def _larger_block(question: Question, block: Nodes) -> Nodes | None:
    """Add witnesses to the block, one after the other, until its natural effects are identified."""
    caused = frozenset(descendants(question.adjacency, question.x))
    free = (question.problem.causal & question.allowed & caused) - question.y
    while natural_set(question, block) is None:
        _, cut = cuts(question, block)
        walk = open_walk(cut, block, question.y, largest_natural_set(question, block))
        witness = next((v for v, _ in walk if v in free - block), None)
        if witness is None:
            return None
        block |= {witness}
    return block


def _measure(question: Question, block: Nodes, *, natural: bool) -> tuple[str, ...]:
    """Name each hidden node whose values alone would suffice."""
    question = with_named_causes(question)

    def suffices(v: int) -> bool:
        measured = replace(question, allowed=question.allowed | {v})
        found = natural_set(measured, block) if natural else controlled_sets(measured, block)
        return found is not None

    hidden = [v for v in sorted(hidden_nodes(question)) if suffices(v)]
    return tuple(
        f"Measure {named(question, {v})}: adjustment would then identify the effect." for v in hidden
    )
