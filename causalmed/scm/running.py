"""Draw the nodes of a plan: in the kernel where it knows the mechanisms, else in NumPy between its runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from causalmed.engine import BLOCK_ROWS, block_slices, generator
from causalmed.scm.assignment import Assignment
from causalmed.scm.compiling import COMPILED, WITH_MEANS, Assembler, Reads
from causalmed.scm.intervention import Plan
from causalmed.scm.mechanism import Mechanism
from causalmed.scm.program import Program, Slot, stream_key
from causalmed.scm.terms import FloatArray, Values

__all__ = ["Drawing", "inputs_of", "reads_of"]

NATURAL = "natural"
SET = "set"


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """What is drawn of whom.

    Parameters
    ----------
    plan : Plan
        Order, inputs, exposures.
    mechanisms : mapping of str to Mechanism
        One a node.
    rows : int
        Number of patients.
    seed : int
        Of the noise.
    path : tuple of int or str
        What the noise is for; it belongs to seed, path, node and row.
    given : mapping of str to ndarray, or None
        The same patients as observed: nodes that the intervention cannot reach are taken from it.
    mean_of : str or None
        A node whose mean is taken instead of a draw.
    assignments : mapping of str to Assignment
        Exposures with a regime.
    seen : mapping of str to ndarray, each of shape (1,) or (rows,)
        Nodes that are known to have these values, by themselves.
    first : int
        Number of the first patient, a multiple of 65,536: later patients have noise of their own.
    memory : dict
        Programs once made; kept by ``replace`` where only rows and patients are others.
    """

    plan: Plan
    mechanisms: Mapping[str, Mechanism]
    rows: int
    seed: int
    path: tuple[int | str, ...] = ()
    given: Values | None = None
    mean_of: str | None = None
    assignments: Mapping[str, Assignment] = field(default_factory=lambda: MappingProxyType({}))
    seen: Values = field(default_factory=lambda: MappingProxyType({}))
    first: int = 0
    memory: dict[tuple[str, ...], Program] = field(default_factory=dict, compare=False, repr=False)

    def run(
        self,
        do: Values,
        *,
        wanted: Iterable[str] | None = None,
        whole: Iterable[str] = (),
        n_jobs: int = 1,
    ) -> dict[str, FloatArray]:
        """Return the nodes under an intervention.

        Parameters
        ----------
        do : mapping of str to ndarray
            Exposure → value(s) it is set to.
        wanted : iterable of str, optional
            Nodes that are returned; by default all that are needed. Exposures have their own value here.
        whole : iterable of str
            Nodes that are returned as 64-bit whole numbers.
        n_jobs : int
            Threads. It never changes a bit.

        Returns
        -------
        dict of str to ndarray, each of shape (rows,)
        """
        kept = set(self.plan.needed if wanted is None else wanted)
        natural, _ = self.drawn(do, kept, whole=whole, n_jobs=n_jobs)
        return {node: natural[node] for node in self.plan.needed if node in kept}

    def world(
        self, do: Values, *, wanted: Iterable[str], whole: Iterable[str] = (), n_jobs: int = 1
    ) -> dict[str, FloatArray]:
        """Return the nodes as :meth:`run` does, the exposures with the values they are set to."""
        kept = set(wanted) - set(do)
        natural, fixed = self.drawn(do, kept, whole=whole, n_jobs=n_jobs)
        found = {node: natural[node] for node in self.plan.needed if node in kept}
        return found | {node: np.broadcast_to(value, (self.rows,)) for node, value in fixed.items()}

    def drawn(
        self, do: Values, kept: set[str], *, whole: Iterable[str] = (), n_jobs: int = 1
    ) -> tuple[dict[str, FloatArray], dict[str, FloatArray]]:
        """Return the nodes by themselves, those in ``kept`` at least, and what exposures are set to."""
        natural: dict[str, FloatArray] = dict(self._observed()) | dict(self.seen)
        fixed: dict[str, FloatArray] = dict(do)
        steps = [step for step in self._useful(kept) if step[1] or step[0] not in natural]
        parts = [(way, [node for node, _ in part]) for way, part in groupby(steps, key=self._way)]
        for number, (way, part) in enumerate(parts):
            read = {
                name
                for later, others in parts[number + 1 :]
                for node in others
                for name in (self.plan.rules if later == SET else self.plan.pillows)[node]
            }
            if way == SET:
                for node in part:
                    fixed[node] = self._assigned(node, natural, fixed)
            elif way == "compiled":
                types = {
                    node: np.dtype(np.int64 if node in whole and node not in read else np.float64)
                    for node in part
                    if node in kept | read
                }
                natural |= self._compiled(part, types, natural, fixed, n_jobs=n_jobs)
            else:
                for node in part:  # one after the other: a node may read its neighbour in the same part
                    natural[node] = self._computed(node, natural, fixed)
        return natural, fixed

    def _useful(self, kept: set[str]) -> list[tuple[str, bool]]:
        """Return the steps without those that nobody reads: the own value of an exposure, mostly."""
        if self.plan.rules:
            return list(self.plan.sequence)
        used, found = set(kept), []
        for node, is_set in reversed(self.plan.sequence):
            if node in used:
                found.append((node, is_set))
                used |= {name for name in self.plan.pillows[node] if not self.plan.sees_set(node, name)}
        return found[::-1]

    def _observed(self) -> Values:
        if self.given is None:
            return {}
        affected = self.plan.affected
        return {
            node: self.given[node]
            for node in self.plan.needed
            if node not in affected and node != self.mean_of
        }

    def _way(self, step: tuple[str, bool]) -> str:
        node, is_set = step
        if is_set:
            return SET
        known = WITH_MEANS if node == self.mean_of else COMPILED
        return "compiled" if isinstance(self.mechanisms[node], known) else "computed"

    def _assigned(self, node: str, natural: Values, fixed: Values) -> FloatArray:
        """Return what a regime sets the node to."""
        assignment = self.assignments[node]
        seen = {
            name: np.broadcast_to(
                natural[name] if name == node or name not in self.plan.exposures else fixed[name],
                (self.rows,),
            )
            for name in assignment.reads
        }
        noise = self._blocks("regime", node, assignment.draw_noise) if assignment.is_random else None
        return np.broadcast_to(assignment.values(seen, noise), (self.rows,))

    def _compiled(
        self, part: list[str], types: Mapping[str, Any], natural: Values, do: Values, *, n_jobs: int
    ) -> dict[str, FloatArray]:
        program = self.memory.get(tuple(part)) or self.memory.setdefault(tuple(part), self._program(part))
        table = np.empty((len(types), self.rows))
        answer: dict[str, NDArray[Any]] = {n: table[k].view(t) for k, (n, t) in enumerate(types.items())}
        program.run(
            rows=self.rows,
            keys={node: stream_key(self.seed, *self.path, "noise", node) for node in program.noises},
            given={(NATURAL, name): column for name, column in natural.items()}
            | {(SET, name): column for name, column in do.items()},
            outputs={(NATURAL, name): array for name, array in answer.items()},
            first=self.first,
            n_jobs=n_jobs,
        )
        return answer

    def _program(self, part: list[str]) -> Program:
        made = Assembler()
        for node in part:
            reads, target = reads_of(self.plan, node), (NATURAL, node)
            if node == self.mean_of:
                made.mean(self.mechanisms[node], target=target, reads=reads)
            else:
                made.draw(node, self.mechanisms[node], target=target, reads=reads)
        return made.finished()

    def _computed(self, node: str, natural: Values, do: Values) -> FloatArray:
        mechanism, inputs = self.mechanisms[node], inputs_of(self.plan, node, natural=natural, fixed=do)
        if node == self.mean_of:
            return np.broadcast_to(mechanism.mean(inputs), (self.rows,))
        return mechanism.value(inputs, self._noise(node))

    def _noise(self, node: str) -> FloatArray:
        return self._blocks("noise", node, self.mechanisms[node].draw_noise)

    def _blocks(
        self, purpose: str, node: str, draw: Callable[[np.random.Generator, int], FloatArray]
    ) -> FloatArray:
        """Noise that the kernel does not draw: of seed, purpose, node and block alone."""
        path, start = (*self.path, purpose, node), self.first
        blocks = [
            draw(generator(self.seed, *path, (start + block.start) // BLOCK_ROWS), block.stop - block.start)
            for block in block_slices(self.rows)
        ]
        return np.concatenate(blocks)


def inputs_of(plan: Plan, node: str, *, natural: Values, fixed: Values) -> dict[str, FloatArray]:
    """Return what the factor of ``node`` sees: exposures natural within its district, set elsewhere."""
    return {seen: fixed[seen] if plan.sees_set(node, seen) else natural[seen] for seen in plan.pillows[node]}


def reads_of(plan: Plan, node: str, *, natural: str = NATURAL, fixed: str = SET) -> Reads:
    """Return the slots of what :func:`inputs_of` returns."""
    slots: dict[str, Slot] = {
        seen: (fixed if plan.sees_set(node, seen) else natural, seen) for seen in plan.pillows[node]
    }
    return slots
