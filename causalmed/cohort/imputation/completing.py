"""From a cohort with holes to its completed tables, each drawn once and remembered."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from causalmed.cohort.column import Column, read_only
from causalmed.cohort.imputation.chains import Chain, run_chain
from causalmed.cohort.imputation.incomplete import parted, recorded_rows
from causalmed.cohort.imputation.tables import table_of
from causalmed.engine import Executor, Local
from causalmed.errors import DataError, InvalidArgument

if TYPE_CHECKING:
    from causalmed.cohort.cohort import Cohort

__all__ = ["Completions", "completed_cohort", "completions_of"]

Array = NDArray[np.float64]
_ONE_AT_A_TIME: Final = threading.Lock()
_LOCAL: Final = Local()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Completions:
    """All imputed values of a cohort.

    Attributes
    ----------
    values : mapping of str to ndarray, shape (draws, holes)
        Imputed values of each column, its rows without a value in order.
    trace : ndarray, shape (draws, iterations, columns)
        Means of the imputed values, columns in the order of ``values``.
    """

    values: Mapping[str, Array]
    trace: Array


def completions_of(cohort: Cohort, *, executor: Executor = _LOCAL) -> Completions:
    """Impute, or return what was imputed before.

    Parameters
    ----------
    cohort : Cohort
        With missing values.
    executor : Executor
        Runs the chains; no choice changes a value.

    Raises
    ------
    DataError
        Among these patients, nothing was recorded in a column.
    """
    assert cohort.incomplete is not None
    for name, column in cohort.incomplete.columns.items():
        if not recorded_rows(column).any():
            raise DataError(
                f"Column {name!r} was recorded for none of these {cohort.n:,} patients, so it cannot be "
                "imputed among them. Drop the column, or ask about more patients at once."
            )
    with _ONE_AT_A_TIME:
        if "completions" not in cohort._memory:
            cohort._memory["completions"] = _impute(cohort, executor)
    found: Completions = cohort._memory["completions"]
    return found


def completed_cohort(cohort: Cohort, draw: int, *, keep: Iterable[str] = ()) -> Cohort:
    """Return one completed cohort; the parameters are those of :meth:`Cohort.completed`."""
    incomplete, kept = cohort.incomplete, frozenset(keep)
    if incomplete is None:
        return cohort
    if isinstance(draw, bool) or not isinstance(draw, int) or not 1 <= draw <= incomplete.spec.draws:
        raise InvalidArgument(f"draw={draw!r} must be a whole number from 1 to {incomplete.spec.draws}.")
    columns: dict[str, Column] = dict(cohort.columns)
    columns.update({name: column for name, column in incomplete.columns.items() if name in kept})
    wanted = [name for name in incomplete.columns if name not in kept]
    if wanted:
        drawn = completions_of(cohort)
        for name in wanted:
            columns[name] = _filled(incomplete.columns[name], drawn.values[name][draw - 1])
    whole, rest = parted(columns, incomplete.spec)
    return replace(cohort, columns=MappingProxyType(dict(whole)), incomplete=rest)


def _filled(column: Column, imputed: Array) -> Column:
    values = np.array(column.values)
    values[~recorded_rows(column)] = imputed
    return column.replace_values(read_only(values))


def _impute(cohort: Cohort, executor: Executor) -> Completions:
    assert cohort.incomplete is not None
    spec, table = cohort.incomplete.spec, table_of(cohort)

    def one(draw: int) -> Chain:
        return run_chain(table, spec, draw)

    chains = executor.map(one, range(1, spec.draws + 1))
    return Completions(
        values={name: read_only(np.array([chain.values[name] for chain in chains])) for name in table.order},
        trace=read_only(np.array([chain.trace for chain in chains])),
    )
