r"""Extra days in hospital because of an infection, without counting the days before it.

States: 0 in hospital without infection, 1 in hospital with it, 2 left. With the transition probabilities of
Aalen and Johansen, the expected remaining stay of the infected and of the not yet infected are compared at
each time, and averaged over the times at which patients leave state 0:

.. math:: \sum_s \{\hat e_1(s) - \hat e_0(s)\}\, \hat P(T_0 = s)

Comparing the whole stay of the two groups instead counts the days that the infected had to live through
before they could be infected (immortal time).

Schulgen G, Schumacher M (1996). Lifetime Data Analysis 2:219-240; Schulgen G and others (2000). J Clin
Epidemiol 53:136-144; Wangler M, Beyersmann J, Schumacher M (2006). R News 6(2):31-35.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from causalmed.arguments import require_share
from causalmed.errors import DataError, ImmortalTime, NotEnoughEvents
from causalmed.estimation.survival.course import Course
from causalmed.results import Interval

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ExtraDays", "extra_days"]

Array = NDArray[np.float64]
Ranks = NDArray[np.intp]
_FEWEST = 5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ExtraDays:
    """The change in the length of stay due to an infection.

    Attributes
    ----------
    interval : Interval
        Extra time in hospital, in the unit of the times.
    naive : float
        Mean stay of the infected minus that of the others: too long, shown for comparison.
    times : ndarray, shape (k,)
        Times at which somebody changed state.
    remaining_infected, remaining_free : ndarray, shape (k,)
        Expected further stay from just after each time.
    weights : ndarray, shape (k,)
        Share of the patients who leave the state without infection then.
    n, infected, clusters : int
        Patients, infections, clusters (0 without).
    """

    interval: Interval
    naive: float
    times: Array
    remaining_infected: Array
    remaining_free: Array
    weights: Array
    n: int
    infected: int
    clusters: int = 0

    def summary(self) -> str:
        """Return the answer in at most 80 columns."""
        said = (
            f"Infection lengthens the stay by {self.interval}. Counting all days of the infected would say "
            f"{self.naive:.3g}, because they had to stay to be infected. {self.n:,} patients, "
            f"{self.infected:,} infected. The remaining stay of infected and not yet infected patients is "
            "compared at each time; what else differs between them is not adjusted for."
        )
        return textwrap.fill(said, 80)

    def to_frame(self) -> pd.DataFrame:
        """Return a row a time: time, remaining_infected, remaining_free, weight."""
        import pandas as pd

        return pd.DataFrame(
            {
                "time": self.times,
                "remaining_infected": self.remaining_infected,
                "remaining_free": self.remaining_free,
                "weight": self.weights,
            }
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as plain JSON types."""
        return {
            "extra_days": self.interval.to_dict(),
            "naive": self.naive,
            "n": self.n,
            "infected": self.infected,
            "clusters": self.clusters,
        }

    def __str__(self) -> str:
        return self.summary()


def extra_days(
    infected_on: ArrayLike,
    left_on: ArrayLike,
    *,
    still_in: ArrayLike | None = None,
    clusters: ArrayLike | None = None,
    level: float = 0.95,
) -> ExtraDays:
    r"""Estimate the extra days in hospital due to an infection.

    .. math:: \sum_s \{\hat e_1(s) - \hat e_0(s)\}\, \hat P(T_0 = s)

    Parameters
    ----------
    infected_on : array_like, shape (n,)
        Day of the infection, counted from admission; missing or infinite for who never had one.
    left_on : array_like, shape (n,)
        Day on which the patient left, alive or dead, or was last seen; above 0.
    still_in : array_like of bool, shape (n,), optional
        Who was still in hospital when last seen.
    clusters : array_like, shape (n,), optional
        Hospital or ward; the interval then leaves out one at a time instead of one patient.
    level : float
        Confidence level, in (0, 1).

    Returns
    -------
    ExtraDays

    Raises
    ------
    ImmortalTime
        An infection after the patient had left, or at a negative time.
    DataError
        Times that are missing or not above 0, arrays of different lengths, fewer than two clusters.
    NotEnoughEvents
        Fewer than five infected, or fewer than five others.

    References
    ----------
    Schulgen G, Schumacher M (1996). Lifetime Data Analysis 2:219-240. Interval: infinitesimal jackknife,
    Jaeckel LA (1972), Bell Laboratories memorandum MM 72-1215-11; with clusters, delete-one jackknife.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> infected = np.ceil(rng.exponential(20, 800))
    >>> home = np.ceil(rng.exponential(8, 800))
    >>> stay = np.where(infected < home, infected + np.ceil(rng.exponential(15, 800)), home)
    >>> found = extra_days(np.where(infected < home, infected, np.nan), stay)
    >>> print(found.interval)
    3.6 (95 % CI 2.1 to 5.1)
    >>> round(found.naive, 1)
    14.0
    """
    require_share("level", level, example=0.95)
    infected, left, staying = _checked(infected_on, left_on, still_in)
    groups = _groups(clusters, len(left))
    course = Course.of(infected, left, staying)
    estimate = float(course.estimate(course.counts[None])[0])
    error = course.error() if groups is None else course.clustered_error(groups)
    ill = np.isfinite(infected)
    e0, e1, weights = (line[0] for line in course.remaining(course.counts[None]))
    return ExtraDays(
        interval=_interval(estimate, error, level, None if groups is None else int(groups.max())),
        naive=float(left[ill].mean() - left[~ill].mean()),
        times=course.times,
        remaining_infected=e1,
        remaining_free=e0,
        weights=weights,
        n=len(left),
        infected=int(ill.sum()),
        clusters=0 if groups is None else int(groups.max()) + 1,
    )


def _checked(
    infected_on: ArrayLike, left_on: ArrayLike, still_in: ArrayLike | None
) -> tuple[Array, Array, NDArray[np.bool_]]:
    try:
        infected, left = (np.asarray(values, dtype=np.float64) for values in (infected_on, left_on))
        staying = np.zeros(left.shape, bool) if still_in is None else np.asarray(still_in).astype(bool)
    except (TypeError, ValueError):
        raise DataError("extra_days() needs times as numbers, counted from admission.") from None
    if left.ndim != 1 or infected.shape != left.shape or staying.shape != left.shape or not len(left):
        raise DataError(
            f"extra_days() needs one time a patient: infected_on has shape {infected.shape}, left_on "
            f"{left.shape}, still_in {staying.shape}."
        )
    if not np.isfinite(left).all() or (left <= 0).any():
        raise DataError("left_on holds times that are missing or not above 0. Count from admission, in days.")
    ill = np.isfinite(infected)
    wrong = ill & ((infected >= left) | (infected < 0))
    if wrong.any():
        raise ImmortalTime(
            f"{int(wrong.sum()):,} patients were infected before admission or not before they left. Their "
            "stay with infection cannot be told from that without. Check infected_on and left_on: same "
            "clock, same unit."
        )
    if min(int(ill.sum()), int((~ill).sum())) < _FEWEST:
        raise NotEnoughEvents(
            f"{int(ill.sum()):,} of {len(left):,} patients were infected: the stay of the two groups cannot "
            "be compared."
        )
    return infected, left, staying


def _groups(clusters: ArrayLike | None, n: int) -> Ranks | None:
    if clusters is None:
        return None
    labels = np.asarray(clusters)
    if labels.shape != (n,):
        raise DataError(f"clusters needs one label a patient, {n:,}; it has shape {labels.shape}.")
    found, codes = np.unique(labels.astype(str), return_inverse=True)
    if len(found) < 2:
        raise DataError(
            "All patients are of one cluster, so the spread between clusters cannot be estimated."
        )
    return np.asarray(codes, dtype=np.intp)


def _interval(estimate: float, error: float, level: float, degrees: int | None) -> Interval:
    from scipy.special import ndtri, stdtrit

    upper = 0.5 + level / 2
    half = error * float(ndtri(upper) if degrees is None else stdtrit(degrees, upper))
    return Interval(
        estimate=estimate, low=estimate - half, high=estimate + half, std_error=error, level=level
    )
