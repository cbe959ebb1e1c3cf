"""What is missing is lent by a patient whose prediction is near: a value, or a residual.

Predictive mean matching lends the value (Little RJA 1988. J Bus Econ Stat 6:287-296). Donors are predicted
with the estimated coefficients, recipients with drawn ones (type 1 matching, van Buuren 2018, section 3.4.2).
Local residual draws lend the residual, which is added
to the recipient's own drawn prediction (Schenker N, Taylor JMG 1996. Comput Stat Data Anal 22:425-446; Morris
TP, White IR, Royston P 2014. BMC Med Res Methodol 14:75).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["matched", "nearest_of"]

Array = NDArray[np.float64]


def matched(
    *, donors: Array, values: Array, recipients: Array, nearest: int, random: np.random.Generator
) -> Array:
    """Return a value for each recipient, drawn among those of the nearest donors.

    Parameters
    ----------
    donors : ndarray, shape (m,)
        Predictions of the donors.
    values : ndarray, shape (m,)
        Their recorded values.
    recipients : ndarray, shape (r,)
        Predictions of the recipients.
    nearest : int
        Donors among whom to draw; those who are as near as the last one are among them.
    random : numpy.random.Generator
        Draws.

    Returns
    -------
    ndarray, shape (r,)

    Examples
    --------
    >>> random = np.random.default_rng(1)
    >>> matched(donors=np.array([1.0, 2.0, 9.0]), values=np.array([10.0, 20.0, 90.0]),
    ...         recipients=np.array([8.0, 1.2]), nearest=1, random=random).tolist()
    [90.0, 10.0]
    """
    nearest = min(nearest, len(donors))
    order = np.argsort(donors, kind="stable")
    ranked = donors[order]
    width = min(2 * nearest, len(donors))
    place = np.searchsorted(ranked, recipients)
    first = np.clip(place - nearest, 0, len(donors) - width)
    window = first[:, None] + np.arange(width)
    distance = np.abs(ranked[window] - recipients[:, None])
    near = ranked[
        np.take_along_axis(window, np.argsort(distance, axis=1, kind="stable")[:, :nearest], axis=1)
    ]
    # all donors as near as the last one take part: many patients of one stratum must not share a few
    low = np.searchsorted(ranked, near.min(axis=1), side="left")
    high = np.searchsorted(ranked, near.max(axis=1), side="right")
    return np.asarray(values[order[random.integers(low, high)]])


def nearest_of(recorded: Array, wanted: Array) -> Array:
    """Return for each wanted number the nearest recorded one, the smaller of two that are as near.

    Examples
    --------
    >>> nearest_of(np.array([1.0, 2.0, 4.0]), np.array([0.0, 3.0, 3.5, 9.0])).tolist()
    [1.0, 2.0, 4.0, 4.0]
    """
    levels = np.unique(recorded)
    above = np.clip(np.searchsorted(levels, wanted), 1, max(len(levels) - 1, 1))
    low, high = levels[above - 1], levels[np.minimum(above, len(levels) - 1)]
    return np.asarray(np.where(wanted - low <= high - wanted, low, high))
