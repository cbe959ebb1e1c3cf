"""Tables as text and as HTML: every string that came from data is escaped here."""

from __future__ import annotations

import re
from html import escape
from numbers import Integral, Real
from typing import TYPE_CHECKING, Final

from causalmed.results.words import number

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["html_table", "text_table"]

_WRITTEN: Final = re.compile(r"[+−-]?[\d,.∞]+(?:\s%)?(?:\s\([^()]*\))?")
"""A number that is already written, alone or with its limits in brackets."""
_NOTHING: Final = frozenset({"", "–", "not shown"})


def html_table(frame: pd.DataFrame, *, caption: str, digits: int = 3) -> str:
    """Render a frame as an accessible HTML table.

    The first column heads its row; numbers are aligned on the right; nothing from the frame is
    trusted.

    Parameters
    ----------
    frame : pandas.DataFrame
        The table; its index is not shown.
    caption : str
        What the table says.
    digits : int
        Significant digits of non-integer numbers.

    Returns
    -------
    str

    Examples
    --------
    >>> import pandas as pd
    >>> html = html_table(pd.DataFrame({"arm": ["<b>"], "risk": [0.123456]}), caption="Risks")
    >>> "&lt;b&gt;" in html, "0.123" in html, '<th scope="col">arm</th>' in html
    (True, True, True)
    """
    numeric = [index > 0 and _is_numeric(frame, index) for index in range(frame.shape[1])]
    head = "".join(_html_head(frame, index, numeric[index]) for index in range(frame.shape[1]))
    rows = "".join(_html_row(list(row), numeric, digits) for row in frame.itertuples(index=False, name=None))
    return (
        f'<table class="causalmed"><caption>{escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    )


def text_table(frame: pd.DataFrame, *, digits: int = 3) -> str:
    """Render a frame as aligned plain text.

    Examples
    --------
    >>> import pandas as pd
    >>> print(text_table(pd.DataFrame({"arm": ["late", "in time"], "risk": [0.123456, 0.1]})))
    arm       risk
    late     0.123
    in time  0.100
    """
    cells = [[str(name) for name in frame.columns]]
    cells += [[_written(value, digits) for value in row] for row in frame.itertuples(index=False, name=None)]
    numeric = [frame.iloc[:, index].dtype.kind in "iuf" for index in range(frame.shape[1])]
    widths = [max(len(row[index]) for row in cells) for index in range(frame.shape[1])]
    lines = (
        "  ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, numeric, strict=True)
        ).rstrip()
        for row in cells
    )
    return "\n".join(lines)


def _is_numeric(frame: pd.DataFrame, index: int) -> bool:
    """Whether a column holds numbers, or nothing but texts that are numbers as written."""
    column = frame.iloc[:, index]
    if column.dtype.kind in "iuf":
        return True
    texts = [value for value in column if not (value is None or value in _NOTHING)]
    return bool(texts) and all(isinstance(one, str) and _WRITTEN.fullmatch(one) for one in texts)


def _html_head(frame: pd.DataFrame, index: int, numeric: bool) -> str:
    kind = ' class="number"' if numeric else ""
    return f'<th scope="col"{kind}>{escape(str(frame.columns[index]))}</th>'


def _html_row(values: list[object], numeric: list[bool], digits: int) -> str:
    first, rest = values[:1], values[1:]
    cells = "".join(f'<th scope="row">{escape(_written(value, digits))}</th>' for value in first)
    for value, number_column in zip(rest, numeric[1:], strict=True):
        is_number = number_column or (isinstance(value, Real) and not isinstance(value, bool))
        kind = ' class="number"' if is_number else ""
        cells += f"<td{kind}>{escape(_written(value, digits))}</td>"
    return f"<tr>{cells}</tr>"


def _written(value: object, digits: int) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Real) and not isinstance(value, Integral):
        return number(float(value), digits)
    return str(value)
