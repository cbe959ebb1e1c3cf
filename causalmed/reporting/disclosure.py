"""Cells under 11 patients are neither shown nor derivable."""

from __future__ import annotations

import re
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["HIDDEN", "MINIMUM", "hidden_cells", "without_few"]

MINIMUM: Final = 11
"""Smallest number of patients that a cell may show (the rule of the US CMS, data use agreements)."""

HIDDEN: Final = "not shown"

_FEW: Final = re.compile(
    r"(?<![\d.,])(?:[1-9]|10)"
    r"(?=(?: of (?:the )?[\d,]+)? (?:patients|exposed|unexposed|events|rows|with the outcome)\b)"
)
_SPLIT: Final = re.compile(r" \([^()]*\bexposed[^()]*\)")


def without_few(text: str) -> str:
    """Return a sentence without counts of 1 to 10 patients, nor the counts that give one away.

    Examples
    --------
    >>> without_few("The scores of 21 of 900 patients (19 exposed, 2 unexposed) were moved.")
    'The scores of 21 of 900 patients were moved.'
    >>> without_few("4 of 900 patients have a propensity score below 0.01.")
    'fewer than 11 of 900 patients have a propensity score below 0.01.'
    """
    if not _FEW.search(text):
        return text
    return _FEW.sub(f"fewer than {MINIMUM}", _SPLIT.sub("", text))


def hidden_cells(counts: NDArray[np.int_]) -> NDArray[np.bool_]:
    """Choose the cells of a table of patients that must be hidden.

    A cell of 1 to 10 is hidden. Where that leaves exactly one hidden cell in a row or a column, whose
    total a reader knows, the smallest other cell that holds anybody is hidden with it (complementary
    suppression; Willenborg and de Waal 2001, Elements of Statistical Disclosure Control, chapter 5),
    until no row or column has exactly one.

    Parameters
    ----------
    counts : ndarray of int, shape (rows, columns)
        Non-negative numbers of patients.

    Returns
    -------
    ndarray of bool, shape (rows, columns)
        True where the cell must not be shown.

    Examples
    --------
    >>> hidden_cells(np.array([[4, 96], [50, 250], [40, 160]])).tolist()
    [[True, True], [False, False], [True, True]]
    """
    table = np.asarray(counts)
    hidden = (table > 0) & (table < MINIMUM)
    while True:
        before = hidden.sum()
        for lines, cells in ((hidden, table), (hidden.T, table.T)):
            for line, values in zip(lines, cells, strict=True):
                _hide_a_second(line, values)
        if hidden.sum() == before:
            return hidden


def _hide_a_second(line: NDArray[np.bool_], values: NDArray[np.int_]) -> None:
    """Hide one more cell of a line that has exactly one hidden; ``line`` is a view."""
    if line.sum() != 1:
        return
    others = np.where(line | (values == 0), np.iinfo(np.int64).max, values)
    smallest = int(np.argmin(others))
    if others[smallest] < np.iinfo(np.int64).max:
        line[smallest] = True
