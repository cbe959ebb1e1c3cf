"""Signatures of the compiled kernel ``_ext/skeleton.pyx``."""

import numpy as np
from numpy.typing import NDArray

def separators(
    pairs: NDArray[np.intc],
    starts: NDArray[np.intc],
    near: NDArray[np.intc],
    rank: NDArray[np.intc],
    depth: int,
    correlation: NDArray[np.float64] | None = None,
    cut: float = 0.0,
    bits: NDArray[np.uint64] | None = None,
    codes: NDArray[np.uint8] | None = None,
    levels: NDArray[np.intc] | None = None,
    table: NDArray[np.float64] | None = None,
    cuts: NDArray[np.float64] | None = None,
    portable: bool = False,
) -> tuple[NDArray[np.intc], NDArray[np.uint8]]: ...
