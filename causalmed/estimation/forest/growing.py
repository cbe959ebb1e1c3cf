"""Growing a forest: one little bag after the other, each from its own keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from causalmed._kernels import forest_grow
from causalmed.engine import Executor, generator
from causalmed.errors import DataError, NotEnoughEvents
from causalmed.estimation.forest.spec import CausalForest

__all__ = ["Forest", "Rows", "grow"]

Array = NDArray[np.float64]
_TREES: Final = 2
_MIN_SIDE: Final = 2
_ALPHA: Final = 0.05
_FEWEST_CLUSTERS: Final = 8
_MOST_ROWS: Final = 1 << 24


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rows:
    """What a forest learns from.

    Attributes
    ----------
    bins : ndarray of uint8, shape (n, padded)
        Numbered bins.
    levels : ndarray of uint8, shape (p,)
        Bins of each feature.
    exposure, outcome : ndarray, shape (n,)
        Residuals.
    cluster : ndarray of int32, shape (n,)
        Who is drawn together, 0 … clusters - 1.
    clusters : int
        How many.
    """

    bins: NDArray[np.uint8]
    levels: NDArray[np.uint8]
    exposure: Array
    outcome: Array
    cluster: NDArray[np.int32]
    clusters: int

    def take(self, rows: NDArray[np.bool_]) -> Rows:
        """Return some rows; clusters are numbered anew."""
        present, dense = np.unique(self.cluster[rows], return_inverse=True)
        return Rows(
            bins=np.ascontiguousarray(self.bins[rows]),
            levels=self.levels,
            exposure=self.exposure[rows],
            outcome=self.outcome[rows],
            cluster=dense.astype(np.int32),
            clusters=len(present),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Forest:
    """Grown trees, one after the other; two a bag.

    Attributes
    ----------
    nodes : ndarray of int32, shape (N, 2)
        (first child, column * 256 + last bin to the left), or (-1 - leaf, 255).
    leaves : ndarray, shape (L, 4)
        Honest means of the residuals w, y, and of w², w y.
    node_starts, leaf_starts : ndarray of int, shape (trees + 1,)
        Where each tree begins.
    drawn : ndarray of uint8, shape (bags, bytes)
        Bits of the clusters that each bag saw.
    """

    nodes: NDArray[np.int32]
    leaves: Array
    node_starts: NDArray[np.intp]
    leaf_starts: NDArray[np.intp]
    drawn: NDArray[np.uint8]

    @property
    def bags(self) -> int:
        """Number of pairs of trees."""
        return len(self.drawn)


def grow(
    rows: Rows, spec: CausalForest, *, seed: int, path: tuple[str | int, ...], executor: Executor
) -> Forest:
    """Grow a forest.

    Parameters
    ----------
    rows : Rows
        Bins and residuals.
    spec : CausalForest
        How.
    seed : int
        The user's seed.
    path : tuple
        What the forest is for; with the seed and the number of the bag it fixes the bag.
    executor : Executor
        Runs the bags.

    Returns
    -------
    Forest

    Raises
    ------
    DataError
        No column to cut on; fewer than eight clusters.
    NotEnoughEvents
        Fewer patients than the leaves of a smallest tree need.
    """
    wanted = _wanted(rows, spec)
    keys = generator(seed, "forest", *path).integers(
        0, 2**64, size=(spec.trees // _TREES, 2), dtype=np.uint64
    )
    mtry = spec.columns_a_node(len(rows.levels))

    def bag(g: int) -> tuple[NDArray[np.uint8], NDArray[np.int32], Array, NDArray[np.intp]]:
        drawn = forest_grow.draw(rows.clusters, wanted, int(keys[g, 0]))
        grown = forest_grow.grow(
            rows.bins, rows.levels, rows.exposure, rows.outcome, rows.cluster, drawn, int(keys[g, 1]),
            _TREES, mtry, spec.min_leaf, _MIN_SIDE, _ALPHA,
        )  # fmt: skip
        return np.packbits(drawn, bitorder="little"), *grown

    bags = executor.map(bag, range(len(keys)))
    counts = np.concatenate([counts for *_, counts in bags]).cumsum(axis=0)
    starts = np.vstack([np.zeros((1, 2), dtype=np.intp), counts])
    return Forest(
        nodes=np.concatenate([nodes for _, nodes, *_ in bags]),
        leaves=np.concatenate([leaves for *_, leaves, _ in bags]),
        node_starts=np.ascontiguousarray(starts[:, 0]),
        leaf_starts=np.ascontiguousarray(starts[:, 1]),
        drawn=np.array([bits for bits, *_ in bags]),
    )


def _wanted(rows: Rows, spec: CausalForest) -> int:
    n = len(rows.outcome)
    if not len(rows.levels):
        raise DataError(
            "A causal forest asks for whom the effect is larger, and the adjustment set is empty: there is "
            "no column to tell patients apart by. Use AIPW() or TMLE() for the average effect."
        )
    if rows.clusters < min(_FEWEST_CLUSTERS, n):
        raise DataError(
            f"There are {rows.clusters} clusters, and a forest leaves out half of them at a time: it needs "
            f"{_FEWEST_CLUSTERS}. Build the cohort without cluster=, or use AIPW() for the average effect."
        )
    if n < 40 or n * spec.subsample < 8 * spec.min_leaf:
        raise NotEnoughEvents(
            f"{n:,} patients are too few for a forest with leaves of {spec.min_leaf}: no tree could be cut. "
            "Use a smaller min_leaf=, or AIPW() for the average effect."
        )
    if n >= _MOST_ROWS:
        raise DataError(f"{n:,} patients are more than a forest takes ({_MOST_ROWS - 1:,}). Draw a sample.")
    return max(2, int(rows.clusters * spec.subsample))
