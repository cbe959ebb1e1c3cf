r"""Does the forest put patients in the right order?

Patients are divided in two; the forest of one half ranks the other. With doubly robust scores
:math:`\Gamma_i` in the order of the ranks, the largest predicted effect first, the targeting operator
characteristic and its area are

.. math:: \mathrm{TOC}(k/n) = \frac1k \sum_{i \le k} \Gamma_{(i)} - \bar\Gamma, \qquad
          \mathrm{AUTOC} = \frac1n \sum_k \mathrm{TOC}(k/n)
          = \frac1n \sum_i \Big(\sum_{k \ge i} \frac1k - 1\Big) \Gamma_{(i)}

0 where the order says nothing. The standard error comes from halves of the patients (of the clusters)
drawn without replacement, ranks taken anew.

Yadlowsky S, Fleming S, Shah N, Brunskill E, Wager S (2025). Evaluating treatment prioritization rules via
rank-weighted average treatment effects. J Am Stat Assoc 120:38-51, sections 2 and 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from causalmed.engine import generator

__all__ = ["Area", "area", "fifth_of", "half_sample_error", "scores"]

Array = NDArray[np.float64]
_DRAWS: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """AUTOC and its standard error."""

    estimate: float
    std_error: float


def scores(*, exposed: Array, propensity: Array, residual: Array, effects: Array) -> Array:
    r"""Return doubly robust scores of the effect.

    .. math:: \Gamma_i = \hat\tau_i + \frac{A_i - e_i}{e_i (1 - e_i)} \{\tilde Y_i - (A_i - e_i) \hat\tau_i\}

    Parameters
    ----------
    exposed, propensity, residual : ndarray, shape (n,)
        A, e, and the residual of the outcome.
    effects : ndarray, shape (n,)
        Out of bag.
    """
    a = exposed - propensity
    return np.asarray(effects + a / (propensity * (1 - propensity)) * (residual - a * effects))


def area(ordered: Array) -> float:
    """Return AUTOC of scores in the order of the ranks.

    Examples
    --------
    >>> area(np.array([1.0, 0.0])), area(np.array([0.0, 1.0]))
    (0.25, -0.25)
    """
    n = len(ordered)
    return float(ordered @ (np.cumsum(1.0 / np.arange(n, 0, -1))[::-1] - 1.0)) / n


def half_sample_error(
    ordered: Array, clusters: NDArray[np.intp] | None, *, seed: int, path: Sequence[str | int]
) -> float:
    """Return the standard error of :func:`area`.

    Parameters
    ----------
    ordered : ndarray, shape (n,)
        Scores in the order of the ranks.
    clusters : ndarray of int, shape (n,), or None
        Cluster of each, in the same order.
    seed, path
        Address of the random numbers.
    """
    units = np.arange(len(ordered)) if clusters is None else np.unique(clusters, return_inverse=True)[1]
    count = int(units.max()) + 1
    rng = generator(seed, "rank", *path)
    found = []
    for _ in range(_DRAWS):
        inside = np.zeros(count, dtype=bool)
        inside[rng.permutation(count)[: count // 2]] = True
        rows = inside[units]
        if rows.any():
            found.append(area(ordered[rows]))
    return float(np.std(found, ddof=1))


def fifth_of(predicted: Array) -> NDArray[np.intp]:
    """Return the fifth of each patient, 0 for the smallest predictions.

    Examples
    --------
    >>> fifth_of(np.array([0.3, 0.1, 0.5, 0.2, 0.4])).tolist()
    [2, 0, 4, 1, 3]
    """
    rank = np.empty(len(predicted), dtype=np.intp)
    rank[np.argsort(predicted, kind="stable")] = np.arange(len(predicted))
    return np.asarray(rank * 5 // max(1, len(predicted)))
