"""One question about the time to infection, checked and reduced to arrays."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from causalmed.cohort import FollowUp
from causalmed.errors import DataError, ImmortalTime, InvalidArgument, RoleConflict
from causalmed.estimation.asked import Asked
from causalmed.estimation.problem import Problem, pose_problem
from causalmed.estimation.survival.seen import Seen, see
from causalmed.regression import DesignRecipe

__all__ = ["Timed", "pose_timed"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Timed:
    """A problem with times.

    Attributes
    ----------
    problem : Problem
        Its outcome is 1 for an infection that was seen by the horizon.
    seen : Seen
        The follow-up.
    causes : tuple of str
        Names of the competing events.
    unit : str
        Of time, such as ``"days"``; may be empty.
    covariates : ndarray, shape (n, p)
        The adjustment set, coded.
    """

    problem: Problem
    seen: Seen
    causes: tuple[str, ...]
    unit: str
    covariates: Array

    @property
    def outcome(self) -> str:
        """What is counted, in the user's word."""
        return self.problem.estimand.outcome

    @property
    def by_when(self) -> str:
        """The horizon in words, ``"within 30 days"``."""
        return f"within {self.seen.horizon:g} {self.unit}".rstrip()


def pose_timed(asked: Asked) -> Timed:
    """Check that the cohort can answer a question with a horizon, and take out its arrays.

    Parameters
    ----------
    asked : Asked
        With a horizon, of a cohort with follow-up.

    Returns
    -------
    Timed

    Raises
    ------
    ImmortalTime
        The exposure was recorded after the clock started, or patients enter late.
    RoleConflict
        A column of the follow-up is the exposure or adjusted for; an outcome that is another column.
    DataError
        Nobody in an arm is followed to the horizon.
    """
    spec, cohort, horizon = asked.cohort.follow_up, asked.cohort, asked.horizon
    assert spec is not None
    assert horizon is not None
    _check_clock(asked, spec)
    time, cause = spec.times_and_causes(cohort)
    seen = see(time, cause, horizon=horizon)
    name = _outcome_name(asked, spec, seen)
    estimand = replace(asked.estimand, outcome=name)
    marked = replace(cohort.assign(name, seen.had(1), "binary"), outcome=name)
    problem = pose_problem(estimand, marked, contrast=asked.contrast, population=asked.population)
    _check_reach(problem, seen)
    recipe = DesignRecipe.learn(problem.covariates, intercept=False) if problem.covariates else None
    return Timed(
        problem=problem,
        seen=seen,
        causes=tuple(name for _, name in spec.causes()),
        unit=cohort.column(spec.time).unit_label or _unit_in(spec.time),
        covariates=np.empty((cohort.n, 0)) if recipe is None else recipe.build(problem.covariates).matrix,
    )


def _check_clock(asked: Asked, spec: FollowUp) -> None:
    cohort, exposure = asked.cohort, asked.estimand.exposure
    own = [name for name in (spec.time, spec.event, spec.entry) if name is not None]
    if clash := {exposure, *asked.estimand.adjustment_set} & set(own):
        raise RoleConflict(
            f"{', '.join(map(repr, sorted(clash)))} belongs to the follow-up, which is known only "
            "afterwards: it can be neither exposure nor adjusted for."
        )
    if spec.entry is not None and np.any(cohort.values(spec.entry) > 0):
        raise ImmortalTime(
            f"Some patients enter after time zero ({spec.entry!r}): they are here only because they had no "
            "event before, and those who had one are missing. A risk within a horizon needs everybody from "
            "time zero: restrict the cohort (cohort.where), or start the clock of all later (landmark())."
        )
    periods = list(cohort.tiers)
    for name in (exposure, *asked.estimand.adjustment_set):
        period = cohort.tier_of(name) if name in cohort else None
        start = spec.time_zero
        if start is not None and start not in periods:
            raise InvalidArgument.option("time_zero", start, periods)
        late = period is not None and start is not None and periods.index(period) > periods.index(start)
        after = period is not None and period in {cohort.tier_of(column) for column in own} - {None}
        if late or after:
            raise ImmortalTime(_immortal(name, exposure, str(period), start))


def _immortal(name: str, exposure: str, period: str, start: str | None) -> str:
    when = f"in {period!r}, after the clock started" + (f" ({start!r})" if start else "")
    if name != exposure:
        return (
            f"{name!r} of the adjustment set was recorded {when}: whoever has it lived until then, and the "
            "exposure may have changed it. Adjust for what was known at time zero."
        )
    return (
        f"The exposure {name!r} was recorded {when}. To be exposed a patient had to stay free of infection "
        "so long, and that time would be counted in favour of the exposure (immortal time). Start the clock "
        "at the exposure, compare at a landmark (causalmed.estimation.survival.landmark), or for a change of "
        "the length of stay use extra_days()."
    )


def _outcome_name(asked: Asked, spec: FollowUp, seen: Seen) -> str:
    name, cohort = asked.estimand.outcome, asked.cohort
    if name == spec.event:
        return "infection" if "infection" not in cohort else f"infection ({spec.event})"
    if name not in cohort:
        return name
    column = cohort.column(name)
    agrees = column.kind == "binary" and np.array_equal(column.values[seen.known], seen.had(1)[seen.known])
    if not agrees:
        raise RoleConflict(
            f"The outcome {name!r} is a column of its own and is not the infection of the follow-up "
            f"({spec.event!r} = {spec.infection!r} by {seen.horizon:g}). Leave out horizon= to ask about the "
            f"column, or name {spec.event!r} as the outcome to ask about the follow-up."
        )
    return name


def _check_reach(problem: Problem, seen: Seen) -> None:
    for arm, who in ((1.0, "exposed"), (0.0, "unexposed")):
        rows = problem.exposed == arm
        last = int(seen.rank[rows].max())
        if last < seen.end and last % 2:
            raise DataError(
                f"No {who} patient is followed to the horizon {seen.horizon:g}: the last one leaves at "
                f"{float(seen.time[rows].max()):g} without event. Nothing is known about later infections. "
                "Choose a horizon that patients of both arms reach."
            )


def _unit_in(name: str) -> str:
    """Read the unit of time off the name of the column, where it is there."""
    words = name.lower().replace("-", "_").split("_")
    return next((unit for unit in ("days", "hours", "weeks", "months", "years") if unit in words), "")
