"""A model as flat arrays: what the kernel runs, and how it is run over blocks of rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from causalmed._kernels import scm
from causalmed.engine import Local, block_slices, generator
from causalmed.scm.terms import FloatArray

__all__ = ["Program", "Slot", "stream_key"]

Slot = tuple[str, str]
"""Which world, which node: two values of one node lie in two slots."""

Outputs = Mapping[Slot, NDArray[Any]]
_SCALAR: Final = (1,)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Program:
    """Steps in topological order, with their predictors and numbers, over tiles of 256 rows.

    Parameters
    ----------
    steps : ndarray of int32, shape (s, 8)
        See ``_ext/scm.pyx``.
    predictors, pieces, factors : ndarray of int32, shapes (·, 3), (·, 4), (·, 3)
        Linear predictors, their terms or tables, and what these read.
    numbers : ndarray
        Coefficients, spreads, cuts, codes, distributions.
    forest : ndarray of int32
        Splits of boosted trees; see ``_ext/trees.pxd``.
    noises : tuple of str
        The nodes whose noise is drawn, in the order of their keys.
    slots : mapping of (str, str) to int
        World and node → slot.

    Examples
    --------
    >>> from causalmed.scm import LinearGaussian, Predictor
    >>> from causalmed.scm.compiling import Assembler
    >>> made = Assembler()
    >>> made.draw("x", LinearGaussian(predictor=Predictor.of(1.0), sd=2.0), target=("", "x"), reads={})
    >>> program = made.finished()
    >>> out = {("", "x"): np.empty(3)}
    >>> program.run(rows=3, keys={"x": stream_key(1, "noise", "x")}, given={}, outputs=out)
    >>> out["", "x"].round(3).tolist()
    [3.436, 0.684, 1.365]
    """

    steps: NDArray[np.int32]
    predictors: NDArray[np.int32]
    pieces: NDArray[np.int32]
    factors: NDArray[np.int32]
    numbers: FloatArray
    forest: NDArray[np.int32]
    noises: tuple[str, ...]
    slots: Mapping[Slot, int]

    def run(
        self,
        *,
        rows: int,
        keys: Mapping[str, NDArray[np.uint32]],
        given: Mapping[Slot, FloatArray],
        outputs: Outputs,
        first: int = 0,
        n_jobs: int = 1,
    ) -> None:
        """Run the program, block by block, and write ``outputs``.

        Parameters
        ----------
        rows : int
            How many.
        keys : mapping of str to ndarray of uint32, shape (2,)
            Node → key of its noise.
        given : mapping of (str, str) to ndarray, shape (rows,) or (1,)
            Columns that are read.
        outputs : mapping of (str, str) to ndarray, shape (rows,)
            Slots that are wanted: arrays of float64, float32, int8 or int64 to be written.
        first : int
            Number of the first row among those of the noise, a multiple of 256.
        n_jobs : int
            Threads. It never changes a bit.
        """
        table = np.array([keys[name] for name in self.noises], dtype=np.uint32).reshape(-1, 2)
        columns = {self.slots[s]: _column(c) for s, c in given.items() if s in self.slots}

        def block(part: slice) -> None:
            scm.run(
                self.steps, self.predictors, self.pieces, self.factors, self.numbers, table,
                {slot: c if c.shape == _SCALAR else c[part] for slot, c in columns.items()},
                {self.slots[slot]: array[part] for slot, array in outputs.items()},
                first + part.start, part.stop - part.start, len(self.slots),
                forest=self.forest,
            )  # fmt: skip

        if n_jobs == 1:
            for part in block_slices(rows):
                block(part)
        else:
            Local(n_jobs=n_jobs).map(block, block_slices(rows))


def _column(values: FloatArray) -> FloatArray:
    """Return a column as the kernel reads it, one number where it is the same everywhere."""
    return np.ascontiguousarray(values[:1] if values.strides == (0,) else values, dtype=np.float64)


def stream_key(seed: int, *path: int | str) -> NDArray[np.uint32]:
    """Return the key of a stream of noise, shape (2,): it belongs to the seed and the path alone.

    Examples
    --------
    >>> bool((stream_key(1, "noise", "age") == stream_key(1, "noise", "bmi")).all())
    False
    """
    key = _key(seed, path)
    return np.array([key % 2**32, key >> 32], dtype=np.uint32)


@lru_cache(maxsize=10_000)
def _key(seed: int, path: tuple[int | str, ...]) -> int:
    state: Any = generator(seed, *path).bit_generator.state
    return int(state["state"]["key"][0])


def whole(rows: Sequence[Sequence[int]], width: int) -> NDArray[np.int32]:
    """Return rows of whole numbers as an array, also where there are none."""
    return np.array(rows, dtype=np.int32).reshape(-1, width)
