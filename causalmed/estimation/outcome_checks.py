"""What every gate asks about the outcome: is it rare, and does each arm hold both of its values?"""

from __future__ import annotations

from causalmed.estimation.inference import RARE
from causalmed.estimation.problem import Problem
from causalmed.results import Check, State

__all__ = ["one_sided_check", "rare_check", "rare_check_of"]


def rare_check(outcome: str, share: float, *, note: str = "") -> Check:
    """Warn of an outcome that few patients have.

    Parameters
    ----------
    outcome : str
        Name of the outcome.
    share : float
        Share of the patients who have it.
    note : str
        What was done about it, a sentence.

    Examples
    --------
    >>> print(rare_check("ssi", 0.02))
    WARN  rare outcome: ssi occurs in 2 of 100 patients. Intervals for rare outcomes can be too narrow: \
read them with care.
    """
    return Check(
        name="rare outcome",
        state=State.WARN if share < RARE else State.PASS,
        sentence=f"{outcome} occurs in {100 * share:.2g} of 100 patients.{f' {note}' if note else ''}",
        value=share,
        threshold=RARE,
        advice="Intervals for rare outcomes can be too narrow: read them with care.",
    )


def rare_check_of(problem: Problem, *, note: str = "") -> Check | None:
    """Warn of the rare outcome of a question; None for a number."""
    if problem.outcome_kind != "binary":
        return None
    return rare_check(problem.estimand.outcome, problem.events / problem.n, note=note)


def one_sided_check(problem: Problem) -> Check | None:
    """Refuse an arm in which nobody, or everybody, has the outcome: its variance would be estimated as 0."""
    if problem.outcome_kind != "binary":
        return None
    for arm, who in ((1, "exposed"), (0, "unexposed")):
        low, high = problem.outcome_range(arm)
        if low == high:
            how_many = "None" if high == 0 else "All"
            return Check(
                name="outcomes in each arm",
                state=State.FAIL,
                sentence=f"{how_many} of the {problem.arm_size(arm):,} {who} patients have "
                f"{problem.estimand.outcome}: how far their risk may be from that cannot be estimated, and "
                "intervals are too narrow.",
                value=high,
                advice="Lengthen the follow-up, widen the cohort, or give the arm an exact interval.",
            )
    return None
