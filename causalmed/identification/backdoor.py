r"""Back-door: compare like with like, then average over everybody.

.. math:: P(y \mid do(x)) = \sum_z P(y \mid x, z)\, P(z)

for any adjustment set Z. The set used is the one that makes the estimate most precise where that is
known, else a minimal one close to the outcome: what lies near the outcome explains its
variation, what lies near the exposure only uses up overlap.

References
----------
Pearl J (1995). Causal diagrams for empirical research. Biometrika 82(4), 669–710, theorem 1.
Shpitser I, VanderWeele T, Robins JM (2010). UAI 26, 527–536.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from causalmed.graph import minimal_separator, outcome_side_set
from causalmed.identification.question import Question

__all__ = ["BackDoor", "back_door"]

Nodes = frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class BackDoor:
    """A set to adjust for, whether it is known to be the most precise, and a few other sets."""

    adjustment_set: Nodes
    is_optimal: bool
    alternatives: tuple[Nodes, ...]


def back_door(question: Question) -> BackDoor | None:
    """Find an adjustment set in linear time, or ``None`` if there is none at all."""
    query = question.problem.query(include=question.include, allowed=question.allowed)
    if query is None or not question.include <= question.allowed:
        return None
    near_outcome = minimal_separator(query)
    if near_outcome is None:
        return None
    near_exposure = minimal_separator(replace(query, x=query.y, y=query.x))
    wide, is_optimal = outcome_side_set(
        question.adjacency, question.problem, include=question.include, allowed=question.allowed
    ) or (near_outcome, False)
    chosen = wide if is_optimal else near_outcome
    others = dict.fromkeys(z for z in (near_outcome, near_exposure, wide) if z is not None and z != chosen)
    return BackDoor(adjustment_set=chosen, is_optimal=is_optimal, alternatives=tuple(others))
