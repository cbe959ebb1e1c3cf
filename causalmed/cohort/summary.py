"""A cohort in words: what it holds, what was inferred, who was left out."""

from __future__ import annotations

import textwrap
from html import escape
from typing import TYPE_CHECKING

from causalmed.cohort.column import Column
from causalmed.cohort.missingness import missingness_of
from causalmed.cohort.textgrid import shortened, text_grid
from causalmed.results import html_table

if TYPE_CHECKING:
    import pandas as pd

    from causalmed.cohort.cohort import Cohort

__all__ = ["cohort_columns", "cohort_html", "cohort_summary"]

_WIDTH = 80


def cohort_summary(cohort: Cohort) -> str:
    """Return the cohort as text, at most 80 columns wide.

    Parameters
    ----------
    cohort : Cohort
        Any.

    Returns
    -------
    str

    Examples
    --------
    >>> import pandas as pd
    >>> from causalmed.cohort import Cohort
    >>> frame = pd.DataFrame({"id": [1, 2, 3], "age": [54, 61, 72], "infected": ["no", "yes", "no"]})
    >>> print(cohort_summary(Cohort.from_frame(frame, unit="id", outcome="infected")))
    Cohort of 3 patients, 3 columns
    outcome    infected = yes in 1 of 3 (33.3 %)
    unit       id
    <BLANKLINE>
    column    kind        how it is known  levels or range
    id        identifier  role: unit       3 ids
    age       continuous  whole numbers    54 to 72
    infected  binary      two levels       0 = no, 1 = yes
    <BLANKLINE>
    flow
      3 rows in the table
    fingerprint dbc611df7b48650f
    """
    table = cohort_columns(cohort)
    grid = text_grid(
        [list(table.columns[:4]), *table.iloc[:, :4].to_numpy().tolist()], width=_WIDTH, left=4, squeeze=True
    )
    parts = [f"Cohort of {_patients(cohort.n)}, {len(cohort.names)} columns", *_roles(cohort), "", grid, ""]
    notes = [(name, note) for name, note in zip(table["column"], table["note"], strict=True) if note]
    if notes:
        parts += [
            "to look at",
            *(_wrapped(f"{name}: {note}") for name, note in notes),
            "",
        ]
    if cohort.incomplete is not None:
        parts += ["missing", *map(_wrapped, _missing(cohort)), ""]
    parts += ["flow", *map(_wrapped, _flow(cohort))]
    return "\n".join([*parts, f"fingerprint {cohort.fingerprint[:16]}"])


def cohort_html(cohort: Cohort) -> str:
    """Return the cohort as HTML; every string from the data is escaped."""
    missing = [] if cohort.incomplete is None else _missing(cohort)
    lines = [*_roles(cohort), *missing, *_flow(cohort), f"fingerprint {cohort.fingerprint[:16]}"]
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    caption = f"Cohort of {_patients(cohort.n)}, {len(cohort.names)} columns"
    return html_table(cohort_columns(cohort), caption=caption) + f"<ul>{items}</ul>"


def cohort_columns(cohort: Cohort) -> pd.DataFrame:
    """Return one line a column: kind, how it is known, levels or range, note."""
    import pandas as pd

    lines = []
    for name in cohort.names:
        if name == cohort.unit:
            lines.append((name, "identifier", "role: unit", f"{cohort.n:,} ids", ""))
        else:
            column = cohort.as_recorded(name)
            gone = cohort.n - len(column.values)
            notes = [f"{gone:,} not recorded"] if gone else []
            note = "; ".join([*notes, *([column.note] if column.note else [])])
            lines.append((name, column.kind, column.how, _content(column), note))
    return pd.DataFrame(lines, columns=["column", "kind", "how it is known", "levels or range", "note"])


def _content(column: Column) -> str:
    if column.kind == "identifier":
        return f"{len(column.levels):,} different"
    if column.kind == "binary":
        return ", ".join(f"{code} = {label}" for code, label in enumerate(column.levels)) or "0, 1"
    if column.levels:
        sign = " < " if column.kind == "ordinal" else ", "
        return (f"{len(column.levels)}: " if len(column.levels) > 4 else "") + sign.join(column.levels)
    low, high = float(column.values.min()), float(column.values.max())
    if column.kind == "date":
        return f"{_day(low)} to {_day(high)}"
    return f"{low:.6g} to {high:.6g}{' ' + column.unit_label if column.unit_label else ''}"


def _day(days: float) -> str:
    import numpy as np

    return str(np.datetime64(0, "D") + np.timedelta64(int(days // 1), "D"))


def _roles(cohort: Cohort) -> list[str]:
    spec = cohort.follow_up
    named = [
        ("outcome", _outcome(cohort)),
        ("unit", cohort.unit or "none: rows in the order of the table"),
        ("cluster", cohort.cluster and f"{cohort.cluster} ({cohort.clusters:,} levels)"),
        ("protected", ", ".join(cohort.protected)),
        ("weights", cohort.weights),
        ("follow-up", spec and f"{spec.time} until {spec.event}"),
        *(
            (f"tier {at}", f"{name}: {', '.join(columns)}")
            for at, (name, columns) in enumerate(cohort.tiers.items(), 1)
        ),
    ]
    return [shortened(f"{role:<10} {what}", _WIDTH) for role, what in named if what]


def _outcome(cohort: Cohort) -> str:
    if cohort.outcome is None:
        return ""
    column = cohort.as_recorded(cohort.outcome)
    if column.kind != "binary":
        return f"{column.name} ({column.kind})"
    events, known = int(column.values.sum()), len(column.values)
    event = f" = {column.levels[1]}" if column.levels else " = 1"
    return f"{column.name}{event} in {events:,} of {known:,} ({100 * events / known:.1f} %)"


def _missing(cohort: Cohort) -> list[str]:
    table = missingness_of(cohort)
    head, *_ = table.summary().split("\n")
    told = [f"{' and '.join(names)}: {count:,}" for names, count in table.patterns if names][:5]
    more = len([names for names, _ in table.patterns if names]) - len(told)
    rest = [f"and {more:,} more patterns"] if more > 0 else []
    return [head, "missing together: " + "; ".join([*told, *rest])]


def _flow(cohort: Cohort) -> list[str]:
    received, *steps = cohort.attrition
    return [f"{received.n_after:,} {received.reason}", *map(str, steps)]


def _wrapped(line: str) -> str:
    return textwrap.fill(line, _WIDTH, initial_indent="  ", subsequent_indent="    ")


def _patients(n: int) -> str:
    return f"{n:,} patient" + ("" if n == 1 else "s")
