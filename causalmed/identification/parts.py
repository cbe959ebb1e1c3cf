"""The two parts of a total effect, and the total."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from causalmed.errors import InvalidArgument
from causalmed.identification.pathwords import natural_assumptions, natural_question
from causalmed.identification.wording import backdoor_assumptions, total_effect

if TYPE_CHECKING:
    from causalmed.identification.estimand import Estimand

__all__ = ["part_of"]

_NATURAL = ("natural_direct", "natural_indirect")


def part_of(estimand: Estimand, effect: str) -> Estimand:
    """Rewrite a natural effect; see :meth:`causalmed.identification.Estimand.part`."""
    if estimand.effect not in _NATURAL:
        raise InvalidArgument(
            f"A {estimand.effect.replace('_', ' ')} effect has no direct and indirect part."
        )
    x, y, w, m = estimand.exposure, estimand.outcome, estimand.adjustment_set, estimand.mediators
    if effect == "total":
        return replace(
            estimand,
            kind="backdoor",
            effect="total",
            mediators=(),
            alternatives=(),
            assumptions=backdoor_assumptions(x, y, w, no_path=False),
            question=total_effect(x, y),
            no_path=False,
            forbidden=estimand.forbidden | set(m),
            reasons=(),
        )
    if effect not in _NATURAL:
        raise InvalidArgument.option("effect", effect, (*_NATURAL, "total"))
    if effect == estimand.effect:
        return estimand
    direct = estimand.graph is not None and effect == "natural_direct"
    no_path = direct and not _goes_around(estimand)
    return replace(
        estimand,
        effect=effect,
        assumptions=natural_assumptions(x, y, m, w, no_path=no_path),
        question=natural_question(effect, x, y, m),
        no_path=no_path,
    )


def _goes_around(estimand: Estimand) -> bool:
    graph = estimand.graph
    assert graph is not None
    return estimand.outcome in graph.without_edges_out_of(estimand.mediators).descendants(estimand.exposure)
