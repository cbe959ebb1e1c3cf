"""Signatures of the compiled kernel ``_ext/treepairs.pyx``."""

import numpy as np
from numpy.typing import NDArray

def widths(
    roots: NDArray[np.intc],
    child: NDArray[np.intc],
    view: NDArray[np.intc],
    player: NDArray[np.intc],
) -> NDArray[np.intc]: ...
def against(
    roots: NDArray[np.intc],
    child: NDArray[np.intc],
    view: NDArray[np.intc],
    cut: NDArray[np.float64],
    value: NDArray[np.float64],
    cover: NDArray[np.float64],
    player: NDArray[np.intc],
    x: NDArray[np.float64],
    background: NDArray[np.float64],
    weight: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None: ...
def along(
    roots: NDArray[np.intc],
    child: NDArray[np.intc],
    view: NDArray[np.intc],
    cut: NDArray[np.float64],
    value: NDArray[np.float64],
    cover: NDArray[np.float64],
    player: NDArray[np.intc],
    x: NDArray[np.float64],
    t: NDArray[np.float64],
    w: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None: ...
def coalitions(
    roots: NDArray[np.intc],
    child: NDArray[np.intc],
    view: NDArray[np.intc],
    cut: NDArray[np.float64],
    value: NDArray[np.float64],
    cover: NDArray[np.float64],
    player: NDArray[np.intc],
    x: NDArray[np.float64],
    background: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None: ...
