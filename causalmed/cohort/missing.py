"""Missing values: refused with a count, left out with a count, or kept as holes; never ignored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from causalmed.cohort.attrition import AttritionStep
from causalmed.cohort.imputation import Imputation
from causalmed.cohort.reading import missing_mask
from causalmed.cohort.roles import Roles
from causalmed.errors import DataError, InvalidArgument, MissingValues

__all__ = [
    "FEWEST",
    "POLICIES",
    "Complete",
    "complete_cases",
    "missing_policy",
    "refuse_missing",
    "with_holes",
    "without_missing",
]

POLICIES: Final = ("error", "complete", "impute")
"""What may be done about missing values, besides a stated :class:`Imputation`."""
FEWEST: Final = 5
"""Recorded values from which others may be imputed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Complete:
    """A frame after a policy on missing values.

    Attributes
    ----------
    frame : narwhals.DataFrame
        The rows that remain.
    rows : ndarray of int
        Their numbers in the table as received.
    step : AttritionStep or None
        What was left out; ``None`` where nothing was missing.
    holes : mapping of str to ndarray of bool, shape (n,)
        Rows in which a column was not recorded, where holes are kept.
    """

    frame: Any
    rows: NDArray[np.int64]
    step: AttritionStep | None = None
    holes: Mapping[str, NDArray[np.bool_]] = field(default_factory=lambda: MappingProxyType({}))


def missing_policy(given: object) -> str | Imputation:
    """Read ``missing=``: "error", "complete", or an :class:`Imputation` ("impute" is its default).

    Raises
    ------
    InvalidArgument
        Anything else.
    """
    if given == "impute":
        return Imputation()
    if isinstance(given, Imputation) or (isinstance(given, str) and given in POLICIES):
        return given
    raise InvalidArgument.option("missing", given, (*POLICIES, "Imputation(…)"))


def with_holes(frame: Any, *, roles: Roles) -> Complete:
    """Keep every row, and say where values are missing.

    Parameters
    ----------
    frame : narwhals.DataFrame
        The table.
    roles : Roles
        Unit, cluster, weights and follow-up must be complete.

    Returns
    -------
    Complete

    Raises
    ------
    MissingValues
        A column by which patients are told apart, grouped, weighted or followed has holes.
    DataError
        Fewer than :data:`FEWEST` values of a column were recorded: there is nothing to impute from.
    """
    rows = len(frame)
    masks = {str(name): missing_mask(frame[name]) for name in frame.columns}
    holes = {name: mask for name, mask in masks.items() if mask.any()}
    if roles.unit in holes:
        raise MissingValues(_without_id(roles.unit, int(holes[roles.unit].sum())))
    spec = roles.follow_up
    times = () if spec is None else (spec.time, spec.event, *([] if spec.entry is None else [spec.entry]))
    for name in (roles.cluster, roles.weights, *times):
        if name in holes:
            raise MissingValues(
                f"{int(holes[name].sum()):,} of {rows:,} rows have no {name!r}, the column of cluster=, "
                "weights= or follow_up=, which is not imputed: which hospital it was, or how long a patient "
                "was followed, must be known. Correct the rows, or leave them out before building the cohort."
            )
    sparse = {name: rows - int(mask.sum()) for name, mask in holes.items() if rows - mask.sum() < FEWEST}
    if sparse:
        told = ", ".join(f"{name!r} {count} of {rows:,}" for name, count in sparse.items())
        raise DataError(
            f"Too few values were recorded to impute the others: {told}. Nothing can be learned from fewer "
            f"than {FEWEST}. Drop {_listed(list(sparse))}."
        )
    return Complete(frame=frame, rows=np.arange(rows, dtype=np.int64), holes=MappingProxyType(holes))


def without_missing(frame: Any, *, policy: str, unit: str | None) -> Complete:
    """Return the frame without missing values, under a stated policy.

    Parameters
    ----------
    frame : narwhals.DataFrame
        The table.
    policy : {"error", "complete"}
        Refuse, or keep complete cases only. Complete cases answer the question of everybody only where
        being complete has nothing to do with the outcome, given the adjustment set.
    unit : str, optional
        Column of the unit ids, where nothing may ever be missing.

    Returns
    -------
    Complete
        The frame, the numbers of the rows kept, and what was left out.

    Raises
    ------
    MissingValues
        Values are missing and the policy is "error"; or a unit has no id.
    DataError
        No complete row remains.
    """
    counts, incomplete = _survey(frame)
    if not counts:
        return Complete(frame=frame, rows=np.arange(len(frame), dtype=np.int64))
    rows = len(incomplete)
    refuse_missing(counts, rows, int(incomplete.sum()), policy=policy, unit=unit)
    kept = np.flatnonzero(~incomplete)
    step = complete_cases(counts, rows, len(kept))
    return Complete(frame=frame[kept], rows=kept.astype(np.int64), step=step)


def refuse_missing(
    counts: tuple[tuple[str, int], ...], rows: int, incomplete: int, *, policy: str, unit: str | None
) -> None:
    """Refuse missing values that the policy does not cover; ``counts`` holds those of each column."""
    if unit in dict(counts):
        raise MissingValues(_without_id(unit, dict(counts)[unit]))
    if policy == "error":
        raise MissingValues(_refusal(counts, rows, incomplete))
    if incomplete == rows:
        empty = [name for name, count in counts if count == rows]
        advice = (
            f"Drop {_listed(empty)}, where nothing was recorded." if empty else "Drop sparse columns first."
        )
        raise DataError(
            f"missing='complete' leaves none of the {rows:,} rows: {_counted(counts, rows)}. {advice}"
        )


def complete_cases(counts: tuple[tuple[str, int], ...], rows: int, kept: int) -> AttritionStep:
    """Return the step that leaves out rows with a missing value."""
    return AttritionStep(
        reason="complete cases (missing: " + ", ".join(f"{name} {count:,}" for name, count in counts) + ")",
        n_before=rows,
        n_after=kept,
        missing=counts,
    )


def _without_id(unit: str | None, count: int) -> str:
    return (
        f"{count:,} rows have no id in {unit!r} (unit=). Without one they cannot be put in order or found "
        "again. Give every row an id, or build the cohort without unit=."
    )


def _survey(frame: Any) -> tuple[tuple[tuple[str, int], ...], NDArray[np.bool_]]:
    incomplete = np.zeros(len(frame), dtype=bool)
    counts = []
    for name in frame.columns:
        mask = missing_mask(frame[name])
        count = int(mask.sum())
        if count:
            counts.append((str(name), count))
            incomplete |= mask
    return tuple(counts), incomplete


def _refusal(counts: tuple[tuple[str, int], ...], rows: int, incomplete: int) -> str:
    empty = [name for name, count in counts if count == rows]
    drop = f"drop {_listed(empty)} (nothing recorded)" if empty else "drop the columns that are not needed"
    return (
        f"{incomplete:,} of {rows:,} rows have missing values: {_counted(counts, rows)}. "
        "An estimate from the rows that happen to be complete may be biased, so nothing is dropped silently. "
        f"Either {drop}; or state missing='impute' (each value is drawn several times and every effect "
        "carries the uncertainty), or missing='complete' (the rows left out are counted in .attrition)."
    )


def _counted(counts: tuple[tuple[str, int], ...], rows: int) -> str:
    shown = ", ".join(f"{name!r} {count:,} ({100 * count / rows:.1f} %)" for name, count in counts[:12])
    return shown + (f" and {len(counts) - 12} more columns" if len(counts) > 12 else "")


def _listed(names: list[str]) -> str:
    return ", ".join(repr(name) for name in names)
