"""Bars of a histogram that may leave the hospital: none with a few patients only."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["merged"]

Counts = tuple[float, ...]


def merged(
    edges: Sequence[float], first: Sequence[float], second: Sequence[float], *, least: int
) -> tuple[Counts, Counts, Counts]:
    """Join neighbouring bars until each holds nobody, or at least ``least`` patients, on both sides.

    Parameters
    ----------
    edges : sequence of float
        Borders of the bars, one more than there are bars.
    first, second : sequence of float
        Patients in each bar, of two groups.
    least : int
        Fewest patients a bar may show.

    Returns
    -------
    edges, first, second : tuple of float
        No bar has between 1 and ``least - 1`` patients, unless a whole group has.

    Examples
    --------
    >>> merged((0.0, 0.1, 0.2, 0.3), (40, 8, 2), (20, 15, 0), least=11)
    ((0.0, 0.3), (50.0,), (35.0,))
    >>> merged((0.0, 0.1, 0.2, 0.3), (40, 12, 0), (0, 15, 30), least=11)
    ((0.0, 0.1, 0.2, 0.3), (40.0, 12.0, 0.0), (0.0, 15.0, 30.0))
    """
    borders, left, right = [edges[0]], [], []
    held = (0.0, 0.0)
    for border, one, two in zip(edges[1:], first, second, strict=True):
        held = (held[0] + one, held[1] + two)
        if not any(0 < count < least for count in held):
            borders.append(border)
            left.append(held[0])
            right.append(held[1])
            held = (0.0, 0.0)
    if held != (0.0, 0.0) or len(borders) == 1:
        _join_last(borders, left, right, held=held, end=edges[-1], least=least)
    return tuple(borders), tuple(left), tuple(right)


def _join_last(
    borders: list[float],
    left: list[float],
    right: list[float],
    *,
    held: tuple[float, float],
    end: float,
    least: int,
) -> None:
    """Join what is left over to the bars before it, as many as it takes."""
    while borders[1:]:
        borders.pop()
        held = (held[0] + left.pop(), held[1] + right.pop())
        if not any(0 < count < least for count in held):
            break
    borders.append(end)
    left.append(held[0])
    right.append(held[1])
