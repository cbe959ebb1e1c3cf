"""A proportion among patients who come in clusters."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from causalmed.prediction.influence import design_effect, normal_interval
from causalmed.prediction.proportions import EXACT_BELOW, proportion
from causalmed.results import Interval

__all__ = ["clustered_proportion", "effective_counts"]


def effective_counts(
    flags: NDArray[np.bool_], cluster: NDArray[np.intp] | None, *, level: float = 0.95
) -> tuple[float, float]:
    r"""Return k and n as if the patients were independent.

    n is divided by the design effect and by :math:`(t_{G-1}/z)^2`, k in proportion; Korn and Graubard
    (1998), Survey Methodology 24:193-201. Never more than the patients there are.

    Parameters
    ----------
    flags : ndarray of bool, shape (n,)
        Which patients count.
    cluster : ndarray of int or None
        Codes of the clusters; ``None`` gives k and n themselves.
    level : float
        Confidence level.

    Returns
    -------
    tuple of float

    Examples
    --------
    >>> effective_counts(np.array([True, False, True]), None)
    (2.0, 3.0)
    """
    total, count = float(len(flags)), float(flags.sum())
    if cluster is None or len(np.unique(cluster)) < 2:
        return count, total
    p = count / total
    effect = design_effect(np.asarray(flags - p, dtype=np.float64), cluster)
    heavier = normal_interval(0.0, 1.0, cluster=cluster, level=level).high
    heavier /= normal_interval(0.0, 1.0, level=level).high
    shrunk = total / (effect * heavier**2)
    return p * shrunk, shrunk


def clustered_proportion(
    flags: NDArray[np.bool_], cluster: NDArray[np.intp] | None, *, level: float = 0.95
) -> Interval:
    """Return a proportion with Wilson's (or, for small counts, exact) limits at the effective counts.

    Parameters
    ----------
    flags : ndarray of bool, shape (n,)
        Which patients count.
    cluster : ndarray of int or None
        Codes of the clusters.
    level : float
        Confidence level.

    Returns
    -------
    Interval

    Examples
    --------
    >>> print(clustered_proportion(np.arange(100) < 30, None))
    0.30 (95 % CI 0.22 to 0.40)
    """
    count, total = effective_counts(flags, cluster, level=level)
    small = min(flags.sum(), (~flags).sum()) < EXACT_BELOW
    found = proportion(count, total, level=level, exact=bool(small))
    return Interval(
        estimate=float(flags.mean()),
        low=found.low,
        high=found.high,
        std_error=found.std_error,
        level=level,
    )
