"""Describing a column in one group: mean (SD), median [quartiles], n (%)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from causalmed.cohort.balance import level_shares

__all__ = ["decimals_for", "mean_cell", "median_cell", "share_cells", "weighted_quantile"]

Floats = NDArray[np.float64]


def mean_cell(values: Floats, weights: Floats, *, decimals: int) -> str:
    r"""Write mean (SD).

    With weights the SD is :math:`\sqrt{\sum w (x - \bar x)^2 / (\sum w - \sum w^2 / \sum w)}`; equal weights
    give the sample standard deviation.

    Examples
    --------
    >>> mean_cell(np.array([1.0, 2.0, 3.0]), np.ones(3), decimals=1)
    '2.0 (1.0)'
    """
    total = weights.sum()
    mean = float(values @ weights / total)
    free = total - (weights @ weights) / total
    spread = float(np.sqrt(weights @ (values - mean) ** 2 / free)) if free > 1e-12 * total else float("nan")
    return f"{_written(mean, decimals)} ({_written(spread, decimals)})"


def median_cell(values: Floats, weights: Floats, *, weighted: bool, decimals: int) -> str:
    """Write median [lower quartile, upper quartile].

    Examples
    --------
    >>> median_cell(np.array([1.0, 2.0, 3.0, 10.0]), np.ones(4), weighted=False, decimals=1)
    '2.5 [1.8, 4.8]'
    """
    at = (0.5, 0.25, 0.75)
    quantiles = (
        [weighted_quantile(values, weights, share) for share in at] if weighted else np.quantile(values, at)
    )
    middle, low, high = (_written(float(value), decimals) for value in quantiles)
    return f"{middle} [{low}, {high}]"


def weighted_quantile(values: Floats, weights: Floats, share: float) -> float:
    """Return the smallest value below or at which at least ``share`` of the weight lies.

    Examples
    --------
    >>> weighted_quantile(np.array([1.0, 2.0, 3.0]), np.array([1.0, 1.0, 8.0]), 0.5)
    3.0
    """
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order]) / weights.sum()
    return float(values[order][min(int(np.searchsorted(reached, share - 1e-12)), len(values) - 1)])


def share_cells(codes: NDArray[np.intp], levels: int, weights: Floats, *, weighted: bool) -> list[str]:
    """Write n (%) of each level; a weighted n is rounded.

    Examples
    --------
    >>> share_cells(np.array([0, 1, 1, 1]), 2, np.ones(4), weighted=False)
    ['1 (25.0)', '3 (75.0)']
    """
    counts = np.bincount(codes, weights=weights if weighted else None, minlength=levels)
    shares = level_shares(codes, levels, weights)
    return [f"{round(float(n)):,} ({100 * share:.1f})" for n, share in zip(counts, shares, strict=True)]


def decimals_for(values: Floats) -> int:
    """Return the decimals of a column: two significant digits of its SD, and one decimal below an SD of 100.

    Examples
    --------
    >>> decimals_for(np.array([50.0, 60.0, 75.0])), decimals_for(np.array([1.02, 1.31, 1.64]))
    (1, 2)
    """
    spread = float(values.std()) or abs(float(values[0])) or 1.0
    return int(np.clip(1 - np.floor(np.log10(spread)), 1 if spread < 100 else 0, 6))


def _written(value: float, decimals: int) -> str:
    return f"{value:,.{decimals}f}".replace("-", "−") if np.isfinite(value) else "–"
