"""Everything again without each cluster in turn, and the influences once more, for rows that stay on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from causalmed.engine import exact_sum, recut, tasks_of
from causalmed.errors import CausalmedError
from causalmed.estimation import ipw
from causalmed.estimation.specs import IPW, TMLE, Estimator, GComputation
from causalmed.estimation.streaming.evaluating import searched
from causalmed.estimation.streaming.passes import Passes, Rows
from causalmed.estimation.streaming.predicting import Fitted
from causalmed.estimation.streaming.statistics import Influences, Means, Targeting

__all__ = ["InfluenceOnDisk", "values_without_each"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class InfluenceOnDisk:
    """The influence of each patient, computed again whenever it is asked for.

    Attributes
    ----------
    passes : Passes
        The rows.
    statistic : Influences
        What is computed of each block.
    """

    passes: Passes
    statistic: Influences

    def __call__(self) -> Iterator[Array]:
        """Yield the influences of the blocks, in their order, each of shape (rows, 3)."""
        for task in tasks_of(self.passes.blocks):
            for rows in self.passes.view.rows(task):
                yield self.statistic.values(rows)


def values_without_each(
    passes: Passes, groups: int, spec: Estimator, *, refit: Callable[[Passes], Fitted]
) -> list[Array | None]:
    """Refit and re-estimate without each cluster in turn; None where there is no answer.

    Each cluster costs as many readings of the rows as the estimate itself.

    Parameters
    ----------
    passes : Passes
        All rows.
    groups : int
        Number of clusters.
    spec : Estimator
        GComputation, IPW, AIPW or TMLE.
    refit : callable
        Fits the nuisances on the rows that it is given.

    Returns
    -------
    list of ndarray of shape (3,) or None
        One a cluster.
    """
    codes = passes.each(_codes)

    def one(group: int) -> Array | None:
        part = replace(passes, blocks=recut(passes.blocks, (code != group for code in codes)), samples={})
        try:
            return _value(part, spec, refit(part))
        except CausalmedError:
            return None

    return [one(group) for group in range(groups)]


def _codes(rows: Rows) -> NDArray[np.int16]:
    assert rows.problem.clusters is not None
    return rows.problem.clusters.astype(np.int16)


def _value(passes: Passes, spec: Estimator, fitted: Fitted) -> Array:
    """Return the three means."""
    if isinstance(spec, IPW):
        total = passes.total(Means(fitted=fitted, how="ipw"))
        return np.asarray(total[:3] / (passes.n * ipw.masses_of(total, passes.n, stabilised=spec.stabilised)))
    if isinstance(spec, TMLE):
        sizes = exact_sum([part[0] for part in passes.each(Targeting(fitted=fitted))])
        fitted = replace(fitted, epsilon=searched(passes, fitted, sizes))
    how = "gcomputation" if isinstance(spec, GComputation) else "aipw"
    total = passes.total(Means(fitted=fitted, how=how))
    return np.asarray(total[:3] / total[3])
