"""Signatures of the compiled kernel ``_ext/bootstrap.pyx``."""

import numpy as np
from numpy.typing import NDArray

def weights(keys: NDArray[np.uint64], group: int, portable: bool = False) -> NDArray[np.float32]: ...
def totals(
    keys: NDArray[np.uint64],
    group: int,
    exposed: int,
    outcome: NDArray[np.float32],
    base: NDArray[np.float32],
    residuals: NDArray[np.float32] | None,
    matrices: list[NDArray[np.float32] | None],
    steps: list[NDArray[np.float32] | None] | None,
    lift: NDArray[np.float32],
    arms: NDArray[np.float32],
    first: int,
    last: int,
    logistic: bool,
    weighted: bool,
    targeted: bool,
    bound: float = 0.0,
    portable: bool = False,
) -> NDArray[np.float64]: ...
