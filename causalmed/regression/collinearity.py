"""Which columns say nothing that the others have not said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from causalmed.errors import DataError

__all__ = ["check_rank", "redundant_columns"]

_TOLERANCE: Final = 1e-11


def redundant_columns(
    gram: NDArray[np.float64], tolerance: float = _TOLERANCE
) -> tuple[tuple[int, tuple[int, ...]], ...]:
    r"""Find columns that are linear combinations of columns before them.

    A Cholesky factorisation :math:`G = L L^\top` in the order given; column j is redundant where its
    pivot, the residual sum of squares on the columns kept so far, is below ``tolerance`` times
    :math:`G_{jj}`. Keeping the given order means that the later of two equal columns is named.

    Parameters
    ----------
    gram : ndarray, shape (p, p)
        Cross-products of the columns.
    tolerance : float
        Smallest share of a column that must be its own.

    Returns
    -------
    tuple of (int, tuple of int)
        A redundant column and the columns that make it up.

    Examples
    --------
    >>> a = np.array([[1.0, 0, 1], [0, 1, 1], [1, 1, 1], [2, 0, 2]])
    >>> a[:, 2] = a[:, 0] + a[:, 1]
    >>> redundant_columns(a.T @ a)
    ((2, (0, 1)),)
    """
    size = np.sqrt(np.diagonal(gram))
    unit = gram / np.where(size > 0, size, 1.0)[:, None] / np.where(size > 0, size, 1.0)
    kept: list[int] = []
    answer: list[tuple[int, tuple[int, ...]]] = []
    for j in range(len(gram)):
        if size[j] == 0:
            answer.append((j, ()))
            continue
        combination = np.linalg.solve(unit[np.ix_(kept, kept)], unit[kept, j]) if kept else np.zeros(0)
        residual = unit[j, j] - unit[kept, j] @ combination
        if residual > tolerance:
            kept.append(j)
        else:
            answer.append(
                (j, tuple(k for k, share in zip(kept, combination, strict=True) if abs(share) > 1e-6))
            )
    return tuple(answer)


def check_rank(gram: NDArray[np.float64], names: Sequence[str]) -> None:
    """Raise :class:`DataError` naming the redundant columns of a Gram matrix, if there are any."""
    redundant = redundant_columns(gram)
    if not redundant:
        return
    sentences = []
    for column, others in redundant:
        made_of = ", ".join(repr(names[k]) for k in others)
        sentences.append(
            f"{names[column]!r} is " + (f"determined by {made_of}" if others else "zero on every row")
        )
    raise DataError(
        f"The columns of the regression are collinear: {'; '.join(sentences)}. Their coefficients have no "
        "unique value. Leave the redundant column out of the adjustment set or the formula, or merge its "
        "levels."
    )
