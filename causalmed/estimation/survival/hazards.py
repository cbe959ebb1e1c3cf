r"""Hazards given covariates, with a baseline of its own in each arm.

.. math:: d\Lambda(u \mid A = a, L) = d\Lambda_a(u)\, e^{L^\top\beta}

(Cox DR 1972. J R Stat Soc B 34:187-220; ties and baseline by Breslow N 1974, Biometrics 30:89-99).
The baselines of the arms are not tied to each other, so no ratio of hazards between the arms is assumed or
estimated. Coefficients are per standard deviation and shrunk towards zero by a normal prior of standard
deviation one, which keeps them finite where events are few and vanishes where they are many.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from causalmed.errors import NotConverged

__all__ = ["Hazard", "fit_hazard", "standardised", "weight_influence"]

Array = NDArray[np.float64]
Ranks = NDArray[np.intp]
_STEPS: Final = 50
_CERTAIN: Final = 1 - 1e-12


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Hazard:
    """A fitted hazard.

    Attributes
    ----------
    coefficients : ndarray, shape (p,)
        Log hazard ratios of the covariates, per unit of the columns that were passed.
    relative : ndarray, shape (n,)
        exp(L beta).
    ranks : tuple of ndarray of int
        For the exposed and the unexposed: when their baselines jump.
    jumps : tuple of ndarray
        By how much.
    events : int
        Events that were seen.
    information : ndarray, shape (p, p)
        Of the coefficients, the prior's included.
    """

    coefficients: Array
    relative: Array
    ranks: tuple[Ranks, Ranks]
    jumps: tuple[Array, Array]
    events: int
    information: Array

    def steps(self, column: int) -> Array:
        r"""Return :math:`-\log(1 - d\Lambda)`: steps whose exponential is the product-limit survival."""
        return np.asarray(-np.log1p(-np.minimum(self.jumps[column], _CERTAIN)))


def standardised(matrix: Array) -> Array:
    """Return columns with mean 0 and standard deviation 1; constant columns are left out."""
    spread = matrix.std(axis=0)
    kept = spread > 1e-12 * np.maximum(1.0, np.abs(matrix).max(axis=0, initial=0.0))
    return np.asarray((matrix[:, kept] - matrix[:, kept].mean(axis=0)) / spread[kept])


def fit_hazard(
    *, rank: Ranks, event: NDArray[np.bool_], exposed: Array, matrix: Array, penalty: float = 1.0
) -> Hazard:
    r"""Fit a hazard by penalised partial likelihood.

    .. math:: \sum_{a}\sum_{u} \Big\{\sum_{i: dN_i(u)=1} L_i^\top\beta
              - d_a(u) \log \sum_{j: A_j = a,\, r_j \ge u} e^{L_j^\top\beta}\Big\} - \frac\lambda2 |\beta|^2

    Parameters
    ----------
    rank : ndarray of int, shape (n,)
        Until when each patient is at risk, that rank included.
    event : ndarray of bool, shape (n,)
        Who had the event at the own rank.
    exposed : ndarray, shape (n,)
        1 or 0: each arm has its own baseline.
    matrix : ndarray, shape (n, p)
        Covariates, standardised; p may be 0 (Nelson-Aalen in each arm).
    penalty : float
        :math:`\lambda`, at least 0.

    Returns
    -------
    Hazard

    Raises
    ------
    NotConverged
        Newton's method does not arrive.

    Examples
    --------
    >>> hazard = fit_hazard(rank=np.array([0, 2, 4]), event=np.array([True, False, True]),
    ...                     exposed=np.ones(3), matrix=np.empty((3, 0)))
    >>> hazard.ranks[0].tolist(), hazard.jumps[0].round(3).tolist()
    ([0, 4], [0.333, 1.0])
    """
    beta = np.zeros(matrix.shape[1])
    value, score, information, relative, ranks, jumps = _moments(beta, rank, event, exposed, matrix, penalty)
    for _ in range(_STEPS if len(beta) else 0):
        step = np.linalg.solve(information, score)
        for _ in range(30):
            found = _moments(beta + step, rank, event, exposed, matrix, penalty)
            if found[0] >= value - 1e-12 * abs(value):
                break
            step = step / 2
        beta = beta + step
        value, score, information, relative, ranks, jumps = found
        if np.abs(step).max() < 1e-10:
            break
    else:
        if len(beta):
            raise NotConverged(
                "A hazard model of the follow-up did not converge. Adjust for fewer columns, or for columns "
                "of a smaller range."
            )
    return Hazard(
        coefficients=beta,
        relative=relative,
        ranks=ranks,
        jumps=jumps,
        events=int(event.sum()),
        information=information,
    )


def _moments(
    beta: Array, rank: Ranks, event: NDArray[np.bool_], exposed: Array, matrix: Array, penalty: float
) -> tuple[float, Array, Array, Array, tuple[Ranks, Ranks], tuple[Array, Array]]:
    """Return the penalised log likelihood, its score and information, and the baselines."""
    relative = np.exp(np.clip(matrix @ beta, -50, 50))
    value = float((matrix @ beta)[event].sum()) - penalty * float(beta @ beta) / 2
    score = matrix[event].sum(axis=0) - penalty * beta
    information = penalty * np.eye(len(beta))
    ranks, jumps = [], []
    for arm in (1.0, 0.0):
        rows = exposed == arm
        r, X, w = rank[rows], matrix[rows], relative[rows]
        at, deaths = np.unique(r[event[rows]], return_counts=True)
        mass, mean = _at_risk(r, X, w, at)
        hazard = deaths / mass
        total = np.concatenate([[0.0], np.cumsum(hazard)])[np.searchsorted(at, r, side="right")]
        value -= float(deaths @ np.log(mass)) if len(at) else 0.0
        score = score - deaths @ mean
        information = information + (X * (w * total)[:, None]).T @ X - (mean * deaths[:, None]).T @ mean
        ranks.append(at.astype(np.intp))
        jumps.append(hazard)
    return value, score, information, relative, (ranks[0], ranks[1]), (jumps[0], jumps[1])


def _at_risk(r: Ranks, X: Array, w: Array, at: Ranks) -> tuple[Array, Array]:
    """Return the sum of the relative hazards at risk at each rank, and their mean covariates."""
    order = np.argsort(-r, kind="stable")
    last = np.searchsorted(-r[order], -at, side="right") - 1
    mass = np.cumsum(w[order])[last]
    sums = np.cumsum((X * w[:, None])[order], axis=0)[last]
    return mass, sums / mass[:, None]


def weight_influence(
    hazard: Hazard,
    *,
    rank: Ranks,
    event: NDArray[np.bool_],
    exposed: Array,
    matrix: Array,
    load: Array,
    until: Ranks,
) -> Array:
    r"""Return what the estimation of a hazard adds to the influence on a weighted sum.

    For :math:`\sum_j h_j e^{\hat\Lambda_j(r_j)}` with known factors, the contribution of patient i is

    .. math:: \int \frac{R(u)}{S_0(u)}\, dM_i(u) + B^\top I^{-1} \int \{L_i - \bar L(u)\}\, dM_i(u)

    with :math:`R(u)` the sum of the loads whose weight depends on the step at u, and B the derivative of the
    sum by the coefficients.

    Parameters
    ----------
    hazard : Hazard
        As fitted.
    rank, event, exposed, matrix
        What it was fitted on.
    load : ndarray, shape (n, q)
        :math:`h_j e^{\Lambda_j}`: the terms of the sum.
    until : ndarray of int, shape (n,)
        Up to which rank the weight of each patient counts the hazard.

    Returns
    -------
    ndarray, shape (n, q)
    """
    answer = np.zeros(load.shape)
    scores = np.zeros(matrix.shape)
    slope = np.zeros((matrix.shape[1], load.shape[1]))
    for column, arm in enumerate((1.0, 0.0)):
        rows = exposed == arm
        at, jump, steps = hazard.ranks[column], hazard.jumps[column], hazard.steps(column)
        if not len(at):
            continue
        r, X, w, h = rank[rows], matrix[rows], hazard.relative[rows], load[rows] * hazard.relative[rows, None]
        mass, mean = _at_risk(r, X, w, at)
        counted = np.searchsorted(at, until[rows], side="right")
        ahead = _from_each(h, counted, len(at)) / np.maximum(1 - jump, 1e-12)[:, None]
        answer[rows] += _martingale(ahead / mass[:, None], r, event[rows], w, at, jump)
        scores[rows] = X * _martingale(np.ones((len(at), 1)), r, event[rows], w, at, jump)
        scores[rows] -= _martingale(mean, r, event[rows], w, at, jump)
        total = np.concatenate([[0.0], np.cumsum(steps)])[counted]
        slope += (X * total[:, None]).T @ h - (mean * jump[:, None]).T @ ahead
    if matrix.shape[1]:
        answer += scores @ np.linalg.solve(hazard.information, slope)
    return answer


def _from_each(h: Array, counted: Ranks, jumps: int) -> Array:
    """Return, for each jump, the sum of the loads that count it."""
    sums = np.column_stack([np.bincount(counted, weights=line, minlength=jumps + 1) for line in h.T])
    return np.asarray(np.cumsum(sums[::-1], axis=0)[::-1][1:])


def _martingale(f: Array, r: Ranks, event: NDArray[np.bool_], w: Array, at: Ranks, jump: Array) -> Array:
    """Integrate functions of time against each patient's martingale."""
    total = np.concatenate([np.zeros((1, f.shape[1])), np.cumsum(f * jump[:, None], axis=0)])
    answer = -w[:, None] * total[np.searchsorted(at, r, side="right")]
    answer[event] += f[np.searchsorted(at, r[event])]
    return np.asarray(answer)
