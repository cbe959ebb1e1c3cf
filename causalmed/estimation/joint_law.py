r"""What several effects of the same patients have to do with each other.

Statistics :math:`t_j = \hat\delta_j / \widehat{se}_j` are jointly close to a normal vector (a multivariate
t, where there are clusters) whose correlation is that of the influence values of the differences, added up
within clusters where there are any. Influence values that stayed on disk are read again block by block, all
effects side by side, so that no more than a block of each is in memory.

Hothorn T, Bretz F, Westfall P (2008). Simultaneous inference in general parametric models. Biom J 50:346-363.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from causalmed.engine import block_slices, exact_sum
from causalmed.estimation.covariance import cluster_part, products
from causalmed.results import Effect, Functionals

__all__ = ["DRAWS", "correlation_of", "critical_value", "has_influence", "joint_correlation", "max_draws"]

Array = NDArray[np.float64]
DRAWS: Final = 50_000
"""Monte-Carlo draws; the error of an adjusted p-value of 0.05 is then 0.001."""


def has_influence(effect: Effect) -> bool:
    """Whether the influence values of an effect are at hand, in memory or on disk."""
    functionals = effect.functionals
    return functionals.influence is not None or functionals.influence_blocks is not None


def joint_correlation(effects: Sequence[Effect], clusters: NDArray[np.intp] | None) -> Array:
    """Return the correlation of the estimated differences of some effects.

    Parameters
    ----------
    effects : sequence of Effect
        Of the same patients, each with influence values.
    clusters : ndarray of int, shape (n,), or None
        Cluster of each patient, where the effects allow for them.

    Returns
    -------
    ndarray, shape (k, k)
    """
    blocks = zip(*(_differences(effect.functionals) for effect in effects), strict=True)
    return _of_blocks((np.column_stack(block) for block in blocks), clusters)


def correlation_of(influence: Array, clusters: NDArray[np.intp] | None) -> Array:
    """Return the correlation of estimates from their influence values.

    Parameters
    ----------
    influence : ndarray, shape (n, k)
        Influence of each patient on each estimate.
    clusters : ndarray of int, shape (n,), or None
        Cluster of each patient.

    Returns
    -------
    ndarray, shape (k, k)

    Examples
    --------
    >>> correlation_of(np.array([[1.0, 2.0], [-1.0, -2.0]]), None).round(12).tolist()
    [[1.0, 1.0], [1.0, 1.0]]
    """
    return _of_blocks((influence[block] for block in block_slices(len(influence))), clusters)


def max_draws(
    correlations: Array, *, degrees_of_freedom: float, random: np.random.Generator, draws: int = DRAWS
) -> Array:
    """Draw absolute statistics under no effect anywhere, shape (draws, k).

    Parameters
    ----------
    correlations : ndarray, shape (k, k)
        From :func:`correlation_of` or :func:`joint_correlation`.
    degrees_of_freedom : float
        Of the multivariate t; infinite for the normal.
    random : numpy.random.Generator
        Where the draws come from.
    draws : int
        How many.
    """
    values, vectors = np.linalg.eigh(correlations)
    root = vectors * np.sqrt(np.clip(values, 0.0, None))
    drawn = random.standard_normal((draws, len(values))) @ root.T
    if np.isfinite(degrees_of_freedom):
        drawn /= np.sqrt(random.chisquare(degrees_of_freedom, size=(draws, 1)) / degrees_of_freedom)
    return np.asarray(np.abs(drawn))


def critical_value(drawn: Array, alpha: float) -> float:
    """Return the single-step critical value: the 1 - alpha quantile of the largest draw."""
    return float(np.quantile(drawn.max(axis=1), 1 - alpha, method="higher"))


def _differences(functionals: Functionals) -> Iterator[Array]:
    """Yield the influence values of the difference, block by block."""
    single = "difference" in functionals
    along = functionals.gradient(**({"difference": 1.0} if single else {"exposed": 1.0, "unexposed": -1.0}))
    if functionals.influence_blocks is not None:
        yield from (block @ along for block in functionals.influence_blocks())
        return
    assert functionals.influence is not None
    for block in block_slices(len(functionals.influence)):
        yield functionals.influence[block] @ along


def _of_blocks(blocks: Iterator[Array], clusters: NDArray[np.intp] | None) -> Array:
    parts, at = [], 0
    count = 0 if clusters is None else int(clusters.max()) + 1
    for block in blocks:
        codes = None if clusters is None else clusters[at : at + len(block)]
        parts.append(products(block) if codes is None else cluster_part(block, codes, count))
        at += len(block)
    total = exact_sum(parts)
    product = total if clusters is None else total.T @ total
    size = np.sqrt(np.diagonal(product))
    scale = np.where(size > 0, size, 1.0)
    answer = product / np.outer(scale, scale)
    np.fill_diagonal(answer, 1.0)
    return np.asarray(answer)
