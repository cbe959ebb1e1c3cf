"""The counts of a question on disk, and the checks that rest on them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from causalmed.cohort import StreamedCohort
from causalmed.engine import Executor
from causalmed.errors import DataError
from causalmed.estimation.asked import Asked
from causalmed.estimation.crude import crude_sums
from causalmed.estimation.problem import (
    Problem,
    check_counts,
    check_covariate,
    check_names,
    checked_contrast,
    outcome_kind_of,
)
from causalmed.estimation.strata import Strata, merged
from causalmed.estimation.streaming.passes import Passes, Rows, View
from causalmed.estimation.targets import Working
from causalmed.regression import ColumnLike

__all__ = ["Census", "StreamedProblem", "pose_streamed"]

Array = NDArray[np.float64]
_NOTHING = np.zeros(0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Census:
    """What is counted in one pass.

    Attributes
    ----------
    crude : ndarray, shape (6,)
        From :func:`~causalmed.estimation.crude.crude_sums`.
    ranges : tuple of tuple of float
        Smallest and largest outcome of the exposed, and of the unexposed.
    strata : tuple of Strata
        Of the discrete covariates.
    present : mapping of str to ndarray
        Codes that occur of each covariate with levels.
    sizes : ndarray, shape (2, levels), or None
        Patients of each cluster, and how many of them are exposed.
    """

    crude: Array
    ranges: tuple[tuple[float, float], tuple[float, float]]
    strata: tuple[Strata, ...]
    present: dict[str, Array]
    sizes: Array | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StreamedProblem(Problem):
    """A question whose rows are elsewhere: its arrays are empty, its counts are known."""

    census: Census

    @property
    def n(self) -> int:
        """Number of patients."""
        return self.arm_size(1) + self.arm_size(0)

    @property
    def events(self) -> int:
        """Patients with the outcome; 0 for a continuous one."""
        return int(self.census.crude[2]) if self.outcome_kind == "binary" else 0

    def arm_size(self, arm: int) -> int:
        """Number of patients with exposure a (arm 1), or b (arm 0)."""
        return int(self.census.crude[3 if arm else 4])

    def outcome_range(self, arm: int) -> tuple[float, float]:
        """Smallest and largest outcome of an arm."""
        return self.census.ranges[0 if arm else 1]

    @property
    def cluster_sizes(self) -> tuple[Array, Array]:
        """Patients of each cluster, and how many of them are exposed."""
        assert self.census.sizes is not None
        return self.census.sizes[0], self.census.sizes[1]

    @property
    def whole_range(self) -> tuple[float, float]:
        """Smallest and largest outcome of all."""
        low, high = zip(*self.census.ranges, strict=True)
        return min(low), max(high)

    def bare_working(self, *, regressions: bool = True, scores: bool = True) -> Working:
        """Return working arrays of no rows, with those nuisances that there are."""
        return Working(
            population=self.population,
            exposed=_NOTHING,
            outcome=_NOTHING,
            m1=_NOTHING if regressions else None,
            m0=_NOTHING if regressions else None,
            e=_NOTHING if scores else None,
        )

    @property
    def strata(self) -> tuple[Strata, ...]:
        """Patients and exposed patients in each stratum of the discrete covariates."""
        return self.census.strata


def pose_streamed(asked: Asked, executor: Executor, *, folds: bool) -> tuple[StreamedProblem, Passes]:
    """Check that a cohort on disk can answer a question; as ``pose_problem`` does in memory.

    Parameters
    ----------
    asked : Asked
        The question.
    executor : Executor
        Reads the rows.
    folds : bool
        Whether the keys of the folds are needed.

    Returns
    -------
    tuple of StreamedProblem and Passes
    """
    cohort, estimand = asked.cohort, asked.estimand
    assert isinstance(cohort, StreamedCohort)
    check_names(estimand, cohort)
    contrast = checked_contrast(asked.contrast)
    exposure, outcome = cohort.plans[estimand.exposure], cohort.plans[estimand.outcome]
    if exposure.kind != "binary":
        raise DataError(
            f"The exposure {exposure.name!r} is {exposure.kind}; rows on disk are compared by an exposure "
            "with two values. Make such a column before writing the file, or collect() the cohort."
        )
    nothing = {name: plan.with_values(_NOTHING) for name, plan in cohort.plans.items()}
    for name in estimand.adjustment_set:
        check_covariate(nothing[name])
    read = (exposure.name, outcome.name, *estimand.adjustment_set)
    names = dict.fromkeys([*read, *([cohort.cluster] if cohort.cluster else [])])
    by_unit = cohort.cluster is None or cohort.cluster in estimand.adjustment_set
    view = View(
        estimand=estimand,
        contrast=contrast,
        population=asked.population,
        outcome_kind=outcome_kind_of(nothing[outcome.name]),
        reader=cohort.reader(tuple(names), ids=folds),
        cluster=cohort.cluster,
        keys=("unit" if by_unit else "cluster") if folds else "",
    )
    passes = Passes(view=view, blocks=cohort.blocks, executor=executor)
    census = _taken(passes, levels=len(cohort.cluster_levels))
    _check(passes, census)
    return _posed(passes, census, cohort, nothing)


def _posed(
    passes: Passes, census: Census, cohort: StreamedCohort, nothing: dict[str, ColumnLike]
) -> tuple[StreamedProblem, Passes]:
    view = passes.view
    if census.sizes is not None:
        here = np.flatnonzero(census.sizes[0] > 0)
        dense = np.full(census.sizes.shape[1], -1, dtype=np.intp)
        dense[here] = np.arange(len(here))
        labels = tuple(cohort.cluster_levels[code] for code in here)
        view = replace(view, dense=dense, labels=labels)
        census = replace(census, sizes=census.sizes[:, here])
    problem = StreamedProblem(
        estimand=view.estimand,
        contrast=view.contrast,
        population=view.population,
        exposed=_NOTHING,
        outcome=_NOTHING,
        outcome_kind=view.outcome_kind,
        exposure_column=nothing[view.estimand.exposure],
        covariates=tuple(
            cohort.plans[name].with_values(census.present.get(name, _NOTHING))
            for name in view.estimand.adjustment_set
        ),
        fold_keys=np.zeros(0, dtype=np.uint64),
        clusters=None,
        cluster_name=view.cluster,
        cluster_labels=view.labels,
        census=census,
    )
    return problem, replace(passes, view=view)


def _check(passes: Passes, census: Census) -> None:
    low = min(pair[0] for pair in census.ranges)
    high = max(pair[1] for pair in census.ranges)
    check_counts(
        passes.view.estimand,
        n=passes.n,
        exposed=int(census.crude[3]),
        low=low,
        high=high,
        kind=passes.view.outcome_kind,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Count:
    """What one block adds to the census."""

    levels: int

    def __call__(self, rows: Rows) -> dict[str, Any]:
        problem = rows.problem
        sizes = None
        if problem.clusters is not None:
            size = np.bincount(problem.clusters, minlength=self.levels).astype(np.float64)
            exposed = np.bincount(problem.clusters, weights=problem.exposed, minlength=self.levels)
            sizes = np.array([size, exposed])
        coded = [column for column in problem.covariates if column.kind in ("ordinal", "categorical")]
        return {
            "crude": crude_sums(problem.exposed, problem.outcome),
            "ranges": [_range(problem.outcome[problem.exposed == arm]) for arm in (1, 0)],
            "strata": [_bare(strata) for strata in problem.strata],
            "present": {column.name: np.unique(column.values) for column in coded},
            "sizes": sizes,
        }


def _range(values: Array) -> tuple[float, float]:
    return (float(values.min()), float(values.max())) if len(values) else (np.inf, -np.inf)


def _bare(strata: Strata) -> Strata:
    """Return the counts alone: the columns of a block need not travel."""
    return replace(strata, columns=tuple(column.replace_values(_NOTHING) for column in strata.columns))  # type: ignore[attr-defined]


def _taken(passes: Passes, *, levels: int) -> Census:
    from causalmed.engine import exact_sum

    parts = passes.each(_Count(levels=levels))
    ranges = np.array([part["ranges"] for part in parts])
    low, high = ranges[:, :, 0].min(axis=0), ranges[:, :, 1].max(axis=0)
    sizes = None if passes.view.cluster is None else exact_sum([part["sizes"] for part in parts])
    return Census(
        crude=exact_sum([part["crude"] for part in parts]),
        ranges=((float(low[0]), float(high[0])), (float(low[1]), float(high[1]))),
        strata=tuple(merged(tables) for tables in zip(*(part["strata"] for part in parts), strict=True)),
        present={
            name: np.unique(np.concatenate([part["present"][name] for part in parts]))
            for name in parts[0]["present"]
        },
        sizes=sizes,
    )
