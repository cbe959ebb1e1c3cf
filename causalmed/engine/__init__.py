"""Where the arithmetic runs: blocks, exact sums, hashes, counters, executors.

The room's question: *how is a number computed so that it does not depend on who computed it?*
Every parametric estimator is a sum over canonical blocks of rows. The blocks are fixed by the
order of the unit ids, the reduction is correctly rounded, folds and noise come from hashes and
counters. So the same table gives the same bits under any number of threads and any row order.
"""

from causalmed.engine.blocks import BLOCK_ROWS, block_slices, block_total
from causalmed.engine.executor import Executor, Joblib, Local, in_force
from causalmed.engine.hashing import fold_of, splitmix64, unit_keys
from causalmed.engine.parquet import (
    BlockRef,
    Cutter,
    Piece,
    batches,
    parquet_files,
    read_blocks,
    recut,
    schema_of,
    tasks_of,
)
from causalmed.engine.streams import generator
from causalmed.engine.sums import exact_sum

__all__ = [
    "BLOCK_ROWS",
    "BlockRef",
    "Cutter",
    "Executor",
    "Joblib",
    "Local",
    "Piece",
    "batches",
    "block_slices",
    "block_total",
    "exact_sum",
    "fold_of",
    "generator",
    "in_force",
    "parquet_files",
    "read_blocks",
    "recut",
    "schema_of",
    "splitmix64",
    "tasks_of",
    "unit_keys",
]
