"""Mean outcomes under an intervention: over observed patients where there are any, else over drawn ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from causalmed.scm.intervention import Plan
from causalmed.scm.mechanism import Mechanism
from causalmed.scm.simulate import Noise, inputs_of, noise_from, run
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
    _noise: dict[str, FloatArray] = field(default_factory=dict, compare=False, repr=False)

    @property
    def simulated(self) -> tuple[str, ...]:
        """Nodes whose noise is drawn; the outcome is averaged exactly instead."""
        affected = self.plan.affected
        return tuple(
            node
            for node in self.plan.needed
            if node != self.outcome and (self.given is None or node in affected)
        )

    def noise(self, draw: int) -> Noise:
        """Return the noise of one draw; that of the first is kept, for the replicates use it again."""
        fresh = noise_from(self.seed, self.rows, "world", draw)

        def remembered(node: str, mechanism: Mechanism) -> FloatArray:
            if draw > 0:
                return fresh(node, mechanism)
            if node not in self._noise:
                self._noise[node] = fresh(node, mechanism)
            return self._noise[node]

        return remembered


def expected_outcome(
    worlds: Worlds, mechanisms: Mapping[str, Mechanism], *, do: Values, draw: int
) -> FloatArray:
    """Return each patient's mean outcome under ``do`` given one draw of the noise upstream, shape (rows,)."""
    noise = worlds.noise(draw)
    natural = run(worlds.plan, mechanisms, noise=noise, do=do, given=worlds.given, stop_before=worlds.outcome)
    inputs = inputs_of(worlds.plan, worlds.outcome, natural=natural, fixed=do)
    return np.broadcast_to(mechanisms[worlds.outcome].mean(inputs), (worlds.rows,))
