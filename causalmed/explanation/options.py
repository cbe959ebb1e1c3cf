"""Which values a plan may choose, and how large each change is."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from causalmed.cohort import Cohort, Column
from causalmed.errors import InvalidArgument

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Option", "changes", "count", "options_of"]

QUANTILES: Final = (0.1, 0.25, 0.5, 0.75, 0.9)
MOST_PLANS: Final = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A value that one column could take.

    Parameters
    ----------
    name : str
        The column.
    value : float
        The value, or the code of its level.
    size : float
        How large the change is, in [0, 1]: 1 for another level of a binary or categorical column,
        otherwise the share of the population between the old and the new value.
    """

    name: str
    value: float
    size: float


def options_of(
    column: Column, *, population: NDArray[np.float64], stated: Sequence[float] | None = None
) -> tuple[Option, ...]:
    """Return what a column of one patient could be instead.

    Parameters
    ----------
    column : Column
        The column of one patient.
    population : ndarray, shape (n,)
        Values (codes) in the population.
    stated : sequence of float, optional
        The values to consider, instead of every other level or the 10, 25, 50, 75 and 90 % quantiles.

    Examples
    --------
    >>> glucose = Column(name="glucose", kind="continuous", values=np.array([200.0]))
    >>> [option.value for option in options_of(glucose, population=np.arange(101.0) + 100)]
    [110.0, 125.0, 150.0, 175.0, 190.0]
    """
    now = float(column.values[0])
    if stated is not None:
        values = [float(value) for value in stated]
    elif column.is_discrete:
        values = [float(code) for code in range(max(2, len(column.levels)))]
    else:
        values = np.unique(np.quantile(population, QUANTILES)).tolist()
        values = [float(round(value)) for value in values] if column.kind == "count" else values
    return tuple(
        Option(name=column.name, value=value, size=_size(column, now, value, population))
        for value in dict.fromkeys(values)
        if value != now
    )


def _size(column: Column, now: float, value: float, population: NDArray[np.float64]) -> float:
    if column.kind in {"binary", "categorical"}:
        return 1.0
    low, high = min(now, value), max(now, value)
    return float(np.mean((population > low) & (population <= high)))


def count(options: Sequence[Sequence[Option]], most: int) -> int:
    """Return how many plans there are with 1 to ``most`` changes."""
    sizes = [len(group) for group in options]
    return sum(
        math.prod(chosen)
        for changes_ in range(1, most + 1)
        for chosen in itertools.combinations(sizes, changes_)
    )


def changes(options: Sequence[Sequence[Option]], most: int) -> Iterator[tuple[Option, ...]]:
    """Yield every plan with 1 to ``most`` changes, each column changed at most once.

    Examples
    --------
    >>> late = (Option(name="late", value=0.0, size=1.0),)
    >>> glucose = tuple(Option(name="glucose", value=v, size=0.2) for v in (110.0, 140.0))
    >>> len(list(changes((late, glucose), 2))), count((late, glucose), 2)
    (5, 5)
    """
    for size in range(1, most + 1):
        for groups in itertools.combinations(options, size):
            yield from itertools.product(*groups)


def all_options(
    patient: Cohort,
    *,
    actionable: Sequence[str],
    population: pd.DataFrame,
    stated: Mapping[str, Sequence[object]],
) -> tuple[tuple[Option, ...], ...]:
    """Return the options of every actionable column."""
    found = []
    for name in actionable:
        column = patient.column(name)
        if not column.is_discrete and column.kind not in {"continuous", "count"}:
            raise InvalidArgument(
                f"Column {name!r} is of kind {column.kind!r}, and cannot be changed by a plan. Leave it out "
                "of actionable=."
            )
        found.append(
            options_of(
                column, population=codes(population[name], column), stated=_stated(column, stated.get(name))
            )
        )
    return tuple(found)


def _stated(column: Column, values: Sequence[object] | None) -> tuple[float, ...] | None:
    """Return stated levels as numbers: labels become codes."""
    if values is None:
        return None
    known = {level: float(index) for index, level in enumerate(column.levels)}
    found = []
    for value in values:
        if str(value) in known:
            found.append(known[str(value)])
        elif not column.levels and isinstance(value, (int, float)) and math.isfinite(value):
            found.append(float(value))
        else:
            allowed = f"one of {', '.join(column.levels)}" if column.levels else "a finite number"
            raise InvalidArgument(f"levels[{column.name!r}] holds {value!r}, which is not {allowed}.")
    return tuple(found)


def codes(values: pd.Series, column: Column) -> NDArray[np.float64]:
    """Return sampled values as numbers, coded like the column."""
    if column.levels and not np.issubdtype(np.asarray(values).dtype, np.number):
        code = {level: float(index) for index, level in enumerate(column.levels)}
        return np.array([code[str(value)] for value in values], dtype=np.float64)
    return np.asarray(values, dtype=np.float64)
