"""How the parts of a disparity are estimated, as a value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from causalmed.errors import InvalidArgument
from causalmed.results.spelling import as_written

__all__ = ["DisparityAIPW"]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class DisparityAIPW:
    """Doubly robust, cross-fitted parts of a disparity.

    Parameters
    ----------
    propensity : Logistic, scikit-learn classifier or None
        Of belonging to the group, given background, and given background and mediators.
    regression : Logistic, Linear, scikit-learn learner or None
        Of the outcome in the group. For a predicted risk, main effects are used where a classifier is stated.
    folds : int
        At least 2; whole clusters share a fold.
    trim : float
        Chances of belonging to the group below this are raised to it, in (0, 0.5).

    Raises
    ------
    InvalidArgument
        If folds or trim are outside their range.

    Examples
    --------
    >>> DisparityAIPW(folds=10).folds
    10
    """

    propensity: Any = None
    regression: Any = None
    folds: int = 5
    trim: float = 0.01

    __repr__ = as_written

    def __post_init__(self) -> None:
        if not isinstance(self.folds, int) or isinstance(self.folds, bool) or self.folds < 2:
            raise InvalidArgument(
                f"folds={self.folds!r} must be a whole number, at least 2: nobody is predicted by a model "
                "that saw them."
            )
        if not isinstance(self.trim, int | float) or not 0 < self.trim < 0.5:
            raise InvalidArgument(f"trim={self.trim!r} must lie between 0 and 0.5, for example 0.01.")
