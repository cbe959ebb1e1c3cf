"""Signatures of the compiled kernel ``_ext/forest_grow.pyx``."""

import numpy as np
from numpy.typing import NDArray

def draw(count: int, wanted: int, key: int) -> NDArray[np.uint8]: ...
def grow(
    bins: NDArray[np.uint8],
    levels: NDArray[np.uint8],
    w: NDArray[np.float64],
    y: NDArray[np.float64],
    cluster: NDArray[np.int32],
    drawn: NDArray[np.uint8],
    key: int,
    trees: int,
    mtry: int,
    min_leaf: int,
    min_side: int,
    alpha: float,
) -> tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.intp]]: ...
