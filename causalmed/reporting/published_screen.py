"""A screen as it may leave the hospital: no count of a few patients, none that could be worked out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from causalmed.reporting.disclosure import MINIMUM, hidden_cells, without_few
from causalmed.results import Check, Gate

if TYPE_CHECKING:
    from causalmed.cohort import Cohort
    from causalmed.screening import Candidate, RiskScreen

__all__ = ["published_gate", "published_screen"]

_NOTE: Final = (
    f"Not shown: with nothing to adjust for, it would give away a cell of fewer than {MINIMUM} patients."
)


def published_gate(gate: Gate) -> Gate:
    """Return the checks without counts of 1 to 10 patients.

    Examples
    --------
    >>> from causalmed.results import State
    >>> sentence = "The scores of 21 of 900 patients (19 exposed, 2 unexposed) were moved."
    >>> gate = Gate(checks=(Check(name="truncation", state=State.WARN, sentence=sentence, value=21.0),))
    >>> published_gate(gate).checks[0].sentence
    'The scores of 21 of 900 patients were moved.'
    """
    return Gate(checks=tuple(_published_check(check) for check in gate.checks))


def _published_check(check: Check) -> Check:
    sentence = without_few(check.sentence)
    if sentence == check.sentence:
        return check
    few = check.value is not None and 0 < check.value < MINIMUM and check.value == round(check.value)
    return replace(check, sentence=sentence, value=None if few else check.value)


def published_screen(screen: RiskScreen, cohort: Cohort) -> RiskScreen:
    """Return the screen without crude estimates that give a small cell away, and without p-values.

    A crude difference, with the numbers of exposed and of infected patients, is the table of both. An
    estimate that adjusts for nothing is a crude one.

    Parameters
    ----------
    screen : RiskScreen
        As computed, for the notebook.
    cohort : Cohort
        The patients.

    Returns
    -------
    RiskScreen
    """
    rows = tuple(_published(row, cohort, screen.outcome) for row in screen.candidates)
    return replace(screen, candidates=rows)


def _published(row: Candidate, cohort: Cohort, outcome: str) -> Candidate:
    effect = row.effect and replace(row.effect, diagnostics=published_gate(row.effect.diagnostics))
    row = replace(row, effect=effect, adjusted_p=None, reason=without_few(row.reason))
    if row.name not in cohort or not _gives_away(cohort, row.name, outcome):
        return row
    if effect is not None and not row.adjustment_set:
        return replace(row, effect=None, risk_difference=None, risk_ratio=None, crude=None, reason=_NOTE)
    return replace(row, crude=None, effect=effect and replace(effect, crude=None))


def _gives_away(cohort: Cohort, exposure: str, outcome: str) -> bool:
    """Whether the table of exposure and outcome has a cell of 1 to 10 patients."""
    if not cohort.column(exposure).is_discrete:
        return False
    codes = np.unique(cohort.values(exposure), return_inverse=True)[1]
    infected = cohort.values(outcome).astype(int)
    table = np.zeros((int(codes.max()) + 1, 2), dtype=np.int64)
    np.add.at(table, (codes, infected), 1)
    return bool(hidden_cells(table).any())
