r"""Mechanisms as another sample of patients would have given them.

A multiplier bootstrap with exponential weights of mean 1 (the Bayesian bootstrap), whose replicates take one
Newton step of each mechanism instead of a new fit,

.. math:: \hat\theta^{*} = \hat\theta + \sum_i (w_i - 1)\, \phi_i,

with :math:`\phi_i` the influence of patient i on the parameters. Weights are drawn by cluster where the
cohort has one.

References
----------
Rubin DB (1981). The Bayesian bootstrap. Ann Stat 9(1):130-134.
Kline P, Santos A (2012). A score based approach to wild bootstrap inference. J Econom Methods 1(1):23-41.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from causalmed.engine import Local, generator
from causalmed.scm.mechanism import Mechanism, Regressed
from causalmed.scm.terms import FloatArray, Values

if TYPE_CHECKING:
    from causalmed.scm.model import StructuralCausalModel

__all__ = ["Resampled", "resampled"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Resampled:
    """Weights of the patients and the mechanisms that go with them.

    Parameters
    ----------
    weights : ndarray, shape (replicates, n)
        Mean 1 in each replicate.
    fitted : mapping of str to Mechanism
        The mechanisms as fitted.
    shifts : mapping of str to ndarray
        Node → change of its parameters, shape (replicates, p).
    """

    weights: FloatArray
    fitted: Mapping[str, Mechanism]
    shifts: Mapping[str, FloatArray]

    def mechanisms(self, replicate: int) -> dict[str, Mechanism]:
        """Return all mechanisms of one replicate."""
        moved = dict(self.fitted)
        for node, shift in self.shifts.items():
            mechanism = self.fitted[node]
            assert isinstance(mechanism, Regressed)
            moved[node] = mechanism.with_parameters(mechanism.parameters + shift[replicate])
        return moved


def resampled(
    model: StructuralCausalModel, nodes: Iterable[str], *, columns: Values, replicates: int, seed: int
) -> Resampled:
    """Resample the patients a model was fitted on.

    Parameters
    ----------
    model : StructuralCausalModel
        With its cohort.
    nodes : iterable of str
        Whose mechanisms are wanted; those taken as given by hand stay as they are.
    columns : mapping of str to ndarray
        The patients' columns of these nodes and of what they are conditioned on.
    replicates, seed : int
        How many, and of which stream.
    """
    cohort = model.cohort
    assert cohort is not None
    groups = np.arange(cohort.n) if cohort.cluster_codes is None else cohort.cluster_codes
    drawn = generator(seed, "bootstrap weights").standard_exponential((replicates, int(groups.max()) + 1))
    weights = drawn[:, groups]
    weights /= weights.mean(axis=1, keepdims=True)

    def shift(node: str) -> FloatArray:
        mechanism = model.mechanisms[node]
        assert isinstance(mechanism, Regressed)
        inputs = {name: columns[name] for name in model.factors.pillows[node]}
        return np.asarray((weights - 1.0) @ mechanism.influence(columns[node], inputs))

    moving = [
        node
        for node in sorted(nodes)
        if node in model.specs and isinstance(model.mechanisms[node], Regressed)
    ]
    shifts = dict(zip(moving, Local().map(shift, moving), strict=True))
    return Resampled(weights=weights, fitted=model.mechanisms, shifts=shifts)
