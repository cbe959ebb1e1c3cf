"""From the table to the patients, without a step that shows a few of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from causalmed.reporting.disclosure import MINIMUM, hidden_cells

if TYPE_CHECKING:
    from causalmed.cohort import AttritionStep

__all__ = ["attrition_lines"]


def attrition_lines(steps: Sequence[AttritionStep], *, n: int) -> tuple[str, ...]:
    """Say how many rows each step left out; never which step left out 1 to 10.

    Where one such step stands alone, or all of them together left out fewer than 11, the number of rows
    at the start would give it away and is not said either.

    Parameters
    ----------
    steps : sequence of AttritionStep
        From the table as received.
    n : int
        Patients at the end.

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> from causalmed.cohort import AttritionStep
    >>> attrition_lines([AttritionStep(reason="adults", n_before=100, n_after=96)], n=96)
    ('adults: fewer than 11 rows left out', 'analysed: 96 patients')
    """
    out = np.array([[step.left_out for step in steps]], dtype=np.int64).reshape(1, -1)
    hidden = hidden_cells(out).ravel() if out.size else np.zeros(0, dtype=bool)
    counts = out.ravel()
    together = int(counts[hidden].sum())
    lines = []
    if steps and not (hidden.sum() == 1 or 0 < together < MINIMUM):
        lines.append(f"the table: {steps[0].n_before:,} rows")
    for step, few in zip(steps, hidden, strict=True):
        if step.left_out == 0 and step.reason == "rows in the table":
            continue
        said = f"{step.left_out:,} rows" if not few else "a number that is not shown of rows"
        if 0 < step.left_out < MINIMUM:
            said = f"fewer than {MINIMUM} rows"
        lines.append(f"{step.reason}: {said} left out")
    return (*lines, f"analysed: {n:,} patients")
