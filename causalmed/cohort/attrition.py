"""Who was left out, why, and how many remained."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["AttritionStep"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AttritionStep:
    """One step from the table as received to the cohort as analysed.

    Parameters
    ----------
    reason : str
        Why rows were left out, in words.
    n_before, n_after : int
        Rows before and after the step.
    missing : tuple of (str, int)
        For complete cases: missing values per column.

    Examples
    --------
    >>> print(AttritionStep(reason="adults", n_before=2400, n_after=2310))
    2,310 left of 2,400 (90 left out): adults
    """

    reason: str
    n_before: int
    n_after: int
    missing: tuple[tuple[str, int], ...] = ()

    @property
    def left_out(self) -> int:
        """Number of rows this step removed."""
        return self.n_before - self.n_after

    def __str__(self) -> str:
        return f"{self.n_after:,} left of {self.n_before:,} ({self.left_out:,} left out): {self.reason}"
