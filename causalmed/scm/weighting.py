r"""Draws under an intervention, weighted by how likely the evidence is.

Nodes with evidence are not drawn but take the value that was seen, and each draw gets the weight

.. math:: w_r = \prod_{e \in E} P(e \mid \mathrm{pillow}_e^{(r)}),

so that weighted means are means given the evidence, exactly in the limit of many draws. Evidence that is a
range (of an age, say) gives the weight 1 or 0. The weights are worth as many draws as the evidence alone
would have had by

.. math:: \mathrm{ESS} = \frac{(\sum_r w_r)^2}{\sum_r w_r^2}.

References
----------
Fung R, Chang KC (1990). Weighing and integrating evidence for stochastic simulation in Bayesian networks.
UAI 5, 209-219. Kong A, Liu JS, Wong WH (1994). Sequential imputations and Bayesian missing data problems.
J Am Stat Assoc 89:278-288.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from causalmed.engine import Local, block_slices
from causalmed.scm.assignment import Intervention
from causalmed.scm.intervention import Plan
from causalmed.scm.mechanism import Mechanism
from causalmed.scm.running import Drawing, inputs_of
from causalmed.scm.terms import FloatArray, Values

__all__ = ["Evidence", "Weighted", "weighted_draws"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evidence:
    """What is known of a patient after the intervention.

    Parameters
    ----------
    values : mapping of str to float
        Node → code or number.
    ranges : mapping of str to (float, float)
        Node → limits, both included.
    """

    values: Mapping[str, float]
    ranges: Mapping[str, tuple[float, float]]

    @property
    def nodes(self) -> tuple[str, ...]:
        """All nodes with evidence."""
        return (*self.values, *self.ranges)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Weighted:
    """Draws of some nodes and their weights.

    Parameters
    ----------
    values : mapping of str to ndarray, each of shape (rows,)
        The targets.
    log_weights : ndarray, shape (rows,)
        Minus infinity where the evidence cannot occur.
    """

    values: Values
    log_weights: FloatArray

    @property
    def weights(self) -> FloatArray:
        """The weights, the greatest 1; all 0 where the evidence never occurs."""
        most = self.log_weights.max()
        return np.exp(self.log_weights - most) if np.isfinite(most) else np.zeros(len(self.log_weights))

    @property
    def effective(self) -> float:
        """The effective number of draws."""
        w = self.weights
        return float(w.sum() ** 2 / np.sum(w**2)) if w.any() else 0.0


def weighted_draws(
    plan: Plan,
    mechanisms: Mapping[str, Mechanism],
    acts: Intervention,
    evidence: Evidence,
    targets: tuple[str, ...],
    *,
    rows: int,
    seed: int,
    n_jobs: int = 1,
) -> Weighted:
    """Draw the targets under an intervention, with the weight of the evidence.

    Parameters
    ----------
    plan : Plan
        Of targets and evidence under the intervention.
    mechanisms : mapping of str to Mechanism
        One a node.
    acts : Intervention
        What is set.
    evidence : Evidence
        What is known.
    targets : tuple of str
        Nodes that are returned, with the values they are set to where they are set.
    rows, seed : int
        Draws; seed of their noise.
    n_jobs : int
        Threads. It never changes a bit.
    """
    drawing = Drawing(
        plan=plan,
        mechanisms=mechanisms,
        rows=rows,
        seed=seed,
        path=("query",),
        seen={node: np.full(1, value) for node, value in evidence.values.items()},
        assignments=acts.assignments,
    )

    def block(part: slice) -> Weighted:
        piece = replace(drawing, rows=part.stop - part.start, first=part.start)
        return _block(piece, acts, evidence, targets)

    found = Local(n_jobs=n_jobs).map(block, block_slices(rows))
    return Weighted(
        values={name: np.concatenate([each.values[name] for each in found]) for name in targets},
        log_weights=np.concatenate([each.log_weights for each in found]),
    )


def _block(drawing: Drawing, acts: Intervention, evidence: Evidence, targets: tuple[str, ...]) -> Weighted:
    plan, shape = drawing.plan, (drawing.rows,)
    read = {name for node in evidence.values for name in plan.pillows[node]}
    natural, fixed = drawing.drawn(acts.fixed, {*targets, *evidence.ranges, *read})
    weights = np.zeros(shape)
    for node, value in evidence.values.items():
        if plan.pillows[node]:  # the weight of a node without causes is the same in every draw
            inputs = inputs_of(plan, node, natural=natural, fixed=fixed)
            inputs = {name: np.broadcast_to(column, shape) for name, column in inputs.items()}
            weights += drawing.mechanisms[node].log_density(np.full(shape, value), inputs)
    for node, (low, high) in evidence.ranges.items():
        weights[(natural[node] < low) | (natural[node] > high)] = -np.inf
    values = {
        name: np.broadcast_to(fixed[name] if name in plan.exposures else natural[name], shape)
        for name in targets
    }
    return Weighted(values=values, log_weights=weights)
