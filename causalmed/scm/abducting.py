r"""Counterfactual draws by the kernel: abduction, action and prediction as steps of one program.

A numeric node moves with its line, :math:`x^* = x + \eta^* - \eta` (on the logarithm where that is linear).
A discrete node that was :math:`j` has noise between :math:`P(X < j)` and :math:`P(X \le j)`: one such
noise is put under the new inputs (monotone coupling), or fresh noise is (independent coupling); where no
input changed, the value stays what it was. Noise belongs to node and draw and is shared by all patients.
"""

from __future__ import annotations

from collections.abc import Mapping, Set

import numpy as np

from causalmed.scm.abduction import Facts
from causalmed.scm.compiling import WITH_MEANS, Assembler, Reads
from causalmed.scm.mechanisms.boosted import BoostedBinary, BoostedLevels, BoostedMean, BoostedQuantiles
from causalmed.scm.mechanisms.categorical import Categorical
from causalmed.scm.mechanisms.gaussian import LinearGaussian
from causalmed.scm.mechanisms.logistic import LogisticBinary
from causalmed.scm.mechanisms.ordinal import Ordinal
from causalmed.scm.program import Program, Slot
from causalmed.scm.terms import FloatArray

__all__ = ["can_be_compiled", "compiled_draws"]

_WAS, _NOW, _SET, _UNIFORM = "was", "now", "set", "uniform"
_KNOWN = (
    LinearGaussian, LogisticBinary, Ordinal, Categorical, BoostedBinary, BoostedLevels, BoostedMean,
    BoostedQuantiles,
)  # fmt: skip


def can_be_compiled(facts: Facts, *, coupling: str, means: Set[str]) -> bool:
    """Say whether the kernel knows the coupling and every mechanism on the path."""
    return coupling in {"monotone", "independent"} and all(
        isinstance(facts.mechanisms[node], WITH_MEANS if node in means else _KNOWN) for node in facts.path
    )


def compiled_draws(
    facts: Facts, *, monotone: bool, noise: Mapping[str, FloatArray], draws: int, means: Set[str]
) -> dict[str, FloatArray]:
    """Draw the nodes that the intervention can change; see :func:`couplings.coupled_draws`.

    Parameters
    ----------
    facts : Facts
        Patients, intervention, mechanisms.
    monotone : bool
        Whether noise is that of the observed value; else it is fresh.
    noise : mapping of str to ndarray, shape (draws,)
        Discrete node → uniform numbers.
    draws : int
        Draws a patient.
    means : set of str
        Nodes whose mean is taken.

    Returns
    -------
    dict of str to ndarray, each of shape (n, draws)
    """
    if not facts.path:
        return {}
    program = _program(facts, monotone=monotone, means=means)
    columns = {(_WAS, name): column[:, 0] for name, column in facts.observed.items()}
    columns |= {(_SET, name): column[:, 0] for name, column in facts.do.items()}
    columns = {slot: column for slot, column in columns.items() if slot in program.slots}
    shared: dict[Slot, FloatArray] = {(_UNIFORM, node): values for node, values in noise.items()}
    if not shared:
        once = _swept(program, facts, columns, {}, rows=facts.rows, times=1)
        return {node: np.broadcast_to(values.T, (facts.rows, draws)) for node, values in once.items()}
    if facts.rows >= draws:
        found = _swept(program, facts, columns, shared, rows=facts.rows, times=draws)
        return {node: values.T for node, values in found.items()}
    return _swept(program, facts, shared, columns, rows=draws, times=facts.rows)


def _swept(
    program: Program,
    facts: Facts,
    columns: Mapping[Slot, FloatArray],
    single: Mapping[Slot, FloatArray],
    *,
    rows: int,
    times: int,
) -> dict[str, FloatArray]:
    """Run the program for each number of the ``single`` columns; shape (times, rows)."""
    found = {node: np.empty((times, rows)) for node in facts.path}
    for at in range(times):
        now = {slot: values[at : at + 1] for slot, values in single.items()}
        outputs = {(_NOW, node): values[at] for node, values in found.items()}
        program.run(rows=rows, keys={}, given={**columns, **now}, outputs=outputs)
    return found


def _program(facts: Facts, *, monotone: bool, means: Set[str]) -> Program:
    made, changed = Assembler(), set[str]()
    for node in facts.path:
        mechanism, plan = facts.mechanisms[node], facts.plan
        before: Reads = {name: (_WAS, name) for name in plan.pillows[node]}
        after: Reads = {
            name: (_SET if plan.sees_set(node, name) else _NOW if name in changed else _WAS, name)
            for name in plan.pillows[node]
        }
        now, was, uniform = (_NOW, node), (_WAS, node), (_UNIFORM, node)
        changed.add(node)
        if node in means:
            made.mean(mechanism, target=now, reads=after)
        elif isinstance(mechanism, LinearGaussian | BoostedMean):
            made.move(mechanism, target=now, observed=was, before=before, after=after)
        elif isinstance(mechanism, BoostedQuantiles):
            made.rank(mechanism, target=("rank", node), observed=was, before=before)
            made.draw(node, mechanism, target=now, reads=after, noise=("rank", node))
            made.keep(mechanism, target=now, observed=was, before=before, after=after)
        elif isinstance(mechanism, LogisticBinary | BoostedBinary) and monotone:
            made.flip(mechanism, target=now, observed=was, uniform=uniform, before=before, after=after)
        else:
            noise = ("noise", node) if monotone else uniform
            if monotone:
                made.posterior(mechanism, target=noise, observed=was, uniform=uniform, before=before)
            made.draw(node, mechanism, target=now, reads=after, noise=noise)
            made.keep(mechanism, target=now, observed=was, before=before, after=after)
    return made.finished()
