"""How the pictures look: colours that survive colour blindness and grey printing, and the letters.

The palette is that of Okabe and Ito (2008, "Color universal design"). Marks reach a contrast of
3 : 1 against the page, text 4.5 : 1 (WCAG 2.2, 1.4.11 and 1.4.3); a test computes both.
"""

from __future__ import annotations

import os
import re
import sys
import unicodedata
import warnings
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Annotation

PAGE: Final = "#FFFFFF"
INK: Final = "#1A1A1A"
QUIET: Final = "#5C5C5C"  # text that stands back
BLUE: Final = "#0072B2"  # the estimate
VERMILION: Final = "#D55E00"  # harm, or attention
VERMILION_INK: Final = "#B34F00"
GREEN: Final = "#009E73"  # benefit
GREEN_INK: Final = "#00714F"
GREY: Final = "#6B6B6B"  # the rest
LINE: Final = "#8A8A8A"  # thin marks that must still be seen
ZERO: Final = "#B8B8B8"  # the light zero line: the labelled axis carries its meaning
PALE_BLUE: Final = "#CCE3F0"
PALE_VERMILION: Final = "#F4BE96"
PALE_GREY: Final = "#EDEDED"

MARKS: Final = (BLUE, VERMILION, GREEN, GREY, LINE)
TEXTS: Final = (INK, QUIET, BLUE, VERMILION_INK, GREEN_INK)

WIDTH: Final = 7.4  # inches: one column of about 70 characters
TITLE: Final = 12.0  # points
BODY: Final = 10.0
SMALL: Final = 9.0
FAMILY: Final = "DejaVu Sans"
_BETWEEN = re.compile(r"(?<=\w)_+(?=\w)")

Horizontal = Literal["left", "center", "right"]
Vertical = Literal["top", "center", "bottom", "baseline"]


def contrast(colour: str, against: str = PAGE) -> float:
    """Return the contrast ratio of two colours, (L₁ + 0.05) / (L₂ + 0.05), between 1 and 21.

    Parameters
    ----------
    colour, against : str
        Colours as ``#RRGGBB``.

    Examples
    --------
    >>> contrast("#000000")
    21.0
    """
    bright, dark = sorted((_luminance(colour), _luminance(against)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    channels = (int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def clean(text: object) -> str:
    """Return text as it is shown: words for column names, no control characters.

    Examples
    --------
    >>> clean("late_prophylaxis per 100")
    'late prophylaxis per 100'
    """
    shown = "".join(
        " " if unicodedata.category(character) in {"Cc", "Cs", "Co", "Cn"} else character
        for character in str(text)
    )
    return _BETWEEN.sub(" ", shown)


def width_of(text: str, size: float, *, bold: bool = False) -> float:
    """Return the width of the longest line of text, in points, at ``size`` points."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(family=FAMILY, size=size, weight="bold" if bold else "normal")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        widths = (
            text_to_path.get_text_width_height_descent(clean(line), font, ismath=False)[0]
            for line in text.split("\n")
        )
        return float(max(widths))


def wrap(text: object, points: float, *, size: float = BODY, bold: bool = False, lines: int = 4) -> str:
    """Break text into lines at most ``points`` wide, alike in length; the rest ends in an ellipsis."""
    pieces = list(_pieces(clean(text), points, size, bold))
    made = _lines(pieces, points, size, bold)
    if len(made) > lines:
        return "\n".join([*made[: lines - 1], _cut(made[lines - 1], points, size, bold)])
    for share in (0.6, 0.7, 0.8, 0.9):
        closer = _lines(pieces, share * points, size, bold)
        if 1 < len(closer) == len(made):
            return "\n".join(closer)
    return "\n".join(made)


def _lines(pieces: Iterable[str], points: float, size: float, bold: bool) -> list[str]:
    made = [""]
    for word in pieces:
        longer = f"{made[-1]} {word}".strip()
        if width_of(longer, size, bold=bold) <= points or not made[-1]:
            made[-1] = longer
        else:
            made.append(word)
    return made


def _cut(line: str, points: float, size: float, bold: bool) -> str:
    while line and width_of(line + "…", size, bold=bold) > points:
        line = line[:-1]
    return line.rstrip(" ,;") + "…"


def _pieces(text: str, points: float, size: float, bold: bool) -> Iterator[str]:
    """Yield the words of text, those wider than a line cut into parts that fit."""
    for whole in text.split():
        word = whole
        if width_of(word, size, bold=bold) <= points:
            yield word
            continue
        first, hyphen, rest = word.partition("-")
        if rest and width_of(first + hyphen, size, bold=bold) <= points:
            yield first + hyphen
            yield from _pieces(rest, points, size, bold)
            continue
        while width_of(word, size, bold=bold) > points and len(word) > 1:
            fits = next(
                k for k in range(len(word) - 1, 0, -1) if k == 1 or _fits(word[:k], points, size, bold)
            )
            yield word[:fits] + "-"
            word = word[fits:]
        yield word


def _fits(part: str, points: float, size: float, bold: bool) -> bool:
    return width_of(part + "-", size, bold=bold) <= points


def write(
    ax: Axes,
    text: str,
    at: tuple[float, float],
    *,
    shift: tuple[float, float] = (0.0, 0.0),
    frame: Literal["data", "axes", "row", "figure"] = "data",
    size: float = BODY,
    colour: str = INK,
    ha: Horizontal = "left",
    va: Vertical = "center",
    bold: bool = False,
    halo: bool = False,
) -> Annotation:
    """Write text as it is: no mathematics, no clipping.

    Parameters
    ----------
    at : (float, float)
        Where, in the coordinates of ``frame``: ``"data"``; ``"axes"``; ``"row"`` (x in parts of the axes, y
        in data); ``"figure"`` (x in parts of the figure, y in parts of the axes).
    shift : (float, float)
        Moved by so many points to the right and up.
    halo : bool
        True to give it a page-coloured ground where it crosses lines.
    """
    frames: dict[str, str | tuple[str, str]] = {
        "data": "data",
        "axes": "axes fraction",
        "row": ("axes fraction", "data"),
        "figure": ("figure fraction", "axes fraction"),
    }
    box = {"boxstyle": "round,pad=0.12", "facecolor": PAGE, "edgecolor": "none"} if halo else None
    return ax.annotate(
        clean_lines(text),
        at,
        xycoords=frames[frame],
        xytext=shift,
        textcoords="offset points",
        fontsize=size,
        color=colour,
        ha=ha,
        va=va,
        fontweight="bold" if bold else "normal",
        fontfamily=FAMILY,
        parse_math=False,
        annotation_clip=False,
        linespacing=1.15,
        bbox=box,
    )


def clean_lines(text: str) -> str:
    """Clean text line by line: the line breaks stay."""
    return "\n".join(clean(line) for line in text.split("\n"))


def in_notebook() -> bool:
    """Return whether a Jupyter kernel is running, which shows figures under its cells."""
    return "ipykernel" in sys.modules and os.environ.get("MPLBACKEND", "").endswith("inline")


def new_axes(width: float, height: float, *, shown: bool = False) -> Axes:
    """Return the axes of a new figure, ``width`` by ``height`` inches.

    Parameters
    ----------
    shown : bool
        Hand the figure to the notebook; otherwise no one else manages it.
    """
    figure = _shown_figure(width, height) if shown else _own_figure(width, height)
    layout = figure.get_layout_engine()
    if layout is not None:
        layout.set(w_pad=0.06, h_pad=0.06)  # type: ignore[call-arg]
    return figure.add_subplot()


def _own_figure(width: float, height: float) -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained", facecolor=PAGE)
    FigureCanvasAgg(figure)
    return figure


def _shown_figure(width: float, height: float) -> Figure:
    from matplotlib import pyplot

    return pyplot.figure(figsize=(width, height), layout="constrained", facecolor=PAGE)


def head(ax: Axes, title: str, subtitle: str = "", *, own: bool) -> None:
    """State the finding above the picture: over the whole figure where it is the picture's own.

    Parameters
    ----------
    subtitle : str
        A second, quieter line, for example the key to the marks.
    own : bool
        True where the figure was made for this picture.
    """
    if not own:
        ax.set_title(wrap(title, 400), loc="left", fontsize=BODY, fontweight="bold", parse_math=False)
        return
    figure: Figure = ax.get_figure(root=True)  # type: ignore[assignment]
    room = 72 * figure.get_figwidth() * 0.97
    figure.suptitle(
        wrap(title, room, size=TITLE, bold=True),
        x=0.012,
        ha="left",
        fontsize=TITLE,
        fontweight="bold",
        color=INK,
        fontfamily=FAMILY,
        parse_math=False,
        linespacing=1.2,
    )
    if subtitle:
        write(
            ax,
            wrap(subtitle, room, size=SMALL),
            (0.012, 1.0),
            frame="figure",
            shift=(0, 9),
            va="bottom",
            size=SMALL,
            colour=QUIET,
        )


def place(ax: Axes, height: float) -> None:
    """Give drawings whose size is known in inches the foot of the figure, ``height`` inches tall."""
    figure: Figure = ax.get_figure(root=True)  # type: ignore[assignment]
    figure.set_layout_engine("none")
    wide, tall = figure.get_size_inches()
    ax.set_position((0.1 / wide, 0.06 / tall, 1 - 0.2 / wide, height / tall))


def head_height(title: str, subtitle: str, width: float) -> float:
    """Return how many inches the head takes above a picture of that width."""
    room = 72 * width * 0.97
    above = 1 + wrap(title, room, size=TITLE, bold=True).count("\n")
    below = 1 + wrap(subtitle, room, size=SMALL).count("\n") if subtitle else 0
    return 0.2 * above + 0.15 * below + 0.38


def quiet_axes(ax: Axes, *, keep: tuple[str, ...] = ("bottom",)) -> None:
    """Take away every spine but those kept, and make ticks small and quiet."""
    for side, spine in ax.spines.items():
        spine.set_visible(side in keep)
        spine.set_color(LINE)
    ax.tick_params(colors=QUIET, labelsize=SMALL, labelfontfamily=FAMILY, length=3, width=0.8)
    ax.set_facecolor(PAGE)


def unit(ax: Axes, x: str = "", y: str = "") -> None:
    """Say the unit of each axis."""
    for setter, text in ((ax.set_xlabel, x), (ax.set_ylabel, y)):
        setter(clean_lines(text), fontsize=SMALL + 0.5, color=INK, fontfamily=FAMILY, parse_math=False)
