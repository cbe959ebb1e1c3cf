"""Cohorts whose rows stay on disk.

A table is looked at once, batch by batch: kinds, levels, missing values, the order of the ids, and which
rows make up which canonical block. After that a block can be read and encoded anywhere, in this process or
in a worker that knows the file, and holds the numbers it would hold in memory.
"""

from causalmed.cohort.streamed.cohort import BlockReader, StreamedCohort, StreamedColumn
from causalmed.cohort.streamed.opening import open_parquet
from causalmed.cohort.streamed.sorting import sort_parquet

__all__ = ["BlockReader", "StreamedCohort", "StreamedColumn", "open_parquet", "sort_parquet"]
