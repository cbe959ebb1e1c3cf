"""Time periods and the columns recorded in each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from causalmed.errors import ColumnNotFound, InvalidArgument, RoleConflict

__all__ = ["checked_tiers", "moved_to_tier"]


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
    if not isinstance(tiers, Mapping) or not all(map(_is_listed, tiers.values())):
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


def _is_listed(columns: object) -> bool:
    return isinstance(columns, Iterable) and not isinstance(columns, str)


def moved_to_tier(
    tiers: Mapping[str, tuple[str, ...]], name: str, tier: str
) -> Mapping[str, tuple[str, ...]]:
    """Return the periods with one column moved to one of them.

    Examples
    --------
    >>> dict(moved_to_tier({"before": ("age",), "during": ()}, "age", "during"))
    {'before': (), 'during': ('age',)}
    """
    if tier not in tiers:
        raise InvalidArgument.option("tier", tier, tiers)
    return MappingProxyType(
        {
            period: tuple(one for one in columns if one != name) + ((name,) if period == tier else ())
            for period, columns in tiers.items()
        }
    )
