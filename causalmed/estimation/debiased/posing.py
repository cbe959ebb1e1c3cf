"""The question of a model that is linear in the exposure, which may be a number."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from causalmed.cohort import Cohort
from causalmed.errors import DataError, InvalidArgument
from causalmed.estimation.problem import LARGEST, Problem, pose_problem
from causalmed.identification import Estimand

__all__ = ["is_number", "pose"]


def is_number(estimand: Estimand, cohort: Cohort) -> bool:
    """Return whether the exposure is a number rather than one of two values."""
    return estimand.exposure in cohort and cohort.column(estimand.exposure).kind in ("continuous", "count")


def pose(estimand: Estimand, cohort: Cohort, *, contrast: Any, population: str) -> Problem:
    """Check that the cohort can answer the question and take out its arrays.

    Parameters
    ----------
    estimand : Estimand
        An identified effect.
    cohort : Cohort
        The patients.
    contrast : tuple of float
        The two exposures that are compared: any two numbers for a numeric exposure.
    population : str
        About whom.

    Returns
    -------
    Problem
        For a numeric exposure ``exposed`` holds it as it is.

    Raises
    ------
    DataError, InvalidArgument
        As :func:`~causalmed.estimation.problem.pose_problem`; a contrast of a number with itself.
    """
    if not is_number(estimand, cohort):
        return pose_problem(estimand, cohort, contrast=contrast, population=population)
    if population != "all":
        raise InvalidArgument(
            f"population={population!r} needs a two-valued exposure; {estimand.exposure!r} is a number. Use "
            'population="all".'
        )
    pair = _pair(contrast)
    exposure = cohort.column(estimand.exposure)
    values = exposure.values
    if values.min() == values.max():
        raise DataError(f"The exposure {estimand.exposure!r} is the same for all {cohort.n:,} patients.")
    if not np.abs(values).max() < LARGEST:
        raise DataError(f"The exposure {estimand.exposure!r} holds numbers so large that squares overflow.")
    # everything but the exposure is checked on a two-valued stand-in for it
    halves = (np.argsort(np.argsort(values, kind="stable")) % 2).astype(np.float64)
    stand_in = cohort.assign(estimand.exposure, halves, "binary")
    problem = pose_problem(estimand, stand_in, contrast=(1, 0), population=population)
    return replace(problem, contrast=pair, exposed=values, exposure_column=exposure)


def _pair(contrast: Any) -> tuple[float, float]:
    try:
        a, b = (float(value) for value in contrast)
    except (TypeError, ValueError):
        raise InvalidArgument(f"contrast={contrast!r} must be two numbers, such as (1, 0).") from None
    if not np.isfinite([a, b]).all() or a == b:
        raise InvalidArgument(f"contrast={contrast!r} must be two different, finite values of the exposure.")
    return a, b
