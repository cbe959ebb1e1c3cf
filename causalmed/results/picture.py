"""What every picture is: a title that states the finding, its words, and the numbers it draws."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from causalmed.errors import InvalidArgument
from causalmed.results.words import number

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from causalmed.results.interval import Interval

__all__ = ["Picture"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """The data and the words of one figure; the drawing is done by :mod:`causalmed.plotting`.

    Parameters
    ----------
    title : str
        The finding, as a short sentence. It may not be blank.

    Raises
    ------
    InvalidArgument
        If the title is blank: a picture without its finding makes the reader guess.
    """

    title: str

    def __post_init__(self) -> None:
        require_words(self, "title", why="A picture without its finding makes the reader guess.")

    @property
    def alt(self) -> str:
        """The picture in words, with its numbers, for a reader who cannot see it."""
        raise NotImplementedError

    def table(self) -> pd.DataFrame:
        """Return the numbers that are drawn, a row a mark."""
        raise NotImplementedError

    def published(self, *, least: int = 11) -> Picture:
        """Return the picture as it may leave the hospital: no bar of fewer than ``least`` patients.

        Parameters
        ----------
        least : int
            Fewest patients that a bar may show; bars are joined with their neighbours until it is so.
        """
        return self

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the picture with matplotlib.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; a new figure of the picture's own size by default.
        """
        from causalmed.plotting import draw

        return draw(self, ax)

    def _repr_html_(self) -> str:
        from causalmed.plotting import to_svg

        return to_svg(self)


def require_words(picture: Picture, field: str, *, why: str) -> None:
    """Refuse a picture whose text ``field`` is blank."""
    if not str(getattr(picture, field)).strip():
        name = type(picture).__name__
        raise InvalidArgument(f"{name} needs {field}=, and it is blank. {why} Give it as a short sentence.")


def require_equal_lengths(picture: Picture, *fields: str) -> None:
    """Refuse a picture whose sequences ``fields`` differ in length."""
    lengths = {field: len(getattr(picture, field)) for field in fields}
    if len(set(lengths.values())) > 1:
        written = ", ".join(f"{field}: {length}" for field, length in lengths.items())
        raise InvalidArgument(
            f"{type(picture).__name__} needs sequences of one length, and they differ ({written}). "
            "A mark without its partner would be drawn in the wrong place. Give one value a point to each."
        )


def require_rows(picture: Picture, field: str) -> None:
    """Refuse a picture without rows."""
    if not getattr(picture, field):
        raise InvalidArgument(
            f"{type(picture).__name__} has no {field}: there is nothing to draw. Give at least one."
        )


def stop(sentence: str) -> str:
    """End a sentence with a full stop unless it has its own end."""
    return sentence if sentence.endswith((".", "?", "!")) else f"{sentence}."


def plain(value: float) -> str:
    """Write a chosen number, such as a threshold, as it was chosen: ``0.1``, ``5``."""
    return f"{value:.4g}".replace("-", "−")


def within(
    estimate: float, low: float | None, high: float | None, *, per: float = 1.0, places: int | None = None
) -> str:
    """Write an estimate with its limits, all to one decimal place: ``3.4 (2.1 to 4.7)``.

    By default the largest of the three has two significant digits.
    """
    if low is None or high is None:
        return number(per * estimate)
    values = [per * value for value in (estimate, low, high)]
    to = places_of(values) if places is None else places
    first, *limits = (_to_place(value, to) for value in values)
    return f"{first} ({limits[0]} to {limits[1]})"


def places_of(values: Iterable[float]) -> int:
    """Return the decimal places at which the largest number has two significant digits."""
    largest = max((abs(value) for value in values if math.isfinite(value) and value), default=1.0)
    return min(12, max(0, 1 - math.floor(math.log10(largest))))


def common_places(intervals: Iterable[Interval | None], *, per: float) -> int:
    """Return one number of decimal places for a column of intervals: at most one more than the least."""
    each = [places_of([per * i.estimate, per * i.low, per * i.high]) for i in intervals if i is not None]
    return min(max(each), min(each) + 1) if each else 0


def _to_place(value: float, places: int) -> str:
    if not math.isfinite(value):
        return number(value)
    return f"{round(value, places) + 0.0:.{places}f}".replace("-", "−")


def written(interval: Interval | None, all_: Sequence[Interval | None], *, per: float) -> str:
    """Write one interval of a column; nothing where there is none."""
    if interval is None:
        return ""
    return within(
        interval.estimate, interval.low, interval.high, per=per, places=common_places(all_, per=per)
    )


def listed(parts: Sequence[str], *, most: int = 6) -> str:
    """Join sentences, at most ``most`` of them, and say how many more the table holds."""
    shown = " ".join(parts[:most])
    rest = len(parts) - most
    return f"{shown} {rest} more are in the table." if rest > 0 else shown


def frame(rows: Iterable[dict[str, Any]], columns: Sequence[str]) -> pd.DataFrame:
    """Return a table with these columns in this order."""
    import pandas as pd

    return pd.DataFrame(list(rows), columns=list(columns))
