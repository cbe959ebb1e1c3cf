"""Predictive mean matching: a missing value is lent by a patient whose prediction is near.

Little RJA (1988). J Bus Econ Stat 6:287-296. Donors are predicted with the estimated coefficients, recipients
with drawn ones (type 1 matching, van Buuren 2018, section 3.4.2).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["matched"]

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
        Donors among whom to draw.
    random : numpy.random.Generator
        Breaks ties and draws.

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
    order = np.lexsort((random.random(len(donors)), donors))
    ranked = donors[order]
    width = min(2 * nearest, len(donors))
    place = np.searchsorted(ranked, recipients)
    first = np.clip(place - nearest, 0, len(donors) - width)
    window = first[:, None] + np.arange(width)
    distance = np.abs(ranked[window] - recipients[:, None])
    near = np.argsort(distance, axis=1, kind="stable")[:, :nearest]
    chosen = near[np.arange(len(recipients)), random.integers(nearest, size=len(recipients))]
    return np.asarray(values[order[window[np.arange(len(recipients)), chosen]]])
