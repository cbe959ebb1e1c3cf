"""What is to be done about missing values, as a value that prints into a report."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from causalmed.arguments import require_seed
from causalmed.errors import InvalidArgument
from causalmed.results.spelling import as_written

__all__ = ["METHODS", "NUMBERS", "OUTCOMES", "Imputation"]

METHODS: Final = ("chained", "indicator")
NUMBERS: Final = ("residuals", "matching", "normal")
OUTCOMES: Final = ("weights", "impute", "complete")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Imputation:
    r"""Fill missing values several times, or mark them, and carry the uncertainty into every effect.

    ``method="chained"`` draws every missing value from its distribution given all other columns,

    .. math:: \theta_j \sim P(\theta_j \mid X_j^{obs}, X_{-j}), \qquad
              X_j^{mis} \sim P(X_j \mid X_{-j}, \theta_j)

    column after column, ``iterations`` times, and does all of it ``draws`` times. It assumes that, given
    what was recorded, being missing does not depend on the missing value itself (missing at random).

    ``method="indicator"`` fills with the median or the commonest level and adjusts for an indicator of
    what was missing; a column missing in more than half of the patients is left out. It assumes that the
    exposure was decided knowing no more than what was recorded.

    Parameters
    ----------
    draws : int
        Completed tables, at least 2; about as many as the per cent of information that is missing.
    iterations : int
        Rounds over the columns, at least 1.
    outcome : {"weights", "impute", "complete"}
        What happens to patients without outcome: the others are weighted by the inverse probability
        that an outcome was recorded, given exposure and adjustment set; or it is drawn like any other
        column; or those patients are left out. It is always used to impute the other columns.
    method : {"chained", "indicator"}
        See above.
    numbers : {"residuals", "matching", "normal"}
        How numbers are drawn: the prediction plus the residual of a patient with a near prediction, moved to
        the nearest recorded value (local residual draws); the value of such a patient (predictive mean
        matching); or from a normal linear model.
    donors : int
        Near patients one of whom lends residual or value, at least 1.
    interactions : tuple of (str, str)
        Pairs of columns whose product is among the predictors of all others, such as
        ``(("late", "infected"),)``.
    seed : int
        Seed of all draws.

    Raises
    ------
    InvalidArgument
        A number or an option outside its range.

    References
    ----------
    Rubin DB (1987). Multiple imputation for nonresponse in surveys. van Buuren S (2018). Flexible
    imputation of missing data, 2nd edition, chapters 3 and 4. Blake HA, Leyrat C, Mansfield KE, et al.
    (2020). Biom J 62:428-443 (the indicator).

    Examples
    --------
    >>> import pandas as pd
    >>> from causalmed.cohort import Cohort
    >>> frame = pd.DataFrame({"age": [54, 61, None, 72, 66, 58, 70], "late": [0, 1, 1, 0, 1, 0, 1]})
    >>> cohort = Cohort.from_frame(frame, missing=Imputation(draws=5))
    >>> cohort.completed(1).values("age").tolist()
    [54.0, 61.0, 54.0, 72.0, 66.0, 58.0, 70.0]
    """

    draws: int = 20
    iterations: int = 10
    outcome: str = "weights"
    method: str = "chained"
    numbers: str = "residuals"
    donors: int = 10
    interactions: tuple[tuple[str, str], ...] = ()
    seed: int = 0

    __repr__ = as_written

    def __post_init__(self) -> None:
        for name, least in (("draws", 2), ("iterations", 1), ("donors", 1)):
            given = getattr(self, name)
            if isinstance(given, bool) or not isinstance(given, int) or given < least:
                raise InvalidArgument(f"{name}={given!r} must be a whole number, at least {least}.")
        for name, options in (("outcome", OUTCOMES), ("method", METHODS), ("numbers", NUMBERS)):
            if getattr(self, name) not in options:
                raise InvalidArgument.option(name, getattr(self, name), options)
        require_seed(self.seed)
        object.__setattr__(self, "interactions", _pairs(self.interactions))

    def __str__(self) -> str:
        if self.method == "indicator":
            return "median or commonest level, with an indicator of what was missing"
        return f"{self.draws} imputations by chained equations"


def _pairs(given: object) -> tuple[tuple[str, str], ...]:
    listed = tuple(given) if isinstance(given, Iterable) and not isinstance(given, str) else None
    pairs = None if listed is None else tuple(tuple(one) for one in listed if not isinstance(one, str))
    good = pairs is not None and len(pairs) == len(listed or ())
    if not good or not all(
        len(one) == 2 and all(isinstance(name, str) for name in one) for one in pairs or ()
    ):
        raise InvalidArgument(
            f"interactions={given!r} must be pairs of columns, such as (('late', 'infected'),)."
        )
    return tuple((first, second) for first, second in pairs or ())
