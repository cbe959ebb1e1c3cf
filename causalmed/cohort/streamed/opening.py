"""From a Parquet file to a cohort whose rows stay there."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from causalmed.arguments import require_names
from causalmed.cohort.attrition import AttritionStep
from causalmed.cohort.encoding import encode_column
from causalmed.cohort.followup import FollowUp
from causalmed.cohort.kinds import Kind, infer_kind, stated_kinds
from causalmed.cohort.missing import complete_cases, refuse_missing
from causalmed.cohort.rolechecks import check_column_roles
from causalmed.cohort.roles import Roles, checked_roles, protected_names
from causalmed.cohort.streamed.cohort import StreamedCohort, StreamedColumn
from causalmed.cohort.streamed.plan import ColumnPlan
from causalmed.cohort.streamed.scanning import Scan, scan_table
from causalmed.cohort.tiers import checked_tiers
from causalmed.cohort.units import require_unique
from causalmed.engine import parquet_files, schema_of
from causalmed.errors import ColumnNotFound, DataError, InvalidArgument

__all__ = ["open_parquet"]

_POLICIES: Final = ("error", "complete")
_NUMBERS: Final = ("continuous", "count", "date")


def open_parquet(
    path: str | PathLike[str],
    *,
    outcome: str | None = None,
    unit: str | None = None,
    cluster: str | None = None,
    protected: str | Iterable[str] = (),
    tiers: Mapping[str, Sequence[str]] | None = None,
    kinds: Mapping[str, object] | None = None,
    weights: str | None = None,
    follow_up: FollowUp | None = None,
    missing: str = "error",
    columns: Sequence[str] | None = None,
) -> StreamedCohort:
    """Build a cohort from a Parquet file, or a folder of them, without reading it into memory.

    The rows are looked at once, to infer kinds as :meth:`from_frame` does and to check everything that it
    checks. :func:`causalmed.estimate` then reads them block by block, and returns the number that it
    returns for the same table in memory.

    Parameters
    ----------
    path : str or path
        A file, or a folder whose files are read in the order of their names. Row groups of 65,536 rows
        (``frame.to_parquet(path, row_group_size=65_536)``) are read fastest.
    outcome, unit, cluster, protected, tiers, kinds, weights, follow_up
        As for :meth:`from_frame`. The ids of ``unit`` must rise;
        ``causalmed.cohort.sort_parquet`` writes a file in which they do.
    missing : {"error", "complete"}
        Refuse missing values, or leave the rows out and log them.
    columns : sequence of str, optional
        Columns to use; by default all. The others are never read.

    Returns
    -------
    StreamedCohort

    Raises
    ------
    DataError, InvalidArgument
        The file cannot be read, or cannot be used as it is; pyarrow is not installed.

    Examples
    --------
    >>> import tempfile, pandas as pd
    >>> folder = tempfile.TemporaryDirectory()
    >>> frame = pd.DataFrame({"id": [1, 2, 3], "late": [0, 1, 1], "infected": ["no", "yes", "no"]})
    >>> frame.to_parquet(folder.name + "/cohort.parquet", row_group_size=65_536)
    >>> cohort = open_parquet(folder.name + "/cohort.parquet", unit="id", outcome="infected")
    >>> cohort
    StreamedCohort(n=3, outcome='infected', columns=('id', 'late', 'infected'))
    >>> cohort == cohort.collect()
    True
    >>> folder.cleanup()
    """
    if missing not in _POLICIES:
        raise InvalidArgument.option("missing", missing, _POLICIES)
    files = parquet_files(path)
    names = _names(schema_of(files), columns)
    roles = Roles(
        outcome=outcome,
        unit=unit,
        cluster=cluster,
        protected=protected_names(protected),
        weights=weights,
        follow_up=follow_up,
    )
    checked_roles(roles, names)
    stated = stated_kinds(kinds, names)
    scan = scan_table(files, names, unit=unit, all_values=_with_levels(roles, stated))
    steps = _checked_rows(scan, roles, missing)
    plans = {name: _plan(name, scan, roles, stated) for name in names if name != unit}
    seen = {name: StreamedColumn(plan=plan, blocks=scan.blocks) for name, plan in plans.items()}
    check_column_roles(roles, seen)  # type: ignore[arg-type]
    return StreamedCohort(
        names=names,
        plans=MappingProxyType(plans),
        blocks=scan.blocks,
        outcome=outcome,
        unit=unit,
        cluster=cluster,
        protected=roles.protected,
        weights=weights,
        follow_up=follow_up,
        tiers=checked_tiers(tiers, names),
        attrition=steps,
    )


def _names(schema: Any, columns: Sequence[str] | None) -> tuple[str, ...]:
    index: set[str] = set()
    if described := (schema.metadata or {}).get(b"pandas"):
        listed = json.loads(described).get("index_columns", [])
        index = {name for name in listed if isinstance(name, str) and name.startswith("__index_level_")}
    there = tuple(name for name in schema.names if name not in index)
    if columns is None:
        return there
    wanted = require_names("columns", columns)
    if absent := [name for name in wanted if name not in there]:
        raise ColumnNotFound.among(absent, there, where="columns=")
    return tuple(name for name in there if name in wanted)


def _with_levels(roles: Roles, stated: Mapping[str, Kind]) -> frozenset[str]:
    """Return the columns of numbers whose every value is a level."""
    answer = {name for name, kind in stated.items() if kind.name not in _NUMBERS}
    answer |= {name for name in (roles.cluster,) if name is not None}
    if roles.follow_up is not None:
        answer.add(roles.follow_up.event)
    return frozenset(answer)


def _checked_rows(scan: Scan, roles: Roles, policy: str) -> tuple[AttritionStep, ...]:
    if scan.rows == 0:
        raise DataError("The table has no rows. Check the file, or the filter before it.")
    steps: tuple[AttritionStep, ...] = (
        AttritionStep(reason="rows in the table", n_before=scan.rows, n_after=scan.rows),
    )
    counts = tuple(scan.missing.items())
    if counts:
        refuse_missing(counts, scan.rows, scan.incomplete, policy=policy, unit=roles.unit)
        steps = (*steps, complete_cases(counts, scan.rows, scan.kept))
    if roles.unit and scan.repeated:
        require_unique(np.repeat(np.array(scan.repeated, dtype=object), 2), unit=roles.unit)
    infinite = [f"{name!r} {seen.infinite:,}" for name, seen in scan.seen.items() if seen.infinite]
    if infinite:
        raise DataError(
            f"Infinite values: {', '.join(infinite)}. No model can use them, and they often stand for "
            "'not measured' or a division by zero. Correct them, or set them to missing."
        )
    return steps


def _plan(name: str, scan: Scan, roles: Roles, stated: Mapping[str, Kind]) -> ColumnPlan:
    seen, rows = scan.seen[name], scan.kept
    raw = seen.of(rows)
    kind = stated.get(name) or roles.kind_of(name, raw) or infer_kind(name, raw)
    return ColumnPlan.of(encode_column(name, seen.encoded(rows), kind, order=None))
