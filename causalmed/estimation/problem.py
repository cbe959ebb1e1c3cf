"""One question and the columns that answer it, checked and reduced to arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from causalmed.cohort import Cohort, StreamedCohort
from causalmed.engine import unit_keys
from causalmed.errors import ColumnNotFound, DataError, InvalidArgument, NotEnoughEvents, RoleConflict
from causalmed.estimation.strata import Strata, strata_of
from causalmed.identification import Estimand
from causalmed.regression import ColumnLike

__all__ = ["POPULATIONS", "Problem", "pose_problem"]

POPULATIONS = ("all", "exposed", "unexposed", "overlap")
LARGEST = 1e100
_USABLE = ("binary", "ordinal", "categorical", "continuous", "count")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Problem:
    """The arrays of one effect.

    Attributes
    ----------
    estimand : Estimand
        What is asked.
    contrast : tuple of float
        (a, b).
    population : str
        One of :data:`POPULATIONS`.
    exposed : ndarray, shape (n,)
        A: 1 where the exposure is a, 0 where it is b.
    outcome : ndarray, shape (n,)
        Y.
    outcome_kind : str
        ``"binary"`` or ``"continuous"``.
    exposure_column : ColumnLike
        The exposure as it came.
    covariates : tuple of ColumnLike
        L, the adjustment set.
    fold_keys : ndarray of uint64, shape (n,)
        Keys of the clusters, or of the units where there is none or where it is adjusted for: who
        shares a fold.
    clusters : ndarray of int, shape (n,), or None
        Cluster of each patient, 0 … G-1.
    cluster_name : str or None
        Column of the clusters.
    cluster_labels : tuple of str
        Labels of the clusters that occur.
    """

    estimand: Estimand
    contrast: tuple[float, float]
    population: str
    exposed: NDArray[np.float64]
    outcome: NDArray[np.float64]
    outcome_kind: str
    exposure_column: ColumnLike
    covariates: tuple[ColumnLike, ...]
    fold_keys: NDArray[np.uint64]
    clusters: NDArray[np.intp] | None
    cluster_name: str | None
    cluster_labels: tuple[str, ...]

    @property
    def n(self) -> int:
        """Number of patients."""
        return len(self.outcome)

    @property
    def groups(self) -> int:
        """Number of clusters; 0 where there is none."""
        return len(self.cluster_labels)

    @property
    def events(self) -> int:
        """Patients with the outcome; 0 for a continuous one."""
        return int(self.outcome.sum()) if self.outcome_kind == "binary" else 0

    def arm_size(self, arm: int) -> int:
        """Number of patients with exposure a (arm 1), or b (arm 0)."""
        return int(np.count_nonzero(self.exposed == arm))

    def outcome_range(self, arm: int) -> tuple[float, float]:
        """Smallest and largest outcome of an arm."""
        within = self.outcome[self.exposed == arm]
        return float(within.min()), float(within.max())

    @property
    def cluster_sizes(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Patients of each cluster, and how many of them are exposed; shape (G,) each."""
        assert self.clusters is not None
        size = np.bincount(self.clusters, minlength=self.groups).astype(np.float64)
        exposed = np.bincount(self.clusters, weights=self.exposed, minlength=self.groups)
        return size, exposed.astype(np.float64)

    @property
    def strata(self) -> tuple[Strata, ...]:
        """Patients and exposed patients in each stratum of the discrete covariates."""
        return strata_of(self.covariates, self.exposed)


def pose_problem(
    estimand: Estimand, cohort: Cohort, *, contrast: tuple[float, float], population: str
) -> Problem:
    """Check that the cohort can answer the question and take out its arrays.

    Parameters
    ----------
    estimand : Estimand
        An identified effect.
    cohort : Cohort
        The patients.
    contrast : tuple of float
        (1, 0) or (0, 1): the two values of the exposure.
    population : str
        One of :data:`POPULATIONS`.

    Returns
    -------
    Problem

    Raises
    ------
    ColumnNotFound, RoleConflict
        The exposure, the outcome or the adjustment set is not in the cohort, or plays another role.
    DataError
        The exposure or the outcome is of a kind that cannot be used; sampling weights.
    NotEnoughEvents
        An arm is empty; no outcome, or nothing but outcomes.
    """
    if population not in POPULATIONS:
        raise InvalidArgument.option("population", population, POPULATIONS)
    check_names(estimand, cohort)
    exposure = cohort.column(estimand.exposure)
    pair = checked_contrast(contrast, levels=exposure.levels)
    _check_exposure(exposure)
    outcome = cohort.column(estimand.outcome)
    kind = outcome_kind_of(outcome)
    exposed = (exposure.values == pair[0]).astype(np.float64)
    low, high = float(outcome.values.min()), float(outcome.values.max())
    check_counts(estimand, n=len(exposed), exposed=int(exposed.sum()), low=low, high=high, kind=kind)
    clusters, labels, keys = _clusters(cohort, estimand)
    return Problem(
        estimand=estimand,
        contrast=pair,
        population=population,
        exposed=exposed,
        outcome=outcome.values,
        outcome_kind=kind,
        exposure_column=exposure,
        covariates=tuple(check_covariate(cohort.column(name)) for name in estimand.adjustment_set),
        fold_keys=keys,
        clusters=clusters,
        cluster_name=cohort.cluster,
        cluster_labels=labels,
    )


def check_names(estimand: Estimand, cohort: Cohort | StreamedCohort) -> None:
    """Refuse columns that are not there or play two roles, and sampling weights."""
    needed = {"exposure": [estimand.exposure], "outcome": [estimand.outcome]}
    needed["adjustment set"] = list(estimand.adjustment_set)
    for role, names in needed.items():
        if absent := [name for name in names if name not in cohort]:
            raise ColumnNotFound.among(absent, cohort.names, where=role)
    if estimand.exposure == estimand.outcome or {estimand.exposure, estimand.outcome} & set(
        estimand.adjustment_set
    ):
        raise RoleConflict(
            f"{estimand.exposure!r} and {estimand.outcome!r} must be two columns, and neither may be "
            "adjusted for."
        )
    if cohort.weights is not None:
        raise InvalidArgument(
            f"The cohort has sampling weights ({cohort.weights!r}), and estimate() does not use them yet. "
            "Build the cohort without weights= if the effect in the sample is what you want."
        )


def checked_contrast(
    contrast: tuple[float | str, float | str], *, levels: tuple[str, ...] = ()
) -> tuple[float, float]:
    """Return the contrast as two numbers; the levels of a two-valued exposure may be named."""
    if isinstance(contrast, tuple | list) and len(contrast) == 2 and set(contrast) == set(levels):
        contrast = levels.index(str(contrast[0])), levels.index(str(contrast[1]))
    try:
        a, b = (float(value) for value in contrast)
    except (TypeError, ValueError):
        raise InvalidArgument(f"contrast={contrast!r} must be two values, such as (1, 0).") from None
    if {a, b} != {0.0, 1.0}:
        raise InvalidArgument(
            f"contrast={contrast!r}: only two-valued exposures coded 0 and 1 can be compared, so the "
            "contrast is (1, 0) or (0, 1)."
        )
    return a, b


def _check_exposure(column: ColumnLike) -> None:
    if column.kind != "binary" or not np.isin(column.values, (0.0, 1.0)).all():
        raise DataError(
            f"The exposure {column.name!r} is {column.kind}; an effect needs an exposure with two values. "
            "Ask about a small change of everybody's value (contrast=Shift(by=…)) or a curve "
            "(dose_response), or make a yes/no column of it with cohort.assign and draw that column in the "
            "graph."
        )


def outcome_kind_of(column: ColumnLike) -> str:
    """Return ``"binary"`` or ``"continuous"``, or refuse the outcome."""
    if column.kind == "binary":
        return "binary"
    if column.kind in ("continuous", "count"):
        return "continuous"
    raise DataError(
        f"The outcome {column.name!r} is {column.kind}; effects are estimated for outcomes that are yes/no "
        "or a number. Make a yes/no column of it with cohort.assign."
    )


def check_covariate(column: ColumnLike) -> ColumnLike:
    """Return a column of the adjustment set, or refuse one that cannot be adjusted for."""
    name = column.name
    if column.kind not in _USABLE:
        raise RoleConflict(
            f"Column {name!r} of the adjustment set is of kind {column.kind!r} and cannot be adjusted for. "
            "State what it is with Cohort.from_frame(kinds=), or derive a column that can be."
        )
    return column


def check_counts(estimand: Estimand, *, n: int, exposed: int, low: float, high: float, kind: str) -> None:
    """Refuse empty arms and outcomes, from ``low`` to ``high``, that do not vary or are too large."""
    n1 = exposed
    if n1 in (0, n):
        which = "Nobody" if n1 == 0 else "Everybody"
        raise NotEnoughEvents(
            f"{which} among {n:,} patients is exposed to {estimand.exposure!r}: there is no one to compare "
            "with. Widen the cohort, or check how the exposure is coded."
        )
    if not max(abs(low), abs(high)) < LARGEST:
        raise DataError(
            f"The outcome {estimand.outcome!r} holds numbers so large that their squares overflow. Rescale "
            "it."
        )
    if kind == "binary" and low == high:
        which = "None" if high == 0 else "All"
        raise NotEnoughEvents(
            f"{which} of {n:,} patients have {estimand.outcome!r}: nothing can be compared. Check how the "
            "outcome is coded, or lengthen the follow-up."
        )
    if kind == "continuous" and low == high:
        raise DataError(f"The outcome {estimand.outcome!r} is the same for all {n:,} patients.")
    if min(n1, n - n1) < 2:
        raise NotEnoughEvents(
            f"Only one of {n:,} patients is on one side of {estimand.exposure!r}: no spread can be estimated "
            "from one patient. Widen the cohort."
        )


def _clusters(
    cohort: Cohort, estimand: Estimand
) -> tuple[NDArray[np.intp] | None, tuple[str, ...], NDArray[np.uint64]]:
    codes = cohort.cluster_codes
    if codes is None:
        return None, (), cohort.unit_keys
    present, dense = np.unique(codes, return_inverse=True)
    labels = tuple(cohort.cluster_levels[code] for code in present)
    if cohort.cluster in estimand.adjustment_set:
        # a learner can adjust for the hospital only if every fold leaves some of its patients to learn from
        return dense.astype(np.intp), labels, cohort.unit_keys
    return dense.astype(np.intp), labels, unit_keys(np.array(labels))[dense]
