"""Signatures of the compiled kernel ``_ext/treewalk.pyx``."""

import numpy as np
from numpy.typing import NDArray

def walk(
    roots: NDArray[np.intc],
    child: NDArray[np.intc],
    view: NDArray[np.intc],
    cut: NDArray[np.float64],
    value: NDArray[np.float64],
    x: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None: ...
