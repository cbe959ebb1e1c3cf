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

from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from causalmed.engine import block_slices, exact_sum
from causalmed.errors import NotConverged
from causalmed.estimation import aipw
from causalmed.estimation.targets import Working, mass_of, tilt_of

__all__ = [
    "BOUND",
    "ArmStart",
    "Start",
    "Targeted",
    "newton",
    "remaining",
    "remaining_sums",
    "scale_of",
    "scale_of_range",
    "start_of",
    "target",
]

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
    return scale_of_range(float(outcome.min()), float(outcome.max()), kind)


def scale_of_range(low: float, high: float, kind: str) -> tuple[float, float]:
    """Return the range that is mapped to [0, 1], for outcomes from ``low`` to ``high``."""
    return (0.0, 1.0) if kind == "binary" else (low, high)


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
    n = len(working.outcome)
    blocks = [working.take(block) for block in block_slices(n)]
    offered = [start_of(rows, scale=scale, fluctuation=fluctuation) for rows in blocks]
    bounded = int(sum(one.outside.sum() for one in offered))
    epsilons = []
    for at in (0, 1):
        arms = [one.arms[at] for one in offered]
        search = newton(exact_sum([arm.size for arm in arms]))
        at_zero = next(search)
        epsilons.append(_searched(search, at_zero, arms))
    moved = [one.moved((epsilons[0], epsilons[1])) for one in offered]
    after = replace(
        working,
        m1=np.concatenate([pair[0] for pair in moved]),
        m0=np.concatenate([pair[1] for pair in moved]),
    )
    psi, mass = aipw.values(after), mass_of(after)
    ratio = remaining(after.total(lambda rows: remaining_sums(rows, psi, mass)), n)
    return Targeted(working=after, epsilon=(epsilons[0], epsilons[1]), bounded=bounded, ratio=ratio)


def _searched(search: Generator[float, Array, float], epsilon: float, arms: list[ArmStart]) -> float:
    while True:
        try:
            epsilon = search.send(exact_sum([arm.sums(epsilon) for arm in arms]))
        except StopIteration as found:
            return float(found.value)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ArmStart:
    """The fluctuation of one arm before it is fitted: in some rows, on the unit scale.

    Attributes
    ----------
    start, h : ndarray, shape (rows,)
        Initial regression in logits, and the covariate, of everybody.
    used : tuple of ndarray
        y, start, h and w of the patients of the arm.
    """

    start: Array
    h: Array
    used: tuple[Array, Array, Array, Array]

    @property
    def size(self) -> Array:
        """Sum of w h² and the numbers of rows, of zeros and of ones, shape (4,)."""
        y, _, x, w = self.used
        return np.array([w @ (x * x), len(y), np.count_nonzero(y == 0), np.count_nonzero(y == 1)])

    def sums(self, epsilon: float) -> Array:
        """Score and information of the fluctuation at epsilon, shape (2,)."""
        y, o, x, w = self.used
        mu = expit(o + epsilon * x)
        return np.array([(w * x) @ (y - mu), (w * x * x) @ (mu * (1 - mu))])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Start:
    """The fluctuations of both arms in some rows."""

    arms: tuple[ArmStart, ArmStart]
    outside: NDArray[np.bool_]
    scale: tuple[float, float]

    def moved(self, epsilon: tuple[float, float]) -> tuple[Array, Array]:
        """Return the regressions under a and under b after the fluctuation, on the scale of the outcome."""
        low, high = self.scale
        first, second = (
            low + (high - low) * expit(arm.start + e * arm.h)
            for arm, e in zip(self.arms, epsilon, strict=True)
        )
        return first, second


def start_of(rows: Working, *, scale: tuple[float, float], fluctuation: str) -> Start:
    """Prepare the fluctuations of some rows."""
    low, high = scale
    unit = (rows.outcome - low) / (high - low)
    tilt = tilt_of(rows)
    outside = np.zeros(len(unit), dtype=bool)
    arms = []
    for arm in (1, 0):
        raw = (rows.regression(arm) - low) / (high - low)
        outside |= (raw < BOUND) | (raw > 1 - BOUND)
        start = logit(np.clip(raw, BOUND, 1 - BOUND))
        h = _covariate(rows, arm) if fluctuation == "covariate" else np.ones_like(unit)
        in_arm = rows.exposed if arm else 1 - rows.exposed
        weights = in_arm if fluctuation == "covariate" else tilt.weights(arm)
        use = weights > 0
        arms.append(ArmStart(start=start, h=h, used=(unit[use], start[use], h[use], weights[use])))
    return Start(arms=(arms[0], arms[1]), outside=outside, scale=scale)


def _covariate(working: Working, arm: int) -> Array:
    """Return h_a for every patient: the weight the patient would have in that arm."""
    forced = np.full_like(working.exposed, float(arm))
    everyone = tilt_of(replace(working, exposed=forced))
    return everyone.weights(arm)


def newton(size: Array) -> Generator[float, Array, float]:
    """Solve sum w h {y - expit(start + epsilon h)} = 0 by Newton's method, halved where it overshoots.

    Yields the epsilon at which score and information are wanted, is sent both, and returns the solution.
    ``size`` is that of :class:`ArmStart`, added up.
    """
    if not size[1] or size[1] in (size[2], size[3]):
        raise NotConverged(
            "An arm holds no outcome, or nothing but outcomes, so its risk cannot be targeted. Widen the "
            "cohort or use coarser categories."
        )
    epsilon, best, step = 0.0, np.inf, 0.0
    for _ in range(_STEPS):
        score, information = (yield epsilon).tolist()
        if abs(score) > best:
            step /= 2
            epsilon -= step
            continue
        best = abs(score)
        if best <= 1e-13 * size[0] or information <= 0:
            break
        step = score / information
        epsilon += step
        if abs(step) < 1e-14:
            break
    return epsilon


def remaining_sums(rows: Working, psi: Array, mass: float) -> Array:
    """Return what a block adds to the residuals, scores and squared scores of both arms, shape (3, 2)."""
    scores = aipw.influence_of(rows, psi, mass)[:, :2]
    tilt = tilt_of(rows)
    residuals = [(tilt.weights(arm) * (rows.outcome - rows.regression(arm)) / mass).sum() for arm in (1, 0)]
    return np.array([residuals, scores.sum(axis=0), np.square(scores).sum(axis=0)])


def remaining(total: Array, n: int) -> float:
    """Return the mean score that targeting left, over its permitted size, from the sums of all blocks.

    Raises
    ------
    NotConverged
        It is larger.
    """
    residual, mean, square = total / n
    error = np.sqrt(np.maximum(square - mean**2, 0.0) / n)
    allowed = error / min(np.log(n), 10.0)
    ratio = float(np.max(np.where(allowed > 0, np.abs(residual) / np.where(allowed > 0, allowed, 1.0), 0.0)))
    if ratio > 1:
        raise NotConverged(
            f"The targeting step of TMLE left {ratio:.1f} times the permitted error. Use AIPW(), or a "
            'population with more overlap (population="overlap").'
        )
    return ratio
