"""Whether a column can play the role it was given."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from causalmed.cohort.column import Column
from causalmed.cohort.followup import check_follow_up
from causalmed.cohort.roles import Roles
from causalmed.errors import DataError, RoleConflict

__all__ = ["check_column_roles"]


def check_column_roles(roles: Roles, columns: Mapping[str, Column]) -> None:
    """Refuse columns that cannot play their role: outcome, cluster, protected, weights, follow-up.

    Parameters
    ----------
    roles : Roles
        Checked against the names.
    columns : mapping of str to Column
        Every column but the unit's.

    Raises
    ------
    RoleConflict
        An outcome without order, a cluster or protected group that names no groups, weights that are no
        numbers.
    DataError
        An outcome of two whole numbers other than 0 and 1; weights that are negative or all 0; times and
        codes that no follow-up can have.
    """
    _check_kinds(roles, columns)
    _check_weights(roles, columns)
    check_follow_up(roles.follow_up, columns)


def _check_kinds(roles: Roles, columns: Mapping[str, Column]) -> None:
    if roles.outcome is not None:
        _check_outcome(columns[roles.outcome])
    if roles.cluster is not None and columns[roles.cluster].kind in ("continuous", "count", "date"):
        raise RoleConflict(
            f"Column {roles.cluster!r} is stated as {columns[roles.cluster].kind}, but cluster= names "
            "groups. State 'categorical' or leave the kind out."
        )
    for name in roles.protected:
        if columns[name].kind in ("identifier", "date"):
            raise RoleConflict(
                f"Column {name!r} is {columns[name].kind}: it does not name groups of patients, so it cannot "
                "be protected=. Derive a column of groups."
            )


def _check_outcome(column: Column) -> None:
    if column.kind in ("categorical", "identifier", "date"):
        shown = ", ".join(repr(level) for level in column.levels[:6])
        raise RoleConflict(
            f"Column {column.name!r} is {column.kind} ({shown or 'no levels'}), which has no risk and "
            "no mean, so it cannot be outcome=. Derive a column that is 1 for the event of interest, else 0."
        )
    if column.kind in ("binary", "ordinal") or column.how == "stated":
        return
    values = column.values
    low, high = float(values.min()), float(values.max())
    two = low < high and bool(np.all((values == low) | (values == high)))
    if two and low.is_integer() and high.is_integer():
        raise DataError(
            f"Outcome {column.name!r} holds two numbers, {low:g} and {high:g}, and nothing says which one is "
            f"the event. State both, the event last: kinds={{{column.name!r}: ({low:g}, {high:g})}} or "
            f"({high:g}, {low:g}); or state 'continuous'."
        )


def _check_weights(roles: Roles, columns: Mapping[str, Column]) -> None:
    if roles.weights is None:
        return
    column = columns[roles.weights]
    if column.kind not in ("continuous", "count", "binary") or column.levels:
        raise RoleConflict(f"Column {column.name!r} (weights=) is {column.kind}; weights are numbers.")
    negative = int(np.count_nonzero(column.values < 0))
    if negative:
        raise DataError(f"Column {column.name!r} (weights=) has {negative:,} negative values. Correct them.")
    if not np.any(column.values > 0):
        raise DataError(f"Column {column.name!r} (weights=) is 0 in every row, so nobody would count.")
