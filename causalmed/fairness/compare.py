"""Whether a group differs from its reference: four states, and no fifth called fair."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from causalmed.fairness.measures import Counts
from causalmed.fairness.tolerance import Tolerance
from causalmed.prediction import difference_p_value, newcombe
from causalmed.results import Interval
from causalmed.results.words import number

__all__ = ["Comparison", "Evidence", "compare", "holm"]

FEW_EVENTS = 10
FEW_EXPECTED = 50


class Evidence(StrEnum):
    """What the data show about one difference."""

    SHOWN = "difference shown"
    IMMATERIAL = "no material difference shown"
    CANNOT_TELL = "cannot tell"
    NOT_MEASURED = "not measured"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One measure in one group, against the reference group of its attribute.

    Parameters
    ----------
    attribute, group, reference, measure : str
        What is compared.
    difference : Interval or None
        Group minus reference; ``None`` where it was not measured.
    simultaneous : Interval or None
        The same at the level that holds for the whole family (Bonferroni).
    p_adjusted : float or None
        Holm's, over the family.
    state : Evidence
        What the data show.
    cases, patients : int
        k of n in the group: patients missed among those with the outcome, and so on.
    detectable : float or None
        The difference that these patients would show with probability 0.8.
    confirmatory : bool
        Whether it belongs to the family that was named beforehand.
    note : str
        Why the state is what it is.
    """

    attribute: str
    group: str
    reference: str
    measure: str
    difference: Interval | None = None
    simultaneous: Interval | None = None
    p_adjusted: float | None = None
    state: Evidence = Evidence.NOT_MEASURED
    cases: int = 0
    patients: int = 0
    detectable: float | None = None
    confirmatory: bool = True
    note: str = ""

    @property
    def sentence(self) -> str:
        """The comparison in one sentence, made of the same numbers as the table."""
        who = f"{self.attribute} {self.group}"
        if self.state is Evidence.NOT_MEASURED or self.difference is None:
            return f"{who}: {self.measure.replace('_', ' ')} not measured ({self.note})."
        gap = 100 * self.difference.estimate
        low, high = (number(100 * limit) for limit in (self.difference.low, self.difference.high))
        amount = f"{number(abs(gap))} {'more' if gap > 0 else 'fewer'}"
        found = f"{_WORDS[self.measure].format(amount=amount)} than {self.reference}"
        limits = f"({100 * self.difference.level:g} % CI {low} to {high})"
        why = "; ".join(part for part in self.note.split("; ") if part and part != NO_TOLERANCE)
        return f"{who}: {found} {limits}: {self.state}{f' ({why})' if why else ''}."


NO_TOLERANCE = "no tolerance set by a person"

_WORDS = {
    "missed": "{amount} missed per 100 with the outcome",
    "false_alarms": "{amount} false alarms per 100 without the outcome",
    "calibration": "{amount} outcomes per 100 beyond the predicted",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A comparison before it is judged: its name and the counts on both sides."""

    blank: Comparison
    group: Counts | None
    reference: Counts | None

    @property
    def measured(self) -> bool:
        """Whether both sides have patients who can show the measure."""
        return self.group is not None and self.reference is not None

    @property
    def testable(self) -> bool:
        """Measured, and for exploratory comparisons with 10 patients or more who can show it."""
        if self.group is None or self.reference is None:
            return False
        return self.blank.confirmatory or min(self.group.patients, self.reference.patients) >= FEW_EVENTS


def compare(
    pairs: Sequence[Pair], *, alpha: float, level: float, tolerance: Tolerance | None
) -> tuple[Comparison, ...]:
    r"""Judge one family of comparisons.

    Each difference of proportions has the interval that squares and adds single limits (Newcombe 1998,
    method 10; exact single limits where counts are small), each p-value is the level at which that interval
    touches 0, and Holm (1979, Scandinavian Journal of Statistics 6:65-70) keeps the probability of any
    false "difference shown" in the family at alpha. The largest minus the smallest group is never used:
    without any true difference its interval lies above 0.

    Parameters
    ----------
    pairs : sequence of Pair
        The family.
    alpha : float
        Family-wise error.
    level : float
        Of the single intervals.
    tolerance : Tolerance, optional
        Without it, "no material difference shown" cannot be reached.

    Returns
    -------
    tuple of Comparison
    """
    tested = [pair for pair in pairs if pair.testable]
    adjusted = iter(holm(np.array([_p_value(pair) for pair in tested])).tolist())
    family = max(1, len(tested))
    return tuple(
        _judged(
            pair,
            p=next(adjusted) if pair.testable else None,
            alpha=alpha,
            level=level,
            family=family,
            tolerance=tolerance,
        )
        for pair in pairs
    )


def holm(p: NDArray[np.float64]) -> NDArray[np.float64]:
    r"""Adjust p-values for their number, :math:`\tilde p_{(i)} = \max_{j\le i}\min(1, (m-j+1)p_{(j)})`.

    Parameters
    ----------
    p : ndarray, shape (m,)
        In [0, 1].

    Returns
    -------
    ndarray, shape (m,)

    Examples
    --------
    >>> holm(np.array([0.01, 0.04, 0.03])).tolist()
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(p, kind="stable")
    steps = np.minimum(1.0, (len(p) - np.arange(len(p))) * p[order])
    adjusted = np.empty_like(p)
    adjusted[order] = np.maximum.accumulate(steps)
    return adjusted


def _p_value(pair: Pair) -> float:
    assert pair.group is not None and pair.reference is not None  # noqa: PT018  # testable pairs only
    return difference_p_value(
        (pair.group.count, pair.group.total),
        (pair.reference.count, pair.reference.total),
        shift=pair.group.expected - pair.reference.expected,
        exact=_exact(pair.group, pair.reference),
    )


def _exact(group: Counts, reference: Counts) -> bool | None:
    """Ask for exact limits where few are expected in either group, however many were seen.

    Wilson's limits are too narrow far out in the tail of a skewed count, which is where a family of tests
    looks; whether they are used must not hang on the count itself being high.
    """
    pooled = (group.count + reference.count) / (group.total + reference.total)
    fewest = min(pooled, 1 - pooled) * min(group.total, reference.total)
    return True if fewest < FEW_EXPECTED else None


def _judged(
    pair: Pair, *, p: float | None, alpha: float, level: float, family: int, tolerance: Tolerance | None
) -> Comparison:
    group, reference, blank = pair.group, pair.reference, pair.blank
    if group is None or reference is None:
        return replace(blank, note=_why_not(blank, group))
    single = _difference(group, reference, level)
    joint = _difference(group, reference, 1 - alpha / family, exact=_exact(group, reference))
    state, note = _state(joint, p, alpha, tolerance)
    if p is None:
        note = f"exploratory, fewer than {FEW_EVENTS} patients who can show it"
    return replace(
        blank,
        difference=single,
        simultaneous=joint,
        p_adjusted=p,
        state=state,
        cases=group.cases,
        patients=group.patients,
        detectable=_detectable(group, reference, alpha / family),
        note=note if state is not Evidence.CANNOT_TELL else _doubt(note, pair, alpha / family),
    )


def _difference(group: Counts, reference: Counts, level: float, *, exact: bool | None = None) -> Interval:
    return newcombe(
        group.count,
        group.total,
        reference.count,
        reference.total,
        level=level,
        shift=group.expected - reference.expected,
        exact=exact,
    )


def _state(
    joint: Interval, p: float | None, alpha: float, tolerance: Tolerance | None
) -> tuple[Evidence, str]:
    shown = p is not None and p <= alpha
    if tolerance is not None and -tolerance.value < joint.low and joint.high < tolerance.value:
        note = "a difference is shown, inside the tolerance" if shown else "inside the tolerance"
        return Evidence.IMMATERIAL, note
    if shown:
        return Evidence.SHOWN, "" if tolerance is not None else NO_TOLERANCE
    return Evidence.CANNOT_TELL, "" if tolerance is not None else NO_TOLERANCE


def _doubt(note: str, pair: Pair, alpha: float) -> str:
    assert pair.group is not None and pair.reference is not None  # noqa: PT018  # measured pairs only
    gap = _detectable(pair.group, pair.reference, alpha)
    seen = (
        f"a difference of {number(100 * gap)} per 100 would"
        if gap < 1
        else "no difference, however large, would"
    )
    counted = f"{pair.group.cases} of {pair.group.patients}; {seen} have been seen"
    return f"{counted}; {note}" if note else counted


def _detectable(group: Counts, reference: Counts, alpha: float) -> float:
    """The difference seen with probability 0.8 by a two-sided test at ``alpha``, at the pooled proportion."""
    from scipy.special import ndtri

    pooled = (group.count + reference.count + 1.0) / (group.total + reference.total + 2.0)
    error = math.sqrt(pooled * (1 - pooled) * (1 / group.total + 1 / reference.total))
    return min(1.0, float(ndtri(1 - alpha / 2) + ndtri(0.8)) * error)


def _why_not(blank: Comparison, group: Counts | None) -> str:
    side = blank.group if group is None else f"the reference {blank.reference}"
    needed = {
        "missed": "no patient with the outcome, or no threshold",
        "false_alarms": "no patient without the outcome, or no threshold",
        "calibration": "no patient",
    }
    return f"{side}: {needed[blank.measure]}"
