"""One pass along the order: every node from its inputs and its noise."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from causalmed.engine import block_slices, generator
from causalmed.scm.intervention import Plan
from causalmed.scm.mechanism import Mechanism
from causalmed.scm.terms import FloatArray, Values

__all__ = ["Noise", "inputs_of", "noise_from", "run"]

Noise = Callable[[str, Mechanism], FloatArray]
"""Node, mechanism → its noise."""


def noise_from(seed: int, rows: int, *path: int | str) -> Noise:
    """Return the noise of ``rows`` patients: it depends on seed, node and block alone."""

    def draw(node: str, mechanism: Mechanism) -> FloatArray:
        blocks = [
            mechanism.draw_noise(generator(seed, *path, "noise", node, number), block.stop - block.start)
            for number, block in enumerate(block_slices(rows))
        ]
        return np.concatenate(blocks) if len(blocks) > 1 else blocks[0]

    return draw


def inputs_of(plan: Plan, node: str, *, natural: Values, fixed: Values) -> dict[str, FloatArray]:
    """Return what the factor of ``node`` sees: exposures natural within its district, set elsewhere."""
    return {
        seen: fixed[seen] if seen in plan.exposures and not plan.sees_natural(node, seen) else natural[seen]
        for seen in plan.pillows[node]
    }


def run(
    plan: Plan,
    mechanisms: Mapping[str, Mechanism],
    *,
    noise: Noise,
    do: Values,
    given: Values | None = None,
    stop_before: str | None = None,
) -> dict[str, FloatArray]:
    """Draw every node of the plan.

    Parameters
    ----------
    plan : Plan
        Order, inputs, exposures.
    mechanisms : mapping of str to Mechanism
        One a node.
    noise : Noise
        Its noise.
    do : mapping of str to ndarray
        Exposure → value(s) it is set to.
    given : mapping of str to ndarray, optional
        The same patients as observed: nodes that the intervention cannot reach are taken from it.
    stop_before : str, optional
        A node that is not drawn, because its mean is taken instead.

    Returns
    -------
    dict of str to ndarray
        The natural value of every node under the intervention; exposures too have their own value here.
    """
    affected = plan.affected
    natural: dict[str, FloatArray] = {}
    for node in plan.needed:
        if node == stop_before:
            continue
        if given is not None and node not in affected:
            natural[node] = given[node]
            continue
        mechanism = mechanisms[node]
        inputs = inputs_of(plan, node, natural=natural, fixed=do)
        natural[node] = mechanism.value(inputs, noise(node, mechanism))
    return natural
