"""Mean outcomes under an intervention: over observed patients where there are any, else over drawn ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from causalmed.scm.intervention import Plan
from causalmed.scm.mechanism import Mechanism
from causalmed.scm.running import Drawing
from causalmed.scm.terms import FloatArray, Values

__all__ = ["Worlds", "expected_outcome"]


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
    """

    plan: Plan
    outcome: str
    rows: int
    given: Values | None
    seed: int

    @property
    def simulated(self) -> tuple[str, ...]:
        """Nodes whose noise is drawn; the outcome is averaged exactly instead."""
        affected = self.plan.affected
        return tuple(
            node
            for node in self.plan.needed
            if node != self.outcome and (self.given is None or node in affected)
        )


def expected_outcome(
    worlds: Worlds, mechanisms: Mapping[str, Mechanism], *, do: Values, draw: int
) -> FloatArray:
    """Return each patient's mean outcome under ``do`` given one draw of the noise upstream, shape (rows,)."""
    drawing = Drawing(
        plan=worlds.plan,
        mechanisms=mechanisms,
        rows=worlds.rows,
        seed=worlds.seed,
        path=("world", draw),
        given=worlds.given,
        mean_of=worlds.outcome,
    )
    return drawing.run(do, wanted=(worlds.outcome,))[worlds.outcome]
