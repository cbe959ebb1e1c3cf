"""From a frame to the parts of a cohort, step by step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from causalmed.cohort.attrition import AttritionStep
from causalmed.cohort.column import Column, read_only
from causalmed.cohort.encoding import encode_column
from causalmed.cohort.kinds import Kind, infer_kind, stated_kinds
from causalmed.cohort.missing import without_missing
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
        Every column but the unit's.
    ids : ndarray, shape (n,)
        Unit ids in canonical order; row numbers where there is no unit.
    attrition : tuple of AttritionStep
        What happened at the door.
    """

    names: tuple[str, ...]
    columns: dict[str, Column]
    ids: NDArray[Any]
    attrition: tuple[AttritionStep, ...]


def assemble(frame: object, *, roles: Roles, kinds: Mapping[str, object] | None, missing: str) -> Parts:
    """Read, check, order and encode a frame.

    Parameters
    ----------
    frame : data frame
        Of any library; never changed.
    roles : Roles
        As given by the caller.
    kinds : mapping, optional
        Stated kinds.
    missing : {"error", "complete"}
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
    complete = without_missing(table, policy=missing, unit=roles.unit)
    ids = read_ids(complete.frame[roles.unit]) if roles.unit else complete.rows
    order = canonical_order(ids)
    ids = np.array(ids if order is None else ids[order])
    if roles.unit:
        require_unique(ids, unit=roles.unit)
    columns = _read_columns(complete.frame, roles=roles, stated=stated, order=order)
    check_column_roles(roles, columns)
    steps: tuple[AttritionStep, ...] = (
        AttritionStep(reason="rows in the table", n_before=len(table), n_after=len(table)),
    )
    if complete.step is not None:
        steps = (*steps, complete.step)
    return Parts(names=names, columns=columns, ids=read_only(ids), attrition=steps)


def _read_columns(
    table: Any, *, roles: Roles, stated: Mapping[str, Kind], order: NDArray[np.intp] | None
) -> dict[str, Column]:
    columns = {}
    infinite = []
    for name in table.columns:
        if name == roles.unit:
            continue
        raw = read_series(table[name])
        count = _infinities(raw)
        if count:
            infinite.append(f"{name!r} {count:,}")
            continue
        kind = stated.get(name) or roles.kind_of(name, raw) or infer_kind(name, raw)
        columns[name] = encode_column(name, raw, kind, order=order)
    if infinite:
        raise DataError(
            f"Infinite values: {', '.join(infinite)}. No model can use them, and they often stand for "
            "'not measured' or a division by zero. Correct them, or set them to missing."
        )
    return columns


def _infinities(raw: Raw) -> int:
    if isinstance(raw, Numbers) and raw.values.dtype.kind == "f":
        return int(np.count_nonzero(np.isinf(raw.values)))
    return 0
