"""A design coded when it is read: a large one is needed whole while it is fitted, and rarely after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from causalmed.regression import ColumnLike, DesignRecipe

__all__ = ["KEPT", "CodedRows", "block_of", "kept", "pair_of", "whole"]

Array = NDArray[np.float64]
KEPT: Final = 2**23
"""Cells up to which a design stays in memory once it is coded."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CodedRows:
    """A recipe and the columns it reads.

    Attributes
    ----------
    recipe : DesignRecipe
        The coding, learned on these columns.
    columns : tuple of ColumnLike
        Columns of the table.
    rows : int
        How many rows there are.
    override : mapping of str to float or None
        Column → the value it is set to on every row.
    """

    recipe: DesignRecipe
    columns: tuple[ColumnLike, ...]
    rows: int
    override: Mapping[str, float] | None = None

    def block(self, block: slice) -> Array:
        """Code some rows."""
        return self.recipe.build_rows(self.columns, block, self.override, rows=self.rows)


def kept(coded: CodedRows, *, always: bool = False) -> Array | CodedRows:
    """Return all rows if they are few, or will be read again and again; else what codes them."""
    return whole(coded) if always or coded.rows * len(coded.recipe.names) <= KEPT else coded


def whole(design: Array | CodedRows) -> Array:
    """Return a design with all its rows, shape (n, p)."""
    if isinstance(design, CodedRows):
        return design.block(slice(0, design.rows))
    return design


def block_of(design: Array | CodedRows, block: slice) -> Array:
    """Return some rows of a design."""
    return design.block(block) if isinstance(design, CodedRows) else design[block]


def pair_of(first: Array | CodedRows, second: Array | CodedRows, block: slice) -> tuple[Array, Array]:
    """Return some rows of two designs, which may differ in what a column is set to."""
    one = block_of(first, block)
    if isinstance(first, CodedRows) and isinstance(second, CodedRows) and second.override:
        if first is second:
            return one, one
        return one, second.recipe.recoded(one, second.columns, block, second.override)
    return one, one if first is second else block_of(second, block)
