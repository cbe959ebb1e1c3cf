"""Whose data is it built on?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from causalmed.reporting.attrition import attrition_lines
from causalmed.reporting.disclosure import HIDDEN, MINIMUM, hidden_cells
from causalmed.reporting.page import Block, Checks, Details, Items, Listing, Paragraph, Section, Table

if TYPE_CHECKING:
    import pandas as pd

    from causalmed.cohort import Cohort
    from causalmed.reporting.dossier import Dossier

__all__ = ["data"]


def data(dossier: Dossier) -> Section:
    """Attrition, who the patients are, what was checked first, what a person must say of the data."""
    cohort, plan = dossier.population.cohort, dossier.protocol.population
    outcome = cohort.values(dossier.protocol.question.outcome)
    hospitals = f" in {cohort.clusters} hospitals" if cohort.cluster else ""
    zero = f" from {plan.time_zero}" if plan.time_zero else ""
    days = f" for {plan.follow_up_days:g} days" if plan.follow_up_days else ""
    few = 0 < outcome.sum() < MINIMUM or 0 < cohort.n - outcome.sum() < MINIMUM
    had = "" if few else f"; {int(outcome.sum()):,} of them had {dossier.protocol.question.outcome}"
    steps = attrition_lines(dossier.population.attrition, n=cohort.n)
    blocks: tuple[Block, ...] = (
        Listing(lead="From the table to the patients analysed:", lines=steps),
        Checks(gate=dossier.checks, lead="What was checked before anything was estimated:"),
        Details(
            title="Who the patients are (table 1)",
            blocks=(
                Table(
                    frame=_table_one(cohort),
                    caption="All patients. Measurements: mean (standard deviation). All else: patients (%)",
                ),
                Paragraph(
                    text="Hospitals are not listed. No number of fewer than 11 patients is shown, and none "
                    "can be "
                    "worked out."
                ),
            ),
        ),
        Items(items=tuple(item for item in dossier.items() if item.section == "data")),
    )
    return Section(
        key="data",
        question="Whose data is it built on?",
        answer=f"{cohort.n:,} patients{hospitals}, followed{zero}{days}{had}.",
        blocks=blocks,
    )


def _table_one(cohort: Cohort) -> pd.DataFrame:
    """Table 1 of everybody, with small cells hidden."""
    import pandas as pd

    table = cohort.table_one()
    rows = [("patients", f"{cohort.n:,}")]
    for row in table.rows:
        if row.characteristic == cohort.cluster:
            continue
        yes = row.level == "1" and cohort.column(row.characteristic).kind == "binary"
        level = "" if yes else str(row.level).replace("_", " ")
        label = row.characteristic + (f": {level}" if level else "")
        shown = HIDDEN if row.level and _is_hidden(cohort, row.characteristic, row.level) else row.cells[0]
        rows.append((label, shown))
    return pd.DataFrame(rows, columns=["factor", "all patients"])


def _is_hidden(cohort: Cohort, name: str, level: str) -> bool:
    column = cohort.column(name)
    levels = column.levels or tuple(f"{value:g}" for value in np.unique(column.values))
    codes = column.values if column.levels else np.searchsorted(np.unique(column.values), column.values)
    counts = np.bincount(codes.astype(int), minlength=len(levels))
    if len(levels) == 1:
        return False
    hidden = hidden_cells(counts.reshape(-1, 1)).ravel()
    return bool(hidden[levels.index(level)]) if level in levels else bool(hidden.any())
