"""What was not recorded, column by column and pattern by pattern."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from causalmed.results.tables import html_table, text_table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MissingnessRow", "MissingnessTable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingnessRow:
    """How much of one column is missing.

    Parameters
    ----------
    column : str
        Its name.
    kind : str
        What it holds.
    missing : int
        Patients without a value.
    by_group : tuple of int
        The same in each group of the table.

    Examples
    --------
    >>> MissingnessRow(column="bmi", kind="continuous", missing=3).missing
    3
    """

    column: str
    kind: str
    missing: int
    by_group: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingnessTable:
    """Missing values of a cohort.

    Parameters
    ----------
    n : int
        Patients.
    complete : int
        Patients without any missing value.
    rows : tuple of MissingnessRow
        Columns with missing values, most first.
    patterns : tuple of (tuple of str, int)
        Which columns are missing together, and in how many patients; commonest first, the complete
        patients among them under ``()``.
    by : str or None
        Column that makes the groups.
    groups : tuple of (str, int)
        Label and size of each group.
    treatment : str
        What is done about them, in words.

    Examples
    --------
    >>> table = MissingnessTable(n=10, complete=7, patterns=(((), 7), (("bmi",), 3)),
    ...                          rows=(MissingnessRow(column="bmi", kind="continuous", missing=3),))
    >>> print(table.summary())
    3 of 10 patients (30.0 %) have missing values.
    column  kind        missing  percent
    bmi     continuous        3     30.0
    """

    n: int
    complete: int
    rows: tuple[MissingnessRow, ...]
    patterns: tuple[tuple[tuple[str, ...], int], ...] = ()
    by: str | None = None
    groups: tuple[tuple[str, int], ...] = ()
    treatment: str = ""

    def to_frame(self) -> pd.DataFrame:
        """Return a row a column: column, kind, missing, percent, and the per cent in each group."""
        import pandas as pd

        lines = []
        for row in self.rows:
            line: dict[str, Any] = {"column": row.column, "kind": row.kind, "missing": row.missing}
            line["percent"] = _percent(row.missing, self.n)
            for (label, size), missing in zip(self.groups, row.by_group, strict=True):
                line[f"percent if {self.by} = {label}"] = _percent(missing, size)
            lines.append(line)
        names = ["column", "kind", "missing", "percent"]
        names += [f"percent if {self.by} = {label}" for label, _ in self.groups]
        return pd.DataFrame(lines, columns=names)

    def summary(self) -> str:
        """Return the table as text."""
        if not self.rows:
            return self._headline()
        head = f"{self._headline()} {self.treatment}".rstrip()
        return f"{head}\n{text_table(self.to_frame())}"

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON types."""
        return {
            "n": self.n,
            "complete": self.complete,
            "by": self.by,
            "groups": [list(group) for group in self.groups],
            "columns": [
                {
                    "column": row.column,
                    "kind": row.kind,
                    "missing": row.missing,
                    "by_group": list(row.by_group),
                }
                for row in self.rows
            ],
            "patterns": [[list(names), count] for names, count in self.patterns],
            "treatment": self.treatment,
        }

    def __str__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        return html_table(self.to_frame(), caption=self._headline())

    def _headline(self) -> str:
        holes = self.n - self.complete
        if not holes:
            return f"None of {self.n:,} patients has a missing value."
        return f"{holes:,} of {self.n:,} patients ({_percent(holes, self.n):.1f} %) have missing values."


def _percent(part: int, whole: int) -> float:
    return round(100 * part / whole, 1) if whole else 0.0
