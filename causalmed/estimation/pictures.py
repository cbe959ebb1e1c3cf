"""What the checks looked at, as pictures."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from causalmed.estimation.balance import BalanceTable
from causalmed.estimation.problem import Problem
from causalmed.results.pictures import Balance, BalanceRow, Overlap

__all__ = ["balance_picture", "overlap_counts", "overlap_picture", "picture_of_counts"]

_BARS = 20


def overlap_picture(problem: Problem, raw: NDArray[np.float64] | None) -> Overlap | None:
    """Return the propensity scores of the two arms, back to back; None where there are none."""
    if raw is None:
        return None
    return picture_of_counts(problem, overlap_counts(raw, problem.exposed))


def overlap_counts(raw: NDArray[np.float64], exposed: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how many of the exposed, and of the unexposed, have a score in each bar; shape (2, bars)."""
    edges = np.linspace(0.0, 1.0, _BARS + 1)
    return np.array([np.histogram(raw[exposed == arm], bins=edges)[0] for arm in (1, 0)], dtype=np.float64)


def picture_of_counts(problem: Problem, counts: NDArray[np.float64]) -> Overlap:
    """Return the picture of these counts."""
    edges = np.linspace(0.0, 1.0, _BARS + 1)
    shared = (counts[0] > 0) & (counts[1] > 0)
    inside = sum(int(count[shared].sum()) for count in counts)
    name = problem.estimand.exposure
    return Overlap(
        title=f"{inside:,} of {problem.n:,} patients have others like them with and without {name}",
        edges=tuple(float(edge) for edge in edges),
        exposed=tuple(float(count) for count in counts[0]),
        unexposed=tuple(float(count) for count in counts[1]),
    )


def balance_picture(problem: Problem, table: BalanceTable | None) -> Balance | None:
    """Return the standardised differences before and after weighting; None where there are none."""
    if table is None or not table.names:
        return None
    before, after = np.abs(table.before), np.abs(table.after)
    return Balance(
        title=(
            f"The largest difference between the arms of {problem.estimand.exposure} goes from "
            f"{before.max():.2f} to {after.max():.2f}"
        ),
        rows=tuple(
            BalanceRow(label=name, before=float(b), after=float(a))
            for name, b, a in zip(table.names, table.before, table.after, strict=True)
        ),
    )
