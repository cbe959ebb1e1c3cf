"""From estimates to verdicts: all candidates together."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from causalmed.engine import generator
from causalmed.errors import ScaleNotDefined
from causalmed.estimation import critical_value, joint_correlation, max_draws
from causalmed.results import Interval
from causalmed.results.words import number, signed
from causalmed.screening.answers import Estimated
from causalmed.screening.candidate import Candidate
from causalmed.screening.simultaneous import step_down, with_imputations

__all__ = ["judge", "simultaneous_ratio"]

_FOOTNOTE = (
    "The test excludes no effect although the interval includes it: the test, step by step, asks less of "
    "the smaller effects once larger ones are established; the interval does not."
)


def judge(
    estimated: Sequence[Estimated],
    *,
    clusters: NDArray[np.intp] | None,
    alpha: float,
    margin: float,
    seed: int,
) -> tuple[tuple[Candidate, ...], float]:
    """Judge all estimated candidates at once.

    Parameters
    ----------
    estimated : sequence of Estimated
        At least one.
    clusters : ndarray of int, shape (n,), or None
        Cluster of each patient.
    alpha : float
        Probability of any false cause.
    margin : float
        Risk difference regarded as immaterial.
    seed : int
        The user's seed.

    Returns
    -------
    tuple of Candidate, float
        In the order given; and the critical value of the intervals.
    """
    differences = [each.effect.risk_difference for each in estimated]
    estimates = np.array([interval.estimate for interval in differences])
    errors = np.array([interval.std_error for interval in differences])
    statistics = np.divide(estimates, errors, out=np.zeros_like(estimates), where=errors > 0)
    together = joint_correlation([each.effect for each in estimated], clusters)
    if any(each.effect.functionals.between is not None for each in estimated):
        together = with_imputations(together, errors=errors, deviations=_deviations(estimated))
    drawn = max_draws(
        together,
        degrees_of_freedom=min(each.effect.functionals.degrees_of_freedom for each in estimated),
        random=generator(seed, "screening", "max-t"),
    )
    adjusted, critical = step_down(statistics, drawn), critical_value(drawn, alpha)
    judged = tuple(
        _verdict(each, float(p), critical=critical, alpha=alpha, margin=margin)
        for each, p in zip(estimated, adjusted, strict=True)
    )
    return judged, critical


def simultaneous_ratio(estimated: Estimated, critical: float, level: float) -> Interval | None:
    """Return the risk ratio with limits at a given critical value; None where it is not defined."""
    try:
        own = estimated.effect.risk_ratio
    except ScaleNotDefined:
        return None
    half = critical * own.std_error / own.estimate
    return Interval(
        estimate=own.estimate,
        low=own.estimate * math.exp(-half),
        high=own.estimate * math.exp(half) if half < 700 else math.inf,
        std_error=own.std_error,
        level=level,
    )


def _verdict(estimated: Estimated, p: float, *, critical: float, alpha: float, margin: float) -> Candidate:
    own = estimated.effect.risk_difference
    half = critical * own.std_error
    interval = Interval(
        estimate=own.estimate,
        low=own.estimate - half,
        high=own.estimate + half,
        std_error=own.std_error,
        level=1 - alpha,
    )
    inside = -margin < interval.low and interval.high < margin
    verdict = "cause" if p <= alpha else "no material effect" if inside else "cannot tell"
    return Candidate(
        name=estimated.name,
        verdict=verdict,
        reason=_reason(estimated, verdict, interval, margin, inside),
        effect=estimated.effect,
        risk_difference=interval,
        risk_ratio=simultaneous_ratio(estimated, critical, 1 - alpha),
        crude=estimated.crude,
        adjustment_set=estimated.effect.adjustment_set,
        adjusted_p=p,
        footnote=_FOOTNOTE if verdict == "cause" and interval.low <= 0 <= interval.high else "",
    )


def _reason(estimated: Estimated, verdict: str, interval: Interval, margin: float, inside: bool) -> str:
    outcome, name = estimated.effect.outcome, estimated.name
    limits = f"{signed(100 * interval.low)} to {signed(100 * interval.high)} in 100 patients"
    if verdict == "no material effect":
        return f"The difference lies within {limits}, inside the margin of ±{number(100 * margin)}."
    if verdict == "cannot tell":
        return f"The interval reaches from {limits}: it excludes neither no effect nor a material one."
    more = "more" if interval.estimate > 0 else "fewer"
    small = ", though all of it within the margin" if inside else ""
    return (
        f"If all rather than none had {name}, {number(100 * abs(interval.estimate))} {more} of 100 patients "
        f"would have {outcome} ({limits}{small})."
    )


def _deviations(estimated: Sequence[Estimated]) -> NDArray[np.float64]:
    """Return the deviations of each difference over the imputed tables; zero where none was imputed."""
    found = []
    for each in estimated:
        functionals = each.effect.functionals
        found.append(
            None
            if functionals.between is None
            else functionals.between @ functionals.gradient(exposed=1.0, unexposed=-1.0)
        )
    draws = max(len(one) for one in found if one is not None)
    return np.column_stack([np.zeros(draws) if one is None else one for one in found])
