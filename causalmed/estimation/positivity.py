r"""Could every patient have been treated otherwise?

Propensity scores closer to 0 or 1 than :math:`5 / (\sqrt n \ln n)` are pulled to that bound (Gruber S,
Phillips RV, Lee H, van der Laan MJ 2022. Am J Epidemiol 191:1640-1651). Where more than 1 % of the
patients lie beyond it, truncation would replace data by assumption, and the estimate is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from causalmed.errors import PositivityViolation
from causalmed.estimation.problem import Problem
from causalmed.estimation.strata import DISCRETE, Strata
from causalmed.regression import ColumnLike

__all__ = ["Hole", "Truncation", "default_bound", "refuse_holes", "structural_holes", "truncate"]

Array = NDArray[np.float64]
_TOLERATED: Final = 0.01
_CHANCE: Final = 0.05


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Truncation:
    """Propensity scores after truncation, and what it did.

    Attributes
    ----------
    e : ndarray, shape (n,)
        Truncated scores.
    moved : ndarray of bool, shape (n,)
        Patients whose score was moved.
    bound : float
        Smallest distance from 0 and 1; 0 for none.
    rule : str
        ``"sample size"`` or ``"stated"``.
    largest_weight : float
        Largest weight before truncation among the patients beyond the bound; 0 where there is none.
    counts : tuple of int
        How many exposed and how many unexposed patients were moved.
    """

    e: Array
    moved: NDArray[np.bool_]
    bound: float
    rule: str
    largest_weight: float
    counts: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hole:
    """A stratum in which one arm is empty, and chance is a poor explanation.

    Attributes
    ----------
    stratum : str
        ``"antibiotic_risk = 0, planned = 1"``.
    patients : int
        How many live there.
    missing : str
        ``"exposed"`` or ``"unexposed"``: the arm that nobody there is in.
    """

    stratum: str
    patients: int
    missing: str


def default_bound(n: int) -> float:
    r"""Return :math:`5 / (\sqrt n \ln n)`, at most 0.1.

    Parameters
    ----------
    n : int
        Patients, at least 1.

    Examples
    --------
    >>> round(default_bound(5735), 5)
    0.00763
    """
    if n < 3:
        return 0.1
    return float(min(0.1, 5 / (np.sqrt(n) * np.log(n))))


def truncate(raw: Array, problem: Problem, *, trim: float | None, refuse: bool = True) -> Truncation:
    """Pull extreme propensity scores to the bound, or refuse.

    Parameters
    ----------
    raw : ndarray, shape (n,)
        Fitted propensity scores.
    problem : Problem
        Population and covariates.
    trim : float or None
        A bound the analyst states (never refused), or None for the sample-size rule.
    refuse : bool
        False only measures.

    Returns
    -------
    Truncation

    Raises
    ------
    PositivityViolation
        More than 1 % of the patients lie beyond the sample-size bound.
    """
    bound = default_bound(problem.n) if trim is None else float(trim)
    e, moved = pulled(raw, bound, problem.population)
    largest = largest_weight(raw, moved, problem.exposed)
    counts = tuple(int(np.count_nonzero(moved & (problem.exposed == arm))) for arm in (1, 0))
    if refuse and trim is None:
        sides = (bool((raw[moved] < bound).any()), bool((raw[moved] > 1 - bound).any()))
        where = _concentration(moved, problem.covariates)
        refuse_beyond(problem, sum(counts), bound, largest, sides=sides, where=where)
    rule = "sample size" if trim is None else "stated"
    return Truncation(
        e=e, moved=moved, bound=bound, rule=rule, largest_weight=largest, counts=(counts[0], counts[1])
    )


def pulled(raw: Array, bound: float, population: str) -> tuple[Array, NDArray[np.bool_]]:
    """Return propensity scores pulled to the bound, where the population divides by them, and which were."""
    low = bound if population in ("all", "unexposed") else 0.0
    high = 1 - bound if population in ("all", "exposed") else 1.0
    moved = (raw < low) | (raw > high)
    return np.clip(raw, max(low, np.finfo(float).tiny), min(high, 1 - np.finfo(float).epsneg)), moved


def refuse_beyond(
    problem: Problem, count: int, bound: float, largest: float, *, sides: tuple[bool, bool], where: str = ""
) -> None:
    """Refuse more than 1 % of the patients beyond the sample-size bound, below it or above (``sides``)."""
    if count <= _TOLERATED * problem.n:
        return
    below, above = f"below {bound:.2g}", f"above {1 - bound:.4g}"
    side = f"{below} or {above}" if all(sides) else below if sides[0] else above
    raise PositivityViolation(
        f"{count:,} of {problem.n:,} patients{where} have a propensity score of "
        f"{problem.estimand.exposure!r} {side}. Their weights (up to {largest:,.0f}) would dominate the "
        "estimate. Restrict the cohort (`cohort.where`), change the population "
        f"({_rescue(problem, sides)}), or set `trim=` and report it."
    )


def _rescue(problem: Problem, sides: tuple[bool, bool]) -> str:
    """Name the population that does not need the patients who could not have been treated otherwise."""
    if problem.population == "all" and not all(sides):
        only = "exposed" if sides[0] else "unexposed"
        return f'`population="overlap"`, or `population="{only}"`, who all have a counterpart'
    return '`population="overlap"`'


def structural_holes(problem: Problem) -> tuple[Hole, ...]:
    """Find strata of the discrete covariates in which an arm is empty beyond chance.

    A stratum of m patients lacks an arm that has the share p of all patients by chance with
    probability (1 - p)^m; it is reported where that, times the number of strata, is below 5 %.
    """
    found: dict[str, Hole] = {}
    for strata in problem.strata:
        for hole in _holes(strata, problem.arm_size(1) / problem.n):
            covered = any(part in hole.stratum.split(", ") for part in found)
            if not covered:
                found[hole.stratum] = hole
    return tuple(found.values())


def refuse_holes(problem: Problem) -> None:
    """Refuse strata without one arm, where no form of a model bridges them.

    Raises
    ------
    PositivityViolation
        More than 1 % of the patients live in such strata.
    """
    holes = structural_holes(problem)
    patients = sum(hole.patients for hole in holes)
    if patients <= _TOLERATED * problem.n:
        return
    worst = max(holes, key=lambda hole: hole.patients)
    raise PositivityViolation(
        f"{patients:,} of {problem.n:,} patients live in groups without one arm of "
        f"{problem.estimand.exposure!r}: of {worst.patients:,} with {worst.stratum} none is {worst.missing}. "
        "A learner has nothing to learn from there and would invent the difference. Restrict the cohort "
        "(`cohort.where`), adjust for fewer columns, or state a model that bridges them (Logistic())."
    )


def _holes(strata: Strata, share: float) -> list[Hole]:
    if strata.many:
        return []
    answer = []
    for values, size, treated in zip(strata.values, strata.size, strata.exposed, strict=True):
        if 0 < treated < size:
            continue
        by_chance = (1 - share if treated == 0 else share) ** size
        if by_chance * len(strata.size) < _CHANCE:
            missing = "exposed" if treated == 0 else "unexposed"
            stratum = _words(strata.columns, values)
            answer.append(Hole(stratum=stratum, patients=int(size), missing=missing))
    return answer


def _words(columns: Sequence[ColumnLike], values: Array) -> str:
    parts = []
    for column, value in zip(columns, values, strict=True):
        named = column.levels and 0 <= int(value) < len(column.levels)
        parts.append(f"{column.name} = {column.levels[int(value)] if named else f'{value:g}'}")
    return ", ".join(parts)


def largest_weight(raw: Array, moved: NDArray[np.bool_], exposed: Array) -> float:
    """Return the largest weight among the patients that were moved; 0 where there is none."""
    if not moved.any():
        return 0.0
    e, A = raw[moved], exposed[moved]
    with np.errstate(divide="ignore"):
        own = np.where(A == 1, 1 / e, 1 / (1 - e))
        any_arm = np.maximum(1 / e, 1 / (1 - e))
    return float(own.max() if own.max() > 1.5 else any_arm.max())


def _concentration(moved: NDArray[np.bool_], covariates: Sequence[ColumnLike]) -> str:
    """Name the level that holds at least 80 % of those patients and is most peculiar to them."""
    best, lift = "", 2.0
    for column in covariates:
        if column.kind not in DISCRETE:
            continue
        for value in np.unique(column.values[moved]):
            level = column.values == value
            inside = level[moved].mean()
            if inside >= 0.8 and inside / level.mean() > lift:
                best, lift = f" ({_words([column], np.array([value]))})", inside / level.mean()
    return best
