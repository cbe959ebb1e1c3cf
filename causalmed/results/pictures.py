"""The pictures: frozen values with the data and the words of a figure, and no drawing.

Each has a ``.title`` that states the finding, an ``.alt`` text with the numbers, and a ``.table()``
of what is drawn. :func:`causalmed.plotting.draw` turns one into matplotlib Axes,
:func:`causalmed.plotting.to_svg` into inline SVG.
"""

from causalmed.results.picture import Picture
from causalmed.results.pictures_causal import (
    Forest,
    ForestRow,
    GraphArrow,
    GraphNode,
    GraphPicture,
    IconArray,
)
from causalmed.results.pictures_checks import Balance, BalanceRow, Overlap
from causalmed.results.pictures_curves import Curves
from causalmed.results.pictures_model import (
    BarRow,
    Bars,
    Calibration,
    DecisionCurve,
    GroupDots,
    GroupRow,
)
from causalmed.results.pictures_panels import Panels
from causalmed.results.pictures_waterfall import Step, Waterfall

__all__ = [
    "Balance",
    "BalanceRow",
    "BarRow",
    "Bars",
    "Calibration",
    "Curves",
    "DecisionCurve",
    "Forest",
    "ForestRow",
    "GraphArrow",
    "GraphNode",
    "GraphPicture",
    "GroupDots",
    "GroupRow",
    "IconArray",
    "Overlap",
    "Panels",
    "Picture",
    "Step",
    "Waterfall",
]
