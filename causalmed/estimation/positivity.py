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
from causalmed.regression import ColumnLike

__all__ = ["Hole", "Truncation", "default_bound", "refuse_holes", "structural_holes", "truncate"]

Array = NDArray[np.float64]
_TOLERATED: Final = 0.01
_DISCRETE: Final = ("binary", "ordinal", "categorical")
_STRATA_LIMIT: Final = 200
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
    """

    e: Array
    moved: NDArray[np.bool_]
    bound: float
    rule: str
    largest_weight: float


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
    low = bound if problem.population in ("all", "unexposed") else 0.0
    high = 1 - bound if problem.population in ("all", "exposed") else 1.0
    moved = (raw < low) | (raw > high)
    largest = _largest_weight(raw, moved, problem)
    if refuse and trim is None and moved.mean() > _TOLERATED:
        raise PositivityViolation(_refusal(raw, moved, bound, largest, problem))
    tiny = np.finfo(float).tiny
    e = np.clip(raw, max(low, tiny), min(high, 1 - np.finfo(float).epsneg))
    rule = "sample size" if trim is None else "stated"
    return Truncation(e=e, moved=moved, bound=bound, rule=rule, largest_weight=largest)


def structural_holes(problem: Problem) -> tuple[Hole, ...]:
    """Find strata of the discrete covariates in which an arm is empty beyond chance.

    A stratum of m patients lacks an arm that has the share p of all patients by chance with
    probability (1 - p)^m; it is reported where that, times the number of strata, is below 5 %.
    """
    discrete = [column for column in problem.covariates if column.kind in _DISCRETE]
    found: dict[str, Hole] = {}
    for columns in _groupings(discrete):
        for hole in _holes(columns, problem.exposed):
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


def _groupings(discrete: Sequence[ColumnLike]) -> list[list[ColumnLike]]:
    singles = [[column] for column in discrete]
    return singles if len(discrete) < 2 else [*singles, list(discrete)]


def _holes(columns: list[ColumnLike], exposed: Array) -> list[Hole]:
    member, first = _strata(columns)
    if len(first) > _STRATA_LIMIT:
        return []
    size = np.bincount(member, minlength=len(first))
    treated = np.bincount(member, weights=exposed, minlength=len(first))
    share = exposed.mean()
    answer = []
    for k, row in enumerate(first):
        values = np.array([column.values[row] for column in columns])
        if 0 < treated[k] < size[k]:
            continue
        by_chance = (1 - share if treated[k] == 0 else share) ** size[k]
        if by_chance * len(first) < _CHANCE:
            missing = "exposed" if treated[k] == 0 else "unexposed"
            answer.append(Hole(stratum=_words(columns, values), patients=int(size[k]), missing=missing))
    return answer


def _strata(columns: Sequence[ColumnLike]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the stratum of each patient, and a patient of each stratum."""
    mixed = np.zeros(len(columns[0].values), dtype=np.int64)
    for column in columns:
        codes = column.values.astype(np.int64) - int(column.values.min())
        # renumbering at each step keeps the product of the levels from overflowing
        mixed = np.unique(mixed * (int(codes.max()) + 1) + codes, return_inverse=True)[1]
    _, first, member = np.unique(mixed, return_index=True, return_inverse=True)
    return member, first


def _words(columns: Sequence[ColumnLike], values: Array) -> str:
    parts = []
    for column, value in zip(columns, values, strict=True):
        named = column.levels and 0 <= int(value) < len(column.levels)
        parts.append(f"{column.name} = {column.levels[int(value)] if named else f'{value:g}'}")
    return ", ".join(parts)


def _largest_weight(raw: Array, moved: NDArray[np.bool_], problem: Problem) -> float:
    if not moved.any():
        return 0.0
    e, A = raw[moved], problem.exposed[moved]
    with np.errstate(divide="ignore"):
        own = np.where(A == 1, 1 / e, 1 / (1 - e))
        any_arm = np.maximum(1 / e, 1 / (1 - e))
    return float(own.max() if own.max() > 1.5 else any_arm.max())


def _refusal(raw: Array, moved: NDArray[np.bool_], bound: float, largest: float, problem: Problem) -> str:
    where = _concentration(moved, problem.covariates)
    side = _side(raw, moved, bound)
    return (
        f"{moved.sum():,} of {problem.n:,} patients{where} have a propensity score of "
        f"{problem.estimand.exposure!r} {side}. Their weights (up to {largest:,.0f}) would dominate the "
        f"estimate. Restrict the cohort (`cohort.where`), change the population "
        '(`population="overlap"`), or set `trim=` and report it.'
    )


def _side(raw: Array, moved: NDArray[np.bool_], bound: float) -> str:
    low, high = bool((raw[moved] < bound).any()), bool((raw[moved] > 1 - bound).any())
    below, above = f"below {bound:.2g}", f"above {1 - bound:.4g}"
    return f"{below} or {above}" if low and high else below if low else above


def _concentration(moved: NDArray[np.bool_], covariates: Sequence[ColumnLike]) -> str:
    """Name the level that holds at least 80 % of those patients and is most peculiar to them."""
    best, lift = "", 2.0
    for column in covariates:
        if column.kind not in _DISCRETE:
            continue
        for value in np.unique(column.values[moved]):
            level = column.values == value
            inside = level[moved].mean()
            if inside >= 0.8 and inside / level.mean() > lift:
                best, lift = f" ({_words([column], np.array([value]))})", inside / level.mean()
    return best
