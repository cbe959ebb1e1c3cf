"""Mean outcomes under an intervention: over observed patients where there are any, else over drawn ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from causalmed.scm.assignment import Assignment, Intervention
from causalmed.scm.intervention import Plan
from causalmed.scm.mechanism import Mechanism
from causalmed.scm.running import Drawing
from causalmed.scm.terms import FloatArray, Values

__all__ = ["NOTHING", "Arm", "Worlds", "drawing_of", "expected_outcome"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Worlds:
    """Everything that two worlds share.

    Parameters
    ----------
    plan : Plan
        Of the exposure and the outcome.
    outcome : str
        Its node.
    rows : int
        Number of patients.
    given : mapping of str to ndarray, or None
        The patients as observed; None: they are drawn from the model.
    seed : int
        Of the noise.
    assignments : mapping of str to Assignment
        Exposures with a regime.
    """

    plan: Plan
    outcome: str
    rows: int
    given: Values | None
    seed: int
    assignments: Mapping[str, Assignment] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def simulated(self) -> tuple[str, ...]:
        """Nodes whose noise is drawn; the outcome is averaged exactly instead."""
        affected = self.plan.affected
        return tuple(
            node
            for node in self.plan.needed
            if node != self.outcome and (self.given is None or node in affected)
        )


NOTHING: Final = Intervention(fixed={}, assignments={}, words={})
"""Patients as they come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """What is done to the patients of one arm."""

    worlds: Worlds
    intervention: Intervention

    @property
    def is_simulated(self) -> bool:
        """Whether a draw plays a part in the mean outcome."""
        return bool(self.worlds.simulated) or self.intervention.is_random


def expected_outcome(
    worlds: Worlds, mechanisms: Mapping[str, Mechanism], *, do: Values, draw: int
) -> FloatArray:
    """Return each patient's mean outcome under ``do`` given one draw of the noise upstream, shape (rows,)."""
    drawing = drawing_of(worlds, mechanisms, draw=draw)
    return drawing.run(do, wanted=(worlds.outcome,))[worlds.outcome]


def drawing_of(worlds: Worlds, mechanisms: Mapping[str, Mechanism], *, draw: int) -> Drawing:
    """Return what draws these patients once."""
    return Drawing(
        plan=worlds.plan,
        mechanisms=mechanisms,
        rows=worlds.rows,
        seed=worlds.seed,
        path=("world", draw),
        given=worlds.given,
        mean_of=worlds.outcome,
        assignments=worlds.assignments,
    )
