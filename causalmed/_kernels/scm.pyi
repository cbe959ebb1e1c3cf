"""Signatures of the compiled kernel ``_ext/scm.pyx``."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

def run(
    steps: NDArray[np.int32],
    predictors: NDArray[np.int32],
    pieces: NDArray[np.int32],
    factors: NDArray[np.int32],
    numbers: NDArray[np.float64],
    keys: NDArray[np.uint32],
    given: dict[int, NDArray[np.float64]],
    outputs: dict[int, NDArray[Any]],
    first: int,
    rows: int,
    slots: int,
    portable: bool = False,
    forest: NDArray[np.int32] | None = None,
) -> None: ...
