"""Signatures of the compiled kernel ``_ext/matching.pyx``."""

import numpy as np
from numpy.typing import NDArray

def order(
    score: NDArray[np.float64], low: float, scale: float
) -> tuple[NDArray[np.intp], NDArray[np.int64]]: ...
def match(
    keys: NDArray[np.int64],
    exposed: NDArray[np.uint8],
    starts: NDArray[np.intp],
    values: NDArray[np.float64],
    target: NDArray[np.uint8],
    neighbours: int,
    peers: int,
    caliper: int = ...,
) -> tuple[
    NDArray[np.intc],
    NDArray[np.int64],
    NDArray[np.intc],
    NDArray[np.float64],
    NDArray[np.float64],
    NDArray[np.float64],
    NDArray[np.float64],
]: ...
def hand_out(
    keys: NDArray[np.int64],
    exposed: NDArray[np.uint8],
    starts: NDArray[np.intp],
    given: NDArray[np.float64],
    peers: int,
) -> NDArray[np.float64]: ...
