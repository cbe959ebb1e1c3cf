"""What each column is for: outcome, unit, cluster, protected, weights, follow-up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from causalmed.cohort.followup import FollowUp
from causalmed.cohort.kinds import Kind
from causalmed.cohort.reading import Numbers, Raw
from causalmed.errors import ColumnNotFound, InvalidArgument, RoleConflict

__all__ = ["Roles", "checked_roles", "protected_names"]


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
    if not isinstance(roles.follow_up, FollowUp | None):
        raise InvalidArgument(
            f"follow_up= is FollowUp(time, event), the columns of time and event; got {roles.follow_up!r}."
        )
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
    if not isinstance(given, Iterable):
        raise InvalidArgument(f"protected= is a column or a list of columns; got {given!r}.")
    return (given,) if isinstance(given, str) else tuple(given)
