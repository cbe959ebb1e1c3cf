r"""What a patient's record says about the noise of each node, and what may be asked of it.

Given everything observed of a patient, a numeric node keeps its own noise (``x`` moves with the line); the
noise of a discrete node is known only up to an interval. Nodes that the intervention cannot reach keep their
observed value. A factor whose inputs do not change returns the observed value exactly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from causalmed.errors import NotIdentified, NotInvertible
from causalmed.graph import Graph
from causalmed.scm.intervention import Plan
from causalmed.scm.mechanism import Discrete, Invertible, Mechanism, is_invertible
from causalmed.scm.running import inputs_of
from causalmed.scm.terms import FloatArray, Values

__all__ = ["Facts", "check_abduction"]

_CELLS: Final = 2_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Some patients, an intervention, and the mechanisms that connect them.

    Parameters
    ----------
    plan : Plan
        What is reached.
    mechanisms : mapping of str to Mechanism
        One a node.
    observed : mapping of str to ndarray, each of shape (n, 1)
        The patients' records.
    do : mapping of str to ndarray, each of shape (n, 1)
        What is set.
    """

    plan: Plan
    mechanisms: Mapping[str, Mechanism]
    observed: Values
    do: Values

    @property
    def rows(self) -> int:
        """Number of patients."""
        return len(next(iter(self.observed.values())))

    def pieces(self, *, width: int) -> list[Facts]:
        """Cut the patients into pieces whose arrays of ``width`` columns stay small."""
        step = max(1, _CELLS // width)
        return [
            replace(
                self,
                observed={name: column[at : at + step] for name, column in self.observed.items()},
                do={name: column[at : at + step] for name, column in self.do.items()},
            )
            for at in range(0, self.rows, step)
        ]

    @property
    def path(self) -> tuple[str, ...]:
        """The nodes whose value may change, causes first."""
        affected = self.plan.affected
        return tuple(node for node in self.plan.needed if node in affected)

    def before(self, node: str) -> dict[str, FloatArray]:
        """Return what the factor of ``node`` saw."""
        return {name: self.observed[name] for name in self.plan.pillows[node]}

    def after(self, node: str, natural: Values) -> dict[str, FloatArray]:
        """Return what the factor of ``node`` would see; ``natural`` holds what has changed so far."""
        return inputs_of(self.plan, node, natural={**self.observed, **natural}, fixed=self.do)

    def unchanged(self, node: str, after: Values) -> np.ndarray:
        """Return where the factor would see exactly what it saw."""
        before = self.before(node)
        same = np.ones((1, 1), dtype=bool)
        for name in self.mechanisms[node].columns:
            same = same & (after[name] == before[name])
        return np.asarray(same)

    def moved(self, node: str, after: Values) -> FloatArray:
        """Return a numeric node under new inputs, its noise kept."""
        mechanism = self.mechanisms[node]
        if not isinstance(mechanism, Invertible):
            raise NotInvertible(_not_invertible(node, mechanism))
        return mechanism.moved(self.observed[node], self.before(node), after)

    def discrete(self, node: str) -> Discrete | None:
        """Return the mechanism of a discrete node, None for a numeric one."""
        mechanism = self.mechanisms[node]
        return mechanism if isinstance(mechanism, Discrete) else None


def check_abduction(facts: Facts, graph: Graph) -> None:
    """Refuse what the records cannot answer.

    Raises
    ------
    NotIdentified
        A hidden cause ties two nodes that the intervention reaches, the earlier of them discrete; or ties a
        node that it reaches to a later one that it does not.
    NotInvertible
        A node's noise cannot be recovered.
    """
    plan = facts.plan
    below = graph.descendants(plan.exposures) if plan.exposures else frozenset()
    for node in facts.path:
        mechanism = facts.mechanisms[node]
        if not (is_invertible(mechanism) or isinstance(mechanism, Discrete)):
            raise NotInvertible(_not_invertible(node, mechanism))
        if node not in below:
            _refuse(node, plan, f"{node} is not reached, but shares a hidden cause with a node that is")
        tied = [
            other
            for other in plan.pillows[node]
            if other in plan.affected and other in plan.district[node] and facts.discrete(other) is not None
        ]
        if tied:
            _refuse(node, plan, f"{tied[0]} and {node} share a hidden cause and {tied[0]} has levels")


def _refuse(node: str, plan: Plan, why: str) -> None:
    exposures = ", ".join(sorted(plan.exposures))
    raise NotIdentified(
        f"How {node} of one patient would have been under do({exposures}) is not determined, not even "
        f"within bounds this model can give: {why}. The effect in all patients may still be identified: "
        "ask .effect.",
        witness=(why,),
        suggestions=("Measure the hidden cause.", "Ask for the effect in all patients with .effect."),
    )


def _not_invertible(node: str, mechanism: Mechanism) -> str:
    return (
        f"The noise of {node!r} cannot be recovered from what was observed: a {type(mechanism).__name__} "
        "mechanism does not say which noise belongs to a value. Use a linear, lognormal, logistic, ordinal "
        "or categorical mechanism for it."
    )
