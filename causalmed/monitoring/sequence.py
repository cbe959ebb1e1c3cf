"""Limits that hold at every look, however often one looks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from causalmed.arguments import require_share
from causalmed.errors import DataError, InvalidArgument

__all__ = ["ConfidenceSequence", "confidence_sequence", "gap_sequence"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ConfidenceSequence:
    """Limits after every patient that hold for all patients at once.

    Parameters
    ----------
    estimate, low, high : ndarray, shape (n,)
        After every patient, in the order of time; wide as the range until there is something to say.
    level : float
        Probability that no look ever misses.
    """

    estimate: Array
    low: Array
    high: Array
    level: float

    def first_outside(self, value: float) -> int | None:
        """Return the first patient (from 0) after whom a value is outside; ``None`` if never."""
        outside = np.flatnonzero((value < self.low) | (value > self.high))
        return int(outside[0]) if len(outside) else None


def confidence_sequence(
    values: ArrayLike, *, lowest: float, highest: float, level: float = 0.95
) -> ConfidenceSequence:
    r"""Follow a mean of bounded values with limits that hold at every look.

    With values scaled to [0, 1], :math:`\psi(\lambda) = (-\log(1 - \lambda) - \lambda)/4` and
    :math:`\lambda_t` made of what came before t,

    .. math:: \frac{\sum \lambda_i x_i}{\sum \lambda_i} \pm
              \frac{\log(2/\alpha) + \sum 4 (x_i - \hat\mu_{i-1})^2 \psi(\lambda_i)}{\sum \lambda_i}

    Waudby-Smith and Ramdas (2024), Journal of the Royal Statistical Society B 86:1-27, theorem 2. Where the
    mean changes over time, the limits hold for its average with weights lambda.

    Parameters
    ----------
    values : array-like, shape (n,)
        In the order of time; for example observed minus predicted risk, from -1 to 1.
    lowest, highest : float
        What a value can be at least and at most, known beforehand.
    level : float
        Probability that no look ever misses.

    Returns
    -------
    ConfidenceSequence

    Raises
    ------
    DataError
        No values, or one outside the range.
    InvalidArgument
        A range that is none.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> found = confidence_sequence(rng.random(2000) < 0.3, lowest=0, highest=1)
    >>> bool(found.low[-1] < 0.3 < found.high[-1]), found.first_outside(0.5) is not None
    (True, True)
    """
    require_share("level", level, example=0.95)
    x = (_checked(values, lowest, highest) - lowest) / (highest - lowest)
    t = np.arange(1, len(x) + 1)
    mean = (0.5 + np.cumsum(x)) / (t + 1)
    before = np.concatenate([[0.5], mean[:-1]])
    variance = (0.25 + np.cumsum((x - mean) ** 2)) / (t + 1)
    known = np.concatenate([[0.25], variance[:-1]])
    log = np.log(2 / (1 - level))
    lam = np.minimum(np.sqrt(2 * log / (known * t * np.log(1 + t))), 0.5)
    weight = np.cumsum(lam)
    centre = np.cumsum(lam * x) / weight
    half = (log + np.cumsum((x - before) ** 2 * (-np.log1p(-lam) - lam))) / weight
    span = highest - lowest
    limits = (centre, np.maximum(centre - half, 0.0), np.minimum(centre + half, 1.0))
    estimate, low, high = (_frozen(lowest + span * one) for one in limits)
    return ConfidenceSequence(estimate=estimate, low=low, high=high, level=level)


def gap_sequence(
    values: ArrayLike, group: ArrayLike, *, lowest: float, highest: float, level: float = 0.95
) -> ConfidenceSequence:
    """Follow the difference of two groups' means with limits that hold at every look.

    Each group has its own sequence at half the error; the limits of the difference are those of the two.

    Parameters
    ----------
    values : array-like, shape (n,)
        In the order of time.
    group : array-like of bool, shape (n,)
        Who is of the group; the others are the reference.
    lowest, highest, level
        As for :func:`confidence_sequence`.

    Returns
    -------
    ConfidenceSequence
        Of group minus reference.

    Examples
    --------
    >>> rng = np.random.default_rng(2)
    >>> women = rng.random(6000) < 0.5
    >>> missed = rng.random(6000) < np.where(women, 0.5, 0.3)
    >>> gap_sequence(missed, women, lowest=0, highest=1).first_outside(0.0) is not None
    True
    """
    require_share("level", level, example=0.95)
    x, inside = _checked(values, lowest, highest), np.asarray(group, dtype=bool)
    if inside.shape != x.shape or inside.all() or not inside.any():
        raise DataError(
            "group= must say of every patient whether they are of the group, and both must exist."
        )
    one, other = (
        _spread(x, rows, lowest=lowest, highest=highest, level=(1 + level) / 2) for rows in (inside, ~inside)
    )
    return ConfidenceSequence(
        estimate=_frozen(one[0] - other[0]),
        low=_frozen(one[1] - other[2]),
        high=_frozen(one[2] - other[1]),
        level=level,
    )


def _spread(x: Array, rows: NDArray[np.bool_], *, lowest: float, highest: float, level: float) -> list[Array]:
    """Return a group's sequence at the looks of everybody: the last one known, before that the range."""
    found = confidence_sequence(x[rows], lowest=lowest, highest=highest, level=level)
    seen = np.cumsum(rows)
    start = ((lowest + highest) / 2, lowest, highest)
    return [
        np.concatenate([[first], line])[seen]
        for first, line in zip(start, (found.estimate, found.low, found.high), strict=True)
    ]


def _checked(values: ArrayLike, lowest: float, highest: float) -> Array:
    try:
        x = np.asarray(values, dtype=np.float64)
        known = bool(-np.inf < lowest < highest < np.inf)
    except (TypeError, ValueError) as error:
        raise DataError(f"Values and their range must be numbers: {error}") from error
    if not known:
        raise InvalidArgument(
            f"lowest={lowest!r} and highest={highest!r} are no range: without one known beforehand no "
            "limit can hold at every look. For observed minus predicted risk it is -1 to 1."
        )
    if x.ndim != 1 or not len(x) or not ((x >= lowest) & (x <= highest)).all():
        raise DataError(f"Values must be a list of numbers from {lowest:g} to {highest:g}, none missing.")
    return x


def _frozen(values: Array) -> Array:
    values.setflags(write=False)
    return values
