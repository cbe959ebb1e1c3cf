"""Rows of text as an aligned grid that fits a page."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["shortened", "text_grid"]


def text_grid(rows: Sequence[Sequence[str]], *, width: int, left: int = 1, squeeze: bool = False) -> str:
    """Align cells in columns; columns that do not fit continue in a grid below.

    Parameters
    ----------
    rows : sequence of sequence of str
        The first is the heading.
    width : int
        Characters a line may have.
    left : int
        Number of first columns aligned on the left; the others are aligned on the right.
    squeeze : bool
        Shorten the widest columns until one grid fits, rather than continue below.

    Returns
    -------
    str

    Examples
    --------
    >>> print(text_grid([["", "late", "in time"], ["age", "65 (14)", "55 (7)"]], width=40))
            late  in time
    age  65 (14)   55 (7)
    """
    longest = width if squeeze else max(12, width // 3)
    widths = [min(longest, max(len(row[at]) for row in rows)) for at in range(len(rows[0]))]
    while squeeze and sum(widths) + 2 * (len(widths) - 1) > width and max(widths) > 1:
        widths[widths.index(max(widths))] -= 1
    cells = [[shortened(cell, most) for cell, most in zip(row, widths, strict=True)] for row in rows]
    grids = [
        "\n".join(_line(row, columns, widths, left) for row in cells) for columns in _pages(widths, width)
    ]
    return "\n\n".join(grids)


def shortened(text: str, longest: int) -> str:
    """Cut a text to ``longest`` characters, in its middle; line breaks become spaces.

    Examples
    --------
    >>> shortened("perioperative_antibiotic_prophylaxis", 15)
    'periope…hylaxis'
    """
    text = " ".join(text.split()) if text != text.strip() or "\n" in text or "\t" in text else text
    if len(text) <= longest:
        return text
    half = (longest - 1) // 2
    return f"{text[: longest - 1 - half]}…{text[len(text) - half :]}"


def _pages(widths: list[int], width: int) -> list[list[int]]:
    pages, page, used = [], [0], widths[0]
    for at in range(1, len(widths)):
        if used + 2 + widths[at] > width and len(page) > 1:
            pages.append(page)
            page, used = [0], widths[0]
        page.append(at)
        used += 2 + widths[at]
    return [*pages, page]


def _line(row: list[str], columns: list[int], widths: list[int], left: int) -> str:
    pieces = [row[at].ljust(widths[at]) if at < left else row[at].rjust(widths[at]) for at in columns]
    return "  ".join(pieces).rstrip()
