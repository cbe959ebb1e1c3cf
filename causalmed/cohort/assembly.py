"""From a frame to the parts of a cohort, step by step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from causalmed.cohort.attrition import AttritionStep
from causalmed.cohort.column import Column, read_only
from causalmed.cohort.encoding import encode_column, encode_with_holes
from causalmed.cohort.imputation import Imputation
from causalmed.cohort.imputation.incomplete import Incomplete, only_recorded, parted
from causalmed.cohort.kinds import Kind, infer_kind, stated_kinds
from causalmed.cohort.missing import Complete, missing_policy, with_holes, without_missing
from causalmed.cohort.reading import Numbers, Raw, open_frame, read_ids, read_series
from causalmed.cohort.rolechecks import check_column_roles
from causalmed.cohort.roles import Roles, checked_roles
from causalmed.cohort.units import canonical_order, require_unique
from causalmed.errors import DataError

__all__ = ["Parts", "assemble"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a cohort is made of.

    Attributes
    ----------
    names : tuple of str
        Columns in the order of the table, the unit's among them.
    columns : mapping of str to Column
        Every column without missing values, but the unit's.
    ids : ndarray, shape (n,)
        Unit ids in canonical order; row numbers where there is no unit.
    attrition : tuple of AttritionStep
        What happened at the door.
    incomplete : Incomplete or None
        The columns with missing values, where they are kept.
    """

    names: tuple[str, ...]
    columns: Mapping[str, Column]
    ids: NDArray[Any]
    attrition: tuple[AttritionStep, ...]
    incomplete: Incomplete | None = None


def assemble(frame: object, *, roles: Roles, kinds: Mapping[str, object] | None, missing: object) -> Parts:
    """Read, check, order and encode a frame.

    Parameters
    ----------
    frame : data frame
        Of any library; never changed.
    roles : Roles
        As given by the caller.
    kinds : mapping, optional
        Stated kinds.
    missing : {"error", "complete", "impute"} or Imputation
        What to do about missing values.

    Returns
    -------
    Parts

    Raises
    ------
    DataError, InvalidArgument
    """
    table = open_frame(frame)
    names = tuple(table.columns)
    checked_roles(roles, names)
    stated = stated_kinds(kinds, names)
    policy = missing_policy(missing)
    complete = (
        with_holes(table, roles=roles)
        if isinstance(policy, Imputation)
        else without_missing(table, policy=policy, unit=roles.unit)
    )
    ids = read_ids(complete.frame[roles.unit]) if roles.unit else complete.rows
    order = canonical_order(ids)
    ids = np.array(ids if order is None else ids[order])
    if roles.unit:
        require_unique(ids, unit=roles.unit)
    columns = _read_columns(complete, roles=roles, stated=stated, order=order)
    check_column_roles(roles, {name: only_recorded(column) for name, column in columns.items()})
    steps: tuple[AttritionStep, ...] = (
        AttritionStep(reason="rows in the table", n_before=len(table), n_after=len(table)),
    )
    if complete.step is not None:
        steps = (*steps, complete.step)
    whole, rest = parted(columns, policy) if isinstance(policy, Imputation) else (columns, None)
    return Parts(names=names, columns=whole, ids=read_only(ids), attrition=steps, incomplete=rest)


def _read_columns(
    table: Complete, *, roles: Roles, stated: Mapping[str, Kind], order: NDArray[np.intp] | None
) -> dict[str, Column]:
    columns = {}
    infinite = []
    for name in table.frame.columns:
        if name == roles.unit:
            continue
        hole = table.holes.get(name)
        raw = read_series(table.frame[name] if hole is None else _recorded(table.frame, name, hole))
        count = _infinities(raw)
        if count:
            infinite.append(f"{name!r} {count:,}")
            continue
        kind = stated.get(name) or roles.kind_of(name, raw) or infer_kind(name, raw)
        if hole is None:
            columns[name] = encode_column(name, raw, kind, order=order)
        else:
            columns[name] = encode_with_holes(name, raw, kind, hole=hole, order=order)
    if infinite:
        raise DataError(
            f"Infinite values: {', '.join(infinite)}. No model can use them, and they often stand for "
            "'not measured' or a division by zero. Correct them, or set them to missing."
        )
    return columns


def _recorded(frame: Any, name: str, hole: NDArray[np.bool_]) -> Any:
    return frame.select(name)[np.flatnonzero(~hole)][name]


def _infinities(raw: Raw) -> int:
    if isinstance(raw, Numbers) and raw.values.dtype.kind == "f":
        return int(np.count_nonzero(np.isinf(raw.values)))
    return 0
