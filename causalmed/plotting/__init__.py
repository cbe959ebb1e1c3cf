"""Drawing: the only room that imports matplotlib.

The room's question: *how does a tired reader see it at once?* It takes the pictures of
:mod:`causalmed.results.pictures` and returns matplotlib Axes, inline SVG or a PNG file. It decides
nothing about numbers, touches no global state of matplotlib and opens no window.
"""

from causalmed.plotting import bars, curves, graphs, icons, lines, overlap, panels, rows, waterfall
from causalmed.plotting.drawing import draw
from causalmed.plotting.svg import to_png, to_svg

__all__ = ["draw", "to_png", "to_svg"]

_KINDS = (
    bars,
    curves,
    graphs,
    icons,
    lines,
    overlap,
    panels,
    rows,
    waterfall,
)  # importing these registers what they draw
