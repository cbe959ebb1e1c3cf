"""Signatures of the compiled kernel ``_ext/coalitions.pyx``."""

import numpy as np
from numpy.typing import NDArray

def margins(
    roots: NDArray[np.int32],
    child: NDArray[np.int32],
    view: NDArray[np.int32],
    cut: NDArray[np.float64],
    value: NDArray[np.float64],
    first: NDArray[np.int32],
    inside: NDArray[np.uint32],
    outside: NDArray[np.uint32],
    seen: NDArray[np.float64],
    out: NDArray[np.float64],
    players: int,
) -> None: ...
