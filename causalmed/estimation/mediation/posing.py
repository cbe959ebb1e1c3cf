"""A question about paths and the columns that answer it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from causalmed.errors import DataError, InvalidArgument, NotEnoughEvents
from causalmed.estimation.asked import Asked
from causalmed.estimation.predicting import columns_of
from causalmed.estimation.problem import Problem, pose_problem
from causalmed.regression import ColumnLike

__all__ = ["PathProblem", "pose_paths"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PathProblem:
    """The arrays of an effect along some paths.

    Attributes
    ----------
    base : Problem
        Exposure, outcome, covariates W, clusters.
    mediators : tuple of ColumnLike
        M.
    after : tuple of ColumnLike
        L: covariates of a controlled effect that the exposure may change.
    codes : mapping of str to float
        Where a controlled effect holds each mediator.
    held : ndarray of bool, shape (n,), or None
        Patients whose mediators all have these values.
    """

    base: Problem
    mediators: tuple[ColumnLike, ...]
    after: tuple[ColumnLike, ...]
    codes: dict[str, float]
    held: NDArray[np.bool_] | None

    @property
    def exposed(self) -> NDArray[np.bool_]:
        """Patients with the first value of the exposure."""
        return np.asarray(self.base.exposed == 1)

    @property
    def through(self) -> str:
        """Names of the mediators, in words."""
        return in_words(self.base.estimand.mediators)


def in_words(names: Sequence[str]) -> str:
    """Write names as a list in a sentence."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def pose_paths(asked: Asked) -> PathProblem:
    """Check that the cohort can answer and take out its arrays.

    Raises
    ------
    ColumnNotFound, RoleConflict, DataError, NotEnoughEvents
        As for plain adjustment; or nobody has the values at which the mediators are held.
    InvalidArgument
        A horizon, which these effects do not know.
    """
    estimand = asked.estimand
    if asked.horizon is not None:
        raise InvalidArgument(
            f"horizon={asked.horizon!r}: effects along some paths are estimated for outcomes without a time. "
            "Make a column of the outcome by then with cohort.assign."
        )
    if asked.population != "all":
        raise InvalidArgument(
            f"population={asked.population!r}: effects along some paths are estimated for all patients; "
            "leave population= out, or restrict the cohort with cohort.where."
        )
    base = pose_problem(estimand, asked.cohort, contrast=asked.contrast, population=asked.population)
    mediators = columns_of(asked.cohort, estimand.mediators, role="mediators")
    after = columns_of(asked.cohort, estimand.after_exposure, role="after the exposure")
    for column in mediators:
        if column.values.min() == column.values.max():
            raise DataError(f"The mediator {column.name!r} is the same for all {base.n:,} patients.")
    if not estimand.mediator_values:
        return PathProblem(base=base, mediators=mediators, after=after, codes={}, held=None)
    pairs = zip(mediators, estimand.mediator_values, strict=True)
    codes = {column.name: _code(column, value) for column, value in pairs}
    held = np.ones(base.n, dtype=bool)
    for column in mediators:
        held &= column.values == codes[column.name]
    _check_held(base, held, codes)
    return PathProblem(base=base, mediators=mediators, after=after, codes=codes, held=held)


def _code(column: ColumnLike, value: float | str) -> float:
    """Return the number that stands for a value; a level is stated by its label."""
    if isinstance(value, str) and value not in column.levels:
        known = ", ".join(map(repr, column.levels)) or "numbers"
        raise InvalidArgument(f"The mediator {column.name!r} has no level {value!r}; it has: {known}.")
    if isinstance(value, str):
        return float(column.levels.index(value))
    if column.levels and column.kind != "binary":
        labels = ", ".join(map(repr, column.levels))
        raise InvalidArgument(
            f"The mediator {column.name!r} has levels; say at which it is held by its name ({labels}), not "
            f"by {value:g}."
        )
    return value


def _check_held(base: Problem, held: NDArray[np.bool_], codes: dict[str, float]) -> None:
    at = ", ".join(f"{name} = {code:g}" for name, code in codes.items())
    for arm, who in ((1.0, "exposed"), (0.0, "unexposed")):
        count, size = int((held & (base.exposed == arm)).sum()), int((base.exposed == arm).sum())
        if count < 2:
            raise NotEnoughEvents(
                f"{count} of {size:,} {who} patients have {at}, where the controlled direct effect holds the "
                "mediators. Hold them where patients are; make levels of a number with cohort.assign first."
            )
        if count == size:
            raise NotEnoughEvents(
                f"All {size:,} {who} patients have {at} already: there is nothing to hold. Ask for the total "
                "effect."
            )
