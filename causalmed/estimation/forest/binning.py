"""Columns of the adjustment set as numbered bins, coded the same way for other patients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from causalmed.errors import ColumnNotFound, DataError
from causalmed.regression import ColumnLike

__all__ = ["Binning", "edges_of"]

_LINE: Final = 8
"""Rows are padded to whole words, which the kernels copy."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Binning:
    """How columns are cut into bins.

    Attributes
    ----------
    columns : tuple of (str, tuple of str, float or None)
        Column, its levels, and the code whose indicator is meant (None: the number itself).
    edges : tuple of ndarray
        Upper ends of all bins but the last, of each feature.
    """

    columns: tuple[tuple[str, tuple[str, ...], float | None], ...]
    edges: tuple[NDArray[np.float64], ...]

    @classmethod
    def learn(cls, columns: Sequence[ColumnLike], *, bins: int) -> Binning:
        """Choose the edges: all values of a column with few, else quantiles.

        Parameters
        ----------
        columns : sequence of ColumnLike
            Covariates. Levels without an order get an indicator each, those with one keep their codes.
        bins : int
            Most bins of a column, at most 255.
        """
        coded: list[tuple[str, tuple[str, ...], float | None]] = []
        edges = []
        for column in columns:
            codes = _codes(column)
            coded += [(column.name, tuple(column.levels), code) for code in codes]
            edges += [edges_of(_feature(column.values, code), bins=bins) for code in codes]
        return cls(columns=tuple(coded), edges=tuple(edges))

    @property
    def levels(self) -> NDArray[np.uint8]:
        """Number of bins of each feature."""
        return np.array([len(edge) + 1 for edge in self.edges], dtype=np.uint8)

    def apply(self, columns: Sequence[ColumnLike]) -> NDArray[np.uint8]:
        """Number the bins of patients.

        Returns
        -------
        ndarray of uint8, shape (n, p padded to a multiple of 8)

        Raises
        ------
        ColumnNotFound, DataError
            A column is missing, or has a level that was not there when the forest was grown.
        """
        table = {column.name: column for column in columns}
        if absent := [name for name, *_ in self.columns if name not in table]:
            raise ColumnNotFound.among(absent, list(table), where="adjustment set of the forest")
        n = len(next(iter(table.values())).values)
        answer = np.zeros((n, -(-len(self.columns) // _LINE) * _LINE), dtype=np.uint8)
        for j, ((name, levels, code), edge) in enumerate(zip(self.columns, self.edges, strict=True)):
            values = _recoded(table[name], levels)
            if not np.isfinite(values).all():
                raise DataError(
                    f"Column {name!r} has missing or infinite values: the forest cannot place them."
                )
            answer[:, j] = np.searchsorted(edge, _feature(values, code), side="left")
        return answer


def edges_of(values: NDArray[np.float64], *, bins: int) -> NDArray[np.float64]:
    """Return the upper ends of all bins but the last.

    Examples
    --------
    >>> edges_of(np.array([3.0, 1, 2, 2]), bins=63).tolist()
    [1.0, 2.0]
    >>> edges_of(np.arange(100.0), bins=4).tolist()
    [24.0, 49.0, 74.0]
    """
    ordered = np.sort(values)
    distinct = ordered[np.concatenate([[True], ordered[1:] != ordered[:-1]])] if len(ordered) else ordered
    if len(distinct) <= bins:
        return distinct[:-1]
    places = np.ceil(np.arange(1, bins) * len(ordered) / bins).astype(np.intp) - 1
    found = np.unique(ordered[places])
    return np.asarray(found[found < ordered[-1]])


def _codes(column: ColumnLike) -> list[float | None]:
    if column.kind != "categorical":
        return [None]
    present = np.unique(column.values)
    return [float(code) for code in (present if len(present) > 2 else present[-1:])]


def _feature(values: NDArray[np.float64], code: float | None) -> NDArray[np.float64]:
    return values if code is None else (values == code).astype(np.float64)


def _recoded(column: ColumnLike, levels: tuple[str, ...]) -> NDArray[np.float64]:
    """Return values with the codes that the levels had when the forest was grown."""
    own = tuple(column.levels)
    if own == levels:
        return np.asarray(column.values, dtype=np.float64)
    present = {own[int(code)] for code in np.unique(column.values)} if own else set()
    if not own or (unknown := present - set(levels)):
        what = f"level {min(unknown)!r}" if own else "numbers instead of levels"
        raise DataError(
            f"Column {column.name!r} has {what}, which no patient had when the forest was grown: it cannot "
            "say what holds there. Restrict the patients to levels that it knows."
        )
    code_of = {level: float(code) for code, level in enumerate(levels)}
    codes = np.array([code_of.get(level, np.nan) for level in own])
    return np.asarray(codes[column.values.astype(np.intp)], dtype=np.float64)
