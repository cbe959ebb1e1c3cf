"""A question answered by an instrument, and the columns that answer it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from causalmed.errors import DataError, InvalidArgument
from causalmed.estimation.asked import Asked
from causalmed.estimation.debiased.posing import pose
from causalmed.estimation.predicting import columns_of
from causalmed.estimation.problem import Problem, pose_problem
from causalmed.regression import ColumnLike

__all__ = ["InstrumentProblem", "is_two_valued", "pose_instrument"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class InstrumentProblem:
    """The arrays of an effect read off an instrument.

    Attributes
    ----------
    base : Problem
        Outcome, covariates, clusters; ``exposed`` is 1{A = a} for a yes/no exposure, else A.
    column : ColumnLike
        The instrument.
    as_exposure : Problem or None
        The same with the instrument as exposure, where it is yes/no: for overlap.
    step : float
        By how much the two compared values of the exposure differ, in the direction of ``exposed``.
    yes_no : bool
        Whether the exposure is yes/no.
    """

    base: Problem
    column: ColumnLike
    as_exposure: Problem | None
    step: float
    yes_no: bool

    @property
    def instrument(self) -> str:
        """Name of the instrument."""
        return self.column.name


def is_two_valued(column: ColumnLike) -> bool:
    """Say whether a column is coded 0 and 1."""
    return column.kind == "binary" and bool(np.isin(column.values, (0.0, 1.0)).all())


def pose_instrument(asked: Asked) -> InstrumentProblem:
    """Check that the cohort can answer and take out its arrays.

    Raises
    ------
    ColumnNotFound, RoleConflict, DataError, NotEnoughEvents
        As for plain adjustment; an instrument that does not vary.
    InvalidArgument
        A horizon, another population, a contrast that is not two numbers.
    """
    estimand, cohort = asked.estimand, asked.cohort
    if asked.horizon is not None:
        raise InvalidArgument(
            f"horizon={asked.horizon!r}: instruments are used for outcomes without a time. Make a column of "
            "the outcome by then with cohort.assign."
        )
    if asked.population != "all":
        raise InvalidArgument(
            f"population={asked.population!r}: an instrument speaks about the patients whom it moves; leave "
            "population= out."
        )
    column, exposure = columns_of(cohort, (*estimand.instruments, estimand.exposure), role="instrument")
    if column.values.min() == column.values.max():
        raise DataError(f"The instrument {column.name!r} is the same for all patients, so it moves nobody.")
    as_exposure = None
    if is_two_valued(column):
        with_z = replace(estimand, exposure=column.name)
        as_exposure = pose_problem(with_z, cohort, contrast=(1, 0), population="all")
    if not is_two_valued(exposure) and exposure.kind not in ("continuous", "count"):
        raise DataError(
            f"The exposure {exposure.name!r} is {exposure.kind}; an instrument needs one that is yes/no or a "
            "number. Make such a column of it with cohort.assign."
        )
    base = pose(estimand, cohort, contrast=asked.contrast, population="all")
    yes_no = is_two_valued(exposure)
    step = 1.0 if yes_no else float(base.contrast[0] - base.contrast[1])
    return InstrumentProblem(base=base, column=column, as_exposure=as_exposure, step=step, yes_no=yes_no)
