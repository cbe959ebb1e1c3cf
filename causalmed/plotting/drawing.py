"""One door: a picture in, matplotlib Axes out."""

from __future__ import annotations

from functools import singledispatch
from typing import TYPE_CHECKING

from causalmed.errors import InvalidArgument
from causalmed.plotting.style import WIDTH, in_notebook, new_axes
from causalmed.results.pictures import Picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw", "draw_apart"]


def draw(picture: Picture, ax: Axes | None = None) -> Axes:
    """Draw a picture.

    Parameters
    ----------
    picture : Picture
        Any picture of :mod:`causalmed.results.pictures`.
    ax : matplotlib.axes.Axes, optional
        Where to draw. By default a new figure of the picture's own size. A notebook shows it under the
        cell; elsewhere it belongs to no window and to no global state: save it through
        ``axes.figure.savefig``.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InvalidArgument
        If it is not a picture.

    Examples
    --------
    >>> from causalmed.results.pictures import Balance, BalanceRow
    >>> picture = Balance(title="Alike", rows=(BalanceRow(label="Age", before=0.4, after=0.02),))
    >>> draw(picture).get_xlabel()
    'standardised mean difference between the groups'
    """
    if not isinstance(picture, Picture):
        raise InvalidArgument(
            f"draw() takes a picture, not {type(picture).__name__}. Results make theirs with .picture()."
        )
    axes = new_axes(*size(picture), shown=in_notebook()) if ax is None else ax
    render(picture, axes, own=ax is None)
    return axes


def draw_apart(picture: Picture) -> Axes:
    """Draw a picture on a figure that nobody shows, to write it to a file."""
    axes = new_axes(*size(picture))
    render(picture, axes, own=True)
    return axes


@singledispatch
def render(picture: Picture, ax: Axes, *, own: bool) -> None:
    """Draw one kind of picture on these axes; each kind registers its own."""
    raise InvalidArgument(f"There is no drawing for {type(picture).__name__} yet. Use its .table() instead.")


@singledispatch
def size(picture: Picture) -> tuple[float, float]:
    """Return the picture's own width and height, in inches; each kind registers its own."""
    return (WIDTH, 4.0)
