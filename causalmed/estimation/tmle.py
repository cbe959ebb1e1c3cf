r"""The targeting step of TMLE.

For each arm a fluctuation with one coefficient,

.. math:: \operatorname{logit} m_a^\epsilon = \operatorname{logit} m_a + \epsilon

fitted among the patients of the arm with weights :math:`w_a`; or, with the clever covariate,
:math:`\operatorname{logit} m_a + \epsilon\, h_a` with weight one, where
:math:`w_{a,i} = 1\{A_i = a\} h_{a,i}`.
Either solves :math:`\sum_i w_{a,i} \{Y_i - m_a^*(L_i)\} = 0`, so that the mean of the efficient score is
zero. Iteration stops at :math:`|P_n \phi| \le \widehat{se} / \min(\log n, 10)`.

van der Laan MJ, Rose S (2011). Targeted Learning, chapter 4; the weighted form: Robins JM, Sued M,
Lei-Gomez Q, Rotnitzky A (2007). Stat Sci 22:544-559, section 4.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from causalmed.errors import NotConverged
from causalmed.estimation import aipw
from causalmed.estimation.targets import Tilt, Working, tilt_of

__all__ = ["BOUND", "Targeted", "scale_of", "target"]

Array = NDArray[np.float64]
BOUND: Final = 1e-6
"""Initial regressions are kept this far from 0 and 1; a larger bound would move rare risks."""
_STEPS: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Targeted:
    r"""Regressions after targeting.

    Attributes
    ----------
    working : Working
        With the targeted regressions, on the scale of the outcome.
    epsilon : tuple of float
        Coefficients of the fluctuation of each arm.
    bounded : int
        Patients whose initial regression had to be moved away from 0 or 1.
    ratio : float
        :math:`|P_n \phi|` over its permitted size, at most 1.
    """

    working: Working
    epsilon: tuple[float, float]
    bounded: int
    ratio: float


def scale_of(outcome: Array, kind: str) -> tuple[float, float]:
    """Return the range that is mapped to [0, 1]: (0, 1) for a binary outcome."""
    return (0.0, 1.0) if kind == "binary" else (float(outcome.min()), float(outcome.max()))


def target(working: Working, *, scale: tuple[float, float], fluctuation: str = "weighted") -> Targeted:
    """Move the regressions until the efficient score averages zero.

    Parameters
    ----------
    working : Working
        Initial regressions and propensity score.
    scale : tuple of float
        Smallest and largest value of the outcome.
    fluctuation : {"weighted", "covariate"}
        See this module.

    Returns
    -------
    Targeted

    Raises
    ------
    NotConverged
        A fluctuation has no finite answer: an arm holds no outcome, or nothing but outcomes.
    """
    low, high = scale
    unit = (working.outcome - low) / (high - low)
    tilt = tilt_of(working)
    moved: list[Array] = []
    epsilons: list[float] = []
    outside = np.zeros(len(unit), dtype=bool)
    for arm in (1, 0):
        raw = (working.regression(arm) - low) / (high - low)
        outside |= (raw < BOUND) | (raw > 1 - BOUND)
        start = logit(np.clip(raw, BOUND, 1 - BOUND))
        h = _covariate(working, tilt, arm) if fluctuation == "covariate" else np.ones_like(unit)
        in_arm = working.exposed if arm else 1 - working.exposed
        weights = in_arm if fluctuation == "covariate" else tilt.weights(arm)
        epsilon = _fluctuate(unit, start, h, weights)
        epsilons.append(epsilon)
        moved.append(low + (high - low) * expit(start + epsilon * h))
    after = replace(working, m1=moved[0], m0=moved[1])
    ratio = _remaining(after)
    if ratio > 1:
        raise NotConverged(
            f"The targeting step of TMLE left {ratio:.1f} times the permitted error. Use AIPW(), or a "
            'population with more overlap (population="overlap").'
        )
    return Targeted(
        working=after, epsilon=(epsilons[0], epsilons[1]), bounded=int(outside.sum()), ratio=ratio
    )


def _covariate(working: Working, tilt: Tilt, arm: int) -> Array:
    """Return h_a for every patient: the weight the patient would have in that arm."""
    forced = np.full_like(working.exposed, float(arm))
    everyone = tilt_of(replace(working, exposed=forced))
    return everyone.weights(arm)


def _fluctuate(unit: Array, start: Array, h: Array, weights: Array) -> float:
    """Solve sum w h {y - expit(start + epsilon h)} = 0 by Newton's method, halved where it overshoots."""
    rows = weights > 0
    y, o, x, w = unit[rows], start[rows], h[rows], weights[rows]
    if not len(y) or y.min() == y.max() == 0 or y.min() == y.max() == 1:
        raise NotConverged(
            "An arm holds no outcome, or nothing but outcomes, so its risk cannot be targeted. Widen the "
            "cohort or use coarser categories."
        )
    epsilon, best = 0.0, np.inf
    step = 0.0
    size = float(w @ (x * x))
    for _ in range(_STEPS):
        mu = expit(o + epsilon * x)
        score = float((w * x) @ (y - mu))
        if abs(score) > best:
            step /= 2
            epsilon -= step
            continue
        best = abs(score)
        information = float((w * x * x) @ (mu * (1 - mu)))
        if best <= 1e-13 * size or information <= 0:
            break
        step = score / information
        epsilon += step
        if abs(step) < 1e-14:
            break
    return epsilon


def _remaining(working: Working) -> float:
    psi = aipw.values(working)
    tilt = tilt_of(working)
    n = len(working.outcome)
    worst = 0.0
    scores = aipw.influence(working, psi)
    for column, arm in enumerate((1, 0)):
        residual = tilt.weights(arm) * (working.outcome - working.regression(arm)) / tilt.mass
        error = float(scores[:, column].std()) / np.sqrt(n)
        allowed = error / min(np.log(n), 10.0)
        worst = max(worst, abs(float(residual.mean())) / allowed if allowed > 0 else 0.0)
    return worst
