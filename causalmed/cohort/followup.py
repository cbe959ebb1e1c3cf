"""From when, until when, and what ended it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from causalmed.cohort.column import Column, label_of
from causalmed.errors import DataError, ImmortalTime, InvalidArgument

if TYPE_CHECKING:
    from causalmed.cohort.cohort import Cohort

__all__ = ["FollowUp", "check_follow_up"]


@dataclass(frozen=True, slots=True)
class FollowUp:
    """Names the columns of time and event, and what the event codes mean.

    Parameters
    ----------
    time : str
        Column with the time from time zero to the end of follow-up, in one unit throughout (days).
    event : str
        Column that says what ended it.
    entry : str, optional
        Column with the time at which observation began, where that is after time zero.
    infection : int or str
        Code of the event of interest.
    competing : tuple of int or str
        Codes of events after which infection can no longer happen, for example death.
    censored : int or str
        Code of follow-up that ended without event.

    Raises
    ------
    InvalidArgument
        One code means two things, or one column is named twice.

    Examples
    --------
    >>> FollowUp("days", "status", competing=(2, 3)).codes()
    (0, 1, 2, 3)
    """

    time: str
    event: str
    _: KW_ONLY
    entry: str | None = None
    infection: int | str = 1
    competing: tuple[int | str, ...] = (2,)
    censored: int | str = 0

    def __post_init__(self) -> None:
        if isinstance(self.competing, (int, str)):
            object.__setattr__(self, "competing", (self.competing,))
        object.__setattr__(self, "competing", tuple(self.competing))
        columns = [name for name in (self.time, self.event, self.entry) if name is not None]
        if len(set(columns)) < len(columns):
            raise InvalidArgument(
                f"FollowUp names one column twice: {columns}. Time, event and entry differ."
            )
        if len(set(self.codes())) < len(self.codes()):
            raise InvalidArgument(
                f"FollowUp gives one code two meanings: infection={self.infection!r}, "
                f"competing={self.competing!r}, censored={self.censored!r}."
            )

    def codes(self) -> tuple[int | str, ...]:
        """Return every code that may occur: censored, infection, competing."""
        return (self.censored, self.infection, *self.competing)

    def binary_outcome(self, cohort: Cohort, *, horizon: float, name: str) -> Cohort:
        """Return the cohort with the outcome "infected within the horizon", 1 or 0.

        A competing event ends the possibility of infection, so the risk is that of infection in a world
        where the others happen as they do (the cumulative incidence, not one with death eliminated).

        Parameters
        ----------
        cohort : Cohort
            Built with this follow-up.
        horizon : float
            Time since time zero, in the unit of the time column; above 0.
        name : str
            Column to add.

        Returns
        -------
        Cohort
            With ``name`` as its outcome.

        Raises
        ------
        InvalidArgument
            A horizon that is not above 0.
        DataError
            Someone was censored before the horizon, or entered after time zero: their outcome is unknown,
            or they could be observed only because they had escaped it.

        Examples
        --------
        >>> import pandas as pd
        >>> from causalmed.cohort import Cohort
        >>> frame = pd.DataFrame({"days": [5, 30, 12, 40], "status": [1, 0, 2, 1]})
        >>> spec = FollowUp("days", "status")
        >>> cohort = Cohort.from_frame(frame, follow_up=spec)
        >>> spec.binary_outcome(cohort, horizon=30, name="infection_30d").values("infection_30d").tolist()
        [1.0, 0.0, 0.0, 0.0]
        """
        if not horizon > 0:
            raise InvalidArgument(f"horizon={horizon!r} must be above 0, in the unit of {self.time!r}.")
        times, events = cohort.values(self.time), cohort.column(self.event).labels()
        unknown = int(np.count_nonzero((events == label_of(self.censored)) & (times < horizon)))
        if unknown:
            raise DataError(
                f"{unknown:,} of {cohort.n:,} patients were censored before {horizon:g} ({self.time!r}): "
                "whether they were infected by then is unknown, and counting them as not infected would "
                "lower the risk. Choose a shorter horizon, or leave them out with a reason (cohort.where) "
                "if being censored has nothing to do with infection."
            )
        if self.entry is not None and np.any(cohort.values(self.entry) > 0):
            raise DataError(
                f"Some patients enter after time zero ({self.entry!r}), so early infections could "
                "not be seen in them. A risk within a horizon needs everybody from time zero: restrict the "
                "cohort (cohort.where)."
            )
        infected = (events == label_of(self.infection)) & (times <= horizon)
        return replace(cohort.assign(name, infected.astype(np.float64), "binary"), outcome=name)


def check_follow_up(spec: FollowUp | None, columns: Mapping[str, Column]) -> None:
    """Refuse times and codes that no follow-up can have.

    Parameters
    ----------
    spec : FollowUp, optional
        Nothing is checked without one.
    columns : mapping of str to Column
        Columns of the cohort.

    Raises
    ------
    DataError
        Negative times, or a code that was not declared.
    ImmortalTime
        Observation that begins after it ends.
    """
    if spec is None:
        return
    times = columns[spec.time].values
    _refuse_negative(spec.time, times)
    if spec.entry is not None:
        entry = columns[spec.entry].values
        _refuse_negative(spec.entry, entry)
        late = int(np.count_nonzero(entry >= times))
        if late:
            raise ImmortalTime(
                f"{late:,} of {len(times):,} patients enter ({spec.entry!r}) at or after the end of "
                f"their own follow-up ({spec.time!r}). They were never observed at risk. Check the two "
                "columns: same time zero, same unit."
            )
    found = set(columns[spec.event].labels().tolist())
    strangers = sorted(found - {label_of(code) for code in spec.codes()})
    if strangers:
        raise DataError(
            f"Column {spec.event!r} holds {', '.join(map(repr, strangers[:6]))}, which FollowUp does not "
            f"explain: infection={spec.infection!r}, competing={spec.competing!r}, "
            f"censored={spec.censored!r}. State what it means: nobody is silently taken as censored."
        )


def _refuse_negative(name: str, times: NDArray[np.float64]) -> None:
    negative = int(np.count_nonzero(times < 0))
    if negative:
        raise ImmortalTime(
            f"{negative:,} of {len(times):,} times in {name!r} are negative: before time zero. "
            "Count from the start of follow-up, and leave out who had the event before it (cohort.where)."
        )
