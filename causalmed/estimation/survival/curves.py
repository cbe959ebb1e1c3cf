r"""Cumulative incidence along time, under each exposure, with bands for whole curves.

At each time the effect is estimated as for a horizon there. The estimates of an arm are made increasing by
isotonic regression (Westling T, van der Laan MJ, Carone M 2020. Electron J Stat 14:3032-3069). Limits are
made on :math:`\log\{-\log(1 - F)\}`. The band holds for all times at once: its width is the quantile of the
largest of the correlated normal (with clusters: t) deviations of the points.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from causalmed.arguments import require_seed, require_share
from causalmed.cohort import Cohort
from causalmed.engine import Local, generator
from causalmed.errors import CausalmedError, InvalidArgument, NotEnoughEvents
from causalmed.estimation.asked import Asked
from causalmed.estimation.covariance import clustered, independent
from causalmed.estimation.inference import check_clusters
from causalmed.estimation.specs import Estimator
from causalmed.estimation.suitability import check_is_estimator, check_suits
from causalmed.estimation.survival.answering import spec_of
from causalmed.estimation.survival.posing import Timed, pose_timed
from causalmed.estimation.survival.solving import Answered, fill_in, fit_hazards, solve_one
from causalmed.estimation.survival.standin import Wanted
from causalmed.estimation.survival.wording import question_of
from causalmed.identification import Estimand
from causalmed.results import Curve, Provenance
from causalmed.results.words import signed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from causalmed.results.pictures import Curves

__all__ = ["IncidenceCurves", "incidence_curves"]

Array = NDArray[np.float64]
_FEWEST = 10
_DRAWS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class IncidenceCurves:
    """Cumulative incidence under a, under b, and their difference.

    Attributes
    ----------
    exposed, unexposed : Curve
        Proportion infected by each time, competing events part of the course.
    difference : Curve
        Exposed minus unexposed.
    title : str
        The finding at the horizon.
    """

    exposed: Curve
    unexposed: Curve
    difference: Curve
    title: str

    def picture(self) -> Curves:
        """Return the figure of the two curves as data."""
        from causalmed.results.pictures import Curves

        return Curves(title=self.title, curves=(self.exposed, self.unexposed))

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw :meth:`picture` and return its axes."""
        return self.picture().plot(ax)

    def to_dict(self) -> dict[str, Any]:
        """Return the three curves as plain JSON types."""
        return {name: getattr(self, name).to_dict() for name in ("exposed", "unexposed", "difference")}

    def summary(self) -> str:
        """Return the ends of the curves in words."""
        return "\n".join([self.title, self.exposed.summary(), self.unexposed.summary()])

    def _repr_html_(self) -> str:
        return self.picture()._repr_html_()


def incidence_curves(
    estimand: Estimand,
    cohort: Cohort,
    estimator: Estimator | None = None,
    *,
    horizon: float,
    points: int = 20,
    contrast: tuple[float, float] = (1, 0),
    population: str = "all",
    level: float = 0.95,
    seed: int = 0,
    n_jobs: int = 1,
) -> IncidenceCurves:
    r"""Estimate the cumulative incidence under each exposure along time.

    .. math:: \hat F_a(t) = \hat P(T(a) \le t,\ \text{infection}), \qquad 0 \le t \le \tau

    Parameters
    ----------
    estimand, cohort, estimator, contrast, population, level, seed, n_jobs
        As for :func:`causalmed.estimate`.
    horizon : float
        :math:`\tau`, above 0.
    points : int
        At how many times, from 2 to 200: quantiles of the times of infection. Times before which an arm
        has fewer than ten infections are left out.

    Returns
    -------
    IncidenceCurves

    Raises
    ------
    CausalmedError
        As for :func:`causalmed.estimate` at the horizon.

    Examples
    --------
    >>> import pandas as pd
    >>> from causalmed import Cohort, Estimand, FollowUp
    >>> rng = np.random.default_rng(1)
    >>> late = rng.random(1500) < 0.4
    >>> infection, death = rng.exponential(np.where(late, 60, 90)), rng.exponential(120, 1500)
    >>> frame = pd.DataFrame({"late": late, "days": np.minimum(infection, death)})
    >>> frame["status"] = np.where(infection < death, 1, 2)
    >>> patients = Cohort.from_frame(frame, follow_up=FollowUp("days", "status", competing={"death": 2}))
    >>> question = Estimand.given(exposure="late", outcome="infection")
    >>> curves = incidence_curves(question, patients, horizon=30)
    >>> print(curves.title)
    late: +10.0 infection per 100 patients within 30 days
    """
    asked = _asked(estimand, cohort, estimator, contrast, population, horizon, level, seed, n_jobs)
    if isinstance(points, bool) or not isinstance(points, int) or not 2 <= points <= 200:
        raise InvalidArgument(f"points={points!r} must be a whole number from 2 to 200.")
    found: list[IncidenceCurves] = Local().map(lambda _: _curves(asked, points), [0])
    return found[0]


def _asked(
    estimand: Estimand,
    cohort: Cohort,
    estimator: Estimator | None,
    contrast: tuple[float, float],
    population: str,
    horizon: float,
    level: float,
    seed: int,
    n_jobs: int,
) -> Asked:
    if not isinstance(estimand, Estimand) or not isinstance(cohort, Cohort) or cohort.follow_up is None:
        raise InvalidArgument(
            "incidence_curves() needs an Estimand and a cohort with times: Cohort.from_frame(…, "
            "follow_up=FollowUp(…))."
        )
    if isinstance(horizon, bool) or not isinstance(horizon, int | float) or not 0 < horizon < float("inf"):
        raise InvalidArgument(f"horizon={horizon!r} must be a time above 0, in the unit of the follow-up.")
    if estimator is not None:
        check_is_estimator(estimator)
    require_share("level", level, example=0.95)
    require_seed(seed)
    asked = Asked(
        estimand=estimand,
        cohort=cohort,
        spec=estimator,
        contrast=contrast,
        population=population,
        horizon=float(horizon),
        level=float(level),
        seed=seed,
        executor=Local(n_jobs=n_jobs),
    )
    check_suits(estimand, spec_of(asked), population)
    return asked


def _curves(asked: Asked, points: int) -> IncidenceCurves:
    spec, timed = spec_of(asked), pose_timed(asked)
    check_clusters(timed.problem)
    wanted = [Wanted(cause=1, horizon=t) for t in _grid(timed, points)]
    hazards = fit_hazards(timed)
    filled = fill_in(timed, hazards, wanted)
    kept: list[Wanted] = []
    answered: list[Answered] = []
    for k, one in enumerate(wanted):
        try:
            answered.append(
                solve_one(
                    timed, spec, hazards, filled, k, kind="binary", seed=asked.seed, executor=asked.executor
                )
            )
        except CausalmedError:
            if one is wanted[-1]:
                raise
            continue
        kept.append(one)
    return _drawn(asked, timed, kept, answered)


def _grid(timed: Timed, points: int) -> list[float]:
    seen, exposed = timed.seen, timed.problem.exposed
    times = [np.sort(seen.time[(seen.cause == 1) & (exposed == arm)]) for arm in (1.0, 0.0)]
    if min(map(len, times)) < _FEWEST:
        raise NotEnoughEvents(
            f"There are {len(times[0])} infections among the exposed and {len(times[1])} among the unexposed "
            f"by the horizon; a curve needs {_FEWEST} in each. Ask for the effect at a longer horizon."
        )
    first = max(line[_FEWEST - 1] for line in times)
    both = np.concatenate(times)
    later = np.quantile(both[both >= first], np.linspace(0, 1, points - 1), method="inverted_cdf")
    return [float(t) for t in np.unique(np.append(later, seen.horizon))]


def _drawn(
    asked: Asked, timed: Timed, wanted: Sequence[Wanted], answered: Sequence[Answered]
) -> IncidenceCurves:
    x = np.array([0.0, *(one.horizon for one in wanted)])
    psi = np.array([one.solution.psi[:2] for one in answered])
    phi = np.array([one.solution.influence[:, :2] for one in answered])
    blocks = np.array([one.inference.covariance[:2, :2] for one in answered])
    degrees = answered[-1].inference.degrees_of_freedom
    names = [f"{timed.problem.estimand.exposure} = {value:g}" for value in timed.problem.contrast]
    contrasts = {names[0]: (1.0, 0.0), names[1]: (0.0, 1.0), "difference": (1.0, -1.0)}
    made = []
    for label, weights in contrasts.items():
        g = np.array(weights)
        error = np.sqrt(np.einsum("i,kij,j->k", g, blocks, g))
        widths = _widths(timed, phi @ g, asked, degrees, label)
        is_risk = label != "difference"
        value = _rising(psi @ g) if is_risk else psi @ g
        limits = [_limits(value, error, width, is_risk) for width in widths]
        lines = [np.concatenate([[0.0], line]) for line in (value, *limits[0], *limits[1])]
        made.append(_curve(asked, timed, label, x, lines))
    change = signed(100 * (psi[-1, 0] - psi[-1, 1]))
    title = f"{timed.problem.estimand.exposure}: {change} {timed.outcome} per 100 patients {timed.by_when}"
    return IncidenceCurves(exposed=made[0], unexposed=made[1], difference=made[2], title=title)


def _curve(asked: Asked, timed: Timed, label: str, x: Array, lines: Sequence[Array]) -> Curve:
    what = "more " if label == "difference" else ""
    return Curve(
        label=label,
        x=x,
        estimate=lines[0],
        low=lines[1],
        high=lines[2],
        uniform_low=lines[3],
        uniform_high=lines[4],
        x_label=timed.unit or "time",
        y_label=f"{what}{timed.outcome}, per 100 patients",
        question=question_of(timed, Wanted(cause=1, horizon=timed.seen.horizon)),
        level=asked.level,
        n=timed.problem.n,
        per=100.0,
        provenance=Provenance.collect(
            data_fingerprint=asked.cohort.fingerprint, spec=repr(spec_of(asked)), seed=asked.seed
        ),
    )


def _widths(timed: Timed, phi: Array, asked: Asked, degrees: float, label: str) -> tuple[float, float]:
    """Return the critical value of one point and of all points at once."""
    from scipy.special import ndtri, stdtrit

    problem, lines = timed.problem, np.ascontiguousarray(phi.T)
    covariance = (
        independent(lines) if problem.clusters is None else clustered(lines, problem.clusters, problem.groups)
    )
    spread = np.sqrt(np.maximum(np.diagonal(covariance), 1e-300))
    values, vectors = np.linalg.eigh(covariance / np.outer(spread, spread))
    rng = generator(asked.seed, "uniform band", label)
    draws = rng.standard_normal((_DRAWS, len(values))) @ (vectors * np.sqrt(np.maximum(values, 0))).T
    upper, normal = 0.5 + asked.level / 2, bool(np.isinf(degrees))
    if not normal:
        draws = draws / np.sqrt(rng.chisquare(degrees, _DRAWS) / degrees)[:, None]
    one = float(ndtri(upper) if normal else stdtrit(degrees, upper))
    return one, max(one, float(np.quantile(np.abs(draws).max(axis=1), asked.level)))


def _limits(value: Array, error: Array, width: float, is_risk: bool) -> tuple[Array, Array]:
    if not is_risk:
        return value - width * error, value + width * error
    inside = (value > 0) & (value < 1)
    safe = np.where(inside, value, 0.5)
    hazard = -np.log1p(-safe)
    factor = np.exp(width * error / ((1 - safe) * hazard))
    low, high = -np.expm1(-hazard / factor), -np.expm1(-hazard * factor)
    plain = np.clip(value - width * error, 0, 1), np.clip(value + width * error, 0, 1)
    return np.where(inside, low, plain[0]), np.where(inside, high, plain[1])


def _rising(values: Array) -> Array:
    """Return the nearest non-decreasing sequence."""
    from sklearn.isotonic import isotonic_regression

    return np.asarray(isotonic_regression(np.clip(values, 0, 1)), np.float64)
