r"""Two models fitted on two groups of patients, resampled together.

Independent patients, or 40 clusters and more, get exponential weights of mean one; each mechanism takes one
Newton step, a root's observed distribution takes the weights themselves. A cluster that has patients in both
groups has one weight in both. With fewer clusters each is left out in turn, of both groups.

References
----------
As for :mod:`causalmed.scm.resampling`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from causalmed.engine import generator
from causalmed.errors import DataError, InvalidArgument
from causalmed.scm.fitting import fit_mechanism
from causalmed.scm.mechanism import Mechanism, Regressed
from causalmed.scm.mechanisms.empirical import Empirical
from causalmed.scm.model import StructuralCausalModel
from causalmed.scm.resampling import FEW_CLUSTERS
from causalmed.scm.terms import FloatArray

__all__ = ["Sample", "TwoSamples"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sample:
    """One group: its model, what may move, and how far each patient moves it.

    Parameters
    ----------
    model : StructuralCausalModel
        With its cohort.
    influence : mapping of str to ndarray, each of shape (n, p)
        Node → influence of each patient on its parameters.
    roots : mapping of str to ndarray, each of shape (n,)
        Node with its observed distribution → place of each patient's value in its support.
    """

    model: StructuralCausalModel
    influence: dict[str, FloatArray]
    roots: dict[str, np.ndarray]

    @classmethod
    def of(cls, model: StructuralCausalModel, nodes: Sequence[str]) -> Sample:
        """Prepare the nodes of a model; mechanisms stated by hand stay as they are."""
        influence: dict[str, FloatArray] = {}
        roots: dict[str, np.ndarray] = {}
        cohort = model.cohort
        assert cohort is not None
        for node in nodes:
            mechanism, values = model.mechanisms[node], cohort.values(node)
            if node not in model.specs:
                continue
            if isinstance(mechanism, Empirical):
                roots[node] = np.searchsorted(np.asarray(mechanism.support), values)
            elif isinstance(mechanism, Regressed):
                inputs = {name: cohort.values(name) for name in model.factors.pillows[node]}
                influence[node] = mechanism.influence(values, inputs)
        return cls(model=model, influence=influence, roots=roots)

    @property
    def rows(self) -> int:
        """Number of patients."""
        return 0 if self.model.cohort is None else self.model.cohort.n

    def weighted(self, weights: FloatArray) -> dict[str, Mechanism]:
        """Return the mechanisms of a sample with these weights, of mean one."""
        moved: dict[str, Mechanism] = dict(self.model.mechanisms)
        for node, phi in self.influence.items():
            mechanism = moved[node]
            assert isinstance(mechanism, Regressed)
            moved[node] = mechanism.with_parameters(mechanism.parameters + (weights - 1.0) @ phi)
        for node, places in self.roots.items():
            mechanism = moved[node]
            assert isinstance(mechanism, Empirical)
            mass = np.bincount(places, weights=weights, minlength=len(mechanism.support))
            moved[node] = Empirical(support=mechanism.support, weights=tuple((mass / mass.sum()).tolist()))
        return moved

    def without(self, left_out: np.ndarray) -> dict[str, Mechanism]:
        """Return the mechanisms fitted without some patients."""
        cohort, kept = self.model.cohort, np.flatnonzero(~left_out)
        assert cohort is not None
        moved: dict[str, Mechanism] = dict(self.model.mechanisms)
        if len(kept) == len(left_out):
            return moved
        for node in (*self.influence, *self.roots):
            inputs = [cohort.column(name).take(kept) for name in self.model.factors.pillows[node]]
            moved[node] = fit_mechanism(cohort.column(node).take(kept), inputs, self.model.specs[node])
        return moved


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TwoSamples:
    """Both groups and the clusters they are made of.

    Parameters
    ----------
    before, after : Sample
        The groups.
    clusters : tuple of two ndarrays of int, or None
        Number of each patient's cluster, counted over both groups; None for independent patients.
    replicates, seed : int
        How many, of which stream, where no cluster is left out.
    """

    before: Sample
    after: Sample
    clusters: tuple[np.ndarray, np.ndarray] | None
    replicates: int
    seed: int

    @classmethod
    def of(
        cls,
        before: StructuralCausalModel,
        after: StructuralCausalModel,
        nodes: Sequence[str],
        *,
        replicates: int,
        seed: int,
    ) -> TwoSamples:
        """Prepare two models; clusters with one label are one cluster."""
        clusters = _clusters(before, after)
        few = clusters is not None and _count(clusters) < FEW_CLUSTERS
        return cls(
            before=Sample.of(before, nodes),
            after=Sample.of(after, nodes),
            clusters=clusters,
            replicates=_count(clusters) if few and clusters is not None else replicates,
            seed=seed,
        )

    @property
    def jackknife(self) -> bool:
        """Whether clusters are left out in turn."""
        return self.clusters is not None and _count(self.clusters) < FEW_CLUSTERS

    @property
    def degrees_of_freedom(self) -> float:
        """Of the t distribution; infinite for the normal."""
        if self.clusters is None or not self.jackknife:
            return float("inf")
        return float(min(len(np.unique(codes)) for codes in self.clusters) - 1)

    @property
    def source(self) -> str:
        """Where the covariance comes from, in words."""
        if self.jackknife:
            return f"delete-one-cluster jackknife of both models, {self.replicates} clusters"
        return f"multiplier bootstrap of both models, {self.replicates} replicates"

    def weights(self, replicate: int) -> tuple[FloatArray, FloatArray]:
        """Return the weights of the patients before and after, of mean one in each group."""
        sizes = (self.before.rows, self.after.rows)
        if self.clusters is None:
            drawn = [
                generator(self.seed, "change", group, replicate).standard_exponential(rows)
                for group, rows in enumerate(sizes)
            ]
        elif self.jackknife:
            drawn = [(codes != replicate).astype(np.float64) for codes in self.clusters]
        else:
            each = generator(self.seed, "change", replicate).standard_exponential(_count(self.clusters))
            drawn = [each[codes] for codes in self.clusters]
        return drawn[0] / drawn[0].mean(), drawn[1] / drawn[1].mean()

    def mechanisms(self, replicate: int) -> tuple[dict[str, Mechanism], dict[str, Mechanism]]:
        """Return the mechanisms before and after in one replicate."""
        if self.clusters is not None and self.jackknife:
            first, last = (codes == replicate for codes in self.clusters)
            return self.before.without(first), self.after.without(last)
        first_weights, last_weights = self.weights(replicate)
        return self.before.weighted(first_weights), self.after.weighted(last_weights)

    def covariance(self, values: FloatArray) -> FloatArray:
        """Return the covariance of what each replicate gave, ``values`` of shape (replicates, k)."""
        centred = values - values.mean(axis=0)
        count = self.replicates
        factor = (count - 1) / count if self.jackknife else 1 / (count - 1)
        return np.asarray(factor * centred.T @ centred)


def _clusters(
    before: StructuralCausalModel, after: StructuralCausalModel
) -> tuple[np.ndarray, np.ndarray] | None:
    first, last = before.cohort, after.cohort
    assert first is not None
    assert last is not None
    if first.cluster != last.cluster:
        raise InvalidArgument(
            f"The clusters differ: before has cluster={first.cluster!r}, after cluster={last.cluster!r}. The "
            "interval needs one statement; build both cohorts with the same cluster=, or both without."
        )
    if first.cluster is None:
        return None
    for name, cohort in (("before", first), ("after", last)):
        if cohort.clusters < 2:
            raise DataError(
                f"All patients of {name} are of one cluster ({first.cluster!r}), so the differences between "
                "clusters cannot be estimated. Build both cohorts without cluster=, and say that the answer "
                "is about these clusters alone."
            )
    labels = [_labels(cohort.column(first.cluster), cohort.values(first.cluster)) for cohort in (first, last)]
    place = {label: at for at, label in enumerate(sorted(set(labels[0]) | set(labels[1])))}
    codes = [np.array([place[label] for label in each]) for each in labels]
    return codes[0], codes[1]


def _labels(column: object, values: FloatArray) -> list[str]:
    levels = getattr(column, "levels", ())
    return [levels[int(code)] if levels else f"{code:g}" for code in values.tolist()]


def _count(clusters: tuple[np.ndarray, np.ndarray]) -> int:
    return int(max(codes.max() for codes in clusters)) + 1
