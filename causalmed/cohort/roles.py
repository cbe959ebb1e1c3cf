"""What each column is for: outcome, unit, cluster, protected, weights, follow-up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np

from causalmed.cohort.column import Column
from causalmed.cohort.followup import FollowUp
from causalmed.cohort.kinds import Kind
from causalmed.cohort.reading import Numbers, Raw
from causalmed.errors import ColumnNotFound, DataError, InvalidArgument, RoleConflict

__all__ = ["Roles", "check_role_kinds", "check_weights", "checked_roles", "checked_tiers", "protected_names"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Roles:
    """Columns by their role.

    Attributes
    ----------
    outcome, unit, cluster, weights : str or None
        One column each.
    protected : tuple of str
        Columns an audit looks at.
    follow_up : FollowUp or None
        Columns of time and event.
    tiers : mapping of str to tuple of str
        Time periods, earliest first, and their columns.
    """

    outcome: str | None = None
    unit: str | None = None
    cluster: str | None = None
    protected: tuple[str, ...] = ()
    weights: str | None = None
    follow_up: FollowUp | None = None
    tiers: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))

    def kind_of(self, name: str, raw: Raw) -> Kind | None:
        """Return the kind that a role implies, if it implies one."""
        if name == self.cluster:
            return Kind(name="categorical", how="role: cluster")
        if name == self.weights and isinstance(raw, Numbers):
            return Kind(name="continuous", how="role: weights")
        spec = self.follow_up
        if spec is not None and name in (spec.time, spec.entry) and isinstance(raw, Numbers):
            return Kind(name="continuous", how="role: follow-up")
        if spec is not None and name == spec.event and len(spec.codes()) > 2:
            return Kind(name="categorical", how="role: follow-up")
        return None

    def in_tier(self, name: str, tier: str) -> Roles:
        """Return the roles with one column moved to a time period."""
        if tier not in self.tiers:
            raise InvalidArgument.option("tier", tier, self.tiers)
        moved = {
            period: tuple(one for one in columns if one != name) + ((name,) if period == tier else ())
            for period, columns in self.tiers.items()
        }
        return replace(self, tiers=MappingProxyType(moved))

    def exclusive(self) -> list[tuple[str, str]]:
        """Return (role, column) for the roles that no two may share."""
        pairs = [("outcome=", self.outcome), ("unit=", self.unit), ("cluster=", self.cluster)]
        pairs.append(("weights=", self.weights))
        if self.follow_up is not None:
            pairs += [("follow-up time", self.follow_up.time), ("follow-up entry", self.follow_up.entry)]
        return [(role, name) for role, name in pairs if name is not None]

    def named(self) -> list[tuple[str, str]]:
        """Return (role, column) for every column that has a role."""
        pairs = [*self.exclusive(), *(("protected=", name) for name in self.protected)]
        if self.follow_up is not None:
            pairs.append(("follow-up event", self.follow_up.event))
        return pairs


def checked_roles(roles: Roles, names: Sequence[str]) -> Roles:
    """Refuse roles of absent columns and roles that exclude each other.

    Parameters
    ----------
    roles : Roles
        As given.
    names : sequence of str
        Columns of the table.

    Returns
    -------
    Roles
        The same.

    Raises
    ------
    ColumnNotFound, RoleConflict, InvalidArgument
    """
    known = set(names)
    for role, name in roles.named():
        if not isinstance(name, str):
            raise InvalidArgument(f"{role} names one column; got {name!r}.")
        if name not in known:
            raise ColumnNotFound.among([name], names, where=role)
    taken: dict[str, str] = {}
    for role, name in roles.exclusive():
        if name in taken:
            raise RoleConflict(
                f"Column {name!r} is given as {taken[name]} and as {role}: one column cannot be both. "
                "Name another column for one of them."
            )
        taken[name] = role
    for name in roles.protected:
        if name in taken and taken[name] != "cluster=":
            raise RoleConflict(
                f"Column {name!r} is given as protected= and as {taken[name]}. Groups are compared by a "
                "characteristic of the patient: take it out of one of the two."
            )
    if len(set(roles.protected)) < len(roles.protected):
        raise RoleConflict(f"protected= repeats a column: {roles.protected}.")
    return roles


def protected_names(given: str | Iterable[str]) -> tuple[str, ...]:
    """Read ``protected=``: one column or several."""
    return (given,) if isinstance(given, str) else tuple(given)


def checked_tiers(
    tiers: Mapping[str, Sequence[str]] | None, names: Sequence[str]
) -> Mapping[str, tuple[str, ...]]:
    """Read ``tiers=``: time periods, earliest first, and the columns recorded in each.

    Parameters
    ----------
    tiers : mapping of str to sequence of str, optional
        Ordered.
    names : sequence of str
        Columns of the table.

    Returns
    -------
    mapping of str to tuple of str
        Read-only.

    Raises
    ------
    ColumnNotFound
        A column is not in the table.
    RoleConflict
        A column stands in two periods.
    InvalidArgument
        Not a mapping, or a period without a list of columns.

    Examples
    --------
    >>> dict(checked_tiers({"before": ["age"], "during": ["duration_min"]}, ["age", "duration_min"]))
    {'before': ('age',), 'during': ('duration_min',)}
    """
    if tiers is None:
        return MappingProxyType({})
    if not isinstance(tiers, Mapping) or any(isinstance(columns, str) for columns in tiers.values()):
        raise InvalidArgument(
            "tiers= maps each time period, earliest first, to a list of columns, for example "
            f"{{'before surgery': ['age', 'sex'], 'during surgery': ['duration_min']}}; got {tiers!r}."
        )
    period_of: dict[str, str] = {}
    for period, columns in tiers.items():
        absent = [name for name in columns if name not in names]
        if absent:
            raise ColumnNotFound.among(absent, names, where=f"tiers[{period!r}]")
        for name in columns:
            if name in period_of:
                raise RoleConflict(
                    f"Column {name!r} stands in tiers {period_of[name]!r} and {period!r}, but it was "
                    "recorded once: keep it in one of them."
                )
            period_of[name] = str(period)
    return MappingProxyType({str(period): tuple(columns) for period, columns in tiers.items()})


def check_role_kinds(roles: Roles, columns: Mapping[str, Column]) -> None:
    """Refuse a column whose kind cannot play its role.

    Parameters
    ----------
    roles : Roles
        Checked.
    columns : mapping of str to Column
        Every column but the unit's.

    Raises
    ------
    RoleConflict
        An outcome without order, a cluster or a protected group that is a number or an identifier.
    DataError
        An outcome of two whole numbers other than 0 and 1.
    """
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
            "no mean, so it cannot be outcome=. Derive a column that is 1 for the event of interest and 0 otherwise."
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


def check_weights(roles: Roles, columns: Mapping[str, Column]) -> None:
    """Refuse weights that are not numbers from 0 upwards, or all 0.

    Parameters
    ----------
    roles : Roles
        Checked.
    columns : mapping of str to Column
        Every column but the unit's.

    Raises
    ------
    RoleConflict
        Weights are not numbers.
    DataError
        Some weight is negative, or none is positive.
    """
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
