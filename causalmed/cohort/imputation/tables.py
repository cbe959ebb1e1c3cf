"""A cohort as the imputation models see it: blocks of predictors that can be refilled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from causalmed.cohort.column import DISCRETE_KINDS, Column
from causalmed.errors import ColumnNotFound

if TYPE_CHECKING:
    from causalmed.cohort.cohort import Cohort

__all__ = ["Coding", "Table", "table_of"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Coding:
    """How a column becomes predictors, learned on its recorded values.

    Attributes
    ----------
    kind : str
        Kind of the column.
    levels : ndarray
        Codes that were recorded, for a discrete column; else empty.
    centre, scale : float
        Mean and standard deviation of a number.
    """

    kind: str
    levels: Array
    centre: float
    scale: float

    @classmethod
    def learn(cls, column: Column) -> Coding:
        """Learn the coding of a column."""
        recorded = column.values[~np.isnan(column.values)]
        discrete = column.kind in DISCRETE_KINDS
        levels = np.unique(recorded) if discrete else np.zeros(0)
        spread = float(recorded.std())
        return cls(
            kind=column.kind,
            levels=levels,
            centre=float(recorded.mean()),
            scale=spread if spread > 0 else 1.0,
        )

    @property
    def width(self) -> int:
        """Number of predictors."""
        return max(len(self.levels) - 1, 0) if self.kind in DISCRETE_KINDS else 1

    def block(self, values: Array) -> Array:
        """Return the predictors: standardised numbers, or an indicator of each level but the first."""
        if self.kind in DISCRETE_KINDS:
            return np.asarray(values[:, None] == self.levels[1:], dtype=np.float64)
        return ((values - self.centre) / self.scale)[:, None]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Table:
    """Everything the chains need to know.

    Attributes
    ----------
    columns : mapping of str to Column
        Columns in the models, by name in alphabetical order.
    codings : mapping of str to Coding
        Their codings.
    holes : mapping of str to ndarray of int
        Rows without a value, of the columns that have such.
    blocks : mapping of str to slice
        Where the predictors of a column, or of a product ``"a × b"``, stand.
    products : tuple of (str, str)
        Pairs whose products are predictors.
    groups : ndarray of int, shape (n,)
        Cluster of each patient.
    count : int
        Clusters; 0 for none.
    rows, width : int
        Shape of the matrix of predictors; its first column is one.
    """

    columns: Mapping[str, Column]
    codings: Mapping[str, Coding]
    holes: Mapping[str, NDArray[np.intp]]
    blocks: Mapping[str, slice]
    products: tuple[tuple[str, str], ...]
    groups: NDArray[np.intp]
    count: int
    rows: int
    width: int

    @property
    def order(self) -> tuple[str, ...]:
        """Columns with holes, the fewest first: the order in which they are visited."""
        return tuple(sorted(self.holes, key=lambda name: (len(self.holes[name]), name)))

    def predictors_of(self, name: str) -> NDArray[np.intp]:
        """Return the positions of the predictors of a column: all others, and products without it."""
        keep = np.ones(self.width, dtype=bool)
        keep[self.blocks[name]] = False
        for pair in self.products:
            if name in pair:
                keep[self.blocks[product_name(pair)]] = False
        return np.flatnonzero(keep)

    def fill(self, matrix: Array, values: Mapping[str, Array], names: Sequence[str]) -> None:
        """Write the predictors of some columns, and of their products, into a matrix."""
        for name in names:
            matrix[:, self.blocks[name]] = self.codings[name].block(values[name])
        for first, second in self.products:
            if first in names or second in names:
                a, b = matrix[:, self.blocks[first]], matrix[:, self.blocks[second]]
                matrix[:, self.blocks[product_name((first, second))]] = (
                    a[:, :, None] * b[:, None, :]
                ).reshape(self.rows, -1)


def product_name(pair: tuple[str, str]) -> str:
    """Return the name of the block of a product."""
    return f"{pair[0]} × {pair[1]}"


def table_of(cohort: Cohort) -> Table:
    """Arrange the columns of a cohort for imputation.

    Identifiers are left out. The time of a follow-up is replaced by the cumulative hazard at that time
    (White IR, Royston P 2009. Stat Med 28:1982-1998). The cluster is not a predictor: it has an intercept
    of its own in every model.

    Raises
    ------
    ColumnNotFound
        A product of a column that is not there.
    """
    assert cohort.incomplete is not None
    columns = {**cohort.columns, **cohort.incomplete.columns}
    used = {
        name: _as_predictor(cohort, columns[name])
        for name in sorted(columns)
        if columns[name].kind != "identifier" and name != cohort.cluster
    }
    codings = {name: Coding.learn(column) for name, column in used.items()}
    pairs = cohort.incomplete.spec.interactions
    if absent := sorted({name for pair in pairs for name in pair} - set(used)):
        raise ColumnNotFound.among(absent, tuple(used), where="interactions=")
    blocks, at = {}, 1
    widths = {name: coding.width for name, coding in codings.items()}
    for name, width in widths.items():
        blocks[name] = slice(at, at + width)
        at += width
    for pair in pairs:
        width = widths[pair[0]] * widths[pair[1]]
        blocks[product_name(pair)] = slice(at, at + width)
        at += width
    codes = cohort.cluster_codes
    return Table(
        columns=used,
        codings=codings,
        holes={
            name: np.flatnonzero(np.isnan(column.values))
            for name, column in cohort.incomplete.columns.items()
        },
        blocks=blocks,
        products=pairs,
        groups=np.zeros(cohort.n, dtype=np.intp) if codes is None else codes,
        count=0 if codes is None else len(cohort.cluster_levels),
        rows=cohort.n,
        width=at,
    )


def _as_predictor(cohort: Cohort, column: Column) -> Column:
    spec = cohort.follow_up
    if spec is None or column.name != spec.time:
        return column
    codes = cohort.column(spec.event)
    censored = codes.labels() == str(spec.censored)
    return column.replace_values(_cumulative_hazard(column.values, ~censored))


def _cumulative_hazard(time: Array, ended: NDArray[np.bool_]) -> Array:
    """Return the Nelson-Aalen estimate at each patient's own time."""
    moments, at = np.unique(time, return_inverse=True)
    left = np.bincount(at, minlength=len(moments))
    at_risk = left[::-1].cumsum()[::-1]
    events = np.bincount(at, weights=ended.astype(np.float64), minlength=len(moments))
    return np.asarray(np.cumsum(events / at_risk)[at])
