"""What leaving hospital means for the question."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from causalmed.errors import InvalidArgument

__all__ = ["CHOICE", "MEANINGS", "Discharge"]

MEANINGS: Final = ("competing", "censored", "still followed")

CHOICE: Final = (
    'discharge=Discharge(code=…, means="competing") if the question is infection in hospital, which nobody '
    'can get after leaving; means="censored" if infections after discharge count but are not seen; '
    'means="still followed", until=… if they would have been seen until then.'
)
"""The three meanings, as advice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Discharge:
    """The code of discharge, and what it does to the question.

    Parameters
    ----------
    code : int or str
        Code in the event column.
    means : {"competing", "censored", "still followed"}
        ``"competing"``: the question is infection *in hospital*; who goes home can no longer have one.
        ``"censored"``: infections after discharge count, but nobody looks for them. ``"still followed"``:
        they count and would have been recorded until ``until``; who has none is free of infection so long.
    until : float, optional
        Time since time zero up to which the discharged are followed; with ``"still followed"`` only.

    Raises
    ------
    InvalidArgument
        Another meaning, or an ``until`` that is missing, not positive, or without use.

    Examples
    --------
    >>> Discharge(code=3, means="still followed", until=30)
    Discharge(code=3, means='still followed', until=30)
    """

    code: int | str
    means: str
    until: float | None = None

    def __post_init__(self) -> None:
        if self.means not in MEANINGS:
            raise InvalidArgument(f"{InvalidArgument.option('means', self.means, MEANINGS)} Choose: {CHOICE}")
        if not isinstance(self.code, int | str):
            raise InvalidArgument(f"code={self.code!r} must be one code of the event column.")
        if (self.means == "still followed") != (self.until is not None):
            raise InvalidArgument(
                f"Discharge(means={self.means!r}, until={self.until!r}): the discharged are followed until a "
                'time, which means="still followed" needs and the other meanings do not have.'
            )
        if self.until is not None and not 0 < self.until < float("inf"):
            raise InvalidArgument(
                f"until={self.until!r} must be a time above 0, in the unit of the follow-up."
            )
