"""Signatures of the compiled kernel ``_ext/logistic.pyx``."""

import numpy as np
from numpy.typing import NDArray

def statistics(
    matrix: NDArray[np.float64],
    outcome: NDArray[np.float64],
    weights: NDArray[np.float64] | None,
    offset: NDArray[np.float64] | None,
    coefficients: NDArray[np.float64],
    centre: NDArray[np.float64],
    scale: NDArray[np.float64],
    rows: NDArray[np.intp] | None,
    starts: NDArray[np.intp],
    far: float = 30.0,
    portable: bool = False,
    information: bool = True,
) -> NDArray[np.float64]: ...
