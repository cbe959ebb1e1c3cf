"""Missing values: refused with a count, or left out with a count; never ignored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from causalmed.cohort.attrition import AttritionStep
from causalmed.cohort.reading import missing_mask
from causalmed.errors import DataError, InvalidArgument, MissingValues

__all__ = ["POLICIES", "Complete", "without_missing"]

POLICIES: Final = ("error", "complete")
"""What may be done about missing values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Complete:
    """A frame without missing values.

    Attributes
    ----------
    frame : narwhals.DataFrame
        The rows that remain.
    rows : ndarray of int
        Their numbers in the table as received.
    step : AttritionStep or None
        What was left out; ``None`` where nothing was missing.
    """

    frame: Any
    rows: NDArray[np.int64]
    step: AttritionStep | None = None


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
    InvalidArgument
        Another policy.
    MissingValues
        Values are missing and the policy is "error"; or a unit has no id.
    DataError
        No complete row remains.
    """
    if policy not in POLICIES:
        raise InvalidArgument.option("missing", policy, POLICIES)
    counts, incomplete = _survey(frame)
    if not counts:
        return Complete(frame=frame, rows=np.arange(len(frame), dtype=np.int64))
    if unit in dict(counts):
        raise MissingValues(
            f"{dict(counts)[unit]:,} rows have no id in {unit!r} (unit=). Without one they cannot be put in "
            "order or found again. Give every row an id, or build the cohort without unit=."
        )
    rows = len(incomplete)
    if policy == "error":
        raise MissingValues(_refusal(counts, rows, int(incomplete.sum())))
    kept = np.flatnonzero(~incomplete)
    if not len(kept):
        empty = [name for name, count in counts if count == rows]
        advice = (
            f"Drop {_listed(empty)}, where nothing was recorded." if empty else "Drop sparse columns first."
        )
        raise DataError(
            f"missing='complete' leaves none of the {rows:,} rows: {_counted(counts, rows)}. {advice}"
        )
    step = AttritionStep(
        reason="complete cases (missing: " + ", ".join(f"{name} {count:,}" for name, count in counts) + ")",
        n_before=rows,
        n_after=len(kept),
        missing=counts,
    )
    return Complete(frame=frame[kept], rows=kept.astype(np.int64), step=step)


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
        f"Either {drop}, fill the values with a method you can defend, or state missing='complete' "
        "(the rows left out are counted in .attrition)."
    )


def _counted(counts: tuple[tuple[str, int], ...], rows: int) -> str:
    shown = ", ".join(f"{name!r} {count:,} ({100 * count / rows:.1f} %)" for name, count in counts[:12])
    return shown + (f" and {len(counts) - 12} more columns" if len(counts) > 12 else "")


def _listed(names: list[str]) -> str:
    return ", ".join(repr(name) for name in names)
