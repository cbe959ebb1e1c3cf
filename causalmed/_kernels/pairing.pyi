"""Signatures of the compiled kernel ``_ext/pairing.pyx``."""

import numpy as np
from numpy.typing import NDArray

def pairs(
    keys: NDArray[np.int64], exposed: NDArray[np.uint8], starts: NDArray[np.intp], caliper: int = ...
) -> NDArray[np.intp]: ...
