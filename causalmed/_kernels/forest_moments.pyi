"""Signatures of the compiled kernel ``_ext/forest_moments.pyx``."""

import numpy as np
from numpy.typing import NDArray

def moments(
    bins: NDArray[np.uint8],
    nodes: NDArray[np.int32],
    node_starts: NDArray[np.intp],
    leaves: NDArray[np.float64],
    leaf_starts: NDArray[np.intp],
    drawn: NDArray[np.uint8] | None,
    cluster: NDArray[np.int32] | None,
) -> NDArray[np.float64]: ...
