r"""The score of the partially logistic model.

With :math:`\operatorname{logit} P(Y = 1 \mid A, L) = \beta A + r(L)` and
:math:`m(L) = E[A \mid L, Y = 0]`,

.. math:: \psi_i(\beta) = w(L_i) \{Y_i e^{-\beta A_i} - (1 - Y_i) e^{r(L_i)}\} (A_i - m(L_i))

has mean zero at the truth, whatever the weights w, if r or m is right, and small errors of both do not move
its root, to first order
(Liu M, Zhang Y, Zhou D 2021. Econom J 24:559-588, section 2; Tan Z 2019. arXiv:1901.09138).

r comes from a prediction :math:`M(a, l)` of the outcome given exposure and adjustment set, and a first
:math:`\tilde\beta` from the same:

.. math:: r(L) = \eta(L) - \tilde\beta a(L), \qquad \eta(L) = E[\operatorname{logit} M(A, L) \mid L],
          \quad a(L) = E[A \mid L]

With :math:`w = e^{\tilde\beta a} / (1 + e^\eta)` the braces times w are :math:`Y - \operatorname{expit} \eta`
where A = a(L), the residual of the efficient score; without weights patients at high risk would dominate.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from causalmed.errors import NotConverged

__all__ = ["BOUND", "Remainder", "log_odds_ratio", "remainder_of_number", "remainder_of_two"]

Array = NDArray[np.float64]
BOUND: Final = 1e-4
"""Predicted risks are kept this far from 0 and 1 before their logit is taken."""
_STEPS: Final = 100
_FAR: Final = 20.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Remainder:
    r"""What the adjustment set contributes to the log odds.

    Attributes
    ----------
    values : ndarray, shape (n,)
        r(L).
    first : float
        :math:`\tilde\beta`.
    mean : ndarray, shape (n,)
        a(L).
    bounded : int
        Predicted risks that had to be moved away from 0 or 1.
    """

    values: Array
    first: float
    mean: Array
    bounded: int

    @property
    def weights(self) -> Array:
        """Return w(L)."""
        shift = self.first * self.mean
        return np.asarray(np.exp(shift) * expit(-(self.values + shift)))

    def rescaled(self, centre: float, scale: float) -> Remainder:
        """Return the same for the exposure ``(A - centre) / scale``."""
        return replace(
            self,
            values=self.values + self.first * centre,
            first=self.first * scale,
            mean=(self.mean - centre) / scale,
        )


def remainder_of_two(*, under_a: Array, under_b: Array, propensity: Array) -> Remainder:
    """Return r for a two-valued exposure from the predicted risks under both values."""
    high, low, bounded = _logits(under_a, under_b)
    weight = propensity * (1 - propensity)
    total = float(weight.sum())
    first = float(weight @ (high - low)) / total if total > 0 else float((high - low).mean())
    mean = propensity * high + (1 - propensity) * low
    return Remainder(values=mean - first * propensity, first=first, mean=propensity, bounded=bounded)


def remainder_of_number(*, above: Array, below: Array, distance: float, exposure_mean: Array) -> Remainder:
    """Return r for a numeric exposure from the risks at ``distance`` above and below its predicted mean."""
    high, low, bounded = _logits(above, below)
    first = float((high - low).mean()) / (2 * distance)
    values = (high + low) / 2 - first * exposure_mean
    return Remainder(values=values, first=first, mean=exposure_mean, bounded=bounded)


def log_odds_ratio(
    *, outcome: Array, exposure: Array, exposure_mean: Array, remainder: Remainder
) -> tuple[float, Array]:
    """Solve the score.

    Parameters
    ----------
    outcome, exposure : ndarray, shape (n,)
        Y, 0 or 1, and A.
    exposure_mean : ndarray, shape (n,)
        m: the exposure predicted among patients without the outcome.
    remainder : Remainder
        r.

    Returns
    -------
    float
        The log odds ratio of a unit of exposure at fixed covariates.
    ndarray, shape (n,)
        Influence of each patient.

    Raises
    ------
    NotConverged
        The score has no root.

    Examples
    --------
    >>> Y, A = np.array([1.0, 1, 1, 0, 1, 0, 0, 0]), np.array([1.0, 1, 1, 1, 0, 0, 0, 0])
    >>> r = Remainder(values=np.full(8, np.log(1 / 3)), first=1.0, mean=np.full(8, 0.5), bounded=0)
    >>> beta, _ = log_odds_ratio(outcome=Y, exposure=A, exposure_mean=np.full(8, 0.25), remainder=r)
    >>> round(float(np.exp(beta)), 6)   # 3/1 against 1/3
    9.0
    """
    v = remainder.weights * (exposure - exposure_mean)
    fixed = float(((1 - outcome) * np.exp(remainder.values)) @ v)
    case = outcome == 1
    beta = _root(exposure[case], v[case], fixed, remainder.first)
    weight = np.where(case, np.exp(-beta * exposure), 0.0)
    slope = float((weight * exposure) @ v)
    score = (weight - (1 - outcome) * np.exp(remainder.values)) * v
    return beta, score * len(v) / slope


def _root(a: Array, v: Array, fixed: float, start: float) -> float:
    """Solve sum v exp(-beta a) = fixed by Newton's method, halved until the mismatch shrinks."""

    def mismatch(beta: float) -> float:
        return float(np.exp(-beta * a) @ v) - fixed

    beta, off = start, mismatch(start)
    scale = float(np.abs(v).sum()) + abs(fixed)
    for _ in range(_STEPS):
        slope = -float((np.exp(-beta * a) * a) @ v)
        if abs(off) <= 1e-12 * scale:
            return beta
        step = -off / slope if slope != 0 else float("inf")
        if not np.isfinite(step):
            break
        step = float(np.clip(step, -1.0 / _spread(a), 1.0 / _spread(a)))
        while abs(mismatch(beta + step)) >= abs(off) and abs(step) > 1e-14:
            step /= 2
        beta += step
        off = mismatch(beta)
        if abs(beta - start) * _spread(a) > _FAR:
            break
    if abs(off) <= 1e-8 * scale:
        return beta
    raise NotConverged(
        "The score of the partially logistic model has no root: outcome and exposure hardly occur together "
        'in some arm. Use a smoother learner or Logistic(), or model="interactive".'
    )


def _spread(a: Array) -> float:
    return max(float(np.abs(a).max()), 1e-12)


def _logits(first: Array, second: Array) -> tuple[Array, Array, int]:
    pair = np.column_stack([first, second])
    bounded = int(((pair < BOUND) | (pair > 1 - BOUND)).any(axis=1).sum())
    logits = logit(np.clip(pair, BOUND, 1 - BOUND))
    return logits[:, 0], logits[:, 1], bounded
