r"""Whose weight is drawn from where.

The weight of a row in replicate r is a function of the seed, of r and of the row's key: that of its unit, or
of its cluster, whose patients then share one weight. No order of rows, replicates or threads plays a part.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from causalmed._kernels import bootstrap as kernel
from causalmed.engine import block_slices, generator, splitmix64, unit_keys
from causalmed.estimation.problem import Problem

__all__ = ["LANES", "row_keys", "weights_of"]

LANES: Final = 64
"""Replicates that share a pass over the rows."""


def row_keys(problem: Problem, seed: int) -> NDArray[np.uint64]:
    """Return the start of each row's own stream of random numbers, shape (n,)."""
    keys = problem.fold_keys
    if problem.clusters is not None:
        keys = unit_keys(np.array(problem.cluster_labels))[problem.clusters]
    own = generator(seed, "bootstrap").integers(2**63)
    return splitmix64(keys, int(own))


def weights_of(keys: NDArray[np.uint64], replicate: int) -> NDArray[np.float64]:
    """Return the exponential weights of all rows in one replicate, shape (n,).

    Examples
    --------
    >>> weights_of(np.array([1, 2], dtype=np.uint64), 0).round(3).tolist()
    [0.625, 2.192]
    """
    group, lane = divmod(replicate, LANES)
    parts = [kernel.weights(keys[block], group)[:, lane] for block in block_slices(len(keys))]
    return np.concatenate(parts).astype(np.float64)
