"""The lowest threshold that is safe in patients whose outcomes are not known."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from causalmed.errors import NotEnoughEvents
from causalmed.prediction.adaptation import Expected
from causalmed.prediction.influence import normal_interval
from causalmed.prediction.proportions import proportion
from causalmed.prediction.transported import Evidence, transported_moments
from causalmed.results import Interval

__all__ = ["expected", "expected_risk", "lowest_safe_threshold"]

_AT_ONCE: Final = 32
_BLOCK: Final = 4_000_000

Array = NDArray[np.float64]


def lowest_safe_threshold(
    evidence: Evidence, *, specificity: float, delta: float, of_these: bool = False
) -> float:
    r"""Return the lowest threshold at and above which the lower limit of specificity is what was asked.

    Going down from the highest risk, in steps that become finer, candidates t are tested one-sided at level
    :math:`\delta`,

    .. math:: \frac{\widehat{E_T}[(1-Y)(1\{r<t\}-s)]}{{\rm SE}} \ge z_{1-\delta},

    and the first that fails ends the search: in a fixed order no correction for the number of tests is
    needed, since a threshold below the true one is only reached if the test at the true one errs.

    Parameters
    ----------
    evidence : Evidence
        Both samples.
    specificity, delta : float
        s, and the probability of falling short, in (0, 1).
    of_these : bool
        Whether the specificity meant is that among these very patients.

    Returns
    -------
    float

    Raises
    ------
    NotEnoughEvents
        If not even the highest risk passes.
    """
    from scipy.special import ndtri

    wanted = float(ndtri(1 - delta))
    candidates = _candidates(evidence.target_risk)
    above, below = -1, len(candidates)
    while below - above > 1:
        tried = np.unique(np.linspace(above, below, _AT_ONCE + 2).astype(np.intp)[1:-1])
        tried = tried[(tried > above) & (tried < below)]
        z = _standardised(evidence, candidates[tried], specificity=specificity, of_these=of_these)
        many = len(z) if (z >= wanted).all() else int(np.argmin(z >= wanted))
        above, below = (tried[many - 1] if many else above), (tried[many] if many < len(z) else below)
    if above < 0:
        raise NotEnoughEvents(
            f"A specificity of {specificity:g} with probability {1 - delta:g} cannot be shown in "
            f"{len(evidence.target_risk):,} patients without outcomes: not even the highest risk among them "
            "passes. Take more patients of the new hospital, ask for less, or raise delta="
        )
    return float(candidates[above])


def _standardised(evidence: Evidence, at: Array, *, specificity: float, of_these: bool) -> Array:
    """Return how many standard errors the specificity at each threshold lies above what was asked."""
    spared = evidence.of_the_spared()
    width = max(1, _BLOCK // (len(evidence.risk) + len(evidence.target_risk)))
    found = []
    for start in range(0, len(at), width):
        block = at[start : start + width]
        moments = transported_moments(
            spared,
            _below(evidence.risk, block) - specificity,
            _below(evidence.target_risk, block) - specificity,
        )
        error = np.maximum(moments.std_error(of_these=of_these), 1e-300)
        found.append(moments.estimate / error)
    return np.concatenate(found)


def expected(evidence: Evidence, threshold: float, *, level: float, of_these: bool = False) -> Expected:
    """Return what a threshold is expected to do in the new patients, with intervals.

    Parameters
    ----------
    evidence : Evidence
        Both samples.
    threshold : float
        Alert where risk >= threshold.
    level : float
        Confidence level.
    of_these : bool
        Whether these very patients are meant, whose alerts are known.

    Returns
    -------
    Expected
    """
    at = np.array([threshold])
    below, target_below = _below(evidence.risk, at), _below(evidence.target_risk, at)
    alerts = float(1 - target_below.mean())
    return Expected(
        threshold=threshold,
        specificity=_share(evidence.of_the_spared(), below, target_below, level, of_these),
        sensitivity=_share(evidence, 1 - below, 1 - target_below, level, of_these),
        alerts=Interval(estimate=alerts, low=alerts, high=alerts, std_error=0.0, level=level)
        if of_these
        else proportion(alerts * len(target_below), len(target_below), level=level),
    )


def expected_risk(evidence: Evidence, *, level: float, of_these: bool = False) -> Interval:
    """Return the share of the new patients who will have the outcome."""
    ones = transported_moments(
        evidence, np.ones((len(evidence.risk), 1)), np.ones((len(evidence.target_risk), 1))
    )
    error = float(ones.std_error(of_these=of_these)[0])
    return normal_interval(_inside(float(ones.estimate[0])), error, level=level, scale="logit")


def _share(evidence: Evidence, flags: Array, target_flags: Array, level: float, of_these: bool) -> Interval:
    """Return E[Y flag] / E[Y] by the delta method: the influence of a ratio is that of Y (flag - ratio)."""
    both = transported_moments(
        evidence,
        np.hstack([flags, np.ones_like(flags)]),
        np.hstack([target_flags, np.ones_like(target_flags)]),
    ).estimate
    ratio = _inside(float(both[0] / both[1]))
    around = transported_moments(evidence, flags - ratio, target_flags - ratio)
    error = float(around.std_error(of_these=of_these)[0] / both[1])
    return normal_interval(ratio, error, level=level, scale="logit")


def _candidates(risk: Array) -> Array:
    """Distinct risks from the highest down, with one above them all."""
    distinct = np.unique(risk)[::-1]
    return np.concatenate([[np.nextafter(distinct[0], np.inf)], distinct])


def _below(risk: Array, at: Array) -> Array:
    return (risk[:, None] < at).astype(np.float64)


def _inside(share: float) -> float:
    return min(max(share, 0.0), 1.0)
