"""From when, until when, and what ended it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from causalmed.cohort.column import Column, label_of
from causalmed.cohort.discharge import CHOICE, Discharge
from causalmed.errors import DataError, ImmortalTime, InvalidArgument

if TYPE_CHECKING:
    from causalmed.cohort.cohort import Cohort

__all__ = ["FollowUp", "check_follow_up"]


Code = int | str


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
    competing : tuple of int or str, or mapping of str to int or str
        Codes of events after which infection can no longer happen; with a name for each where the code
        says nothing: ``{"death": 2}``.
    censored : int or str
        Code of follow-up that ended without event.
    discharge : Discharge, optional
        Code of leaving hospital, and what it means for the question.
    time_zero : str, optional
        Tier of the cohort at whose end the clock starts. An exposure recorded in a later tier is refused.
    names : tuple of str
        Names of the competing events, where ``competing`` holds their codes alone.

    Raises
    ------
    InvalidArgument
        One code means two things, or one column is named twice.

    Examples
    --------
    >>> FollowUp("days", "status", competing=(2, 3)).codes()
    (0, 1, 2, 3)
    >>> left = Discharge(code=3, means="censored")
    >>> spec = FollowUp("days", "status", competing={"death": 2}, discharge=left)
    >>> spec.codes(), spec.causes()
    ((0, 1, 2, 3), ((2, 'death'),))
    """

    time: str
    event: str
    _: KW_ONLY
    entry: str | None = None
    infection: Code = 1
    competing: tuple[Code, ...] | Mapping[str, Code] = (2,)
    censored: Code = 0
    discharge: Discharge | None = None
    time_zero: str | None = None
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        given = (self.competing,) if isinstance(self.competing, (int, str)) else self.competing
        words = tuple(map(str, given)) if isinstance(given, Mapping) else tuple(self.names)
        codes = tuple(given.values()) if isinstance(given, Mapping) else tuple(given)
        object.__setattr__(self, "competing", codes)
        object.__setattr__(self, "names", words or tuple(map(_name_of, codes)))
        if len(self.names) != len(codes):
            raise InvalidArgument(f"FollowUp has {len(codes)} competing codes and {len(self.names)} names.")
        columns = [name for name in (self.time, self.event, self.entry) if name is not None]
        if len(set(columns)) < len(columns):
            raise InvalidArgument(
                f"FollowUp names one column twice: {columns}. Time, event and entry differ."
            )
        if not isinstance(self.discharge, Discharge | None):
            raise InvalidArgument(
                f"discharge={self.discharge!r} must say what leaving hospital means for the question: "
                'Discharge(code=3, means="competing"), "censored" or "still followed".'
            )
        if len({label_of(code) for code in self.codes()}) < len(self.codes()):
            leaving = "" if self.discharge is None else f", discharge={self.discharge.code!r}"
            raise InvalidArgument(
                f"FollowUp gives one code two meanings: infection={self.infection!r}, "
                f"competing={self.competing!r}, censored={self.censored!r}{leaving}."
            )

    def codes(self) -> tuple[Code, ...]:
        """Return every code that may occur: censored, infection, competing, discharge."""
        leaving = () if self.discharge is None else (self.discharge.code,)
        return (self.censored, self.infection, *self.competing, *leaving)

    def causes(self) -> tuple[tuple[Code, str], ...]:
        """Return the code and the name of every event that makes infection impossible."""
        own = tuple(zip(self.competing, self.names, strict=True))
        if self.discharge is not None and self.discharge.means == "competing":
            return (*own, (self.discharge.code, "discharge"))
        return own

    def times_and_causes(self, cohort: Cohort) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
        """Return when each patient was last seen at risk, and what ended it.

        Parameters
        ----------
        cohort : Cohort
            Built with this follow-up.

        Returns
        -------
        time : ndarray, shape (n,)
            In the unit of the time column.
        cause : ndarray of int, shape (n,)
            0: seen no longer; 1: infection; 2, 3, …: the events of :meth:`causes`, in their order.

        Examples
        --------
        >>> import pandas as pd
        >>> from causalmed.cohort import Cohort
        >>> stay = Discharge(code=3, means="still followed", until=30)
        >>> spec = FollowUp("days", "status", discharge=stay)
        >>> cohort = Cohort.from_frame(pd.DataFrame({"days": [5, 6, 7], "status": [1, 2, 3]}), follow_up=spec)
        >>> time, cause = spec.times_and_causes(cohort)
        >>> time.tolist(), cause.tolist()
        ([5.0, 6.0, 30.0], [1, 2, 0])
        """
        time, label = np.array(cohort.values(self.time)), cohort.column(self.event).labels()
        cause = np.zeros(len(time), dtype=np.intp)
        for number, code in enumerate((self.infection, *(code for code, _ in self.causes())), start=1):
            cause[label == label_of(code)] = number
        if self.discharge is not None and self.discharge.until is not None:
            left = label == label_of(self.discharge.code)
            time[left] = np.maximum(time[left], self.discharge.until)
        return time, cause

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
        times, cause = self.times_and_causes(cohort)
        unknown = int(np.count_nonzero((cause == 0) & (times < horizon)))
        if unknown:
            raise DataError(
                f"{unknown:,} of {cohort.n:,} patients were censored before {horizon:g} ({self.time!r}): "
                "whether they were infected by then is unknown, and counting them as not infected would "
                "lower the risk. Choose a shorter horizon, or let estimate(horizon=…) weight for censoring."
            )
        if self.entry is not None and np.any(cohort.values(self.entry) > 0):
            raise DataError(
                f"Some patients enter after time zero ({self.entry!r}), so early infections could "
                "not be seen in them. A risk within a horizon needs everybody from time zero: restrict the "
                "cohort (cohort.where)."
            )
        infected = (cause == 1) & (times <= horizon)
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
            f"censored={spec.censored!r}. State what it means: nobody is silently taken as censored. If "
            f"it is discharge, choose: {CHOICE}"
        )


def _refuse_negative(name: str, times: NDArray[np.float64]) -> None:
    negative = int(np.count_nonzero(times < 0))
    if negative:
        raise ImmortalTime(
            f"{negative:,} of {len(times):,} times in {name!r} are negative: before time zero. "
            "Count from the start of follow-up, and leave out who had the event before it (cohort.where)."
        )


def _name_of(code: Code) -> str:
    """Name a competing event by its code, where that is a word."""
    return code if isinstance(code, str) else f"competing event {code}"
