"""Comparing from a later day on, by what had happened until then."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from causalmed.cohort import Cohort
from causalmed.errors import DataError, InvalidArgument

__all__ = ["landmark"]


def landmark(cohort: Cohort, *, at: float, exposure_time: str, name: str) -> Cohort:
    """Start the clock later, and call exposed who was exposed by then.

    Who had an event, or was lost, by the landmark is left out: the answer is about those who got so far.
    Exposures after it do not count, as nobody could know of them on that day.

    Parameters
    ----------
    cohort : Cohort
        With follow-up.
    at : float
        The landmark, in the unit of the follow-up; above 0.
    exposure_time : str
        Column with the time of the exposure from the old time zero; for the never exposed any time beyond
        the end of their follow-up.
    name : str
        New column: 1 for who was exposed at or before the landmark.

    Returns
    -------
    Cohort
        Of the patients still followed without event; its follow-up counts from the landmark.

    Raises
    ------
    InvalidArgument, DataError
        No follow-up, a landmark that is not a positive time, an exposure time that is negative; nobody left.

    References
    ----------
    Anderson JR, Cain KC, Gelber RD (1983). J Clin Oncol 1:710-719. van Houwelingen HC (2007). Scand J Stat
    34:70-85.

    Examples
    --------
    >>> import pandas as pd
    >>> from causalmed.cohort import FollowUp
    >>> frame = pd.DataFrame({"days": [2, 9, 30, 30], "status": [1, 1, 0, 2], "vent_day": [99, 1, 8, 99]})
    >>> cohort = Cohort.from_frame(frame, follow_up=FollowUp("days", "status"))
    >>> later = landmark(cohort, at=3, exposure_time="vent_day", name="ventilated_by_day_3")
    >>> later.values("ventilated_by_day_3").tolist(), later.values("days").tolist()
    ([1.0, 0.0, 0.0], [6.0, 27.0, 27.0])
    >>> print(later.attrition[-1])
    3 left of 4 (1 left out): followed without event beyond 3
    """
    spec = cohort.follow_up
    if spec is None:
        raise InvalidArgument(
            "landmark() needs a cohort with times: Cohort.from_frame(follow_up=FollowUp(…))."
        )
    if isinstance(at, bool) or not isinstance(at, int | float) or not 0 < at < float("inf"):
        raise InvalidArgument(f"at={at!r} must be a time above 0, in the unit of {spec.time!r}.")
    when = cohort.values(exposure_time)
    if exposure_time in (spec.time, spec.event) or cohort.column(exposure_time).levels:
        raise InvalidArgument(f"exposure_time={exposure_time!r} must be a column of times of its own.")
    if (when < 0).any():
        raise DataError(
            f"{exposure_time!r} is negative for {int((when < 0).sum()):,} patients. Count from the same time "
            f"zero as {spec.time!r}."
        )
    time, _ = spec.times_and_causes(cohort)
    kept = np.flatnonzero(time > at)
    later = cohort.take(kept, reason=f"followed without event beyond {at:g}")
    shifted = replace(
        later.assign(name, (later.values(exposure_time) <= at).astype(np.float64), "binary"), tiers={}
    )
    leaving = spec.discharge
    if leaving is not None and leaving.until is not None:
        if leaving.until <= at:
            raise InvalidArgument(f"at={at:g} lies beyond the time to which the discharged are followed.")
        leaving = replace(leaving, until=leaving.until - at)
    moved = shifted.assign(spec.time, np.maximum(later.values(spec.time) - at, 0.0), "continuous")
    return replace(moved, follow_up=replace(spec, discharge=leaving, time_zero=None))
