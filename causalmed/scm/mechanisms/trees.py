"""Gradient-boosted trees as arrays, evaluated by the kernel of the compiled model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from causalmed._kernels import scm
from causalmed.errors import InvalidArgument
from causalmed.scm.terms import FloatArray, Values

__all__ = ["Trees", "grown", "one_thread"]

_STEP: Final = 13
_LINES: Final = np.zeros((0, 3), dtype=np.int32)
_PIECES: Final = np.zeros((0, 4), dtype=np.int32)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trees:
    """A sum of complete trees: at each split, right where the input exceeds the threshold.

    Parameters
    ----------
    columns : tuple of str
        Inputs, in the order in which the splits number them.
    start : float
        What the leaves are added to.
    features : ndarray of int, shape (trees, 2**depth - 1)
        Input of each split, in heap order: the sons of i are 2 i + 1 and 2 i + 2.
    thresholds : ndarray, shape (trees, 2**depth - 1)
        Infinite where a branch ends before: everybody goes left.
    leaves : ndarray, shape (trees, 2**depth)
        What each leaf adds.

    Raises
    ------
    InvalidArgument
        Shapes that do not fit, an input that is not there, or more than 254 thresholds of one input.

    Examples
    --------
    >>> one = Trees(columns=("age",), start=0.5, features=[[0]], thresholds=[[60.0]], leaves=[[0.0, 1.0]])
    >>> one({"age": np.array([60.0, 61.0])}).tolist()
    [0.5, 1.5]
    """

    columns: tuple[str, ...]
    start: float
    features: NDArray[np.int32]
    thresholds: FloatArray
    leaves: FloatArray
    forest: NDArray[np.int32] = field(init=False, repr=False)
    numbers: FloatArray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        for name, kind in (("features", np.int32), ("thresholds", np.float64), ("leaves", np.float64)):
            array = np.array(getattr(self, name), dtype=kind, ndmin=2)
            array.setflags(write=False)
            object.__setattr__(self, name, array)
        splits = self.features.shape[1]
        fits = self.thresholds.shape == self.features.shape and self.leaves.shape[1] == splits + 1
        if not (fits and splits in (1, 3, 7, 15, 31, 63) and len(self.leaves) == len(self.features)):
            raise InvalidArgument("Splits and leaves must be those of complete trees of depth 1 to 6.")
        if self.features.size and not 0 <= self.features.min() <= self.features.max() < len(self.columns):
            raise InvalidArgument(f"A split reads an input that is not among {', '.join(self.columns)}.")
        forest, numbers = _packed(self)
        object.__setattr__(self, "forest", forest)
        object.__setattr__(self, "numbers", numbers)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Trees):
            return NotImplemented
        return (
            self.columns == other.columns
            and np.array_equal(self.forest, other.forest)
            and np.array_equal(self.numbers, other.numbers)
        )

    def __hash__(self) -> int:
        return hash((self.columns, self.numbers.tobytes()))

    def __repr__(self) -> str:
        return f"Trees({len(self.leaves)} of depth {self.depth} on {', '.join(self.columns)})"

    @property
    def depth(self) -> int:
        """Depth of every tree."""
        return int(self.leaves.shape[1]).bit_length() - 1

    def __call__(self, values: Values) -> FloatArray:
        """Return the sum on rows; the inputs broadcast against each other."""
        inputs = np.broadcast_arrays(*(values[name] for name in self.columns))
        flat = [np.ascontiguousarray(column, dtype=np.float64).reshape(-1) for column in inputs]
        last, rows = len(flat), flat[0].size
        out = np.empty(rows)
        step = np.array([[_STEP, last, 0, 0, 0, last, 0, 0]], dtype=np.int32)
        factors = np.array([[slot, 1, 0] for slot in range(last)], dtype=np.int32)
        keys, given = np.zeros((0, 2), dtype=np.uint32), dict(enumerate(flat))
        scm.run(
            step, _LINES, _PIECES, factors, self.numbers, keys, given, {last: out}, 0, rows, last + 1,
            forest=self.forest,
        )  # fmt: skip
        return out.reshape(inputs[0].shape)


def _packed(trees: Trees) -> tuple[NDArray[np.int32], FloatArray]:
    """Return the line of ``forest`` and the numbers of the kernel's step; see ``_ext/trees.pxd``."""
    places = np.zeros(trees.features.shape, dtype=np.int64)
    cuts: list[FloatArray] = []
    for feature in range(len(trees.columns)):
        mine = trees.features == feature
        ascending = np.unique(trees.thresholds[mine & np.isfinite(trees.thresholds)])
        if len(ascending) > 254:
            raise InvalidArgument(f"Trees split {trees.columns[feature]!r} at more than 254 places.")
        places[mine] = np.searchsorted(ascending, trees.thresholds[mine])
        cuts.append(ascending)
    head = [trees.depth, len(trees.leaves), *(len(each) for each in cuts)]
    forest = np.concatenate([head, (trees.features * 256 + places).ravel()]).astype(np.int32)
    numbers = np.concatenate([[trees.start], *cuts, trees.leaves.ravel()])
    for array in (forest, numbers):
        array.setflags(write=False)
    return forest, numbers


def grown(model: Any, columns: tuple[str, ...], depth: int) -> tuple[Trees, ...]:
    """Return the trees of a fitted histogram gradient booster of scikit-learn, a sum a level (or one).

    Parameters
    ----------
    model : HistGradientBoostingClassifier or HistGradientBoostingRegressor
        Fitted with ``max_depth=depth``, without missing values and categorical inputs.
    columns : tuple of str
        Names of its inputs.
    depth : int
        Greatest depth.
    """
    starts = np.asarray(model._baseline_prediction, dtype=np.float64).ravel()
    return tuple(
        Trees(
            columns=columns,
            start=float(start),
            **_complete([stage[k].nodes for stage in model._predictors], depth),
        )
        for k, start in enumerate(starts)
    )


def _complete(trees: list[Any], depth: int) -> dict[str, Any]:
    """Fill trees with nodes by number up to complete trees in heap order."""
    splits = 2**depth - 1
    features = np.zeros((len(trees), splits), dtype=np.int32)
    thresholds, leaves = np.full((len(trees), splits), np.inf), np.zeros((len(trees), splits + 1))
    for tree, nodes in enumerate(trees):
        waiting = [(0, 0)]
        while waiting:
            place, number = waiting.pop()
            node = nodes[number]
            if place >= splits:
                leaves[tree, place - splits] = node["value"]
            elif node["is_leaf"]:  # everybody goes left, to the same leaf
                waiting.append((2 * place + 1, number))
            else:
                features[tree, place], thresholds[tree, place] = node["feature_idx"], node["num_threshold"]
                waiting += [(2 * place + 1, int(node["left"])), (2 * place + 2, int(node["right"]))]
    return {"features": features, "thresholds": thresholds, "leaves": leaves}


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep the threads of scikit-learn to one, so that sums have one order."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):
        yield
