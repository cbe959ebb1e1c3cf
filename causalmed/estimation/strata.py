"""How many patients, and how many exposed ones, have the same values of discrete covariates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from causalmed.regression import ColumnLike

__all__ = ["DISCRETE", "Strata", "merged", "strata_of"]

Array = NDArray[np.float64]
DISCRETE: Final = ("binary", "ordinal", "categorical")
_MOST: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Strata:
    """The strata that some columns make, in the order of their values.

    Attributes
    ----------
    columns : tuple of ColumnLike
        The columns.
    values : ndarray, shape (k, columns)
        Their values in each stratum.
    size, exposed : ndarray, shape (k,)
        Patients, and exposed patients.
    """

    columns: tuple[ColumnLike, ...]
    values: Array
    size: Array
    exposed: Array

    @property
    def many(self) -> bool:
        """Whether there are too many strata for each to be looked at."""
        return len(self.size) > _MOST


def strata_of(covariates: Iterable[ColumnLike], exposed: Array) -> tuple[Strata, ...]:
    """Return the strata of each discrete column, and of all of them together.

    Parameters
    ----------
    covariates : iterable of ColumnLike
        The adjustment set.
    exposed : ndarray, shape (n,)
        1 for the exposed, else 0.

    Returns
    -------
    tuple of Strata
        A table that would have more than 200 lines has 201.
    """
    discrete = [column for column in covariates if column.kind in DISCRETE]
    groupings = [[column] for column in discrete]
    if len(discrete) > 1:
        groupings.append(discrete)
    return tuple(_strata(columns, exposed) for columns in groupings)


def merged(parts: Sequence[Strata]) -> Strata:
    """Add up the same strata in several parts of the patients."""
    total: dict[tuple[float, ...], list[float]] = {}
    for part in parts:
        rows = zip(part.values.tolist(), part.size.tolist(), part.exposed.tolist(), strict=True)
        for values, size, exposed in rows:
            line = total.setdefault(tuple(values), [0.0, 0.0])
            line[0] += size
            line[1] += exposed
        if len(total) > _MOST:
            break
    keys = sorted(total)
    counts = np.array([total[key] for key in keys])
    return Strata(columns=parts[0].columns, values=np.array(keys), size=counts[:, 0], exposed=counts[:, 1])


def _renumbered(codes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number codes 0, 1, … in their order; where they lie close together, without sorting."""
    width = int(codes.max(initial=0)) + 1
    if width > 4 * len(codes):
        return np.unique(codes, return_inverse=True)[1]
    there = np.zeros(width, dtype=bool)
    there[codes] = True
    return np.asarray((np.cumsum(there) - 1)[codes])


def _strata(columns: Sequence[ColumnLike], exposed: Array) -> Strata:
    member = np.zeros(len(exposed), dtype=np.int64)
    for column in columns:
        codes = column.values.astype(np.int64) - int(column.values.min())
        # renumbering at each step keeps the product of the levels from overflowing
        member = _renumbered(member * (int(codes.max(initial=0)) + 1) + codes)
    first = np.zeros(int(member.max(initial=-1)) + 1, dtype=np.intp)
    first[member[::-1]] = np.arange(len(member))[::-1]  # of equal indices the last is kept: the first row
    first = first[: _MOST + 1]
    size = np.bincount(member, minlength=len(first))[: _MOST + 1]
    return Strata(
        columns=tuple(columns),
        values=np.column_stack([column.values[first] for column in columns]),
        size=size.astype(np.float64),
        exposed=np.bincount(member, weights=exposed, minlength=len(first))[: _MOST + 1].astype(np.float64),
    )
