"""Why a column is adjusted for: the path that opens without it."""

from __future__ import annotations

from causalmed.graph import open_walk, spelled
from causalmed.identification.question import Question

__all__ = ["reasons"]


def reasons(question: Question, adjustment_set: frozenset[int]) -> tuple[str, ...]:
    """Say for each column of an adjustment set what it is there for, in the order of their names.

    Either some path is open once the column alone is left out, and then a shortest one is shown; or
    the column only explains part of the outcome, so that the estimate is more precise.
    """
    names = {question.graph.nodes[v]: v for v in adjustment_set}
    return tuple(f"{name} {_reason(question, adjustment_set, names[name])}" for name in sorted(names))


def _reason(question: Question, adjustment_set: frozenset[int], v: int) -> str:
    if v in question.include:
        return "is marked as adjusted in the graph."
    problem, others = question.problem, adjustment_set - {v}
    walk = open_walk(problem.back_door, problem.x, problem.y, others)
    if not walk:
        return "explains part of the outcome: the estimate is more precise with it, and right without it."
    return f"closes {' '.join(spelled(question.graph, problem.back_door, walk, others))}."
