r"""Many effects at once: tests and intervals that hold together.

The statistics :math:`t_j = \hat\delta_j / \widehat{se}_j` are jointly close to a multivariate t (normal,
without clusters) whose correlation is that of the influence values, added up within hospitals where there
are any. From draws of it come

* the step-down adjusted p-value of Romano and Wolf: with the statistics in order of size,
  :math:`p_{(k)} = \max_{j \le k} P(\max_{l \ge j} |T_{(l)}| \ge |t_{(j)}|)`;
* the single-step critical value :math:`c`, the :math:`1 - \alpha` quantile of :math:`\max_l |T_l|`, for
  intervals :math:`\hat\delta_j \pm c\,\widehat{se}_j`.

Romano JP, Wolf M (2005). Econometrica 73:1237-1282, algorithms 3.1 and 4.1; (2016) Stat Probab Lett
113:38-40. Hothorn T, Bretz F, Westfall P (2008). Biom J 50:346-363.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["step_down", "with_imputations"]

Array = NDArray[np.float64]


def with_imputations(correlations: Array, *, errors: Array, deviations: Array) -> Array:
    r"""Return the correlation of estimates that were averaged over the same imputed tables.

    .. math:: \rho_{jk} = \frac{\rho^W_{jk} \sqrt{U_{jj} U_{kk}} + B_{jk}}{\sqrt{T_{jj} T_{kk}}}

    with :math:`T = U + B` the two parts of Rubin's rules, B including 1 + 1/m, and :math:`\rho^W` the
    correlation of the influences, each averaged over the tables.

    Parameters
    ----------
    correlations : ndarray, shape (k, k)
        From :func:`~causalmed.estimation.joint_correlation`.
    errors : ndarray, shape (k,)
        Standard errors, the imputations' part among them.
    deviations : ndarray, shape (m, k)
        Deviations of the estimates of each table, scaled so that their cross-product is B.

    Returns
    -------
    ndarray, shape (k, k)

    Examples
    --------
    >>> whole = with_imputations(np.eye(2), errors=np.ones(2), deviations=np.full((1, 2), 0.5))
    >>> whole.tolist()
    [[1.0, 0.25], [0.25, 1.0]]
    """
    between = deviations.T @ deviations
    within = np.sqrt(np.maximum(errors**2 - np.diagonal(between), 0.0))
    size = np.where(errors > 0, errors, 1.0)
    answer = (correlations * np.outer(within, within) + between) / np.outer(size, size)
    np.fill_diagonal(answer, 1.0)
    return np.asarray(answer)


def step_down(statistics: Array, drawn: Array) -> Array:
    """Return step-down adjusted p-values.

    Parameters
    ----------
    statistics : ndarray, shape (m,)
        t of each estimate.
    drawn : ndarray, shape (draws, m)
        From :func:`~causalmed.estimation.max_draws`.

    Returns
    -------
    ndarray, shape (m,)
        Each at least 1 / (draws + 1).

    Examples
    --------
    >>> drawn = np.array([[0.5, 1.0], [2.0, 0.1], [0.3, 0.2]])
    >>> step_down(np.array([3.0, 0.9]), drawn).tolist()
    [0.25, 0.5]
    """
    size = np.abs(statistics)
    order = np.argsort(-size, kind="stable")
    # the largest draw among the statistics that are still in question, from the last to the first
    remaining = np.maximum.accumulate(drawn[:, order][:, ::-1], axis=1)[:, ::-1]
    exceeded = (remaining >= size[order]).sum(axis=0)
    raw = (exceeded + 1) / (len(drawn) + 1)
    answer = np.empty(len(size))
    answer[order] = np.maximum.accumulate(raw)
    return answer
