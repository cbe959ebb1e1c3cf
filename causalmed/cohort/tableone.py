"""Table one: who the patients are, group by group, and how far apart the groups lie."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from causalmed.cohort.textgrid import text_grid
from causalmed.errors import InvalidArgument
from causalmed.results import Provenance, html_table

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from causalmed.results.pictures import Balance

__all__ = ["TableOne", "TableOneRow"]

_DENOMINATOR: Final = (
    "SMD: difference in means or proportions over sqrt((s1² + s0²)/2), s of the unweighted groups; three or "
    "more levels: Mahalanobis distance of the level proportions (Yang and Dalton 2012)."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TableOneRow:
    """One line of a table one.

    Parameters
    ----------
    characteristic : str
        Column.
    level : str
        Level, for columns that have some; empty otherwise.
    cells : tuple of str
        All patients first, then each group.
    smd, smd_weighted : float or None
        Standardised mean differences, on the first line of a characteristic; None elsewhere, where there
        are no groups, and (the second) without weights.
    """

    characteristic: str
    level: str
    cells: tuple[str, ...]
    smd: float | None = None
    smd_weighted: float | None = None

    @property
    def label(self) -> str:
        """Characteristic and level in one."""
        return f"{self.characteristic} = {self.level}" if self.level else self.characteristic


@dataclass(frozen=True, slots=True, kw_only=True)
class TableOne:
    """Characteristics of the patients by group.

    Made by :meth:`Cohort.table_one`.

    Parameters
    ----------
    by : str or None
        Column that makes the groups.
    groups : tuple of str
        Labels of the groups.
    sizes : tuple of int
        Patients: all first, then each group.
    rows : tuple of TableOneRow
        The lines.
    numbers_as : {"mean", "median"}
        How numbers are described.
    weighted : bool
        True if cells are weighted.
    provenance : Provenance
        Where the numbers come from.

    Examples
    --------
    >>> import pandas as pd
    >>> from causalmed.cohort import Cohort
    >>> frame = pd.DataFrame({"late": [0, 0, 1, 1], "age": [50, 60, 55, 75], "sex": ["F", "M", "M", "M"]})
    >>> print(Cohort.from_frame(frame).table_one(by="late").summary())
    Table 1 by late
    Numbers: mean (SD); levels: n (%). SMD: difference in means or proportions over
    sqrt((s1² + s0²)/2), s of the unweighted groups; three or more levels:
    Mahalanobis distance of the level proportions (Yang and Dalton 2012). Sign: 1
    minus 0.
                      all           0            1   SMD
    patients            4           2            2
    age       60.0 (10.8)  55.0 (7.1)  65.0 (14.1)  0.89
    sex = M      3 (75.0)    1 (50.0)    2 (100.0)  1.41
    """

    by: str | None
    groups: tuple[str, ...]
    sizes: tuple[int, ...]
    rows: tuple[TableOneRow, ...]
    numbers_as: str
    weighted: bool
    provenance: Provenance

    @property
    def title(self) -> str:
        """One line that names the table."""
        return "Table 1" if self.by is None else f"Table 1 by {self.by}"

    @property
    def header(self) -> str:
        """What the numbers are, with the denominator of the SMD."""
        numbers = "mean (SD)" if self.numbers_as == "mean" else "median [quartiles]"
        weighted = ", weighted" if self.weighted else ""
        text = f"Numbers: {numbers}; levels: n (%){weighted}."
        if len(self.groups) < 2:
            return text
        if len(self.groups) > 2:
            return f"{text} {_DENOMINATOR} The largest over the pairs of groups is shown, without sign."
        return f"{text} {_DENOMINATOR} Sign: {self.groups[1]} minus {self.groups[0]}."

    def imbalance(self) -> Mapping[str, float]:
        """Return the SMD of each characteristic (weighted, where there are weights)."""
        return {
            row.characteristic: row.smd if row.smd_weighted is None else row.smd_weighted
            for row in self.rows
            if row.smd is not None
        }

    def to_frame(self) -> pd.DataFrame:
        """Return one line a characteristic or level; the SMD stands on the first line of each."""
        import pandas as pd

        heads = ["all", *(f"{self.by} = {group}" for group in self.groups)]
        data: dict[str, Any] = {"characteristic": ["patients", *(row.label for row in self.rows)]}
        for at, head in enumerate(heads):
            data[head] = [f"{self.sizes[at]:,}", *(row.cells[at] for row in self.rows)]
        for head, values in self._smd_columns():
            data[head] = pd.Series([None, *values], dtype="float64")
        return pd.DataFrame(data)

    def summary(self) -> str:
        """Return the table as text, at most 80 columns wide; wide tables continue below."""
        heads = ["", "all", *self.groups, *(head for head, _ in self._smd_columns())]
        body = [["patients", *(f"{size:,}" for size in self.sizes)]]
        body[0] += [""] * (len(heads) - len(body[0]))
        for at, row in enumerate(self.rows):
            smds = [_two_decimals(values[at]) for _, values in self._smd_columns()]
            body.append([row.label, *row.cells, *smds])
        return "\n".join([self.title, textwrap.fill(self.header, 80), text_grid([heads, *body], width=80)])

    def to_dict(self) -> dict[str, Any]:
        """Return the table as plain JSON types."""

        def plain(smd: float | None) -> float | str | None:
            return smd if smd is None or math.isfinite(smd) else str(smd)

        return {
            "title": self.title,
            "header": self.header,
            "groups": list(self.groups),
            "sizes": list(self.sizes),
            "rows": [
                {
                    "label": row.label,
                    "cells": list(row.cells),
                    "smd": plain(row.smd),
                    "smd_weighted": plain(row.smd_weighted),
                }
                for row in self.rows
            ],
            "provenance": self.provenance.to_dict(),
        }

    def picture(self) -> Balance:
        """Return the standardised differences as a balance picture, before and after weighting.

        Raises
        ------
        InvalidArgument
            There are no groups to compare, or a difference is infinite.
        """
        from causalmed.results.pictures import Balance, BalanceRow

        compared = [row for row in self.rows if row.smd is not None]
        if not compared:
            raise InvalidArgument("There are no groups to compare: make the table with by=.")
        apart = [name for name, smd in self.imbalance().items() if math.isinf(smd)]
        if apart:
            raise InvalidArgument(
                f"The groups by {self.by!r} have no spread in {', '.join(map(repr, apart))} and differ "
                "there: the standardised difference is infinite. Leave these out (columns=)."
            )
        worst = max(abs(value) for value in self.imbalance().values())
        return Balance(
            title=f"Groups by {self.by}: the largest standardised difference is {worst:.2f}",
            rows=tuple(
                BalanceRow(label=row.characteristic, before=row.smd or 0.0, after=row.smd_weighted)
                for row in compared
            ),
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the standardised differences; see :meth:`picture`."""
        return self.picture().plot(ax)

    def _repr_html_(self) -> str:
        frame = self.to_frame()
        for head, values in self._smd_columns():
            frame[head] = ["", *map(_two_decimals, values)]
        return html_table(frame, caption=f"{self.title}. {self.header}")

    def _smd_columns(self) -> list[tuple[str, list[float | None]]]:
        if len(self.groups) < 2:
            return []
        columns: list[tuple[str, list[float | None]]] = [("SMD", [row.smd for row in self.rows])]
        if self.weighted:
            columns.append(("SMD weighted", [row.smd_weighted for row in self.rows]))
        return columns


def _two_decimals(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.2f}".replace("-", "−").replace("inf", "∞")
