"""Who is compared with whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from causalmed.arguments import require_names
from causalmed.cohort import Cohort, Column
from causalmed.errors import ColumnNotFound, InvalidArgument, RoleConflict

__all__ = ["Grouping", "crossed", "groupings"]

MOST_GROUPS = 20
NOT_RECORDED = "not recorded"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Grouping:
    """Patients divided by one attribute.

    Parameters
    ----------
    attribute : str
        Name of the column, or of two joined by ``×``.
    groups : tuple of str
        Names of the groups; some may have no patient.
    codes : ndarray of int, shape (n,)
        Group of every patient.
    reference : int
        The group the others are compared with: the largest, by count alone.
    how : str
        How the groups were made, where that was a choice.
    confirmatory : bool
        Whether the comparisons were named beforehand; crossings are exploratory.

    Examples
    --------
    >>> Grouping(attribute="sex", groups=("F", "M"), codes=np.array([0, 1, 0]), reference=0).groups
    ('F', 'M')
    """

    attribute: str
    groups: tuple[str, ...]
    codes: NDArray[np.intp]
    reference: int
    how: str = ""
    confirmatory: bool = True


def groupings(
    cohort: Cohort,
    protected: str | Iterable[str] | Mapping[str, Sequence[float] | None] | None,
) -> tuple[Grouping, ...]:
    """Divide the patients by each protected attribute.

    Parameters
    ----------
    cohort : Cohort
        The patients.
    protected : str, iterable of str or mapping of str to cut points, optional
        Columns; a mapping gives the cut points of a column of numbers. By default the cohort's.

    Returns
    -------
    tuple of Grouping

    Raises
    ------
    InvalidArgument
        If nothing is protected, or cut points are not increasing numbers.
    ColumnNotFound, RoleConflict
        If a column is absent, or does not name groups.

    Examples
    --------
    >>> import pandas as pd
    >>> cohort = Cohort.from_frame(pd.DataFrame({"age": [31.5, 64.2, 80.0, 44.1]}))
    >>> groupings(cohort, {"age": [50, 70]})[0].groups
    ('below 50', '50 to below 70', '70 or more')
    """
    wanted = cohort.protected if protected is None else protected
    cuts: dict[str, Sequence[float] | None]
    cuts = dict(wanted if isinstance(wanted, Mapping) else dict.fromkeys(require_names("protected", wanted)))
    if not cuts:
        raise InvalidArgument(
            "No attribute is protected: which groups matter is for a person to say. Name them with "
            "protected=, or in the cohort."
        )
    absent = [name for name in cuts if name not in cohort]
    if absent:
        raise ColumnNotFound.among(absent, list(cohort.names), where="protected=")
    return tuple(_with_holes(cohort, name, points) for name, points in cuts.items())


def _with_holes(cohort: Cohort, name: str, points: Sequence[float] | None) -> Grouping:
    """Divide by a column; patients in whom it was not recorded are a group of their own, never dropped."""
    if cohort.incomplete is None or name not in cohort.incomplete:
        return _grouping(cohort.column(name), points)
    column = cohort.incomplete.columns[name]
    recorded = ~np.isnan(column.values)
    found = _grouping(column.take(np.flatnonzero(recorded)), points)
    codes = np.full(len(recorded), len(found.groups), dtype=np.intp)
    codes[recorded] = found.codes
    return replace(found, groups=(*found.groups, NOT_RECORDED), codes=codes)


def crossed(first: Grouping, second: Grouping) -> Grouping:
    """Divide the patients by two attributes at once; only pairs of groups that have patients are kept.

    Parameters
    ----------
    first, second : Grouping
        Of the same patients.

    Returns
    -------
    Grouping
        Exploratory.

    Examples
    --------
    >>> sex = Grouping(attribute="sex", groups=("F", "M"), codes=np.array([0, 1, 0]), reference=0)
    >>> ward = Grouping(attribute="ward", groups=("a", "b"), codes=np.array([0, 1, 1]), reference=1)
    >>> crossed(sex, ward).groups
    ('F × a', 'F × b', 'M × b')
    """
    pair = first.codes * len(second.groups) + second.codes
    present, codes = np.unique(pair, return_inverse=True)
    width = len(second.groups)
    names = tuple(f"{first.groups[at // width]} × {second.groups[at % width]}" for at in present.tolist())
    return Grouping(
        attribute=f"{first.attribute} × {second.attribute}",
        groups=names,
        codes=codes.astype(np.intp),
        reference=_largest(codes, len(names)),
        confirmatory=False,
    )


def _grouping(column: Column, points: Sequence[float] | None) -> Grouping:
    if column.kind in ("identifier", "date"):
        raise RoleConflict(
            f"Column {column.name!r} is {column.kind}: it names no groups. Derive a column of groups."
        )
    if column.is_discrete:
        return _by_levels(column, points)
    if points is None:
        points = sorted(set(np.quantile(column.values, [0.25, 0.5, 0.75]).tolist()))
        how = "bands at the quartiles of this cohort, because nobody stated cut points"
    else:
        how = "bands at the cut points stated"
    return _by_bands(column, _checked_points(column.name, points), how)


def _by_levels(column: Column, points: Sequence[float] | None) -> Grouping:
    if points is not None:
        raise InvalidArgument(
            f"protected= gives cut points for {column.name!r}, which is {column.kind}: cut points divide "
            "numbers. Give None for it."
        )
    names = column.levels or tuple(str(int(code)) for code in np.unique(column.values))
    codes = column.values if column.levels else np.unique(column.values, return_inverse=True)[1]
    if len(names) > MOST_GROUPS:
        raise InvalidArgument(
            f"Column {column.name!r} has {len(names)} groups; more than {MOST_GROUPS} leave too few "
            "patients in each to say anything. Merge levels."
        )
    codes = np.asarray(codes, dtype=np.intp)
    return Grouping(attribute=column.name, groups=names, codes=codes, reference=_largest(codes, len(names)))


def _by_bands(column: Column, points: list[float], how: str) -> Grouping:
    codes = np.searchsorted(np.array(points), column.values, side="right").astype(np.intp)
    text = [f"{point:.4g}" for point in points]
    names = (
        f"below {text[0]}",
        *(f"{low} to below {high}" for low, high in pairwise(text)),
        f"{text[-1]} or more",
    )
    return Grouping(
        attribute=column.name, groups=names, codes=codes, reference=_largest(codes, len(names)), how=how
    )


def _checked_points(name: str, points: Sequence[float]) -> list[float]:
    try:
        listed = [float(point) for point in points]
    except (TypeError, ValueError):
        listed = []
    if not listed or not np.all(np.isfinite(listed)) or np.any(np.diff(listed) <= 0):
        raise InvalidArgument(
            f"The cut points of {name!r} are {points!r}: give increasing numbers, for example [50, 65, 80]."
        )
    return listed


def _largest(codes: NDArray[np.intp], groups: int) -> int:
    return int(np.argmax(np.bincount(codes, minlength=groups)))
