"""How well risks separate patients with and without the outcome: the area under the ROC curve."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from causalmed.errors import NotEnoughEvents
from causalmed.prediction.influence import normal_interval, std_error_of_mean
from causalmed.results import Interval

__all__ = ["Discrimination", "auroc"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Discrimination:
    """The AUROC with what each patient contributes to it.

    Parameters
    ----------
    interval : Interval
        The AUROC, its limits made on the logit scale.
    influence : ndarray, shape (n,)
        Influence values: their mean is 0, the square of their sum over n squared the variance.
    """

    interval: Interval
    influence: NDArray[np.float64]


def auroc(
    *,
    outcome: NDArray[np.float64],
    risk: NDArray[np.float64],
    cluster: NDArray[np.intp] | None = None,
    level: float = 0.95,
) -> Discrimination:
    r"""Return the probability that a patient with the outcome has the higher risk, with its interval.

    With placement values :math:`V_i = P_j(X_i > Z_j) + P_j(X_i = Z_j)/2` of the m patients with the
    outcome among the l without, and :math:`W_j` the reverse,

    .. math:: \hat A = \bar V, \qquad \widehat{\rm var}(\hat A) = S_V^2/m + S_W^2/l.

    DeLong, DeLong and Clarke-Pearson (1988), Biometrics 44:837-845; midranks as in Sun and Xu (2014), IEEE
    Signal Processing Letters 21:1389-1393. With clusters, placement deviations are summed within each
    cluster (Obuchowski 1997, Biometrics 53:567-578). Where the order is perfect that variance is 0;
    the limits are then exact binomial ones of as many independent pairs as the rarer side has patients.

    Parameters
    ----------
    outcome : ndarray, shape (n,)
        0 or 1.
    risk : ndarray, shape (n,)
        Any score; only its order matters.
    cluster : ndarray of int, shape (n,), optional
        Cluster of every patient.
    level : float
        Confidence level.

    Returns
    -------
    Discrimination

    Raises
    ------
    NotEnoughEvents
        With fewer than 2 patients with, or without, the outcome.

    Examples
    --------
    >>> y = np.array([0., 0., 0., 1., 1., 1.])
    >>> print(auroc(outcome=y, risk=np.array([.1, .2, .4, .3, .6, .7])).interval)
    0.89 (95 % CI 0.26 to 0.99)
    """
    from scipy.stats import rankdata

    event = outcome == 1
    m, controls = int(event.sum()), int((~event).sum())
    if min(m, controls) < 2:
        raise NotEnoughEvents(
            f"The area under the ROC curve needs at least 2 patients with and 2 without the outcome; there "
            f"are {m} with and {controls} without. Take a larger cohort, or a wider group."
        )
    placement = np.empty(len(risk))
    rank = rankdata(risk)
    placement[event] = (rank[event] - rankdata(risk[event])) / controls
    placement[~event] = 1.0 - (rank[~event] - rankdata(risk[~event])) / m
    area = float(placement[event].mean())
    influence = _influence(placement, event, area)
    if area in (0.0, 1.0):
        return Discrimination(
            interval=_of_a_perfect_order(area, min(m, controls), level), influence=influence
        )
    std_error = std_error_of_mean(influence, cluster)
    return Discrimination(
        interval=normal_interval(area, std_error, cluster=cluster, level=level, scale="logit"),
        influence=influence,
    )


def _of_a_perfect_order(area: float, pairs: int, level: float) -> Interval:
    """Exact binomial limits of as many independent pairs as the rarer side has patients."""
    limit = ((1 - level) / 2) ** (1 / pairs)
    low, high = (limit, 1.0) if area == 1.0 else (0.0, 1 - limit)
    return Interval(estimate=area, low=low, high=high, std_error=0.0, level=level)


def _influence(placement: NDArray[np.float64], event: NDArray[np.bool_], area: float) -> NDArray[np.float64]:
    """Scale placement deviations so that the variance of the mean is DeLong's, divisor m - 1 included."""
    n = len(placement)
    m, controls = event.sum(), (~event).sum()
    scale = np.where(event, n / np.sqrt(m * (m - 1.0)), n / np.sqrt(controls * (controls - 1.0)))
    return np.asarray(scale * (placement - area), dtype=np.float64)
