"""Signatures of the compiled kernel ``_ext/treeshap.pyx``."""

import numpy as np
from numpy.typing import NDArray

def values(
    roots: NDArray[np.intc],
    child: NDArray[np.intc],
    view: NDArray[np.intc],
    cut: NDArray[np.int16],
    value: NDArray[np.float64],
    cover: NDArray[np.float64],
    player: NDArray[np.intc],
    x: NDArray[np.int16],
    background: NDArray[np.int16] | None,
    out: NDArray[np.float64],
    bits: int = 7,
) -> None: ...
