r"""Mechanisms as another sample of patients would have given them.

With independent patients, or 40 clusters and more: a multiplier bootstrap with exponential weights of mean 1
(the Bayesian bootstrap), one a patient or a cluster, whose replicates take one Newton step of each mechanism
instead of a new fit, with :math:`\phi_i` the influence of patient i on the parameters,

.. math:: \hat\theta^{*} = \hat\theta + \sum_i (w_i - 1)\, \phi_i, \qquad
          \hat V = \frac{1}{B - 1} \sum_b (\hat\psi^{*}_b - \bar\psi^{*})(\hat\psi^{*}_b - \bar\psi^{*})^\top.

With fewer clusters their sums are too few, and absorbed by a mechanism that reads the cluster itself: each
cluster is left out in turn, the mechanisms are fitted again, and

.. math:: \hat V = \frac{G - 1}{G} \sum_g (\hat\psi_{-g} - \bar\psi)(\hat\psi_{-g} - \bar\psi)^\top,

with a t distribution of G - 1 degrees of freedom.

References
----------
Rubin DB (1981). The Bayesian bootstrap. Ann Stat 9(1):130-134.
Kline P, Santos A (2012). A score based approach to wild bootstrap inference. J Econom Methods 1(1):23-41.
Efron B, Stein C (1981). The jackknife estimate of variance. Ann Stat 9(3):586-596.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from causalmed.engine import Local, generator
from causalmed.errors import DataError
from causalmed.scm.fitting import fit_mechanism
from causalmed.scm.mechanism import Mechanism, Regressed
from causalmed.scm.mechanisms.empirical import Empirical
from causalmed.scm.terms import FloatArray, Values

if TYPE_CHECKING:
    from causalmed.scm.model import StructuralCausalModel

__all__ = ["FEW_CLUSTERS", "Resampled", "held_fixed", "resampled"]

FEW_CLUSTERS: Final = 40
"""Below this number of clusters, each is left out in turn."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Resampled:
    """Weights of the patients and the mechanisms that go with them.

    Parameters
    ----------
    weights : ndarray, shape (replicates, n)
        Mean 1 in each replicate, or 0 and 1.
    mechanisms : callable
        Number of a replicate → all mechanisms.
    jackknife : bool
        Whether clusters were left out in turn.
    """

    weights: FloatArray
    mechanisms: Callable[[int], dict[str, Mechanism]]
    jackknife: bool

    @property
    def replicates(self) -> int:
        """How many there are."""
        return len(self.weights)

    @property
    def degrees_of_freedom(self) -> float:
        """Of the t distribution; infinite for the normal."""
        return float(self.replicates - 1) if self.jackknife else float("inf")

    @property
    def source(self) -> str:
        """Where the covariance comes from, in words."""
        if self.jackknife:
            return f"delete-one-cluster jackknife of the model's mechanisms, {self.replicates} clusters"
        return f"multiplier bootstrap of the model's mechanisms, {self.replicates} replicates"

    def covariance(self, values: FloatArray) -> FloatArray:
        """Return the covariance of what each replicate gave, ``values`` of shape (replicates, k)."""
        centred = values - values.mean(axis=0)
        factor = (self.replicates - 1) / self.replicates if self.jackknife else 1 / (self.replicates - 1)
        return np.asarray(factor * centred.T @ centred)


def resampled(
    model: StructuralCausalModel,
    nodes: Iterable[str],
    *,
    columns: Values,
    replicates: int,
    seed: int,
    n_jobs: int = 1,
) -> Resampled:
    """Resample the patients a model was fitted on.

    Parameters
    ----------
    model : StructuralCausalModel
        With its cohort.
    nodes : iterable of str
        Whose mechanisms are wanted; those stated by hand stay as they are.
    columns : mapping of str to ndarray
        The patients' columns of these nodes and of what they are conditioned on.
    replicates, seed : int
        How many, and of which stream, where no cluster is left out.
    n_jobs : int
        Threads.
    """
    cohort = model.cohort
    assert cohort is not None
    fitted = [node for node in sorted(nodes) if node in model.specs]
    codes = cohort.cluster_codes
    clusters = 0 if codes is None else len(np.unique(codes))
    if clusters == 1:
        raise DataError(
            f"All patients are of one cluster ({cohort.cluster!r}), so the differences between clusters "
            "cannot be estimated. Build the cohort without cluster=, and say that the answer is about it."
        )
    if codes is not None and clusters < FEW_CLUSTERS:
        return _left_out(model, fitted, codes, n_jobs=n_jobs)
    groups = np.arange(cohort.n) if codes is None else codes
    drawn = generator(seed, "bootstrap weights").standard_exponential((replicates, int(groups.max()) + 1))
    weights = drawn[:, groups]
    weights /= weights.mean(axis=1, keepdims=True)
    return _shifted(model, fitted, columns, weights)


def held_fixed(model: StructuralCausalModel, nodes: Iterable[str]) -> tuple[str, ...]:
    """Return the nodes whose mechanisms are not resampled: those stated, and those without coefficients."""
    cohort = model.cohort
    refitted = cohort is not None and cohort.cluster is not None and cohort.clusters < FEW_CLUSTERS
    return tuple(
        node
        for node in sorted(nodes)
        if node not in model.specs
        or not (refitted or isinstance(model.mechanisms[node], Regressed | Empirical))
    )


def _shifted(
    model: StructuralCausalModel, fitted: list[str], columns: Values, weights: FloatArray
) -> Resampled:
    """Take one Newton step of each mechanism in each replicate, and weigh the observed distributions."""
    moving = [node for node in fitted if isinstance(model.mechanisms[node], Regressed)]
    places = {
        node: np.searchsorted(np.asarray(mechanism.support), columns[node])
        for node in fitted
        if isinstance(mechanism := model.mechanisms[node], Empirical)
    }

    def shift(node: str) -> FloatArray:
        mechanism = model.mechanisms[node]
        assert isinstance(mechanism, Regressed)
        inputs = {name: columns[name] for name in model.factors.pillows[node]}
        return np.asarray((weights - 1.0) @ mechanism.influence(columns[node], inputs))

    shifts = dict(zip(moving, Local().map(shift, moving), strict=True))

    def mechanisms(replicate: int) -> dict[str, Mechanism]:
        moved = dict(model.mechanisms)
        for node, all_shifts in shifts.items():
            mechanism = model.mechanisms[node]
            assert isinstance(mechanism, Regressed)
            moved[node] = mechanism.with_parameters(mechanism.parameters + all_shifts[replicate])
        for node, place in places.items():
            moved[node] = _weighed(model.mechanisms[node], place, weights[replicate])
        return moved

    return Resampled(weights=weights, mechanisms=mechanisms, jackknife=False)


def _weighed(mechanism: Mechanism, place: np.ndarray, weights: FloatArray) -> Mechanism:
    assert isinstance(mechanism, Empirical)
    mass = np.bincount(place, weights=weights, minlength=len(mechanism.support))
    return Empirical(support=mechanism.support, weights=tuple((mass / mass.sum()).tolist()))


def _left_out(
    model: StructuralCausalModel, moving: list[str], codes: np.ndarray, *, n_jobs: int
) -> Resampled:
    """Fit each mechanism without each cluster; the fits are kept with the model."""
    clusters = np.unique(codes)
    memory = model.memory
    missing = [(node, g) for node in moving for g in range(len(clusters)) if (node, g) not in memory]
    if missing:
        assert model.cohort is not None
        needed = {name for node, _ in missing for name in (node, *model.factors.pillows[node])}
        table = {name: model.cohort.column(name) for name in needed}

        def fit(which: tuple[str, int]) -> Mechanism:
            node, g = which
            rows = np.flatnonzero(codes != clusters[g])
            inputs = [table[name].take(rows) for name in model.factors.pillows[node]]
            return fit_mechanism(table[node].take(rows), inputs, model.specs[node])

        memory.update(zip(missing, Local(n_jobs=n_jobs).map(fit, missing), strict=True))

    def mechanisms(replicate: int) -> dict[str, Mechanism]:
        return dict(model.mechanisms) | {node: memory[node, replicate] for node in moving}

    weights = (codes[np.newaxis, :] != clusters[:, np.newaxis]).astype(np.float64)
    return Resampled(weights=weights, mechanisms=mechanisms, jackknife=True)
