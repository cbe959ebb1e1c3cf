"""The cohort: one table, checked once, that never changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from causalmed.cohort import views
from causalmed.cohort.assembly import assemble
from causalmed.cohort.attrition import AttritionStep
from causalmed.cohort.column import Column, read_only
from causalmed.cohort.expression import evaluate
from causalmed.cohort.fingerprint import cohort_fingerprint
from causalmed.cohort.followup import FollowUp
from causalmed.cohort.imputation import Imputation
from causalmed.cohort.imputation.incomplete import Incomplete, parted
from causalmed.cohort.kinds import stated_as
from causalmed.cohort.newcolumn import new_column
from causalmed.cohort.rolechecks import check_column_roles
from causalmed.cohort.roles import Roles, protected_names
from causalmed.cohort.rows import chosen_rows
from causalmed.cohort.streamed import open_parquet
from causalmed.cohort.summary import cohort_html
from causalmed.cohort.tiers import checked_tiers, moved_to_tier
from causalmed.cohort.units import find_unit, unit_column
from causalmed.engine import unit_keys
from causalmed.errors import ColumnNotFound, DataError, InvalidArgument

__all__ = ["Cohort"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Cohort:
    """Patients, their columns, what each column is for, and who was left out.

    Build one with :meth:`from_frame`. Rows stand in the order of the unit id, whatever that of the table.

    Parameters
    ----------
    names : tuple of str
        Columns in the order of the table.
    columns : mapping of str to Column
        Every column without missing values, but the unit's.
    unit_ids : ndarray, shape (n,)
        Ids of the rows (row numbers of the table where no unit was named), read-only.
    outcome, unit, cluster, weights : str or None
        Columns by their role.
    protected : tuple of str
        Columns that an audit compares.
    follow_up : FollowUp or None
        Columns of time and event.
    tiers : mapping of str to tuple of str
        Time periods, earliest first, and their columns.
    attrition : tuple of AttritionStep
        From the table to this cohort.
    incomplete : Incomplete or None
        The columns with missing values, where they were kept (``missing=Imputation(…)``).

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"id": [2, 1, 3], "late": [0, 1, 1], "infected": ["no", "yes", "no"]})
    >>> cohort = Cohort.from_frame(frame, unit="id", outcome="infected")
    >>> cohort
    Cohort(n=3, outcome='infected', columns=('id', 'late', 'infected'))
    >>> cohort.values("infected").tolist(), cohort.column("infected").levels
    ([1.0, 0.0, 0.0], ('no', 'yes'))
    """

    names: tuple[str, ...]
    columns: Mapping[str, Column]
    unit_ids: NDArray[Any]
    outcome: str | None = None
    unit: str | None = None
    cluster: str | None = None
    protected: tuple[str, ...] = ()
    weights: str | None = None
    follow_up: FollowUp | None = None
    tiers: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    attrition: tuple[AttritionStep, ...] = ()
    incomplete: Incomplete | None = None
    _memory: dict[str, Any] = field(init=False, default_factory=dict)

    @classmethod
    def from_frame(
        cls,
        frame: object,
        *,
        outcome: str | None = None,
        unit: str | None = None,
        cluster: str | None = None,
        protected: str | Iterable[str] = (),
        tiers: Mapping[str, Sequence[str]] | None = None,
        kinds: Mapping[str, object] | None = None,
        weights: str | None = None,
        follow_up: FollowUp | None = None,
        missing: str | Imputation = "error",
    ) -> Cohort:
        """Build a cohort from a data frame of any library.

        Parameters
        ----------
        frame : pandas.DataFrame, polars.DataFrame or pyarrow.Table
            One row a patient. Never changed.
        outcome : str, optional
            Column of the outcome; binary, ordinal or a number.
        unit : str, optional
            Column of unique ids. With it every result is independent of the order of the rows.
        cluster : str, optional
            Column of the group within which patients resemble each other (hospital).
        protected : str or iterable of str
            Columns that an audit compares.
        tiers : mapping of str to sequence of str, optional
            Time periods, earliest first, and the columns recorded in each.
        kinds : mapping of str to str or sequence, optional
            Kind of a column ("binary", "ordinal", "categorical", "continuous", "count", "identifier",
            "date"), or its levels, lowest first. Other kinds are inferred by the rules of
            :mod:`causalmed.cohort.kinds` and shown by :meth:`summary`.
        weights : str, optional
            Column of sampling weights, not negative.
        follow_up : FollowUp, optional
            Columns of time and event.
        missing : {"error", "complete", "impute"} or Imputation
            Refuse missing values; leave the rows out and log them; or keep them as holes that every
            estimate fills several times (:class:`Imputation`, of which "impute" is the default).

        Returns
        -------
        Cohort

        Raises
        ------
        DataError, InvalidArgument
            The table cannot be used as it is, or an argument is not understood.

        Examples
        --------
        >>> import pandas as pd
        >>> frame = pd.DataFrame({"asa": [3, 1, 2], "age": [71, 54, None]})
        >>> cohort = Cohort.from_frame(frame, kinds={"asa": (1, 2, 3, 4)}, missing="complete")
        >>> cohort.n, cohort.column("asa").kind
        (2, 'ordinal')
        """
        roles = Roles(
            outcome=outcome,
            unit=unit,
            cluster=cluster,
            protected=protected_names(protected),
            weights=weights,
            follow_up=follow_up,
        )
        parts = assemble(frame, roles=roles, kinds=kinds, missing=missing)
        return cls(
            names=parts.names,
            columns=MappingProxyType(dict(parts.columns)),
            unit_ids=parts.ids,
            outcome=outcome,
            unit=unit,
            cluster=cluster,
            protected=roles.protected,
            weights=weights,
            follow_up=follow_up,
            tiers=checked_tiers(tiers, parts.names),
            attrition=parts.attrition,
            incomplete=parts.incomplete,
        )

    from_parquet = staticmethod(open_parquet)

    def __len__(self) -> int:
        return len(self.unit_ids)

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def __repr__(self) -> str:
        shown = ", ".join(map(repr, self.names[:6])) + (", …" if len(self.names) > 6 else "")
        return f"Cohort(n={self.n:,}, outcome={self.outcome!r}, columns=({shown}))"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Cohort):
            return NotImplemented
        return self.roles == other.roles and self.fingerprint == other.fingerprint

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    @property
    def n(self) -> int:
        """Number of patients."""
        return len(self.unit_ids)

    @property
    def roles(self) -> Roles:
        """What the columns are for, in one value."""
        return Roles(**{one.name: getattr(self, one.name) for one in fields(Roles)})

    @property
    def unit_keys(self) -> NDArray[np.uint64]:
        """64-bit keys of the units, read-only, shape (n,)."""
        if "keys" not in self._memory:
            self._memory["keys"] = read_only(unit_keys(self.unit_ids))
        return np.asarray(self._memory["keys"], dtype=np.uint64)

    @property
    def cluster_codes(self) -> NDArray[np.intp] | None:
        """Cluster of each patient as a code of :attr:`cluster_levels`, shape (n,); None without cluster."""
        return None if self.cluster is None else read_only(self.values(self.cluster).astype(np.intp))

    @property
    def cluster_levels(self) -> tuple[str, ...]:
        """Labels of the clusters."""
        return () if self.cluster is None else self.column(self.cluster).levels

    @property
    def clusters(self) -> int:
        """Number of clusters that have patients; 0 without cluster."""
        return 0 if self.cluster is None else len(np.unique(self.values(self.cluster)))

    @property
    def kinds(self) -> dict[str, str | tuple[str, ...]]:
        """What ``kinds=`` would state about the columns of this cohort, the unit's apart."""
        return {name: stated_as(column) for name, column in self._all_columns().items()}

    @property
    def fingerprint(self) -> str:
        """SHA-256 of names, kinds, levels, ids and values in canonical order."""
        if "fingerprint" not in self._memory:
            self._memory["fingerprint"] = cohort_fingerprint(self._all_columns().values(), self.unit_ids)
        return str(self._memory["fingerprint"])

    def column(self, name: str) -> Column:
        """Return a column by its name; ColumnNotFound names near ones, MissingValues says what to do."""
        if name == self.unit:
            return unit_column(name, self.unit_ids)
        if self.incomplete is not None and name in self.incomplete:
            raise self.incomplete.refusal(name)
        if not isinstance(name, str) or name not in self.columns:
            raise ColumnNotFound.among([name], self.names, where="column")
        return self.columns[name]

    def values(self, name: str) -> NDArray[np.float64]:
        """Return the numbers of a column, read-only, shape (n,); see :class:`Column`."""
        return self.column(name).values

    def tier_of(self, name: str) -> str | None:
        """Return the time period of a column, or None where none was stated."""
        if name not in self.names:
            raise ColumnNotFound.among([name], self.names, where="tier_of")
        return next((period for period, columns in self.tiers.items() if name in columns), None)

    def take(self, rows: ArrayLike, *, reason: str | None = None) -> Cohort:
        """Return the cohort of some rows.

        Parameters
        ----------
        rows : array_like
            A mask of n truth values, or row numbers in increasing order.
        reason : str, optional
            Logged in :attr:`attrition`.

        Returns
        -------
        Cohort

        Raises
        ------
        InvalidArgument
            Rows repeated, out of order or outside: a cohort holds each patient once, in canonical order.
        DataError
            No row is left.
        """
        chosen = chosen_rows(rows, n=self.n)
        if not len(chosen):
            what = f" for {reason!r}" if reason else ""
            raise DataError(f"None of the {self.n:,} patients remains{what}. Loosen the condition.")
        steps = self.attrition
        if reason is not None:
            steps = (*steps, AttritionStep(reason=reason, n_before=self.n, n_after=len(chosen)))
        ids = read_only(self.unit_ids[chosen])
        columns = {name: column.take(chosen) for name, column in self._all_columns().items()}
        return self._with(columns, unit_ids=ids, attrition=steps)

    def where(self, expression: str, *, reason: str) -> Cohort:
        """Return the cohort of the patients who satisfy a condition; the step is logged.

        Parameters
        ----------
        expression : str
            Comparisons joined by and, or, not; see :mod:`causalmed.cohort.expression`. Never run as code.
        reason : str
            Why, in words for the flow chart.

        Raises
        ------
        InvalidArgument, ColumnNotFound
            The condition is not understood, names no column, or has no reason.
        DataError
            Nobody satisfies it.

        Examples
        --------
        >>> import pandas as pd
        >>> cohort = Cohort.from_frame(pd.DataFrame({"age": [12, 54, 71], "sex": ["F", "M", "F"]}))
        >>> adults = cohort.where("age >= 18 and sex == 'F'", reason="adult women")
        >>> print(adults.attrition[-1])
        1 left of 3 (2 left out): adult women
        """
        if not isinstance(reason, str) or not reason.strip():
            raise InvalidArgument("reason= says in words why patients are left out; the report prints it.")
        return self.take(self.matches(expression), reason=reason)

    def matches(self, expression: str) -> NDArray[np.bool_]:
        """Return which patients satisfy a condition, shape (n,); see :meth:`where`."""
        return evaluate(expression, self)

    def patient(self, unit: object) -> Cohort:
        """Return the cohort of one patient.

        Parameters
        ----------
        unit : int or str
            Id of the unit; row number of the table where no unit was named.

        Raises
        ------
        DataError
            No such patient; the message names near ids.
        """
        return self.take([find_unit(self.unit_ids, unit)])

    def assign(
        self, name: str, values: ArrayLike, kind: str, *, levels: Sequence[str] = (), tier: str | None = None
    ) -> Cohort:
        """Return the cohort with one column added or replaced.

        Parameters
        ----------
        name : str
            Column.
        values : array_like, shape (n,)
            Finite numbers, in the order of this cohort; codes of ``levels`` where levels are given.
        kind : str
            What they are.
        levels : sequence of str
            Labels of the codes.
        tier : str, optional
            Time period of the column; a column that is replaced keeps its own.

        Returns
        -------
        Cohort

        Raises
        ------
        InvalidArgument, RoleConflict
            Values of another length, not finite or not of the kind; the column is the unit.
        """
        column = new_column(name, values, kind, n=self.n, levels=levels, unit=self.unit)
        columns = {**self._all_columns(), name: column}
        check_column_roles(self.roles, columns)
        names = self.names if name in self.names else (*self.names, name)
        tiers = self.tiers if tier is None else moved_to_tier(self.tiers, name, tier)
        return self._with(columns, names=names, tiers=tiers)

    to_frame = views.to_frame
    table_one = views.table_one
    summary = views.summary
    missingness = views.missingness
    recorded = views.recorded
    as_recorded = views.as_recorded
    where_recorded = views.where_recorded
    completed = views.completed

    def _repr_html_(self) -> str:
        return cohort_html(self)

    def _all_columns(self) -> dict[str, Column]:
        return {**self.columns, **({} if self.incomplete is None else self.incomplete.columns)}

    def _with(self, columns: Mapping[str, Column], **changed: Any) -> Cohort:
        """Return the cohort with other columns, those with holes put where they belong."""
        if self.incomplete is None:
            return replace(self, columns=MappingProxyType(dict(columns)), **changed)
        whole, rest = parted(columns, self.incomplete.spec)
        return replace(self, columns=whole, incomplete=rest, **changed)
