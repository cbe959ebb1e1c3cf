"""Simulated patients, block by block, as they come and under every arm, with the noise they share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import count, islice
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from causalmed.engine import BLOCK_ROWS, Local
from causalmed.errors import InvalidArgument, NotEnoughEvents, UnknownNode
from causalmed.scm.assignment import Intervention
from causalmed.scm.intervention import Plan
from causalmed.scm.mechanism import Mechanism
from causalmed.scm.running import Drawing
from causalmed.scm.terms import FloatArray
from causalmed.scm.worlds import NOTHING

if TYPE_CHECKING:
    from causalmed.scm.model import StructuralCausalModel

__all__ = ["Limits", "Twins"]

Limits = tuple[float, float]
"""Lowest and highest value of an eligible patient."""

_PATIENCE: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Twins:
    """Patients that share every noise under every arm.

    Parameters
    ----------
    natural : Plan
        Of the patients as they come.
    arms : mapping of str to (Plan, Intervention)
        Arm → plan, what is set.
    mechanisms : mapping of str to Mechanism
        One a node.
    eligibility : mapping of str to (float, float)
        Node → limits, ends included, of the patient as he or she comes.
    n : int
        Eligible patients.
    seed : int
        Of the noise.
    mean_of : str or None
        A node whose mean is taken under every arm instead of a draw.
    """

    natural: Plan
    arms: Mapping[str, tuple[Plan, Intervention]]
    mechanisms: Mapping[str, Mechanism]
    eligibility: Mapping[str, Limits]
    n: int
    seed: int
    mean_of: str | None = None
    _sets: dict[str, frozenset[str]] = field(init=False, default_factory=dict)
    _drawings: dict[str, Drawing] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._sets.update({arm: plan.affected for arm, (plan, _) in self.arms.items()})
        acting = {"": (self.natural, NOTHING), **self.arms}
        for arm, (plan, do) in acting.items():
            self._drawings[arm] = Drawing(
                plan=plan,
                mechanisms=self.mechanisms,
                rows=0,
                seed=self.seed,
                mean_of=self.mean_of if arm else None,
                assignments=do.assignments,
            )
        for node in self.eligibility:
            changed = [
                arm for arm, (_, do) in self.arms.items() if node in self._sets[arm] or node in do.words
            ]
            if changed:
                raise InvalidArgument(
                    f"eligibility= uses {node!r}, which arm {changed[0]!r} changes. Patients are chosen "
                    "before an arm acts; use what comes before it."
                )

    def changed(self, arm: str) -> frozenset[str]:
        """Return the nodes that the arm can change, without those it sets to one value."""
        return self._sets[arm] | set(self.arms[arm][1].assignments)

    def blocks(self, *, n_jobs: int = 1) -> Iterator[dict[tuple[str, str], FloatArray]]:
        """Give the eligible patients: ("", node) as they come, (arm, node) where the arm reaches it."""
        left, seen = self.n, 0
        executor = Local(n_jobs=n_jobs)
        numbers = count()
        while left:
            for block in executor.map(self._block, islice(numbers, min(n_jobs, -(-left // BLOCK_ROWS)))):
                seen += 1
                rows = min(left, len(next(iter(block.values()))))
                left -= rows
                if rows:
                    yield {key: column[:rows] for key, column in block.items()}
            if left == self.n and seen >= _PATIENCE:
                raise NotEnoughEvents(
                    f"None of {seen * BLOCK_ROWS:,} simulated patients is eligible; widen eligibility=."
                )

    def _block(self, number: int) -> dict[tuple[str, str], FloatArray]:
        rows = BLOCK_ROWS if self.eligibility else min(BLOCK_ROWS, self.n - number * BLOCK_ROWS)
        start = number * BLOCK_ROWS
        natural = replace(self._drawings[""], rows=rows, first=start).run({})
        found = {("", node): column for node, column in natural.items()}
        for arm, (_, do) in self.arms.items():
            drawing = replace(self._drawings[arm], rows=rows, first=start, given=natural)
            under = drawing.world(do.fixed, wanted=self._wanted(arm))
            found |= {(arm, node): c for node, c in under.items() if node not in do.fixed}
        keep = self._eligible(natural)
        return found if keep is None else {key: column[keep] for key, column in found.items()}

    def _wanted(self, arm: str) -> frozenset[str]:
        return self._sets[arm] | ({self.mean_of} if self.mean_of else set())

    def _eligible(self, natural: Mapping[str, FloatArray]) -> NDArray[np.bool_] | None:
        if not self.eligibility:
            return None
        masks = [
            (natural[name] >= low) & (natural[name] <= high) for name, (low, high) in self.eligibility.items()
        ]
        return np.asarray(np.logical_and.reduce(masks))


def limits_of(model: StructuralCausalModel, eligibility: Mapping[str, object] | None) -> dict[str, Limits]:
    """Read eligibility as written: node → a value, or a pair of limits with None for an open end."""
    if eligibility is None:
        return {}
    if not isinstance(eligibility, Mapping):
        raise InvalidArgument(
            f"eligibility= maps nodes to a value or to a pair of limits, such as {{'age': (50, None)}}; "
            f"got {eligibility!r}."
        )
    if unknown := [str(name) for name in eligibility if name not in model.nodes]:
        raise UnknownNode.among(unknown, model.nodes)
    found = {}
    for name, stated in eligibility.items():
        if isinstance(stated, tuple | list):
            if len(stated) != 2:
                raise InvalidArgument(
                    f"eligibility= of {name!r} must be a value or two limits, not {stated!r}."
                )
            low, high = stated
        else:
            low = high = stated
        code = model.nodes[name].code
        found[name] = (-np.inf if low is None else code(low), np.inf if high is None else code(high))
    return found
